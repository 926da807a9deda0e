//! Recalls: accepted, refused, never answered.

use crate::town::{FUNDING, Town, address, euro, on_both, over};
use accounts::{AddressField as F, AddressKind as K, PayoutAddress};
use iso20022::{
    ReasonCode,
    cancellation::{CancellationRequest, PaymentToCancel, TransactionToCancel},
    resolution::{CancellationOutcome, Resolution},
};
use jiff::Timestamp;
use money::{Currency, Money};
use reqwest::{Response, StatusCode};
use sandbox::bank::Config;

/// A recall of payments, because they were sent twice.
pub fn request(id: &str, payments: &[&str]) -> CancellationRequest {
    let transaction = |id: &&str| TransactionToCancel {
        cancellation_id: None,
        end_to_end_id: (*id).to_owned(),
        uetr: None,
        amount: None,
        reason: Some(ReasonCode::from_code("DUPL")),
        additional: Vec::new(),
    };
    CancellationRequest {
        assignment_id: id.to_owned(),
        created: Timestamp::now(),
        asker: Some("Largesse".into()),
        bank: None,
        payments: vec![PaymentToCancel {
            original_payment_id: "P".into(),
            original_message_id: Some("M".into()),
            original_message_name: None,
            transactions: payments.iter().map(transaction).collect(),
        }],
    }
}

fn us() -> PayoutAddress {
    address(K::UsAccount, &[(F::RoutingNumber, "121000248"), (F::AccountNumber, "5512345678")])
}

fn iban() -> PayoutAddress {
    address(K::Iban, &[(F::Iban, "DE46910579234762349724")])
}

async fn post(town: &Town, body: String) -> Response {
    town.client.post(format!("{}/recalls", town.bank.url())).body(body).send().await.unwrap()
}

async fn recall(town: &Town, id: &str, payments: &[&str]) -> Resolution {
    let answer = post(town, request(id, payments).write().unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    Resolution::read(&answer.bytes().await.unwrap()).unwrap()
}

async fn ask(town: &Town, id: &str) -> Resolution {
    let answer = town.client.get(format!("{}/recalls/{id}", town.bank.url())).send().await.unwrap();
    Resolution::read(&answer.bytes().await.unwrap()).unwrap()
}

async fn pay(town: &Town, rail: &str, id: &str, holder: &str, to: &PayoutAddress, amount: Money) {
    assert_eq!(town.send(over(rail, &[(id, holder)], to, amount).write().unwrap()).await.unwrap().status(), StatusCode::OK);
}

fn outcomes(answer: &Resolution) -> Vec<(String, String)> {
    let one = |transaction: &iso20022::resolution::CancelledTransaction| {
        let code = transaction.reasons.first().and_then(|reason| reason.reason.as_ref()).map_or("", |reason| reason.code());
        (transaction.outcome.as_ref().unwrap().code().to_owned(), code.to_owned())
    };
    answer.transactions.iter().map(one).collect()
}

#[tokio::test]
async fn an_accepted_recall_brings_the_money_back_once() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        pay(&town, "sepa-instant", "A", "Ana", &iban(), euro(500)).await;
        let first = recall(&town, "R-1", &["A"]).await;
        assert_eq!((first.confirmation.as_deref(), first.case_id.as_deref()), (Some("PDCR"), Some("R-1")));
        assert_eq!(first.transactions[0].outcome, Some(CancellationOutcome::Pending));
        assert_eq!(town.statement().await.entries.len(), 1, "nothing comes back before the answer");
        for _ in 0..2 {
            let answer = ask(&town, "R-1").await;
            assert_eq!((answer.confirmation.as_deref(), outcomes(&answer)), (Some("CNCL"), vec![("ACCR".into(), "".into())]));
        }
        // Asked again, and recalled again: nothing more comes back.
        assert_eq!(recall(&town, "R-1", &["A"]).await.confirmation.as_deref(), Some("CNCL"));
        recall(&town, "R-2", &["A"]).await;
        assert_eq!(outcomes(&ask(&town, "R-2").await), [("RJCR".into(), "ARDT".into())]);
        let report = town.report("EUR").await;
        assert_eq!((report.entries.len(), report.balances[1].signed_minor_units()), (2, i128::from(FUNDING)));
        let back = &report.entries[1].batches[0].transactions[0];
        assert_eq!(back.references.end_to_end_id.as_deref(), Some("A"));
        assert_eq!(back.returned.as_ref().unwrap().reason.as_ref().unwrap().code(), "FOCR");
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn money_comes_back_over_rtp_as_a_new_credit_that_the_answer_names() {
    on_both(async |database| {
        let town = Town::open_with(&database, Config::default()).await;
        let amount = Money::try_new(Currency::try_new("USD").unwrap(), 500).unwrap();
        pay(&town, "us-rtp", "A", "Ana", &us(), amount).await;
        recall(&town, "R-1", &["A"]).await;
        let answer = ask(&town, "R-1").await;
        let repayment = answer.transactions[0].repayment.clone().unwrap();
        let own_id = repayment.end_to_end_id.unwrap();
        assert_eq!(repayment.amount, Some(amount));
        let report = town.report("USD").await;
        let credit = &report.entries[1];
        let details = &credit.batches[0].transactions[0];
        assert_eq!((credit.amount, details.references.end_to_end_id.as_deref()), (amount, Some(own_id.as_str())));
        assert_ne!(own_id, "A");
        assert!(details.returned.is_none());
        assert_eq!(report.balances[1].signed_minor_units(), 1_000_000_000);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn recalls_are_refused_or_never_answered_as_told() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        pay(&town, "sepa-instant", "A", "Sandbox recall_refuse:LEGL", &iban(), euro(5)).await;
        pay(&town, "sepa-instant", "B", "Sandbox recall_silent", &iban(), euro(5)).await;
        pay(&town, "sepa-instant", "C", "Sandbox reject:AC04", &iban(), euro(5)).await;
        pay(&town, "sepa-instant", "D", "Sandbox pending", &iban(), euro(5)).await;
        recall(&town, "R-1", &["A", "C", "X", "D"]).await;
        let answer = ask(&town, "R-1").await;
        let expected = [("RJCR", "LEGL"), ("RJCR", "ARJT"), ("ACCR", ""), ("RJCR", "NOOR")];
        assert_eq!(outcomes(&answer), expected.map(|(outcome, code)| (outcome.to_owned(), code.to_owned())));
        assert_eq!(answer.confirmation.as_deref(), Some("PECR"));
        assert_eq!(town.status("D").await, "CANC");
        recall(&town, "R-2", &["B"]).await;
        for _ in 0..2 {
            assert_eq!(ask(&town, "R-2").await.confirmation.as_deref(), Some("PDCR"));
        }
        // What is recalled without a behaviour of its own can get one afterwards.
        pay(&town, "sepa-instant", "E", "Ana", &iban(), euro(5)).await;
        let scenario = serde_json::json!({"end_to_end_id": "E", "behaviour": "recall_refuse", "code": "CUST"});
        assert_eq!(town.post("scenarios", scenario).await, StatusCode::NO_CONTENT);
        recall(&town, "R-3", &["E"]).await;
        assert_eq!(outcomes(&ask(&town, "R-3").await), [("RJCR".into(), "CUST".into())]);
        assert_eq!(town.statement().await.closing.signed_minor_units(), i128::from(FUNDING - 15));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_no_recall_is_refused() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        pay(&town, "sepa-instant", "A", "Ana", &iban(), euro(5)).await;
        let text = request("R-1", &["A"]).write().unwrap();
        for body in
            ["".to_owned(), "<a/>".to_owned(), text[..text.len() / 2].to_owned(), text.replace("camt.055.001.08", "camt.055.001.09")]
        {
            assert_eq!(post(&town, body).await.status(), StatusCode::BAD_REQUEST);
        }
        let unknown = town.client.get(format!("{}/recalls/nope", town.bank.url())).send().await.unwrap();
        assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
        let mut other = request("R-2", &["A"]);
        other.payments[0].transactions[0].amount = Some(euro(6));
        post(&town, other.write().unwrap()).await;
        assert_eq!(outcomes(&ask(&town, "R-2").await), [("RJCR".into(), "NARR".into())], "another amount than was paid");
        assert_eq!(town.statement().await.entries.len(), 1);
        town.close().await;
    })
    .await;
}
