//! `largesse replay` on recordings as users have them.
use crate::process::{output, serving};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

fn event(msg: &str, gift_id: i64, price: i64) -> Value {
    json!({"msg": msg, "room": "r1", "from_user": "u1", "to_user": "c1", "gift_id": gift_id, "gift_name": format!("Gift {gift_id}"),
        "diamond_count": price, "group_id": 0, "repeat_count": 1, "repeat_end": 0, "combo": false})
}

fn recording(path: &Path, events: &[Value]) {
    fs::write(path, events.iter().map(|event| format!("{event}\n")).collect::<String>()).unwrap();
}

fn replay(file: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.arg("replay").arg(file).args(more).env_remove("LARGESSE_DATABASE").env_remove("RUST_LOG");
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_byte_order_mark_is_no_event_and_gifts_cost_what_the_recording_says() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bom.jsonl");
    // 987654321 is in no catalogue; a rose costs 1 in the built-in catalogue and 7 in the recording.
    let lines = format!("\u{feff}{}\r\n{}\r\n", event("a", 987_654_321, 12), event("b", 5655, 7));
    fs::write(&file, lines).unwrap();
    let (code, out, error) = replay(&file, &["--json"]);
    assert_eq!(code, Some(0), "{error}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["events"], &report["charged_coins"], &report["refused"]), (&json!(2), &json!(19), &json!({})), "{out}");
}

#[test]
fn a_bad_event_is_named_before_anything_is_sent_or_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bad.jsonl");
    let mut odd = event("b", 5655, 1);
    odd["to_user"] = json!("u1");
    let mut dear = event("d", 5655, 2);
    dear["msg"] = json!("d");
    recording(&file, &[event("a", 5655, 1), odd.clone(), event("c", 5655, 1)]);
    let keys = dir.path().join("keys");
    let (code, out, error) = replay(&file, &["--data-dir", keys.to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{error}");
    assert!(error.contains("bad.jsonl:2: ") && error.contains("nothing was sent") && error.contains("--skip-bad"), "{error}");
    assert!(!keys.exists(), "something was started");
    let (code, out, error) = replay(&file, &["--json", "--skip-bad"]);
    assert_eq!(code, Some(0), "{error}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["events"], &report["charged_coins"], &report["skipped"]), (&json!(2), &json!(2), &json!(1)), "{out}");
    assert!(error.contains("bad.jsonl:2: "), "{error}");
    // It is unknown which of the two prices is right.
    recording(&file, &[event("a", 5655, 1), event("c", 5655, 1), dear]);
    let (code, _, error) = replay(&file, &[]);
    assert_eq!(code, Some(1));
    assert!(error.contains("bad.jsonl:3: ") && error.contains("5655") && error.contains("bad.jsonl:1"), "{error}");
}

#[test]
fn a_running_installation_is_replayed_to_with_its_own_keys_only() {
    let dir = tempfile::tempdir().unwrap();
    let (file, typo) = (dir.path().join("good.jsonl"), dir.path().join("typo"));
    recording(&file, &[event("a", 5655, 1)]);
    let more = ["--url", "http://127.0.0.1:9", "--store-url", "http://127.0.0.1:9", "--data-dir", typo.to_str().unwrap()];
    let (code, out, error) = replay(&file, &more);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{error}");
    assert!(error.contains("typo") && error.contains("--data-dir"), "{error}");
    assert!(!typo.exists(), "a key was made that nobody trusts");
}

#[tokio::test(flavor = "multi_thread")]
async fn gifts_that_a_running_installation_lacks_are_refused_counted_and_in_the_list_to_load() {
    let dir = tempfile::tempdir().unwrap();
    let (_child, printed) = serving(dir.path()).await;
    let address = |of: &str| format!("http://{}", printed.iter().find_map(|line| line.strip_prefix(of)).unwrap());
    let (file, list) = (dir.path().join("some.jsonl"), dir.path().join("gifts.toml"));
    recording(&file, &[event("a", 987_654_321, 12), event("b", 5655, 1), event("c", 987_654_321, 12), event("d", 987_654_322, 3)]);
    let (grpc, store) = (address("grpc on "), address("store on "));
    let data_dir = dir.path().to_str().unwrap();
    let to = ["replay", file.to_str().unwrap(), "--url", &grpc, "--store-url", &store, "--data-dir", data_dir, "--json"];
    let counted = |report: &Value| ["events", "charged_coins", "replayed"].map(|key| report[key].as_i64().unwrap());
    for expected in [[4, 1, 0], [4, 0, 1]] {
        let (ok, out, error) = output(&to).await;
        assert!(ok, "{error}");
        let report: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(counted(&report), expected, "{out}");
        assert_eq!(report["refused"], json!({"GIFT_UNKNOWN": 3}), "{out}");
        assert_eq!(report["unknown_gifts"], json!([987_654_321, 987_654_322]), "{out}");
        fs::write(&list, report["catalogue"].as_str().unwrap()).unwrap();
        let (ok, out, error) = output(&["lists", "check", "gifts", list.to_str().unwrap()]).await;
        assert!(ok && out.starts_with("ok: "), "{out} {error}");
    }
    let listed = fs::read_to_string(&list).unwrap();
    assert!(["987654321", "987654322", "5655"].iter().all(|gift| listed.contains(gift)), "{listed}");
}

#[test]
fn a_replay_that_is_interrupted_stops_what_it_started_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("long.jsonl");
    let events: Vec<Value> = (0..20_000).map(|number| event(&format!("m{number}"), 5655, 1)).collect();
    recording(&file, &events);
    let temporary = dir.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
        command.arg("replay").arg(&file).env("TMPDIR", &temporary).env_remove("LARGESSE_DATABASE").env_remove("RUST_LOG");
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // The services have started: their tables are there.
        let is_started = || fs::read_dir(&temporary).unwrap().flatten().any(|entry| entry.path().join("ledger.db").exists());
        while !is_started() {
            std::thread::yield_now();
        }
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        let error = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(code), "{error}");
        assert!(error.contains("interrupted"), "{error}");
        assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "something is left");
    }
}
