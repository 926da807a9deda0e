//! Two processes on one data directory: the second reports everywhere that it is a standby, and when it no longer is.
use std::{path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};

const FREE: &str = "127.0.0.1:0";

fn largesse(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.args(arguments).kill_on_drop(true).stdout(Stdio::piped()).stderr(Stdio::piped()).env_remove("RUST_LOG");
    command
}

/// A process, what it printed until it was ready, and its address.
async fn serving(dir: &Path) -> (Child, Vec<String>, String) {
    let dir = dir.to_str().unwrap();
    let listeners = ["--listen", FREE, "--bank-listen", FREE, "--store-listen", FREE, "--login-listen", FREE, "--console-listen", FREE];
    let mut child = largesse(&[&["serve", "--sandbox", "--data-dir", dir], listeners.as_slice()].concat()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut printed = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line == "ready" {
            let url = printed.iter().find_map(|line: &String| line.strip_prefix("grpc on ")).unwrap();
            let url = format!("http://{url}");
            return (child, printed, url);
        }
        printed.push(line);
    }
    panic!("ended without being ready: {:?}", child.wait_with_output().await.unwrap());
}

async fn status(arguments: &[&str]) -> (Option<i32>, String) {
    let output = largesse(&[&["status"], arguments].concat()).output().await.unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

async fn stopped(mut child: Child) -> String {
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
    assert!(child.wait().await.unwrap().success());
    log
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_says_that_it_is_one_until_it_writes() {
    let dir = tempfile::tempdir().unwrap();
    let (first, printed, writer) = serving(dir.path()).await;
    assert!(!printed.iter().any(|line| line.contains("standing by")), "{printed:?}");
    let (second, printed, standby) = serving(dir.path()).await;
    assert!(printed.iter().any(|line| line.starts_with("standing by: another process")), "{printed:?}");

    // Without a token the money's state is unknown, which is reported differently from a failed check.
    let (code, told) = status(&["--url", &writer]).await;
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("--token-file") && !told.contains("STANDING BY"), "{told}");
    let (code, told) = status(&["--url", &standby]).await;
    assert_eq!(code, Some(1), "{told}");
    let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("stands by") && words.contains("LedgerService STANDING BY"), "{told}");
    assert!(words.contains("MonitorService serving"), "{told}");
    let (code, told) = status(&["--url", &writer, "--url", &standby, "--json"]).await;
    assert_eq!(code, Some(4), "{told}");
    let json: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((json["processes"][0]["standby"].as_bool(), json["processes"][1]["standby"].as_bool()), (Some(false), Some(true)), "{told}");

    let log = stopped(first).await;
    for said in ["starting", env!("CARGO_PKG_VERSION"), "services=", "database=", "started", "grpc on", "stopping", "SIGTERM", "stopped"] {
        assert!(log.contains(said), "no {said:?} in\n{log}");
    }
    // It takes over as soon as the lease is free, and reports that.
    while status(&["--url", &standby]).await.0 != Some(4) {}
    let log = stopped(second).await;
    let warned = log.lines().any(|line| line.contains("WARN") && line.contains("stands by"));
    assert!(warned && log.contains("this process writes the books"), "{log}");
}

#[tokio::test]
async fn an_address_that_is_none_is_a_mistake_of_the_command_line() {
    let (code, told) = status(&["--url", "127.0.0.1:7070"]).await;
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("127.0.0.1:7070") && told.contains("http://"), "{told}");
}
