//! `largesse call` beside a running installation: answers, refusals and streams as JSON, and what is never sent.
use crate::process::{output, serving};
use serde_json::Value;
use std::{path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
};

/// Prints a token of this role into a file.
async fn token(dir: &Path, role: &str) -> String {
    let data = dir.to_str().unwrap();
    let (ok, token, error) = output(&["token", "--data-dir", data, "--sub", "ann", "--role", role, "--book", "demo"]).await;
    assert!(ok, "{error}");
    let file = dir.join(format!("{role}.token"));
    std::fs::write(&file, token).unwrap();
    file.to_str().unwrap().to_owned()
}

fn spawned(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.args(arguments).kill_on_drop(true).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_remove("RUST_LOG").env_remove("LARGESSE_TOKEN_FILE").spawn().unwrap()
}

/// The exit code, and what was printed to the standard output and to standard error.
async fn ended(mut child: Child, input: &str) -> (Option<i32>, String, String) {
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let ended = child.wait_with_output().await.unwrap();
    (ended.status.code(), String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rpc_is_called_by_name_and_a_refusal_says_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, printed) = serving(dir.path()).await;
    let url = format!("http://{}", printed.iter().find_map(|line| line.strip_prefix("grpc on ")).unwrap());
    let mut files = Vec::new();
    for role in ["viewer", "support", "auditor", "service"] {
        files.push(token(dir.path(), role).await);
    }
    let [viewer, support, auditor, service] = &files[..] else { unreachable!() };
    let call = |file: &str, arguments: &[&str]| spawned(&[&["call", "--url", &url, "--token-file", file], arguments].concat());

    let (code, text, error) = ended(call(viewer, &["ListGifts"]), "").await;
    let gifts: Value = serde_json::from_str(&text).unwrap();
    assert!(code == Some(0) && !gifts["gifts"].as_array().unwrap().is_empty(), "{error}");
    // A refusal of the service, with the id under which it is kept.
    let gift = gifts["gifts"][0]["giftId"].as_str().unwrap();
    let asked = format!(r#"{{"gift_id": "{gift}", "quantity": 1, "room_id": "r1", "creatorId": "cleo"}}"#);
    let (code, text, error) = ended(call(viewer, &["GiftService/SendGift", "-"]), &asked).await;
    assert!(code == Some(1) && text.is_empty(), "{text} {error}");
    let id = error.lines().next().unwrap().strip_prefix("request_id ").unwrap().to_owned();
    assert!(uuid::Uuid::parse_str(&id).is_ok() && error.contains("INSUFFICIENT_FUNDS"), "{error}");
    // Every field that is wrong is named, one a line; so is what makes it worth a retry.
    let (code, _, error) = ended(call(viewer, &["SendGift", "{}"]), "").await;
    assert!(code == Some(1) && error.contains("\n  code: InvalidArgument\n  reason: MALFORMED\n  fact: field="), "{error}");
    for field in ["room_id", "creator_id"] {
        assert!(error.contains(&format!("\n  field: {field} ")), "{field}: {error}");
    }
    let (code, _, error) = ended(spawned(&["call", "ListGifts", "--token-file", viewer, "--url", "http://127.0.0.1:1"]), "").await;
    assert!(code == Some(1) && error.contains("\n  reason: PEER_UNREACHABLE\n") && error.contains("\n  retry in 1.0 s"), "{error}");
    // Staff give a reason, in any script.
    let opened = [r#"{"book": "demo", "accounts": ["viewer/ann/coins"]}"#];
    let (code, _, error) = ended(call(service, &["OpenAccounts", opened[0]]), "").await;
    assert!(code == Some(0) && error.starts_with("request_id "), "{error}");
    let account = [r#"{"book": "demo", "account": "viewer/ann/coins"}"#];
    let (code, _, error) = ended(call(support, &["GetAccount", account[0]]), "").await;
    assert!(code == Some(1) && error.contains("REASON_REQUIRED"), "{error}");
    let (code, text, error) = ended(call(support, &["GetAccount", account[0], "--reason", "Münzen für 東京", "--compact"]), "").await;
    assert!(code == Some(0) && text.lines().count() == 1 && text.contains("viewer/ann/coins"), "{text} {error}");

    // Nothing of these is sent.
    let long = format!("{{\"book\": \"{}", "x".repeat(100_000));
    for (arguments, input, said) in [
        (&["GetAcount", "{}"][..], "", "no RPC is named GetAcount"),
        (&["ExplainCase"], "", "TreasuryService/ExplainCase"),
        (&["GetAccount", r#"{"boook": 1}"#], "", "boook"),
        (&["GetAccount", "-"], &long, "is not JSON: EOF"),
        (&["GetAccount", "{} {}"], "", "takes one request"),
        (&["GetAccount", "--timeout", "0"], "", "--timeout"),
        (&["GetAccount", "--reason", "short"], "", "8 to 500 bytes"),
        (&["GetAccount", "{}", "--url", "nowhere"], "", "--url"),
    ] {
        let (code, text, error) = ended(call(support, arguments), input).await;
        assert!(code == Some(2) && text.is_empty() && error.contains(said), "{arguments:?}: {code:?} {error}");
    }
    let (code, _, error) = ended(spawned(&["call", "GetAccount", "--url", &url]), "").await;
    assert!(code == Some(2) && error.contains("needs a token"), "{error}");

    // A stream is printed as it comes, one message a line.
    let mut watching = call(auditor, &["WatchJournal", r#"{"book": "demo", "fromSeq": "1"}"#, "--reason", "who opened accounts"]);
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(first["events"][0]["seq"], "1");
    child.kill().await.unwrap();
    let (code, _, error) = ended(watching, "").await;
    assert!(code == Some(1) && !error.is_empty(), "{error}");
}

#[tokio::test]
async fn rpcs_are_listed_described_and_completed_without_an_installation() {
    let (ok, text, _) = output(&["call", "--list"]).await;
    assert!(ok && text.lines().count() > 100 && text.contains("\nLedgerService/GetAccount "), "{text}");
    let (ok, text, _) = output(&["call", "--list", "no such name"]).await;
    assert!(ok && text.is_empty());
    let (ok, text, _) = output(&["call", "--describe", "GetAccount"]).await;
    assert!(ok && text.starts_with("LedgerService/GetAccount\n") && text.contains("\n  account: string\n"), "{text}");
    let (ok, _, error) = output(&["call", "--describe"]).await;
    assert!(!ok && error.contains("METHOD"), "{error}");
    let (_, script, _) = output(&["completions", "bash"]).await;
    assert!(script.contains("LedgerService/GetAccount"));
}
