//! The demo's story through the built binary, as `make demo` runs it.
use serde_json::Value;
use std::path::Path;
use tokio::process::Command;

/// Runs the demo and checks its summary.
async fn is_told(arguments: &[&str], dir: &Path) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.args(["demo", "--json"]).args(arguments).env("TMPDIR", dir).env_remove("RUST_LOG").env_remove("LARGESSE_DATABASE");
    let output = command.kill_on_drop(true).output().await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["missing"], serde_json::json!([]));
    let number = |path: &str| summary.pointer(path).and_then(Value::as_i64).unwrap_or_else(|| panic!("no number at {path}"));
    assert!(
        number("/buy/buyers") >= 200 && number("/gift/creators") >= 100 && number("/gift/gifts") >= 2_000 && number("/gift/streaks") >= 50
    );
    assert!(number("/gift/crash/unanswered") >= 64);
    assert!(number("/gift/crash/had_been_committed") > 0 && number("/gift/crash/had_not_been_committed") > 0);
    assert_eq!(number("/prove/coins_issued"), number("/prove/coins_spent") + number("/prove/coins_held"));
    let states = |field: &str| summary["pay"].as_array().unwrap().iter().map(|paid| paid[field].to_string()).collect::<Vec<_>>().join(" ");
    assert_eq!(states("state"), r#""settled" "settled" "rejected" "settled" "settled" "settled" "settled" "settled""#);
    assert_eq!(states("reason_code"), r#""" "" "AC04" "" "" "" "" """#);
    assert_eq!(states("booked_at_bank"), "1 1 0 1 1 1 1 1");
    let rails = r#""us-rtp" "sepa-instant" "us-rtp" "us-rtp" "gb-fps" "br-pix" "mx-spei" "us-fednow""#;
    assert_eq!(states("rail"), rails);
    assert_eq!(summary["pay"][7]["refused_before"], serde_json::json!(["us-rtp AB05"]));
    assert_eq!(summary["prove"]["bank_cash"].as_array().unwrap().len(), 5);
    for cash in summary["prove"]["bank_cash"].as_array().unwrap() {
        assert_eq!(cash["ledger"], cash["statement"]);
    }
    let changed = &summary["prove"]["changed_copy"];
    assert_eq!(changed["event"], changed["named_event"]);
    summary
}

#[tokio::test]
async fn the_story_is_told_on_sqlite_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    is_told(&[], dir.path()).await;
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_story_is_told_split_on_postgres_twice_in_one_database() {
    let cluster = pgtest::Cluster::start().unwrap();
    let (database, dir) = (cluster.create_database().unwrap(), tempfile::tempdir().unwrap());
    let keys = dir.path().join("keys");
    for seed in ["1", "2"] {
        is_told(&["--split", "--database", &database, "--data-dir", keys.to_str().unwrap(), "--seed", seed], dir.path()).await;
    }
}

#[tokio::test]
async fn a_story_that_can_not_be_told_names_its_seed_and_database() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let database = format!("sqlite:{}/file/below", dir.path().display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.args(["demo", "--seed", "77", "--database", &database, "--data-dir"]).arg(dir.path().join("keys"));
    let output = command.env("TMPDIR", dir.path()).kill_on_drop(true).output().await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(error.contains("seed 77") && error.contains(&database), "{error}");
}

/// Entries of a directory, by name.
fn entries(dir: &Path) -> Vec<String> {
    std::fs::read_dir(dir).unwrap().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Files of the demo's own directory, however far it has got.
fn files_below(dir: &Path) -> Vec<String> {
    entries(dir).iter().filter(|name| name.starts_with("largesse-demo-")).flat_map(|name| entries(&dir.join(name))).collect()
}

#[tokio::test]
async fn a_story_that_is_interrupted_stops_everything_and_leaves_nothing_behind() {
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
        command.args(["demo", "--json"]).env("TMPDIR", dir.path()).env_remove("RUST_LOG").env_remove("LARGESSE_DATABASE");
        let child = command.kill_on_drop(true).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        // Interrupts halfway: the services run and their tables exist.
        while !files_below(dir.path()).iter().any(|name| name == "sandbox_bank.db") {
            tokio::task::yield_now().await;
        }
        let process_id = child.id().unwrap().to_string();
        assert!(Command::new("kill").args([name, &process_id]).status().await.unwrap().success());
        let output = child.wait_with_output().await.unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert!(error.contains("stopped") && !error.contains("failed"), "{error}");
        assert_eq!(entries(dir.path()), [""; 0]);
    }
}
