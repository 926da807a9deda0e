//! Payouts over a bank that speaks JSON: the sandbox's, with access tokens, and beside a bank of another protocol.

use crate::world::{BOOK, FUNDS, Running, World, aba, beneficiary, on_both, payout_request, states};
use api::payout::{
    CreateBeneficiaryRequest, Payout,
    PayoutState::{self, Accepted, Held, OutcomeUnknown, Rejected, Requested, Settled, SettledReturnable, Submitted},
    WalletAddress,
    create_beneficiary_request::Account,
};
use db::Database;
use iso20022::camt053::{Direction, Statement};
use money::BookName;
use payout::{
    BankAccountConfig, BankConfig, BankRailConfig, Config,
    config::{ApiBankConfig, BankProtocol},
};
use sandbox::globalbank::{self, SandboxClient, SandboxGlobalBank, TEST_CLIENT_KEY};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The client and key that the bank knows.
const CLIENT: (&str, &str) = ("largesse", "KID");

pub struct ApiTown {
    pub world: World,
    bank: SandboxGlobalBank,
    shutdown: CancellationToken,
    key_file: PathBuf,
    key_id: &'static str,
}

async fn open_bank(database: &Database, address: &str, kid: &str) -> (SandboxGlobalBank, CancellationToken) {
    let config = globalbank::Config {
        clients: vec![SandboxClient::of_test_key(CLIENT.0, kid)],
        // Later than the rails' time-out.
        late_answer: Duration::from_secs(5),
        ..globalbank::Config::default()
    };
    let shutdown = CancellationToken::new();
    let listener = TcpListener::bind(address).await.unwrap();
    (globalbank::start(listener, database, config, shutdown.clone()).await.unwrap(), shutdown)
}

impl ApiTown {
    pub async fn open(database: Database) -> ApiTown {
        let world = World::open(database, 60).await;
        let (bank, shutdown) = open_bank(&world.database, "127.0.0.1:0", CLIENT.1).await;
        let key_file = world.key_file.with_file_name("client.pem");
        fs::write(&key_file, TEST_CLIENT_KEY).unwrap();
        fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
        world.fund("ana", "USD").await;
        ApiTown { world, bank, shutdown, key_file, key_id: CLIENT.1 }
    }

    /// The bank forgets its tokens, and knows our key under this id from now on.
    pub async fn restart_bank(self, kid: &str) -> ApiTown {
        let address = self.bank.address().to_string();
        self.shutdown.cancel();
        self.bank.stopped().await.unwrap();
        let (bank, shutdown) = open_bank(&self.world.database, &address, kid).await;
        ApiTown { bank, shutdown, ..self }
    }

    fn bank_config(&self) -> BankConfig {
        // Longer than an answer takes on a busy machine: one that is lost is a step more.
        let rail = |rail: &str| BankRailConfig { rail: rail.to_owned(), time_out: Duration::from_secs(3), ..BankRailConfig::default() };
        BankConfig {
            name: "global".to_owned(),
            entity: "main".to_owned(),
            protocol: BankProtocol::Api,
            url: self.bank.url(),
            debtor_name: "Largesse".to_owned(),
            accounts: vec![BankAccountConfig {
                id: "main".to_owned(),
                currency: "USD".to_owned(),
                address: "us-account:021000021:5500001234".to_owned(),
                reference_prefix: "GUSD".to_owned(),
                liquidity: false,
            }],
            rails: vec![rail("us-rtp"), rail("ewallet-paypal")],
            api: ApiBankConfig {
                client_id: CLIENT.0.to_owned(),
                key_file: self.key_file.clone(),
                key_id: self.key_id.to_owned(),
                token_url: self.bank.token_url(),
                resource: "payments".to_owned(),
                scopes: vec!["pay:create".to_owned()],
                ..ApiBankConfig::default()
            },
            ..BankConfig::default()
        }
    }

    pub fn config(&self) -> Config {
        Config { banks: vec![self.bank_config()], ..self.world.config() }
    }

    pub async fn scenario(&self, body: Value) {
        let answer = http_client::local().build().unwrap().post(format!("{}/scenarios", self.bank.url())).json(&body).send().await;
        assert!(answer.unwrap().status().is_success(), "{body}");
    }

    /// Pays 5.00 while the bank does this once.
    pub async fn pay(&self, running: &Running, behaviour: &str) -> Payout {
        self.scenario(json!({"holder": "Ana Müller", "behaviour": behaviour, "times": 1})).await;
        running.pay("ana", aba("9000000001"), 500).await
    }

    /// What our token is sent with.
    async fn authorization(&self) -> String {
        let key = bankapi::RsaSigningKey::from_pem(TEST_CLIENT_KEY.as_bytes()).unwrap();
        let (url, jti) = (self.bank.token_url(), uuid::Uuid::now_v7().to_string());
        let issued_at = jiff::Timestamp::now().as_second();
        let terms =
            bankapi::oauth::AssertionTerms { client_id: CLIENT.0, token_url: &url, kid: self.key_id, issued_at, seconds: 60, jti: &jti };
        let form = bankapi::oauth::token_form(CLIENT.0, &bankapi::oauth::assertion(&terms, &key).unwrap(), "r");
        let client = http_client::local().build().unwrap();
        let answer = client.post(&url).body(form).send().await.unwrap();
        bankapi::oauth::read_token(answer.status().as_u16(), &answer.bytes().await.unwrap()).unwrap().authorization()
    }

    /// Registers a receiver of callbacks by hand.
    pub async fn register(&self, receiver: Value) {
        let request = http_client::local().build().unwrap().put(format!("{}/callback", self.bank.url())).json(&receiver);
        assert_eq!(request.header("authorization", self.authorization().await).send().await.unwrap().status().as_u16(), 204);
    }

    /// Where its keys are.
    pub fn keys_url(&self) -> String {
        format!("{}/public-keys", self.bank.url())
    }

    async fn statement(&self) -> Statement {
        let client = http_client::local().build().unwrap();
        let request = client.get(format!("{}/statements/USD", self.bank.url())).header("authorization", self.authorization().await);
        let statement = Statement::read(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
        assert!(statement.adds_up());
        statement
    }

    /// How often the bank executed it.
    pub async fn executed(&self, payout: &Payout) -> usize {
        let entries = self.statement().await.entries;
        let ours = |id: Option<&str>| id == Some(payout.end_to_end_id.as_str());
        entries.iter().filter(|entry| entry.direction == Direction::Debit && ours(entry.end_to_end_id.as_deref())).count()
    }

    /// What is not paid is with the creator, nothing is in transit, and our cash matches the bank's statement.
    pub async fn check(&self, settled: i64) {
        assert_eq!(self.world.balance("creator/ana/payable/USD").await, (FUNDS - settled, FUNDS - settled));
        assert_eq!(self.world.balance("house/in_transit/USD").await, (0, 0));
        let statement = self.statement().await;
        let moved = statement.opening.signed_minor_units() - statement.closing.signed_minor_units();
        assert_eq!((i128::from(self.world.balance("house/bank_cash/USD").await.0), moved), (i128::from(settled), i128::from(settled)));
    }

    pub async fn close(self) {
        self.shutdown.cancel();
        self.bank.stopped().await.unwrap();
        self.world.close().await;
    }
}

#[tokio::test]
async fn a_payout_is_accepted_and_settled_and_one_to_a_wallet_may_come_back_for_a_time() {
    on_both(async |database| {
        let town = ApiTown::open(database).await;
        let running = town.world.start_with(town.config()).await;
        let paid = running.pay("ana", aba("9000000001"), 500).await;
        assert_eq!(states(&paid), [Requested, Held, Submitted, Accepted, Settled]);
        assert_eq!((paid.bank_status.as_str(), paid.rail.as_str(), paid.attempts[0].bank.as_str()), ("COMPLETED", "us-rtp", "global"));
        let id = paid.payout_id.parse().unwrap();
        let messages = running.service.messages(&BookName::try_new(BOOK).unwrap(), id).await.unwrap();
        let sent: Value = serde_json::from_slice(&messages[0].body).unwrap();
        assert_eq!((&sent["paymentType"], &sent["value"]["amount"]), (&json!("RTP"), &json!("5.00")));
        assert!(messages.iter().all(|message| !String::from_utf8_lossy(&message.body).contains("Bearer")));
        let wallet = WalletAddress { wallet: "paypal".into(), alias_type: "email".into(), alias: "ana@example.com".into() };
        let request = CreateBeneficiaryRequest { currency_code: "USD".into(), ..beneficiary(Account::WalletAddress(wallet)) };
        let created = running.client().create_beneficiary(running.signed("ana", request)).await.unwrap().into_inner();
        let beneficiary_id = created.beneficiary.unwrap().beneficiary_id;
        let (payout, _) = running.request("ana", payout_request(&beneficiary_id, "USD", 700)).await.unwrap();
        let wallet = running.until("ana", &payout.payout_id, SettledReturnable).await;
        assert_eq!((wallet.rail.as_str(), town.executed(&wallet).await), ("ewallet-paypal", 1));
        town.check(1_200).await;
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_the_bank_rejects_or_refuses_goes_back_with_its_code_and_words() {
    on_both(async |database| {
        let town = ApiTown::open(database).await;
        let running = town.world.start_with(town.config()).await;
        let rejected = town.pay(&running, "reject:AC04").await;
        assert_eq!(states(&rejected), [Requested, Held, Submitted, Accepted, Rejected]);
        assert_eq!(
            (rejected.bank_status.as_str(), rejected.reason_code.as_str(), rejected.reason.as_str()),
            ("REJECTED", "AC04", "Rejected on command")
        );
        let refused = town.pay(&running, "refuse:10101").await;
        assert_eq!(states(&refused), [Requested, Held, Submitted, Rejected]);
        assert_eq!(
            (refused.bank_status.as_str(), refused.reason_code.as_str(), refused.reason.as_str()),
            ("REFUSED", "10101", "Refused on command")
        );
        town.check(0).await;
        // Not taken because of load: sent again with the same key, and paid once.
        let later = town.pay(&running, "refuse:12995").await;
        assert_eq!((later.state(), town.executed(&later).await), (Settled, 1));
        town.check(500).await;
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn lost_and_confusing_answers_are_asked_about_and_paid_once() {
    on_both(async |database| {
        let town = ApiTown::open(database).await;
        let running = town.world.start_with(town.config()).await;
        let behaviours = ["silent_executed", "cut", "garbage", "late", "duplicate_request", "contradict", "settle_later", "return:R03"];
        for behaviour in behaviours {
            let paid = town.pay(&running, behaviour).await;
            assert_eq!((paid.state(), town.executed(&paid).await), (Settled, 1), "{behaviour}");
            let was_unknown = states(&paid).contains(&OutcomeUnknown);
            assert_eq!(was_unknown, ["silent_executed", "cut", "garbage", "late"].contains(&behaviour), "{behaviour}");
        }
        town.check(500 * i64::try_from(behaviours.len()).unwrap()).await;
        running.stop().await;
        town.close().await;
    })
    .await;
}

/// Waits until the bank was asked about a payout so many times.
async fn asked(running: &Running, payout: &Payout, times: i64) {
    let mut changes = running.service.changes();
    let (book, id) = (BookName::try_new(BOOK).unwrap(), payout.payout_id.parse().unwrap());
    loop {
        let messages = running.service.messages(&book, id).await.unwrap();
        let not_found: i64 = messages.iter().filter(|message| message.http_status == 404).map(|message| message.times).sum();
        if not_found >= times {
            return;
        }
        while changes.recv().await.is_ok_and(|changed| changed != id) {}
    }
}

#[tokio::test]
async fn not_found_is_never_proof_and_what_waits_at_the_bank_is_accepted() {
    on_both(async |database| {
        let town = ApiTown::open(database).await;
        let running = town.world.start_with(town.config()).await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        town.scenario(json!({"holder": "Ana Müller", "behaviour": "lose", "times": 1})).await;
        let (lost, _) = running.request("ana", payout_request(&account, "USD", 300)).await.unwrap();
        let unknown = running.until("ana", &lost.payout_id, OutcomeUnknown).await;
        asked(&running, &unknown, 4).await;
        assert_eq!(town.world.balance("house/in_transit/USD").await.0, 300);
        // The bank's compliance looks at it, then pays it.
        town.scenario(json!({"holder": "Ana Müller", "behaviour": "compliance_review", "times": 1})).await;
        let (waiting, _) = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap();
        let accepted = running.until("ana", &waiting.payout_id, Accepted).await;
        town.scenario(json!({"end_to_end_id": accepted.end_to_end_id, "behaviour": "settle"})).await;
        let paid = running.end("ana", &waiting.payout_id).await;
        assert_eq!((paid.state(), town.executed(&paid).await), (Settled, 1));
        // One that waits and is cancelled comes back.
        town.scenario(json!({"holder": "Ana Müller", "behaviour": "pending", "times": 1})).await;
        let (waiting, _) = running.request("ana", payout_request(&account, "USD", 700)).await.unwrap();
        let accepted = running.until("ana", &waiting.payout_id, Accepted).await;
        town.scenario(json!({"end_to_end_id": accepted.end_to_end_id, "behaviour": "cancel"})).await;
        let cancelled = running.end("ana", &waiting.payout_id).await;
        assert_eq!((cancelled.state(), cancelled.bank_status.as_str()), (Rejected, "CANCELED"));
        assert_eq!(town.world.balance("creator/ana/payable/USD").await.0, FUNDS - 800);
        assert_eq!((town.executed(&unknown).await, town.world.balance("house/in_transit/USD").await.0), (0, 300));
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_token_that_ends_early_is_renewed_and_without_one_nothing_is_sent() {
    on_both(async |database| {
        let town = ApiTown::open(database).await;
        let running = town.world.start_with(town.config()).await;
        assert_eq!(running.pay("ana", aba("9000000001"), 500).await.state(), Settled);
        // The bank forgot every token; ours looks good for a quarter of an hour.
        let town = town.restart_bank(CLIENT.1).await;
        let paid = running.pay("ana", aba("9000000001"), 500).await;
        assert_eq!((paid.state(), town.executed(&paid).await), (Settled, 1));
        running.stop().await;
        // Now it does not know our key. A payout waits, and nothing of it leaves.
        let mut town = town.restart_bank("OTHER").await;
        let running = town.world.start_with(town.config()).await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let (payout, _) = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap();
        let waiting = running.until("ana", &payout.payout_id, Submitted).await;
        let id = waiting.payout_id.parse().unwrap();
        assert!(running.service.messages(&BookName::try_new(BOOK).unwrap(), id).await.unwrap().is_empty());
        running.stop().await;
        town.key_id = "OTHER";
        let running = town.world.start_with(town.config()).await;
        let paid = running.end("ana", &payout.payout_id).await;
        assert_eq!((states(&paid).contains(&PayoutState::OutcomeUnknown), paid.state()), (false, Settled));
        town.check(1_500).await;
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn of_two_banks_the_one_that_is_not_paused_pays_in_its_own_protocol() {
    on_both(async |database| {
        let town = ApiTown::open(database).await;
        for (paused, pays, status) in [(0, "global", "COMPLETED"), (1, "first", "ACSC")] {
            let mut config = town.world.config();
            config.banks.push(town.bank_config());
            config.banks[paused].paused = "maintenance".to_owned();
            let running = town.world.start_with(config).await;
            let paid = running.pay("ana", aba("9000000001"), 500).await;
            assert_eq!((paid.state(), paid.attempts[0].bank.as_str(), paid.bank_status.as_str()), (Settled, pays, status));
            let executed = (town.executed(&paid).await, town.world.executed(&paid).await);
            assert_eq!(executed, if pays == "global" { (1, 0) } else { (0, 1) });
            running.stop().await;
        }
        assert_eq!(town.world.balance("house/in_transit/USD").await, (0, 0));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_service_whose_key_cant_be_used_does_not_start() {
    on_both(async |database| {
        let town = ApiTown::open(database).await;
        let start = async || {
            let shutdown = CancellationToken::new();
            let deps = payout::Deps { ledger: town.world.transport(), database: town.world.database.clone(), shutdown };
            payout::start(deps, town.config()).await.err().unwrap().to_string()
        };
        fs::set_permissions(&town.key_file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(start().await.contains("others than its owner may read it"));
        fs::set_permissions(&town.key_file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&town.key_file, "SECRET no key").unwrap();
        let told = start().await;
        assert!(told.contains("client.pem: ") && !told.contains("SECRET"), "{told}");
        fs::remove_file(&town.key_file).unwrap();
        assert!(start().await.contains("it can't be read"));
        town.close().await;
    })
    .await;
}
