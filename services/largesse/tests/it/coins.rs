//! `largesse catalogue` and `largesse lots`: what coins cost, and to which purchase they belong.
use crate::process::{output, serving};

const SHEET: &str = "version = \"1\"\n\n[[price]]\nproduct_id = \"coins.70\"\nmarket = \"US\"\nchannel = \"app_store\"\ncoins = 70\n\
    currency = \"USD\"\nprice = \"0.99\"\nvalid_from = \"2026-11-01\"\n";

#[tokio::test]
async fn a_price_sheet_is_checked_whole_and_compared_row_by_row() {
    let dir = tempfile::tempdir().unwrap();
    let written = |name: &str, text: &str| {
        let file = dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (old, new) = (written("old.toml", SHEET), written("new.toml", &SHEET.replace("0.99", "1.09")));
    let (ok, text, error) = output(&["catalogue", "check", &old]).await;
    assert!(ok, "{error}");
    assert_eq!(text, "ok: version 1, 0 packages, 1 price, 0 tax rates, 0 commission rates\n");
    let (_, text, _) = output(&["catalogue", "diff", &new, &old]).await;
    let key = "price coins.70 US app_store from 2026-11-01";
    let sold = |price: &str| format!("70 coins for {price} in US by app, sold by main");
    assert_eq!(text, format!("changed {key}: {} -> {}\n1 change\n", sold("0.99 USD"), sold("1.09 USD")));
    let bad = written("bad.toml", &SHEET.replace("app_store", "cash"));
    let (ok, text, _) = output(&["catalogue", "check", &bad]).await;
    assert!(
        !ok && text.contains("line 3: price coins.70, channel: ") && text.ends_with("1 problem: nothing of the file can be used\n"),
        "{text}"
    );
}

#[tokio::test]
async fn lots_are_read_again_on_request_where_there_are_any() {
    let dir = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", dir.path().display());
    let rebuild = ["lots", "--database", &database, "rebuild", "--book", "demo"];
    let (ok, _, error) = output(&rebuild).await;
    assert!(!ok && error.contains("nothing was done"), "{error}");
    assert!(output(&["migrate", "--database", &database, "--services", "purchase"]).await.0);
    let (ok, text, error) = output(&rebuild).await;
    assert!(ok, "{error}");
    assert_eq!(text, "0 lots of demo are forgotten; the purchase service reads them again from the journal's beginning\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_sheet_is_loaded_into_a_running_service_by_somebody_who_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, printed) = serving(dir.path()).await;
    let url = format!("http://{}", printed.iter().find_map(|line| line.strip_prefix("grpc on ")).unwrap());
    let token = async |role: &str| {
        let data = dir.path().to_str().unwrap();
        let (ok, token, error) = output(&["token", "--data-dir", data, "--sub", "fay", "--role", role, "--book", "demo"]).await;
        assert!(ok, "{error}");
        let file = dir.path().join(format!("{role}.token"));
        std::fs::write(&file, token).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (finance, support) = (token("finance").await, token("support").await);
    let file = dir.path().join("sheet.toml");
    std::fs::write(&file, SHEET).unwrap();
    let file = file.to_str().unwrap();
    let called = async |task: &[&str], token: &str| {
        let place = ["--book", "demo", "--url", &url, "--token-file", token, "--reason", "prices of December"];
        output(&[&["catalogue"], task, &place[..]].concat()).await
    };
    let (ok, text, error) = called(&["load", file], &finance).await;
    assert!(
        ok && text.contains("ok: version 1, 0 packages, 1 price") && text.contains("\nloaded\n1: version 1, in force from "),
        "{text} {error}"
    );
    let (ok, again, _) = called(&["load", file], &finance).await;
    assert!(ok && again.contains("it was loaded before, and nothing was changed\n1: version 1, "), "{again}");
    let (ok, listed, _) = called(&["list"], &finance).await;
    assert!(ok && listed.lines().count() == 1 && listed.contains("loaded by fay at "), "{listed}");
    let (ok, _, error) = called(&["load", file], &support).await;
    assert!(!ok && error.contains("role"), "{error}");
    std::fs::write(file, SHEET.replace("0.99", "1.09")).unwrap();
    let (ok, _, error) = called(&["load", file], &finance).await;
    assert!(!ok && error.contains("line 1: version: a sheet of this version was loaded before, with other content"), "{error}");
    std::fs::write(file, SHEET.replace("app_store", "cash")).unwrap();
    let (ok, text, _) = called(&["load", file], &finance).await;
    assert!(!ok && text.contains("line 3: price coins.70, channel: "), "{text}");
    let log = format!("sqlite:{}", dir.path().join("support.db").display());
    let mut log = <sqlx::SqliteConnection as sqlx::Connection>::connect(&log).await.unwrap();
    let sql = "SELECT subject, reason FROM act WHERE rpc LIKE '%LoadPriceSheet' ORDER BY seq LIMIT 1";
    let recorded: (String, String) = sqlx::query_as(sql).fetch_one(&mut log).await.unwrap();
    assert_eq!(recorded, ("fay".to_owned(), "prices of December".to_owned()));
    child.kill().await.unwrap();
}
