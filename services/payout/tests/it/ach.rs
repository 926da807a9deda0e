//! Payouts in ACH files, to the pretend ACH bank over HTTP: its books and its clock are the judge.

mod changes;
mod crashes;
mod files;
mod findings;
mod listing;
mod returns;

use crate::world::{BOOK, FUNDS, Running, World, payout_request};
use api::payout::{AbaAccount, CreateBeneficiaryRequest, Payout, create_beneficiary_request::Account};
use db::Database;
use iso20022::camt053::Statement;
use payout::{
    BankAccountConfig, BankConfig, BankRailConfig, Config,
    config::{BankProtocol, NachaBankConfig},
    domain::ach::PaymentFile,
    store::Store,
};
use sandbox::achbank::{self, ACH_ROUTING_NUMBER, SandboxAchBank};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// More than any weekend with a holiday, so that whatever is due has happened.
const WEEK_SECONDS: u32 = 7 * 86_400;
const PAYABLE: &str = "creator/ana/payable/USD";
/// Our name of the bank.
const BANK: &str = "ach";

/// The world with an ACH bank besides.
struct AchTown {
    world: World,
    bank: SandboxAchBank,
    shutdown: CancellationToken,
    http: reqwest::Client,
}

impl AchTown {
    async fn open(database: Database) -> AchTown {
        let world = World::open(database, 60).await;
        let shutdown = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bank = achbank::start(listener, &world.database, achbank::Config::default(), shutdown.clone()).await.unwrap();
        world.fund("ana", "USD").await;
        AchTown { world, bank, shutdown, http: http_client::local().build().unwrap() }
    }

    async fn close(self) {
        self.shutdown.cancel();
        drop(self.http);
        self.bank.stopped().await.unwrap();
        self.world.close().await;
    }

    /// One rail, so that nothing depends on the hour; files are closed at once.
    fn bank_config(&self) -> BankConfig {
        BankConfig {
            name: BANK.to_owned(),
            entity: "main".to_owned(),
            protocol: BankProtocol::Nacha,
            url: self.bank.url(),
            debtor_name: "Largesse".to_owned(),
            accounts: vec![BankAccountConfig {
                id: "ach".to_owned(),
                currency: "USD".to_owned(),
                address: format!("us-account:{ACH_ROUTING_NUMBER}:6600001234"),
                reference_prefix: "AUSD".to_owned(),
                liquidity: false,
            }],
            rails: vec![BankRailConfig { rail: "us-ach-same-day".to_owned(), ..BankRailConfig::default() }],
            nacha: NachaBankConfig {
                routing_number: ACH_ROUTING_NUMBER.to_owned(),
                company_id: "1234567890".to_owned(),
                company_name: "LARGESSE".to_owned(),
                bank_name: "BANK".to_owned(),
                collect: Duration::ZERO,
                poll: Duration::from_millis(20),
                statement: Duration::from_millis(20),
                ..NachaBankConfig::default()
            },
            ..BankConfig::default()
        }
    }

    fn config(&self) -> Config {
        Config { banks: vec![self.bank_config()], ..self.world.config() }
    }

    /// Files are closed after this time.
    fn collecting(&self, collect: Duration) -> Config {
        let mut config = self.config();
        config.banks[0].nacha.collect = collect;
        config
    }

    async fn command(&self, path: &str, body: Value) {
        let answer = self.http.post(format!("{}/{path}", self.bank.url())).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path} {body}");
    }

    async fn behave(&self, behaviour: &str) {
        self.command("scenarios", json!({"file": "*", "behaviour": behaviour, "times": 1})).await;
    }

    /// Lets everything happen that the bank does within a week.
    async fn pass_a_week(&self) {
        self.command("clock", json!({"advance_seconds": WEEK_SECONDS})).await;
    }

    /// Signed cents that the bank has booked, in order.
    async fn booked(&self) -> Vec<i128> {
        let body = self.http.get(format!("{}/statements/USD", self.bank.url())).send().await.unwrap().bytes().await.unwrap();
        let statement = Statement::read(&body).unwrap();
        assert!(statement.adds_up());
        statement.entries.iter().map(|entry| entry.direction.signed(entry.amount)).collect()
    }

    async fn files(&self) -> Vec<PaymentFile> {
        Store::inspect(&self.world.database).await.unwrap().ach_files(BANK).await.unwrap()
    }

    /// Requests a payout of ana's to a checking account of this holder; returns payout and beneficiary.
    async fn request(&self, running: &Running, holder: &str, minor_units: i64) -> (Payout, String) {
        let beneficiary = beneficiary(running, holder).await;
        let (payout, _) = running.request("ana", payout_request(&beneficiary, "USD", minor_units)).await.unwrap();
        (payout, beneficiary)
    }

    /// Requests payouts of ana's that go in one file, however long each request takes: whoever closes the file is started after the last one.
    async fn in_one_file<const N: usize>(&self, payouts: [(&str, i64); N]) -> (Running, [Payout; N]) {
        let collecting = self.world.start_with(self.collecting(Duration::from_secs(600))).await;
        let mut requested = Vec::new();
        for (holder, minor_units) in payouts {
            requested.push(self.request(&collecting, holder, minor_units).await.0);
        }
        let store = Store::inspect(&self.world.database).await.unwrap();
        let given = async || store.unfiled_entries(BANK, "us-ach-same-day", 10).await.unwrap().len();
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while given().await < N {
            ticks.tick().await;
        }
        collecting.stop().await;
        (self.world.start_with(self.config()).await, requested.try_into().unwrap())
    }

    /// Our cash at this bank is what it booked, and nothing is in transit.
    async fn check_books(&self, returned_or_never_paid: i64) {
        assert_eq!(self.world.balance(PAYABLE).await, (FUNDS - returned_or_never_paid, FUNDS - returned_or_never_paid));
        assert_eq!(self.world.balance("house/in_transit/USD").await, (0, 0));
    }
}

async fn beneficiary(running: &Running, holder: &str) -> String {
    recorded(running, CreateBeneficiaryRequest { holder_name: holder.into(), ..Default::default() }).await
}

/// Records a checking account, besides what is given of its holder.
async fn recorded(running: &Running, holder: CreateBeneficiaryRequest) -> String {
    let account = AbaAccount { routing_number: "121000248".into(), account_number: "9000000001".into(), account_type: "checking".into() };
    let request = CreateBeneficiaryRequest {
        request_id: Uuid::now_v7().to_string(),
        book: BOOK.into(),
        account: Some(Account::Aba(account)),
        ..holder
    };
    let answer = running.client().create_beneficiary(running.signed("ana", request)).await.unwrap();
    answer.into_inner().beneficiary.unwrap().beneficiary_id
}
