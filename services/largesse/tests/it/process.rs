//! The binary itself: its output, how it stops, and its errors when it can't start.
use api::gift::{ListGiftsRequest, gift_service_client::GiftServiceClient};
use std::{path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};
use tonic::Request;

const FREE: &str = "127.0.0.1:0";

fn largesse(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.args(arguments).kill_on_drop(true).stdout(Stdio::piped()).stderr(Stdio::piped()).env_remove("RUST_LOG");
    command
}

pub async fn output(arguments: &[&str]) -> (bool, String, String) {
    let output = largesse(arguments).output().await.unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// Starts a sandbox in a process of its own; returns the lines that it printed until it was ready.
pub async fn serving(dir: &Path) -> (Child, Vec<String>) {
    let dir = dir.to_str().unwrap();
    let listeners =
        ["--listen", FREE, "--http", FREE, "--bank-listen", FREE, "--store-listen", FREE, "--login-listen", FREE, "--console-listen", FREE];
    let mut child = largesse(&[&["serve", "--sandbox", "--data-dir", dir], listeners.as_slice()].concat()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut printed = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line == "ready" {
            return (child, printed);
        }
        printed.push(line);
    }
    panic!("ended without being ready: {:?}", child.wait_with_output().await.unwrap());
}

/// What a line prints that is pasted into a shell, which finds the program by its name.
async fn pasted(line: &str) -> std::process::Output {
    let program = Path::new(env!("CARGO_BIN_EXE_largesse"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    shell
        .args(["-c", line])
        .kill_on_drop(true)
        .env("PATH", path)
        .env_remove("RUST_LOG")
        .env_remove("LARGESSE_TOKEN_FILE")
        .output()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_where_it_listens_takes_a_printed_token_and_stops_when_told() {
    let dir = tempfile::Builder::new().prefix("it's a sandbox ").tempdir().unwrap();
    let (mut child, printed) = serving(dir.path()).await;
    let address = printed.iter().find_map(|line| line.strip_prefix("grpc on ")).unwrap();
    assert_eq!(printed.len(), 9, "{printed:?}");
    let console = printed.iter().find_map(|line| line.strip_prefix("console on ")).unwrap();
    assert_eq!(printed[6], format!("open http://{console}/"), "what to open comes after where it listens");
    // What to try comes last, and can be pasted as it stands.
    let [token, next] = ["token: ", "next: "].map(|name| printed[7..].iter().find_map(|line| line.strip_prefix(name)).unwrap());
    let pasted = pasted(&format!("{token} && {next}")).await;
    let listed: serde_json::Value = serde_json::from_slice(&pasted.stdout).unwrap_or_else(|error| panic!("{error}: {pasted:?}"));
    assert!(!listed["gifts"].as_array().unwrap().is_empty(), "{listed}");
    let (ok, token, error) =
        output(&["token", "--data-dir", dir.path().to_str().unwrap(), "--sub", "u1", "--role", "viewer", "--book", "demo"]).await;
    assert!(ok, "{error}");
    let mut gifts = GiftServiceClient::new(rpc::connect(&format!("http://{address}")).unwrap());
    let mut request = Request::new(ListGiftsRequest::default());
    request.metadata_mut().insert("authorization", format!("Bearer {}", token.trim()).parse().unwrap());
    assert!(!gifts.list_gifts(request).await.unwrap().into_inner().gifts.is_empty());

    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn without_identity_it_does_not_start_and_says_why() {
    let (ok, _, error) = output(&["serve", "--listen", FREE]).await;
    assert!(!ok);
    assert!(error.contains("--identity-key") && error.contains("--service-token ledger=FILE") && error.contains("--sandbox"), "{error}");
}

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", dir.path().display());
    for _ in 0..2 {
        let (ok, printed, error) = output(&["migrate", "--database", &database]).await;
        assert!(ok, "{error}");
        assert!(printed.contains("ledger: up to date"), "{printed}");
    }
}

/// Runs `largesse bench --seconds 9` beside this program, or none.
fn bench_beside(program: Option<&str>) -> std::process::Output {
    let largesse = Path::new(env!("CARGO_BIN_EXE_largesse"));
    // In the directory of the real one, so that it can be linked instead of copied: executing a newly written file may fail as busy.
    let dir = tempfile::tempdir_in(largesse.parent().unwrap()).unwrap();
    let linked = dir.path().join("largesse");
    std::fs::hard_link(largesse, &linked).unwrap();
    if let Some(program) = program {
        std::os::unix::fs::symlink(program, dir.path().join("largesse-bench")).unwrap();
    }
    std::process::Command::new(linked).args(["bench", "--seconds", "9", "--json", "--help", "--version"]).output().unwrap()
}

#[test]
fn bench_runs_its_program_with_the_same_arguments_and_exit_code_or_says_what_to_build() {
    let echoed = bench_beside(Some("/bin/echo"));
    assert!(echoed.status.success());
    assert_eq!(String::from_utf8_lossy(&echoed.stdout).trim(), "--seconds 9 --json --help --version");
    let failed = bench_beside(Some("/bin/false"));
    assert_eq!(failed.status.code(), Some(1));
    assert!(failed.stdout.is_empty() && failed.stderr.is_empty(), "{failed:?}");
    let missing = bench_beside(None);
    let told = String::from_utf8_lossy(&missing.stderr);
    assert_eq!(missing.status.code(), Some(1));
    assert!(told.contains("largesse-bench") && told.contains("cargo build --release -p bench"), "{told}");
}
