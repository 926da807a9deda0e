//! Payouts that reserve with treasury: nothing is submitted or sent without its yes, and what was not paid is back on the leaf.

use crate::{
    crashes::{crash, without_worker_over},
    world::{BOOK, Running, World, aba, on_both, payout_request},
};
use api::{
    ledger::{AccountState, BookMode, CreateBookRequest, GetAccountRequest, SetAccountStateRequest},
    payout::{CancelPayoutRequest, Payout, PayoutState},
    treasury::{ApplyStructureRequest, PlanStructureRequest, ProveBooksRequest, treasury_service_client::TreasuryServiceClient},
};
use identity::Role;
use money::{BookName, Currency, Money, RequestId, UserKey};
use payout::{Config, payouts::PayoutRequest};
use rpc::Transport;
use std::time::SystemTime;
use tonic::Request;
use uuid::Uuid;

/// Both of our bank accounts in dollars, each with a leaf that covers what the app claims of it.
const TREE: &str = r#"
[[account]]
id = "main-usd"
name = "Main"
bank = "A bank"
branch = "TESTUS33"
currency = "USD"
entity = "main"
number = "1"

[[leaf]]
id = "main-creators"
parent = "main-usd"
name = "Creators"
entity = "main"
claims = ["app-us"]

[[account]]
id = "other-usd"
name = "Other"
bank = "B bank"
branch = "TESTUS34"
currency = "USD"
entity = "main"
number = "2"

[[leaf]]
id = "other-creators"
parent = "other-usd"
name = "Creators"
entity = "main"
claims = ["app-us"]
"#;
const SHORT: &str = "LIQUIDITY: main-creators can't pay it at treasury (leaf_available)";

/// Treasury over the same ledger.
pub struct Treasury<'a> {
    world: &'a World,
    service: treasury::Service,
    way: Transport,
}

impl<'a> Treasury<'a> {
    pub async fn start(world: &'a World) -> Treasury<'a> {
        Self::start_with(world, TREE).await
    }

    /// The same with another structure.
    async fn start_with(world: &'a World, tree: &str) -> Treasury<'a> {
        Self::start_as(world, tree, treasury::Config::default()).await
    }

    /// The same with these options.
    pub async fn start_as(world: &'a World, tree: &str, config: treasury::Config) -> Treasury<'a> {
        // Of the mode of the app's book: otherwise it would be that of the LIVE one.
        let book = CreateBookRequest {
            request_id: testbed::new_id(),
            book: "treasury".to_owned(),
            mode: BookMode::Test.into(),
            region: "local".to_owned(),
        };
        world.bed.client().create_book(book).await.unwrap();
        let deps =
            treasury::Deps { ledger: world.bed.ledger_as("treasury"), database: world.database.clone(), clock: treasury::system_clock() };
        let service = treasury::start(deps, config).await.unwrap();
        let way = world.bed.lay(service.routes());
        let treasury = Treasury { world, service, way };
        let mut client = TreasuryServiceClient::new(treasury.way.clone());
        let (book, file) = ("treasury".to_owned(), tree.to_owned());
        let plan = client.plan_structure(treasury.by(PlanStructureRequest { book: book.clone(), file: file.clone() })).await.unwrap();
        let hash = plan.into_inner().hash;
        client.apply_structure(treasury.by(ApplyStructureRequest { book, file, hash })).await.unwrap();
        treasury
    }

    pub fn by<T>(&self, message: T) -> Request<T> {
        let mut request = self.world.bed.unexplained("fay", Role::Finance, &["treasury"], message);
        request.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
        request
    }

    /// A member of staff's way here.
    pub fn staff_way(&self) -> Transport {
        self.way.clone()
    }

    /// The payout service's way here.
    pub fn way(&self) -> Transport {
        self.way.with_token(self.world.bed.service_token("payout"))
    }

    /// Money comes to a bank account, and its twin to the leaf.
    pub async fn fund(&self, account: &str, minor_units: i64) {
        self.world.bed.post("payout.return", account, "house/settlement_difference/USD", minor_units).await;
        self.follow().await;
    }

    pub async fn follow(&self) {
        self.service.follower().round().await.unwrap();
    }

    /// A leaf's balance, what of it is not held, and what is in transit of its account; the books prove.
    pub async fn leaf(&self, account: &str) -> (i64, i64, i64) {
        let mut client = TreasuryServiceClient::new(self.way.clone());
        let request = ProveBooksRequest { book: "treasury".to_owned(), physical_account: String::new() };
        let proof = client.prove_books(self.by(request)).await.unwrap().into_inner();
        assert!(proof.ok && proof.items.is_empty(), "{:?} {:?}", proof.problems, proof.items);
        let leaf = self.free(&format!("house/main/virtual_account/{account}-creators/USD")).await;
        (leaf.0, leaf.1, self.free(&format!("house/main/virtual_account/{account}-usd-in-transit/USD")).await.0)
    }

    pub async fn free(&self, account: &str) -> (i64, i64) {
        let request = GetAccountRequest { book: "treasury".to_owned(), account: account.to_owned() };
        let answer = self.world.bed.client().get_account(request).await;
        answer.map_or((0, 0), |answer| answer.into_inner().account.map_or((0, 0), |account| (account.balance, account.available)))
    }
}

fn reserving(world: &World) -> Config {
    Config { reserve_at_treasury: Some(true), ..world.config() }
}

/// Waits until a payout waits for this.
async fn waiting(running: &Running, payout_id: &str, by: &str) -> Payout {
    running.once("ana", payout_id, |payout| payout.blocked_by.contains(by)).await
}

#[tokio::test]
async fn a_payout_waits_for_treasury_and_its_money_and_nothing_is_sent_meanwhile() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let treasury = Treasury::start(&world).await;
        let running = world.start_with(reserving(&world)).await;
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let (payout, _) = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap();
        let silent = waiting(&running, &payout.payout_id, "LIQUIDITY: treasury does not answer").await;
        assert_eq!((silent.state(), silent.submit_posting_id.as_str()), (PayoutState::Queued, ""));
        running.service.use_treasury(treasury.way());
        let short = waiting(&running, &payout.payout_id, SHORT).await;
        assert_eq!((short.state(), short.submit_posting_id.as_str()), (PayoutState::Queued, ""));
        assert_eq!(world.executed(&short).await, 0);
        treasury.fund("house/bank_cash/USD", 700).await;
        let paid = running.end("ana", &payout.payout_id).await;
        assert_eq!((paid.state(), paid.blocked_by.as_str(), world.executed(&paid).await), (PayoutState::Settled, "", 1));
        treasury.follow().await;
        assert_eq!(treasury.leaf("main").await, (200, 200, 0));
        // Rejected by the bank, and cancelled while it waits: the leaf has its money.
        assert_eq!(running.pay("ana", aba("9000000003"), 150).await.state(), PayoutState::Rejected);
        treasury.follow().await;
        assert_eq!(treasury.leaf("main").await, (200, 200, 0));
        let (large, _) = running.request("ana", payout_request(&account, "USD", 201)).await.unwrap();
        waiting(&running, &large.payout_id, SHORT).await;
        let cancel = CancelPayoutRequest { request_id: Uuid::now_v7().to_string(), book: BOOK.into(), payout_id: large.payout_id.clone() };
        running.client().cancel_payout(running.signed("ana", cancel)).await.unwrap();
        assert_eq!(running.end("ana", &large.payout_id).await.state(), PayoutState::Cancelled);
        assert_eq!(running.pay("ana", aba("9000000001"), 200).await.state(), PayoutState::Settled);
        treasury.follow().await;
        assert_eq!(treasury.leaf("main").await, (0, 0, 0));
        running.stop().await;
        world.close().await;
    })
    .await;
}

/// The leaf is of acme, and the account of main: the bank is told both, in every message and statement, and nobody owes anybody anything for it.
#[tokio::test]
async fn a_payout_of_another_entitys_leaf_names_it_as_ultimate_debtor_and_waits_for_its_name() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let tree = TREE.replacen("name = \"Creators\"\nentity = \"main\"", "name = \"Creators\"\nentity = \"acme\"", 1);
        let treasury = Treasury::start_with(&world, &tree).await;
        treasury.fund("house/bank_cash/USD", 700).await;
        let running = world.start_with(reserving(&world)).await;
        running.service.use_treasury(treasury.way());
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let (payout, _) = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap();
        let nameless = "LIQUIDITY: the leaf that pays it is of acme, which has no name in payout.entities";
        let waits = waiting(&running, &payout.payout_id, nameless).await;
        assert_eq!((waits.submit_posting_id.as_str(), world.executed(&waits).await), ("", 0));
        running.stop().await;
        let row = |name: &str, from: &str| payout::config::EntityConfig {
            id: "acme".to_owned(),
            name: name.to_owned(),
            from: from.to_owned(),
            ..Default::default()
        };
        let entities = vec![row("Acme Old Ltd", ""), row("Acme & Co Ltd", "2026-01-01"), row("Acme Next Ltd", "2999-01-01")];
        let running = world.start_with(Config { entities, ..reserving(&world) }).await;
        running.service.use_treasury(treasury.way());
        let paid = running.end("ana", &payout.payout_id).await;
        assert_eq!((paid.state(), world.executed(&paid).await), (PayoutState::Settled, 1));
        let statement = reqwest::get(format!("{}/statements/USD", world.bank.url())).await.unwrap().bytes().await.unwrap();
        let read = serde_json::to_value(bankfiles::read(&statement)).unwrap().to_string();
        assert!(read.contains(r#""ultimate_debtor":"Acme & Co Ltd""#), "{read}");
        treasury.follow().await;
        assert_eq!(treasury.free("house/acme/virtual_account/main-creators/USD").await, (200, 200));
        for account in ["house/main/due_from/acme/USD", "house/acme/due_to/main/USD", "house/main/virtual_account/main-usd-in-transit/USD"]
        {
            assert_eq!(treasury.free(account).await, (0, 0), "{account}");
        }
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_intent_that_the_ledger_refuses_keeps_no_money_of_the_leaf() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let treasury = Treasury::start(&world).await;
        treasury.fund("house/bank_cash/USD", 700).await;
        let running = world.start_with(reserving(&world)).await;
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let (payout, _) = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap();
        waiting(&running, &payout.payout_id, "LIQUIDITY: treasury does not answer").await;
        let state = async |state: AccountState| {
            let request = SetAccountStateRequest {
                book: BOOK.into(),
                request_id: testbed::new_id(),
                account: "creator/ana/payable/USD".into(),
                state: state.into(),
            };
            world.bed.client().set_account_state(request).await.unwrap();
        };
        state(AccountState::Frozen).await;
        running.service.use_treasury(treasury.way());
        waiting(&running, &payout.payout_id, "ACCOUNT_FROZEN").await;
        running.stop().await;
        assert_eq!(treasury.leaf("main").await, (700, 700, 0));
        state(AccountState::Open).await;
        let running = world.start_with(reserving(&world)).await;
        running.service.use_treasury(treasury.way());
        assert_eq!(running.end("ana", &payout.payout_id).await.state(), PayoutState::Settled);
        treasury.follow().await;
        assert_eq!(treasury.leaf("main").await, (200, 200, 0));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_fallback_gives_the_first_leafs_money_back_and_waits_for_the_seconds() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let treasury = Treasury::start(&world).await;
        treasury.fund("house/bank_cash/USD", 700).await;
        let mut config = reserving(&world);
        config.banks[0].rails.retain(|rail| rail.rail == "us-rtp");
        config.banks[0].accounts.truncate(1);
        let mut second = config.banks[0].clone();
        second.name = "second".to_owned();
        second.rails[0].rail = "us-fednow".to_owned();
        (second.accounts[0].id, second.accounts[0].reference_prefix) = ("other".to_owned(), "OUSD".to_owned());
        config.banks.push(second);
        let running = world.start_with(config).await;
        running.service.use_treasury(treasury.way());
        world.fund("ana", "USD").await;
        world.scenario(serde_json::json!({"account": "5512345678", "behaviour": "reject", "code": "AB05", "times": 1})).await;
        let account = running.beneficiary("ana", aba("5512345678")).await.unwrap();
        let (payout, _) = running.request("ana", payout_request(&account, "USD", 600)).await.unwrap();
        let short = "LIQUIDITY: other-creators can't pay it at treasury (leaf_available)";
        let between = waiting(&running, &payout.payout_id, short).await;
        assert_eq!(between.state(), PayoutState::Submitted, "{between:?}");
        treasury.follow().await;
        assert_eq!((treasury.leaf("main").await, treasury.leaf("other").await), ((700, 700, 0), (0, 0, 0)));
        treasury.fund("house/main/bank_cash/other/USD", 1_000).await;
        let paid = running.end("ana", &payout.payout_id).await;
        assert_eq!((paid.state(), paid.rail.as_str()), (PayoutState::Settled, "us-fednow"));
        treasury.follow().await;
        assert_eq!((treasury.leaf("main").await, treasury.leaf("other").await), ((700, 700, 0), (400, 400, 0)));
        running.stop().await;
        world.close().await;
    })
    .await;
}

fn ask(account: Uuid, minor_units: i64) -> PayoutRequest {
    PayoutRequest {
        book: BookName::try_new(BOOK).unwrap(),
        user: UserKey::try_new("ana").unwrap(),
        request_id: RequestId::parse(&Uuid::now_v7().to_string()).unwrap(),
        beneficiary_id: account,
        amount: Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap(),
    }
}

/// Between reservation and intent, between intent and sending, and everywhere else; with followers in between, some of which are lost as well.
#[tokio::test]
async fn a_payout_dropped_anywhere_takes_the_leafs_money_once_or_not_at_all() {
    on_both(async |database| {
        let world = World::open(database, 5).await;
        let treasury = Treasury::start(&world).await;
        treasury.fund("house/bank_cash/USD", 50_000).await;
        let running = world.start_with(world.config()).await;
        world.fund("ana", "USD").await;
        let mut accounts = Vec::new();
        for number in ["9000000001", "9000000003"] {
            accounts.push(running.beneficiary("ana", aba(number)).await.unwrap().parse::<Uuid>().unwrap());
        }
        running.stop().await;
        let payouts = without_worker_over(&world, reserving(&world)).await;
        payouts.treasury.open(treasury.way());
        let (mut paid, mut keys) = (0, Vec::new());
        for (account, settles) in [(accounts[0], true), (accounts[1], false)] {
            for polls in 0.. {
                let (payout, _) = payouts.request(&ask(account, 5), SystemTime::now()).await.unwrap();
                keys.push((payout.key(), settles));
                paid += if settles { 5 } else { 0 };
                let done = crash(payouts.drive(&payout.key()), polls).await.is_some();
                drop(crash(treasury.service.follower().round(), polls % 7).await);
                if polls % 3 == 0 {
                    treasury.follow().await;
                    let (leaf, free, transit) = treasury.leaf("main").await;
                    assert!(leaf + transit <= 50_000 && free <= leaf, "{leaf} {free} {transit}");
                }
                if done {
                    break;
                }
            }
        }
        assert!(keys.len() > 20, "the crashes must fall between the steps");
        let mut config = reserving(&world);
        config.policy.sends_max = 50;
        let running = world.start_with(config).await;
        running.service.use_treasury(treasury.way());
        for (key, settles) in &keys {
            let state = running.end("ana", &key.payout_id.to_string()).await.state();
            assert_eq!(state, if *settles { PayoutState::Settled } else { PayoutState::Rejected });
        }
        treasury.follow().await;
        assert_eq!(treasury.leaf("main").await, (50_000 - paid, 50_000 - paid, 0));
        assert_eq!(world.balance("house/in_transit/USD").await, (0, 0));
        running.stop().await;
        world.close().await;
    })
    .await;
}
