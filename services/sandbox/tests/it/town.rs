//! The pretend bank in a test, and payments to send to it.

use accounts::{AddressField, AddressKind, AddressRules, PayoutAddress};
use db::Database;
use iso20022::{
    camt053::Statement,
    pain001::{CreditTransfer, Initiation, Party, PaymentInstruction, TransferAmount},
    pain002::{StatusReport, Verdict},
    rail::RailTable,
    report::{AccountReport, AccountReports},
};
use jiff::{Timestamp, tz::TimeZone};
use money::{Currency, Money};
use rails::RailBook;
use reqwest::{Client, Response, StatusCode};
use sandbox::bank::{self, Config, SandboxBank, own_account};
use serde_json::Value;
use std::{future::Future, time::Duration};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the account in euros has at the start.
pub const FUNDING: i64 = 100_000;

/// The bank and its payer.
pub struct Town {
    pub bank: SandboxBank,
    pub client: Client,
    shutdown: CancellationToken,
}

impl Town {
    pub async fn open(database: &Database) -> Town {
        let config = Config {
            recall_fee_minor_units: 0,
            funding: vec![euro(FUNDING)],
            finality_window: Duration::from_secs(60),
            // So long it waits for callbacks that are to come before its answer.
            late_answer: Duration::from_secs(2),
            later: Duration::from_secs(600),
        };
        Self::open_with(database, config).await
    }

    pub async fn open_with(database: &Database, config: Config) -> Town {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = CancellationToken::new();
        let bank = bank::start(listener, database, config, shutdown.clone()).await.unwrap();
        let client = http_client::local().build().unwrap();
        Town { bank, client, shutdown }
    }

    pub async fn close(self) {
        self.shutdown.cancel();
        drop(self.client);
        self.bank.stopped().await.unwrap();
    }

    pub async fn send(&self, body: String) -> Result<Response, reqwest::Error> {
        let request = self.client.post(format!("{}/payments", self.bank.url())).body(body);
        request.timeout(Duration::from_secs(20)).send().await
    }

    pub async fn pay(&self, id: &str, iban: &str, minor_units: i64) -> Verdict {
        let response = self.send(message(id, iban, minor_units).write().unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        verdict(response, id).await
    }

    pub async fn ask(&self, id: &str) -> Response {
        self.client.get(format!("{}/payments/{id}", self.bank.url())).send().await.unwrap()
    }

    pub async fn status(&self, id: &str) -> String {
        verdict(self.ask(id).await, id).await.status.code().to_owned()
    }

    pub async fn post(&self, path: &str, body: Value) -> StatusCode {
        self.client.post(format!("{}/{path}", self.bank.url())).json(&body).send().await.unwrap().status()
    }

    pub async fn statement(&self) -> Statement {
        let response = self.client.get(format!("{}/statements/EUR", self.bank.url())).send().await.unwrap();
        let statement = Statement::read(&response.bytes().await.unwrap()).unwrap();
        assert!(statement.adds_up());
        statement
    }

    /// The statement with everything in it.
    pub async fn report(&self, currency: &str) -> AccountReport {
        let response = self.client.get(format!("{}/statements/{currency}", self.bank.url())).send().await.unwrap();
        let reports = AccountReports::read(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(reports.findings(), []);
        reports.reports.into_iter().next().unwrap()
    }

    /// How many times the payment was booked.
    pub async fn executed(&self, id: &str) -> usize {
        self.statement().await.entries.iter().filter(|entry| entry.end_to_end_id.as_deref() == Some(id)).count()
    }
}

pub fn euro(minor_units: i64) -> Money {
    Money::try_new(Currency::try_new("EUR").unwrap(), minor_units).unwrap()
}

/// An address that must be valid.
pub fn address(kind: AddressKind, fields: &[(AddressField, &str)]) -> PayoutAddress {
    PayoutAddress::parse(kind, fields, &AddressRules::default()).unwrap()
}

fn iban_address(iban: &str) -> PayoutAddress {
    address(AddressKind::Iban, &[(AddressField::Iban, iban)])
}

pub fn message(id: &str, iban: &str, minor_units: i64) -> Initiation {
    over("sepa-instant", &[(id, "Ana")], &iban_address(iban), euro(minor_units))
}

/// A message with payments of the same amount to one account, to holders with these names.
pub fn over(rail: &str, payments: &[(&str, &str)], to: &PayoutAddress, amount: Money) -> Initiation {
    let transfer = |(id, holder): &(&str, &str)| CreditTransfer {
        end_to_end_id: (*id).into(),
        uetr: None,
        amount: TransferAmount::Instructed(amount),
        ultimate_debtor: None,
        creditor: Party::paid_to(holder, to, None, None),
        purpose: None,
        remittance: None,
    };
    let debtor = Party::paid_to("Largesse", &own_account(amount.currency()), None, None);
    let (now, table) = (Timestamp::now(), RailTable::default());
    let codes = table.codes(rail).unwrap();
    // A payment's date is counted where its rail is: in New York it is yesterday for hours.
    let zone = RailBook::built_in().record_at(rail, now).map_or(TimeZone::UTC, |record| record.zone.clone());
    let payment = PaymentInstruction {
        payment_id: "P".into(),
        payment_type: codes.payment_type(),
        batch_booking: payments.len() > 1,
        execution: codes.at_once(now, &zone),
        debtor,
        transfers: payments.iter().map(transfer).collect(),
    };
    Initiation::new(format!("M-{}", payments[0].0), now, "Largesse", vec![payment])
}

pub async fn verdict(response: Response, id: &str) -> Verdict {
    let report = StatusReport::read(&response.bytes().await.unwrap()).unwrap();
    report.verdict(id, &format!("M-{id}")).unwrap()
}

/// Runs a test on SQLite and on PostgreSQL.
pub async fn on_both<F: Future<Output = ()>>(test: impl Fn(Database) -> F) {
    let dir = TempDir::new().unwrap();
    test(Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap()).await;
    let cluster = pgtest::Cluster::start().unwrap();
    let url = cluster.create_database().unwrap();
    test(Database::parse(&url).unwrap()).await;
}
