//! Payments that come back, fees, batches and mistakes, as statements show them.

use crate::town::{FUNDING, Town, address, euro, on_both, over};
use accounts::{AddressField as F, AddressKind as K, PayoutAddress};
use iso20022::{
    camt053::Direction,
    pain002::StatusReport,
    report::{AccountReport, ReportEntry},
};
use reqwest::StatusCode;
use sandbox::bank::{Config, RETURN_CHARGE};
use serde_json::json;
use std::time::Duration;

fn iban() -> PayoutAddress {
    address(K::Iban, &[(F::Iban, "DE46910579234762349724")])
}

async fn pay(town: &Town, id: &str, holder: &str, minor_units: i64) {
    let message = over("sepa-instant", &[(id, holder)], &iban(), euro(minor_units));
    assert_eq!(town.send(message.write().unwrap()).await.unwrap().status(), StatusCode::OK);
}

fn credits(report: &AccountReport) -> Vec<&ReportEntry> {
    report.entries.iter().filter(|entry| entry.direction == Direction::Credit).collect()
}

fn closing(report: &AccountReport) -> i128 {
    report.balances[1].signed_minor_units()
}

#[tokio::test]
async fn a_payment_comes_back_whole_under_its_own_id_after_the_first_query() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        pay(&town, "A", "Sandbox return:AC04", 500).await;
        assert!(credits(&town.report("EUR").await).is_empty());
        for _ in 0..3 {
            assert_eq!(town.status("A").await, "ACSC");
        }
        let report = town.report("EUR").await;
        let back = credits(&report);
        assert_eq!((back.len(), back[0].amount, closing(&report)), (1, euro(500), i128::from(FUNDING)));
        let transaction = &back[0].batches[0].transactions[0];
        assert_eq!(transaction.references.end_to_end_id.as_deref(), Some("A"));
        assert_eq!(transaction.returned.as_ref().unwrap().reason.as_ref().unwrap().code(), "AC04");
        assert_eq!(transaction.amounts.instructed.as_ref().unwrap().amount, euro(500));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_return_comes_by_itself_after_its_delay() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let scenario = json!({"end_to_end_id": "A", "behaviour": "return", "code": "MD07", "delay_ms": 1});
        assert_eq!(town.post("scenarios", scenario).await, StatusCode::NO_CONTENT);
        pay(&town, "A", "Ana", 500).await;
        let came = async { while credits(&town.report("EUR").await).is_empty() {} };
        tokio::time::timeout(Duration::from_secs(120), came).await.unwrap();
        assert_eq!(closing(&town.report("EUR").await), i128::from(FUNDING));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn partial_returns_have_a_charge_and_never_exceed_the_payment() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        pay(&town, "A", "Sandbox return_part:AC04:300", 1000).await;
        town.ask("A").await;
        let report = town.report("EUR").await;
        let back = credits(&report)[0];
        let transaction = &back.batches[0].transactions[0];
        assert_eq!(back.amount, euro(300));
        assert_eq!((transaction.charges[0].amount, transaction.charges[0].is_included), (euro(RETURN_CHARGE), Some(true)));
        assert_eq!(transaction.amounts.transaction.as_ref().unwrap().amount, euro(300 + RETURN_CHARGE));
        assert_eq!(transaction.amounts.instructed.as_ref().unwrap().amount, euro(1000));
        // 600 are left: two more parts, and nothing beyond.
        let part = |minor_units: i64| json!({"code": "AM09", "minor_units": minor_units});
        assert_eq!(town.post("payments/A/returns", part(601)).await, StatusCode::CONFLICT);
        assert_eq!(town.post("payments/A/returns", part(400)).await, StatusCode::NO_CONTENT);
        assert_eq!(town.post("payments/A/returns", json!({"code": "AM09", "minor_units": 150, "charge": 51})).await, StatusCode::CONFLICT);
        assert_eq!(town.post("payments/A/returns", json!({"code": "AM09"})).await, StatusCode::NO_CONTENT);
        assert_eq!(town.post("payments/A/returns", json!({"code": "AM09"})).await, StatusCode::CONFLICT);
        let report = town.report("EUR").await;
        let back: i64 = credits(&report).iter().map(|entry| entry.amount.minor_units()).sum();
        assert_eq!((back, closing(&report)), (900, i128::from(FUNDING - 100)));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn concurrent_returns_give_no_more_than_there_is() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        pay(&town, "A", "Ana", 1000).await;
        let asks = (0..8).map(|_| town.post("payments/A/returns", json!({"code": "AC04", "minor_units": 400})));
        let answers = futures::future::join_all(asks).await;
        assert!(answers.iter().all(|answer| matches!(*answer, StatusCode::NO_CONTENT | StatusCode::CONFLICT)), "{answers:?}");
        let back: i64 = credits(&town.report("EUR").await).iter().map(|entry| entry.amount.minor_units()).sum();
        assert!((400..=800).contains(&back), "{back}");
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn wrong_orders_to_return_are_refused_and_change_nothing() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        pay(&town, "A", "Ana", 500).await;
        pay(&town, "R", "Sandbox reject:AC04", 500).await;
        for (path, body, status) in [
            ("payments/X/returns", json!({"code": "AC04"}), StatusCode::NOT_FOUND),
            ("payments/R/returns", json!({"code": "AC04"}), StatusCode::CONFLICT),
            ("payments/A/returns", json!({"code": ""}), StatusCode::BAD_REQUEST),
            ("payments/A/returns", json!({"code": "TOO LONG"}), StatusCode::BAD_REQUEST),
            ("payments/A/returns", json!({"code": "AC04", "minor_units": 0}), StatusCode::BAD_REQUEST),
            ("payments/A/returns", json!({"code": "AC04", "minor_units": -5}), StatusCode::BAD_REQUEST),
            ("payments/A/returns", json!({"code": "AC04", "charge": -5}), StatusCode::BAD_REQUEST),
            ("payments/A/returns", json!({"code": "AC04", "minor_units": i64::MAX, "charge": i64::MAX}), StatusCode::CONFLICT),
            ("payments/A/returns", json!({"code": "AC04", "charge": 500}), StatusCode::CONFLICT),
            ("payments/A/returns", json!({"code": "AC04", "extra": 1}), StatusCode::UNPROCESSABLE_ENTITY),
            ("statements/XXX/faults", json!({"fault": "bare_batches"}), StatusCode::NOT_FOUND),
            ("statements/EUR/faults", json!({"fault": "dance"}), StatusCode::UNPROCESSABLE_ENTITY),
            ("statements/EUR/faults", json!({"fault": "duplicate_debit", "end_to_end_id": "R"}), StatusCode::NOT_FOUND),
            ("statements/EUR/faults", json!({"fault": "wrong_amount", "end_to_end_id": "A", "minor_units": -1}), StatusCode::BAD_REQUEST),
            (
                "statements/EUR/faults",
                json!({"fault": "wrong_amount", "end_to_end_id": "A", "minor_units": FUNDING + 1}),
                StatusCode::BAD_REQUEST,
            ),
            ("statements/EUR/faults", json!({"fault": "unknown_credit", "minor_units": 0}), StatusCode::BAD_REQUEST),
            ("statements/EUR/faults", json!({"fault": "unknown_credit", "minor_units": i64::MIN}), StatusCode::BAD_REQUEST),
            ("statements/EUR/faults", json!({"fault": "unknown_debit", "minor_units": FUNDING + 1}), StatusCode::BAD_REQUEST),
            ("statements/USD/faults", json!({"fault": "unknown_credit", "minor_units": 5}), StatusCode::BAD_REQUEST),
        ] {
            assert_eq!(town.post(path, body.clone()).await, status, "{path} {body}");
        }
        assert_eq!(closing(&town.report("EUR").await), i128::from(FUNDING - 500));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_fee_is_an_entry_of_its_own() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        pay(&town, "A", "Sandbox fee:25", 500).await;
        let report = town.report("EUR").await;
        let [payment, fee] = report.entries.as_slice() else { panic!("two entries") };
        assert_eq!((payment.amount, fee.amount, fee.direction), (euro(500), euro(25), Direction::Debit));
        assert_eq!((fee.code.subfamily.as_deref(), fee.batches.len()), (Some("CHRG"), 0));
        assert_eq!(closing(&report), i128::from(FUNDING - 525));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_batch_is_one_debit_of_what_was_executed_of_it() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let batch = [("A", "Ana"), ("B", "Sandbox reject:AC04"), ("C", "Sandbox fee:5"), ("D", "Ana"), ("E", "Sandbox settle_later")];
        let message = over("sepa-instant", &batch, &iban(), euro(100));
        let answer = town.send(message.write().unwrap()).await.unwrap();
        let report = StatusReport::read(&answer.bytes().await.unwrap()).unwrap();
        let statuses: Vec<_> = report.payments[0].transactions.iter().map(|one| one.status.as_ref().unwrap().code().to_owned()).collect();
        assert_eq!(statuses, ["ACSC", "RJCT", "ACSC", "ACSC", "ACSP"], "each is decided alone");
        let full = town.report("EUR").await;
        let [batch, fee] = full.entries.as_slice() else { panic!("a batch and a fee: {:?}", full.entries) };
        assert_eq!((batch.amount, fee.amount), (euro(300), euro(5)));
        let details = &batch.batches[0];
        assert_eq!((details.message_id.as_deref(), details.stated_count, details.stated_total), (Some("M-A"), Some(3), Some(euro(300))));
        let ids: Vec<_> = details.transactions.iter().map(|one| one.references.end_to_end_id.clone().unwrap()).collect();
        assert_eq!(ids, ["A", "C", "D"]);
        // What settles later is an entry of its own, and the batch stays as it was.
        assert_eq!(town.status("E").await, "ACSC");
        assert_eq!(town.post("statements/EUR/faults", json!({"fault": "bare_batches"})).await, StatusCode::NO_CONTENT);
        let bare = town.report("EUR").await;
        assert_eq!((bare.entries[0].amount, bare.entries[0].batches[0].transactions.len(), bare.entries.len()), (euro(300), 0, 3));
        assert_eq!(bare.entries[0].batches[0].stated_count, Some(3));
        assert_eq!(town.post("statements/EUR/faults", json!({"fault": "full_batches"})).await, StatusCode::NO_CONTENT);
        assert_eq!(town.report("EUR").await.entries[0], full.entries[0]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn mistakes_are_in_the_books_and_the_statement_still_adds_up() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        pay(&town, "A", "Ana", 500).await;
        pay(&town, "B", "Ana", 100).await;
        for fault in [
            json!({"fault": "duplicate_debit", "end_to_end_id": "A"}),
            json!({"fault": "wrong_amount", "end_to_end_id": "B", "minor_units": 140}),
            json!({"fault": "unknown_credit", "minor_units": 77}),
            json!({"fault": "unknown_debit", "minor_units": 3}),
        ] {
            assert_eq!(town.post("statements/EUR/faults", fault).await, StatusCode::NO_CONTENT);
        }
        assert_eq!((town.executed("A").await, town.executed("B").await), (2, 1));
        let report = town.report("EUR").await;
        let amounts: Vec<i128> = report.entries.iter().map(|entry| entry.direction.signed(entry.amount)).collect();
        assert_eq!(amounts, [-500, -140, -500, 77, -3]);
        assert_eq!(closing(&report), i128::from(FUNDING) - 1066);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_statement_goes_on_after_a_booking() {
    on_both(async |database| {
        let town = Town::open_with(&database, Config { funding: vec![euro(FUNDING)], ..Config::default() }).await;
        for id in ["A", "B", "C"] {
            pay(&town, id, "Ana", 100).await;
        }
        let url = format!("{}/statements/EUR?after=1", town.bank.url());
        let bytes = town.client.get(url).send().await.unwrap().bytes().await.unwrap();
        let reports = iso20022::report::AccountReports::read(&bytes).unwrap();
        assert_eq!(reports.findings(), []);
        let report = &reports.reports[0];
        assert_eq!((report.entries.len(), report.balances[0].signed_minor_units()), (2, i128::from(FUNDING - 100)));
        assert_eq!(closing(report), i128::from(FUNDING - 300));
        town.close().await;
    })
    .await;
}
