//! The pretend bank, called over HTTP as a payer would. Every test runs on both engines.

use crate::town::{FUNDING, Town, euro, message, on_both, verdict};
use db::Database;
use iso20022::{TransactionStatus, pain001::ExecutionTime, pain002::StatusReport};
use jiff::{SignedDuration, Timestamp, ToSpan as _, tz::TimeZone};
use reqwest::StatusCode;
use sandbox::bank::{Config, FINALITY_HEADER, MAGIC};
use serde_json::json;
use std::{path::Path, process::Command, time::Duration};
use tempfile::TempDir;

const SETTLE: &str = "DE08500105170900000001";
const SETTLE_LATER: &str = "DE78500105170900000002";
const REJECT: &str = "DE51500105170900000003";
const CUT: &str = "DE24500105170900000004";
const LATE: &str = "DE94500105170900000005";
const SILENT: &str = "DE67500105170900000006";
const SILENT_EXECUTED: &str = "DE40500105170900000007";
const PENDING: &str = "DE13500105170900000008";
const LOSE_ONCE: &str = "DE83500105170900000009";
const GARBAGE: &str = "DE56500105170900000010";
#[tokio::test]
async fn a_payment_is_executed_once_and_a_duplicate_gets_the_first_answer() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        for _ in 0..3 {
            assert_eq!(town.pay("A", SETTLE, 500).await.status, TransactionStatus::Acsc);
        }
        let sends = (0..8).map(|_| town.pay("B", SETTLE, 70));
        for verdict in futures::future::join_all(sends).await {
            assert_eq!(verdict.status, TransactionStatus::Acsc);
        }
        assert_eq!((town.executed("A").await, town.executed("B").await), (1, 1));
        assert_eq!(town.statement().await.closing.signed_minor_units(), i128::from(FUNDING - 570));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn another_instruction_under_a_used_id_is_a_duplicate() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        town.pay("A", SETTLE, 500).await;
        let verdict = town.pay("A", SETTLE, 501).await;
        assert_eq!((verdict.status.code(), verdict.reason().unwrap().code()), ("RJCT", "AM05"));
        assert_eq!(town.status("A").await, "ACSC");
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_rejection_moves_nothing_and_stays() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        for _ in 0..2 {
            let verdict = town.pay("A", REJECT, 500).await;
            assert_eq!((verdict.status.code(), verdict.reason().unwrap().code()), ("RJCT", "AC04"));
        }
        let verdict = town.pay("B", SETTLE, FUNDING + 1).await;
        assert_eq!((verdict.status.code(), verdict.reason().unwrap().code()), ("RJCT", "AM04"));
        assert!(town.statement().await.entries.is_empty());
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn lost_answers_are_found_by_asking() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        assert!(town.send(message("A", CUT, 5).write().unwrap()).await.is_err());
        let garbage = town.send(message("B", GARBAGE, 5).write().unwrap()).await.unwrap();
        assert!(StatusReport::read(&garbage.bytes().await.unwrap()).is_err());
        assert_eq!(town.post("scenarios", json!({"end_to_end_id": "C", "behaviour": "late", "delay_ms": 1})).await, StatusCode::NO_CONTENT);
        assert_eq!(town.pay("C", SETTLE, 5).await.status, TransactionStatus::Acsc);
        assert_eq!(town.pay("D", LATE, 5).await.status, TransactionStatus::Acsc);
        for id in ["A", "B", "C", "D"] {
            assert_eq!((town.status(id).await.as_str(), town.executed(id).await), ("ACSC", 1), "{id}");
        }
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_lost_on_the_way_is_not_found_and_says_when_that_is_final() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        assert!(town.send(message("A", LOSE_ONCE, 5).write().unwrap()).await.is_err());
        let answer = town.ask("A").await;
        assert_eq!((answer.status(), answer.headers()[FINALITY_HEADER].to_str().unwrap()), (StatusCode::NOT_FOUND, "60"));
        let report = StatusReport::read(&answer.bytes().await.unwrap()).unwrap();
        assert!(report.names("A") && report.verdict("A", "M-A").is_none());
        assert_eq!(town.pay("A", LOSE_ONCE, 5).await.status, TransactionStatus::Acsc);
        assert_eq!(town.executed("A").await, 1);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_silent_bank_answers_nobody_until_it_closes() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        // Longer than the bank takes to execute on a busy machine: it does so before it is silent.
        let request = |id, iban| {
            let body = message(id, iban, 5).write().unwrap();
            town.client.post(format!("{}/payments", town.bank.url())).body(body).timeout(Duration::from_secs(5)).send()
        };
        let (silent, executed) = tokio::join!(request("A", SILENT), request("B", SILENT_EXECUTED));
        assert!(silent.unwrap_err().is_timeout() && executed.unwrap_err().is_timeout());
        assert_eq!(town.ask("A").await.status(), StatusCode::NOT_FOUND);
        assert_eq!((town.status("B").await.as_str(), town.executed("A").await, town.executed("B").await), ("ACSC", 0, 1));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn undecided_payments_move_when_asked_or_told() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        assert_eq!(town.pay("A", SETTLE_LATER, 5).await.status, TransactionStatus::Acsp);
        assert_eq!(town.executed("A").await, 0);
        assert_eq!((town.status("A").await.as_str(), town.executed("A").await), ("ACSC", 1));
        for (id, behaviour, end) in
            [("B", json!({"behaviour": "settle"}), "ACSC"), ("C", json!({"behaviour": "reject", "code": "MD07"}), "RJCT")]
        {
            assert_eq!(town.pay(id, PENDING, 5).await.status, TransactionStatus::Pdng);
            assert_eq!(town.status(id).await, "PDNG");
            let mut body = behaviour;
            body["end_to_end_id"] = json!(id);
            assert_eq!(town.post("scenarios", body).await, StatusCode::NO_CONTENT);
            assert_eq!(town.status(id).await, end);
        }
        assert_eq!((town.executed("B").await, town.executed("C").await), (1, 0));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_late_message_is_never_executed() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        for (id, created) in
            [("A", Timestamp::now() - SignedDuration::from_secs(61)), ("B", Timestamp::now() + SignedDuration::from_secs(10))]
        {
            let mut message = message(id, SETTLE, 5);
            message.created = created;
            let verdict = verdict(town.send(message.write().unwrap()).await.unwrap(), id).await;
            assert_eq!((verdict.status.code(), verdict.reason().unwrap().code()), ("RJCT", "TM01"));
        }
        assert!(town.statement().await.entries.is_empty());
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_payment_for_a_day_to_come_does_not_wait_on_an_instant_rail() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let today = TimeZone::get("Europe/Berlin").unwrap().to_datetime(Timestamp::now()).date();
        for (id, day, expected) in [("A", today.saturating_add(2.days()), "DT04"), ("B", today.saturating_sub(1.days()), "")] {
            let mut message = message(id, SETTLE, 5);
            message.payments[0].execution = ExecutionTime::Day(day);
            let verdict = verdict(town.send(message.write().unwrap()).await.unwrap(), id).await;
            assert_eq!(verdict.reason().map_or("", |reason| reason.code()), expected);
        }
        assert_eq!((town.executed("A").await, town.executed("B").await), (0, 1));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_no_message_is_rejected_as_a_group() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let mut wrong_total = message("A", SETTLE, 5);
        wrong_total.stated_count = 2;
        let bodies = [
            ("<a/>".to_owned(), StatusCode::BAD_REQUEST, "FF01"),
            ("<!DOCTYPE a><a/>".to_owned(), StatusCode::BAD_REQUEST, "FF01"),
            (wrong_total.write().unwrap(), StatusCode::OK, "AM18"),
        ];
        for (body, status, code) in bodies {
            let response = town.send(body).await.unwrap();
            assert_eq!(response.status(), status);
            let report = StatusReport::read(&response.bytes().await.unwrap()).unwrap();
            assert_eq!(report.group_status, Some(TransactionStatus::Rjct));
            assert_eq!(report.group_reasons[0].reason.as_ref().unwrap().code(), code);
        }
        assert_eq!(town.ask("A").await.status(), StatusCode::NOT_FOUND);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn deposits_count_once_and_books_survive_a_restart() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let deposit = json!({"currency": "EUR", "minor_units": 250, "reference": "store 1"});
        for _ in 0..2 {
            assert_eq!(town.post("deposits", deposit.clone()).await, StatusCode::NO_CONTENT);
        }
        assert_eq!(town.post("deposits", json!({"currency": "USD", "minor_units": 1, "reference": "x"})).await, StatusCode::NOT_FOUND);
        assert_eq!(town.post("deposits", json!({"currency": "EUR", "minor_units": -1, "reference": "x"})).await, StatusCode::BAD_REQUEST);
        // More money than a statement can show is refused, and the statement stays readable.
        let flood = json!({"currency": "EUR", "minor_units": 1_i64 << 53, "reference": "flood"});
        assert_eq!(town.post("deposits", flood).await, StatusCode::BAD_REQUEST);
        town.pay("A", SETTLE, 50).await;
        town.close().await;

        let town = Town::open(&database).await;
        let statement = town.statement().await;
        assert_eq!(statement.opening.signed_minor_units(), i128::from(FUNDING));
        assert_eq!(statement.closing.signed_minor_units(), i128::from(FUNDING + 250 - 50));
        assert_eq!(town.pay("A", SETTLE, 50).await.status, TransactionStatus::Acsc);
        assert_eq!(town.executed("A").await, 1);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_comes_again_is_told_under_the_message_that_came_last() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let sent_as = |name: &str| {
            let mut message = message("A", REJECT, 500);
            message.message_id = name.to_owned();
            message.write().unwrap()
        };
        for name in ["A-1", "A-2"] {
            town.send(sent_as(name)).await.unwrap();
            let report = StatusReport::read(&town.ask("A").await.bytes().await.unwrap()).unwrap();
            assert_eq!((report.original_message_id.as_str(), report.verdict("A", name).unwrap().status), (name, TransactionStatus::Rjct));
            assert_eq!(report.amounts("A").collect::<Vec<_>>(), [euro(500)]);
        }
        // A false answer: executed, but rejected.
        assert!(town.post("scenarios", json!({"end_to_end_id": "B", "behaviour": "reject_executed", "code": "AC04"})).await.is_success());
        assert_eq!(town.pay("B", SETTLE, 500).await.status, TransactionStatus::Rjct);
        assert_eq!((town.status("B").await.as_str(), town.executed("B").await, town.executed("A").await), ("RJCT", 1, 0));
        town.close().await;
    })
    .await;
}

/// What a shell prints for the page's commands, with every answer's status instead of its body.
fn statuses(page: &str, dir: &Path) -> Vec<String> {
    let commands = page.lines().filter_map(|line| line.strip_prefix("    curl "));
    let script: String = commands.map(|rest| format!("curl -s -o /dev/null -w '%{{http_code}}\\n' {rest}\n")).collect();
    let output = Command::new("bash").args(["-euc", &script]).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_page_lists_every_account_with_its_behaviour_and_commands_that_work() {
    let dir = TempDir::new().unwrap();
    let database = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
    let town = Town::open_with(&database, Config::default()).await;
    let answer = town.client.get(town.bank.url()).send().await.unwrap();
    assert_eq!((answer.status(), answer.headers()["content-type"].to_str().unwrap()), (StatusCode::OK, "text/plain; charset=utf-8"));
    let page = answer.text().await.unwrap();

    let rows: Vec<Vec<&str>> = page.lines().filter(|line| line.starts_with("90000000")).map(|line| line.split("  ").collect()).collect();
    let listed: Vec<_> = rows.iter().map(|row| (row[0], row[1], row[2].trim())).collect();
    let decided: Vec<_> = MAGIC.iter().map(|magic| (magic.account_number, magic.iban, magic.behaviour)).collect();
    assert_eq!(listed, decided, "{page}");
    let ibans: Vec<_> = listed.iter().map(|(_, iban, _)| *iban).collect();
    assert_eq!(ibans, [SETTLE, SETTLE_LATER, REJECT, CUT, LATE, SILENT, SILENT_EXECUTED, PENDING, LOSE_ONCE, GARBAGE]);
    assert!(rows.iter().all(|row| row.last().unwrap().contains(' ')), "an account without an effect: {page}");
    assert!(page.contains("\nlose  ") && page.contains("\nreject_executed:AC04  ") && page.contains("\nreturn_part:AC04:100  "), "{page}");

    // In the page's order: a payment, its status and return, two statements (no day is over) and a mistake, a recall and its answer, a receiver, keys, a payee, a
    // deposit, a scenario.
    std::fs::write(dir.path().join("payment.xml"), message("E2E-1", SETTLE, 5).write().unwrap()).unwrap();
    std::fs::write(dir.path().join("recall.xml"), crate::recalls::request("R-1", &["E2E-1"]).write().unwrap()).unwrap();
    let expected = ["200", "200", "204", "200", "204", "204", "200", "200", "204", "200", "200", "204", "204"];
    assert_eq!(statuses(&page, dir.path()), expected, "{page}");
    town.close().await;
}

#[tokio::test]
async fn what_is_not_there_leads_to_the_root_page() {
    let dir = TempDir::new().unwrap();
    let town = Town::open(&Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap()).await;
    for (path, status) in [
        ("nowhere", StatusCode::NOT_FOUND),
        ("payments", StatusCode::METHOD_NOT_ALLOWED),
        ("payments/A/B", StatusCode::NOT_FOUND),
        ("scenarios", StatusCode::METHOD_NOT_ALLOWED),
        ("statements/USD", StatusCode::NOT_FOUND),
    ] {
        let answer = town.client.get(format!("{}/{path}", town.bank.url())).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let told = answer.text().await.unwrap();
        assert!(told.ends_with("; / lists what there is\n") && told.lines().count() == 1, "{path}: {told}");
    }
    town.close().await;
}
