//! `largesse accounting` beside a running installation.
use crate::{
    explaining::done,
    options,
    process::{output, serving},
};
use accounting::{Mapping, balance::trial_balance_csv, fees::fees_csv, journal::journal_csv};
use api::support::{Adjustment, AdjustmentTransfer, propose_request::Act};
use demo::installation::Installation;
use identity::{Role, Service};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use money::BookName;
use operations::accounting::AccountingCaller;
use runtime::Runtime;
use std::path::Path;

const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/accounting.toml");

fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_exported_and_closed_and_what_is_wrong_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, printed) = serving(dir.path()).await;
    let url = format!("http://{}", printed.iter().find_map(|line| line.strip_prefix("grpc on ")).unwrap());
    let data = dir.path().to_str().unwrap();
    let (ok, token, error) = output(&["token", "--data-dir", data, "--sub", "fay", "--role", "finance", "--book", "demo"]).await;
    assert!(ok, "{error}");
    let (file, out) = (dir.path().join("finance.token"), dir.path().join("day.csv"));
    std::fs::write(&file, token).unwrap();
    let (file, out) = (file.to_str().unwrap(), out.to_str().unwrap());
    let called = async |task: &[&str], book: &str| {
        let place = ["--book", book, "--url", &url, "--token-file", file, "--reason", "close of November"];
        output(&[&["accounting"], task, &place[..]].concat()).await
    };
    let yesterday = today().yesterday().unwrap().to_string();
    let (ok, text, error) = output(&["accounting", "check", MAPPING]).await;
    assert!(ok && text.contains("no faults, SHA-256 "), "{text} {error}");
    let (ok, text, error) = output(&["accounting", "chart", MAPPING, "--csv"]).await;
    assert!(ok && text.starts_with("ledger,entities,unit,gl_code,gl_name,type,normal_side,source\n"), "{text} {error}");
    assert!(text.contains("\nhouse/bank_cash/*,,*,1000,Cash at banks,asset,debit,rule\n"), "{text}");
    assert!(text.contains("\nviewer/*/coins,,COIN,,,memo,credit,memo\n"), "{text}");
    let (ok, listed, _) = output(&["accounting", "chart", MAPPING]).await;
    assert!(ok && listed.lines().count() + 1 == text.lines().count(), "{listed}");
    let (ok, json, _) = output(&["accounting", "chart", MAPPING, "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(ok && json["accounts"].as_array().is_some_and(|rows| rows.len() + 1 == text.lines().count()), "{json}");
    let wrong = dir.path().join("wrong.toml");
    std::fs::write(&wrong, "[[rule]]\nledger = \"house/cash/*\"\naccount = \"1,0\"\n").unwrap();
    let (ok, text, error) = output(&["accounting", "check", wrong.to_str().unwrap()]).await;
    assert!(!ok && text.is_empty() && error.contains("wrong.toml:2: ledger") && error.contains("wrong.toml:3: "), "{text} {error}");
    let (ok, text, error) = called(&["unmapped", MAPPING, "--day", &yesterday], "demo").await;
    assert!(ok && text.is_empty(), "{text} {error}");

    let (ok, text, error) = called(&["close", "--from", &yesterday, "--until", &yesterday], "demo").await;
    assert!(ok && text.starts_with(&format!("closed: 1  {yesterday} to {yesterday}  up to event ")), "{text} {error}");
    let (ok, again, _) = called(&["close", "--from", &yesterday, "--until", &yesterday], "demo").await;
    assert!(ok && again == text.replace("closed: ", "closed before: "), "{again}");
    let (ok, listed, _) = called(&["periods"], "demo").await;
    assert!(ok && text == format!("closed: {listed}") && listed.contains("closed by fay: close of November"), "{listed}");
    let (ok, text, error) = called(&["close", "--from", &today().to_string(), "--until", &today().to_string()], "demo").await;
    assert!(!ok && text.is_empty() && error.contains("PERIOD_NOT_OVER: only days that are over"), "{text} {error}");
    let (ok, text, error) = called(&["journal", MAPPING, "--day", &yesterday, "--out", out], "demo").await;
    assert!(ok && text.ends_with("day.csv: 0 rows, closed: it stays as it is\n"), "{text} {error}");
    assert!(std::fs::read_to_string(Path::new(out)).unwrap().starts_with("record,book,entity,company,accounting_date,"));
    let (ok, _, error) = called(&["journal", MAPPING, "--day", &yesterday, "--out", out], "nowhere").await;
    assert!(!ok && error.contains("PERMISSION_DENIED"), "{error}");
    child.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_people_book_is_exported_with_totals_that_are_the_trial_balance() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Runtime::start(options(dir.path())).await.unwrap();
    let installation = Installation::inside(&fixture, BookName::try_new("treasury").unwrap()).unwrap();
    let token = installation.token("fay", Role::Finance).unwrap();
    let transport = fixture.transport_for(Service::Treasury).unwrap();
    let transfer = |debit: &str, credit: &str, amount| AdjustmentTransfer {
        debit_account: format!("house/{debit}/USD"),
        credit_account: format!("house/{credit}/USD"),
        amount,
    };
    let structure = operations::structure::StructureCaller {
        transport: transport.clone(),
        token: &token,
        reason: "the first structure",
        book: "treasury",
    };
    let account = "[[account]]\nid = \"bank-usd\"\nname = \"A\"\nbank = \"B\"\nbranch = \"C\"\ncurrency = \"USD\"\nentity = \"main\"\nnumber = \"1\"\n";
    let plan = structure.plan(account.to_owned()).await.unwrap();
    structure.apply(account.to_owned(), plan.hash).await.unwrap();
    let transfers = vec![
        transfer("main/physical_cash/bank-usd", "main/virtual_account/bank-usd-unallocated", 10_000),
        transfer("payout_cost", "acme/revenue", 15),
    ];
    done(&installation, Act::Adjustment(Adjustment { transfers })).await;
    let mapping = Mapping::read(&std::fs::read_to_string(MAPPING).unwrap()).unwrap();
    let caller = AccountingCaller { transport, token: &token, reason: "close of November", book: "treasury", entity: "main" };
    let read = caller.day(today()).await.unwrap();
    let journal = journal_csv(caller.title(today(), read.closed), &mapping, &read.lines).unwrap();
    let amounts = |csv: &str, record: &str, from: usize| {
        let rows = csv.lines().filter(|row| row.starts_with(record));
        rows.map(|row| row.split(',').skip(from).take(2).map(str::to_owned).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(amounts(&journal, "line", 12), ["10000 0", "0 15", "0 10000", "15 0"], "{journal}");
    assert_eq!(amounts(&journal, "total", 12), ["10015 10015"], "{journal}");
    let balances = caller.balances(today()).await.unwrap();
    let trial = trial_balance_csv(caller.title(today(), balances.closed), &mapping, &balances.lines).unwrap();
    assert_eq!(amounts(&trial, "total", 12), ["10015 10015"], "{trial}");
    // Of the two debits one is a fee.
    let (from, until) = (today().yesterday().unwrap(), today().tomorrow().unwrap());
    let (period, fees) = operations::fee_report::ask(&caller, from, until).await.unwrap();
    let report = fees_csv(&period, &fees).unwrap();
    assert_eq!(amounts(&report, "line", 7), ["house/payout_cost/USD adjustment"], "{report}");
    assert_eq!(
        (amounts(&report, "line", 10), amounts(&report, "total", 10)),
        (vec!["15 0".to_owned()], vec!["15 0".to_owned()]),
        "{report}"
    );
    assert_eq!(amounts(&report, "total", 14), ["0.00 0.15"], "{report}");
    let json = operations::fee_report::json(&period, &fees);
    assert_eq!((&json["totals"][0]["net_minor_units"], &json["totals"][0]["net"]), (&15.into(), &"0.15".into()), "{json}");
}
