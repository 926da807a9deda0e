//! If the reader of a command's output closes it, the command ends with its usual exit code, without an error. A full disk is reported.
use demo::installation::Installation;
use money::BookName;
use runtime::Runtime;
use std::{
    fs::OpenOptions,
    path::Path,
    process::{Command, Output, Stdio},
};

fn into(out: Stdio, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.args(arguments).env_remove("RUST_LOG").env_remove("LARGESSE_CONFIG").stdout(out).stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

/// A pipe whose reader is closed.
fn broken() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

async fn lived_in(dir: &Path) -> Runtime {
    let fixture = Runtime::start(crate::options(dir)).await.unwrap();
    let installation = Installation::inside(&fixture, BookName::try_new("demo").unwrap()).unwrap();
    demo::shop::Shop::open(&installation).await.unwrap().buy("u1", 500).await.unwrap();
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_had_enough_hears_nothing_and_a_full_disk_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = lived_in(dir.path()).await;
    let (data, empty) = (dir.path().to_str().unwrap(), dir.path().join("empty"));
    let database = format!("sqlite:{data}");
    let nothing = format!("sqlite:{}", empty.display());
    let url = format!("http://{}", fixture.address("grpc").unwrap());
    let whose = ["--book", "demo", "--user", "u1", "--by", "ann", "--reason", "asked for in letter 17"];
    let elsewhere = tempfile::tempdir().unwrap();
    let (settings, copy) = (format!("data_dir={data}"), elsewhere.path().join("copy").display().to_string());
    let token = into(Stdio::piped(), &["token", "--data-dir", data, "--sub", "fay", "--role", "finance", "--book", "demo"]);
    let file = elsewhere.path().join("finance.token");
    std::fs::write(&file, token.stdout).unwrap();
    let place = ["--book", "demo", "--url", &url, "--token-file", file.to_str().unwrap(), "--reason", "unclaimed property"];
    let commands: [(&[&str], i32); 17] = [
        (&[&["report", "escheat"], &place[..]].concat(), 0),
        (&[&["report", "escheat", "--csv"], &place[..]].concat(), 0),
        (&["lists", "show", "packages"], 0),
        (&["privacy", "list"], 0),
        (&["privacy", "list", "--json"], 0),
        (&[&["privacy", "--set", &settings, "export"], &whose[..]].concat(), 0),
        (&["completions", "bash"], 0),
        (&["config", "--default"], 0),
        (&["id", "--count", "1000"], 0),
        (&["config", "show"], 0),
        (&["token", "--data-dir", data, "--sub", "u1", "--role", "admin"], 0),
        (&["verify", "--database", &database], 0),
        (&["verify", "--database", &database, "--json"], 0),
        (&["explain", "u1", "--database", &database], 0),
        (&["export", "--database", &database, "--book", "demo", "--reason", "asked for in letter 17"], 0),
        (&["migrate", "--database", &nothing], 0),
        (&["backup", "--database", &database, "--to", &copy], 0),
    ];
    for (arguments, code) in commands {
        let ended = into(broken(), arguments);
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(!said.contains("panicked") && !said.contains("roken pipe"), "{arguments:?}: {said}");
    }
    for arguments in [&["privacy", "list"][..], &["completions", "bash"], &["verify", "--database", &database, "--json"]] {
        let ended = into(full(), arguments);
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains("standard output") && !said.contains("panicked"), "{arguments:?}: {said}");
    }
    // The exit code still reports what was found wrong.
    let status = into(broken(), &["status", "--url", &url]);
    assert!(!String::from_utf8_lossy(&status.stderr).contains("panicked"), "{status:?}");
    fixture.shutdown().await;
    std::fs::remove_file(dir.path().join("purchase.db")).unwrap();
    let sql = "DELETE FROM act WHERE seq = 1";
    use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
    let mut connection = SqliteConnectOptions::new().filename(dir.path().join("support.db")).connect().await.unwrap();
    assert!(sqlx::query(sql).execute(&mut connection).await.unwrap().rows_affected() > 0);
    connection.close().await.unwrap();
    let wrong = into(broken(), &["verify", "--database", &database]);
    assert_eq!((wrong.status.code(), wrong.stderr.is_empty()), (Some(1), true), "{wrong:?}");
}
