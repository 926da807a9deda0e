//! `largesse report` beside a running installation.
use crate::process::{output, serving};
use serde_json::Value;
use std::path::Path;

/// Prints a token of this role into a file.
async fn token(dir: &Path, role: &str) -> String {
    let data = dir.to_str().unwrap();
    let (ok, token, error) = output(&["token", "--data-dir", data, "--sub", "fay", "--role", role, "--book", "demo"]).await;
    assert!(ok, "{error}");
    let file = dir.join(format!("{role}.token"));
    std::fs::write(&file, token).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_payouts_is_printed_in_every_form_and_wrong_ones_say_why() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, printed) = serving(dir.path()).await;
    let url = format!("http://{}", printed.iter().find_map(|line| line.strip_prefix("grpc on ")).unwrap());
    let (finance, support) = (token(dir.path(), "finance").await, token(dir.path(), "support").await);
    let report = async |file: &str, until: &str, more: &[&str]| {
        let period = ["report", "payouts", "--book", "demo", "--from", "2026-11-01", "--until", until];
        let place = ["--url", &url, "--token-file", file, "--reason", "costs in für November"];
        output(&[&period[..], &place[..], more].concat()).await
    };
    let (ok, text, error) = report(&finance, "2026-12-01", &[]).await;
    assert!(ok && text == "no payouts were requested in this period\n", "{text} {error}");
    let (ok, text, error) = report(&finance, "2026-12-01T00:00:00Z", &["--csv", "--by", "rail,bank,country,day"]).await;
    assert!(ok && text.starts_with("currency,rail,bank,country,day,payouts,") && text.lines().count() == 1, "{text} {error}");
    let (ok, text, _) = report(&finance, "2026-12-01", &["--csv", "--wallets"]).await;
    assert!(ok && text.starts_with("wallet,currency,payouts,") && text.lines().count() == 1, "{text}");
    let (ok, text, _) = report(&finance, "2026-12-01", &["--json"]).await;
    let json: Value = serde_json::from_str(&text).unwrap();
    assert!(ok && json["lines"] == serde_json::json!([]) && json["wallets"] == serde_json::json!([]), "{text}");

    for (file, until, more, said) in [
        (&finance, "2026-10-01", &[][..], "created_until"),
        (&finance, "2028-12-01", &[], "400 days"),
        (&finance, "soon", &[], "a day such as 2026-11-01"),
        (&finance, "2026-12-01", &["--by", "colour"], "colour"),
        (&finance, "2026-12-01", &["--by", "rail,rail"], "at most once"),
        (&finance, "2026-12-01", &["--csv", "--json"], "cannot be used with"),
        (&finance, "2026-12-01", &["--wallets"], "--csv"),
        (&finance, "2026-12-01", &["--instant-ms", "0"], "--instant-ms"),
        (&support, "2026-12-01", &[], "PERMISSION_DENIED"),
    ] {
        let (ok, text, error) = report(file, until, more).await;
        assert!(!ok && text.is_empty() && error.contains(said), "{until} {more:?}: {text} {error}");
    }
    child.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn fees_are_printed_in_every_form_and_who_may_not_see_them_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, printed) = serving(dir.path()).await;
    let url = format!("http://{}", printed.iter().find_map(|line| line.strip_prefix("grpc on ")).unwrap());
    let (finance, support) = (token(dir.path(), "finance").await, token(dir.path(), "support").await);
    let report = async |file: &str, until: &str, more: &[&str]| {
        let period = ["report", "fees", "--book", "demo", "--from", "2026-11-01", "--until", until];
        let place = ["--url", &url, "--token-file", file, "--reason", "fees of November"];
        output(&[&period[..], &place[..], more].concat()).await
    };
    let (ok, text, error) = report(&finance, "2026-11-03", &[]).await;
    assert!(ok && text.contains("from 2026-11-01 until before 2026-11-03: open\nno fees or commissions were booked"), "{text} {error}");
    let (ok, text, error) = report(&finance, "2026-11-03", &["--csv"]).await;
    assert!(
        ok && text.starts_with("record,book,entity,from,until,status,class,account,kind,currency,") && text.lines().count() == 1,
        "{text} {error}"
    );
    let (ok, text, _) = report(&finance, "2026-11-03", &["--json"]).await;
    let json: Value = serde_json::from_str(&text).unwrap();
    assert!(ok && json["lines"] == serde_json::json!([]) && json["totals"] == serde_json::json!([]) && json["entity"] == "main", "{text}");
    for (file, until, more, said) in [
        (&finance, "2026-11-01", &[][..], "--until must be 1 to 400 days after --from"),
        (&finance, "2028-11-01", &[], "--until must be 1 to 400 days after --from"),
        (&finance, "soon", &[], "--until"),
        (&finance, "2026-11-03", &["--csv", "--json"], "cannot be used with"),
        (&finance, "2026-11-03", &["--entity", "mars"], "ENTITY_UNKNOWN"),
        (&support, "2026-11-03", &[], "PERMISSION_DENIED"),
    ] {
        let (ok, text, error) = report(file, until, more).await;
        assert!(!ok && text.is_empty() && error.contains(said), "{until} {more:?}: {text} {error}");
    }
    child.kill().await.unwrap();
}
