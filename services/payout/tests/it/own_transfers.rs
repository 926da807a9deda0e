//! Sweeps of treasury between two of our accounts: the bank is instructed once, an unknown outcome is asked for, and treasury knows what became of each.

use crate::{
    crashes::{crash, without_worker_over},
    leaves::Treasury,
    world::{World, on_both},
};
use api::treasury::{
    ImportStatementRequest, ListSweepsRequest, MarkSweepRequest, PlanSweepsRequest, RunSweepsRequest, Sweep, SweepDecision, SweepState,
    treasury_service_client::TreasuryServiceClient,
};
use db::{Database, Engine};
use payout::{BankAccountConfig, BankBooksKind, Config, payouts::Payouts};
use ring::digest::{SHA256, digest};
use serde_json::json;
use std::time::Duration;
use tonic::Request;
use treasury::config::SweepSettings;

/// Two of our accounts, one of which is emptied into the other.
const TREE: &str = r#"
[[account]]
id = "main-usd"
name = "Main"
bank = "A bank"
branch = "TESTUS33"
currency = "USD"
entity = "main"
number = "4400001234"

[[leaf]]
id = "main-creators"
parent = "main-usd"
name = "Creators"
entity = "main"
uses = ["sweep"]
claims = ["app-us"]

[[account]]
id = "other-usd"
name = "Other"
bank = "B bank"
branch = "TESTUS34"
currency = "USD"
entity = "main"
number = "7712345678"

[[leaf]]
id = "other-pool"
parent = "other-usd"
name = "Pool"
entity = "main"
"#;
/// The number of the account that receives.
const OTHER: &str = "7712345678";
/// Each rule sweeps once a day.
const RULES: usize = 24;

fn rules() -> treasury::Config {
    let rule = |at: usize| {
        let [rule, kind, from, leaf, other_leaf] =
            [&format!("r{at:02}"), "zero", "2020-01-01", "main-creators", "other-pool"].map(str::to_owned);
        let [calendar, zone, opens, cutoff] = ["", "UTC", "00:00", "24:00"].map(str::to_owned);
        let (target_minor_units, minimum_minor_units, maximum_minor_units, overnight) = (0, 0, 0, false);
        SweepSettings {
            rule,
            from,
            kind,
            leaf,
            other_leaf,
            target_minor_units,
            minimum_minor_units,
            maximum_minor_units,
            calendar,
            zone,
            opens,
            cutoff,
            overnight,
        }
    };
    treasury::Config { sweeps: (0..RULES).map(rule).collect(), ..treasury::Config::default() }
}

/// Both accounts, and a bank that is asked soon.
fn config(world: &World) -> Config {
    let mut config = Config { reserve_at_treasury: Some(true), ..world.config() };
    config.lease = Duration::from_millis(100);
    config.banks[0].rails.retain(|rail| rail.rail == "us-rtp");
    config.banks[0].accounts.truncate(1);
    let mut other = config.banks[0].clone();
    other.name = "second".to_owned();
    other.accounts = vec![BankAccountConfig {
        id: "other".to_owned(),
        address: format!("us-account:121000248:{OTHER}"),
        reference_prefix: "OUSD".to_owned(),
        ..other.accounts[0].clone()
    }];
    config.banks.push(other);
    config
}

impl Treasury<'_> {
    /// The sweep of the next rule, which moves what now comes to the first account, and what came back.
    async fn sweep(&self, minor_units: i64) -> Sweep {
        self.fund("house/bank_cash/USD", minor_units).await;
        let run = self.client().run_sweeps(self.by(RunSweepsRequest { book: "treasury".to_owned() })).await.unwrap().into_inner();
        let mut swept = run.outcomes.into_iter().filter(|outcome| outcome.decision() == SweepDecision::Swept);
        let sweep = swept.next().unwrap().sweep.unwrap();
        assert!(sweep.minor_units >= minor_units && swept.next().is_none(), "{sweep:?}");
        sweep
    }

    async fn sweeps(&self) -> Vec<Sweep> {
        let request = ListSweepsRequest { book: "treasury".to_owned(), page_size: 200, page_token: String::new() };
        self.client().list_sweeps(self.by(request)).await.unwrap().into_inner().sweeps
    }

    async fn of(&self, sweep: &Sweep) -> Sweep {
        self.sweeps().await.into_iter().find(|one| one.sweep_id == sweep.sweep_id).unwrap()
    }

    /// Rounds until nothing has to be sent or asked any more.
    async fn settle(&self, payouts: &Payouts) {
        let is_open = |sweep: &Sweep| matches!(sweep.state(), SweepState::Planned | SweepState::Instructing);
        let settled = async {
            while self.sweeps().await.iter().any(is_open) {
                payouts.send_own_transfers().await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), settled).await.expect("the bank says what became of each");
    }

    fn client(&self) -> TreasuryServiceClient<rpc::Transport> {
        TreasuryServiceClient::new(self.staff_way())
    }

    /// A member of staff says that a sweep is so, and shows nothing.
    fn mark(&self, sweep: &Sweep, state: SweepState) -> Request<MarkSweepRequest> {
        let (book, sweep_id) = ("treasury".to_owned(), sweep.sweep_id.clone());
        self.by(MarkSweepRequest { book, sweep_id, state: state.into(), ..Default::default() })
    }

    /// Why a member of staff may not say so.
    async fn refused(&self, sweep: &Sweep, state: SweepState) -> Option<String> {
        rpc::reason(&self.client().mark_sweep(self.mark(sweep, state)).await.unwrap_err())
    }

    /// The bank's statement, twice: what was sent is booked, once.
    async fn booked_by_statement(&self, world: &World) {
        let before = self.sweeps().await;
        let file = world.statement_file("USD").await;
        for _ in 0..2 {
            let request = ImportStatementRequest {
                book: "treasury".to_owned(),
                sha256: digest(&SHA256, &file).as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
                size_bytes: i64::try_from(file.len()).unwrap(),
                offset_bytes: 0,
                part: file.clone(),
            };
            self.client().import_statement(self.by(request)).await.unwrap();
            self.client().plan_sweeps(self.by(PlanSweepsRequest { book: "treasury".to_owned() })).await.unwrap();
        }
        let after = self.sweeps().await;
        let mut left = 0;
        for (was, is) in before.iter().zip(&after) {
            let booked = if was.state() == SweepState::Sent { SweepState::Debited } else { was.state() };
            assert_eq!((is.state(), &is.evidence), (booked, &was.evidence), "{is:?}");
            left += if booked == SweepState::Debited { is.minor_units } else { 0 };
        }
        let (booked, ..) = self.free("house/main/between_accounts/other-usd/USD").await;
        assert!(left > 0 && booked.abs() == left, "{booked} is between the accounts, and {left} left");
    }
}

/// How often the bank debited a sweep.
async fn debits(world: &World, sweep: &Sweep) -> usize {
    let entries = world.statement("USD").await.entries;
    entries.iter().filter(|entry| entry.end_to_end_id.as_deref() == Some(sweep.end_to_end_id.as_str())).count()
}

/// The same as if this much time had passed since the message, so that the bank is asked now.
async fn later(world: &World, sweep: &Sweep, passed: Duration) {
    let pool = world.database.open("payout", &payout::store::MIGRATIONS).await.unwrap();
    let sql = "UPDATE own_transfer SET ask_at_ms = 0, sent_at_ms = sent_at_ms - $2 WHERE sweep_id = $1";
    let query = sqlx::query(sql).bind(sweep.sweep_id.clone()).bind(i64::try_from(passed.as_millis()).unwrap());
    assert_eq!(query.execute(&pool).await.unwrap().rows_affected(), 1);
    pool.close().await;
}

/// What the bank does with a transfer, what treasury knows once it has answered, how often the bank debited it, and the end of the evidence.
struct BankCase {
    behaviour: &'static str,
    code: &'static str,
    end: (SweepState, usize, &'static str),
}

const fn case(behaviour: &'static str, code: &'static str, end: (SweepState, usize, &'static str)) -> BankCase {
    BankCase { behaviour, code, end }
}

/// The bank's answer is lost in the third to the sixth. AM04: it does not have the money.
const CASES: [BankCase; 10] = [
    case("settle", "", (SweepState::Sent, 1, "-1 ACSC")),
    case("settle_later", "", (SweepState::Sent, 1, "-1 ACSC")),
    case("cut", "", (SweepState::Sent, 1, "-1 ACSC")),
    case("garbage", "", (SweepState::Sent, 1, "-1 ACSC")),
    case("unreported", "", (SweepState::Sent, 1, "-1 ACSC")),
    case("lose", "", (SweepState::Cancelled, 0, "-1 not found")),
    case("reject", "AC04", (SweepState::Cancelled, 0, "-1 RJCT AC04")),
    case("reject", "AM04", (SweepState::Cancelled, 0, "-1 RJCT AM04")),
    case("reject", "AM05", (SweepState::Cancelled, 0, "-1 RJCT AM05")),
    case("pending", "AC04", (SweepState::Cancelled, 0, "-1 RJCT AC04")),
];
/// Longer than any step of a test takes on a busy machine: a bank refuses a message that is older, and waits so long for one that it does not have.
const WINDOW: Duration = Duration::from_secs(900);

#[tokio::test]
async fn a_sweep_is_sent_once_whatever_the_bank_answers_and_treasury_knows_its_end() {
    on_both(async |database| {
        let world = World::open(database, WINDOW.as_secs()).await;
        let treasury = Treasury::start_as(&world, TREE, rules()).await;
        let mut patient = config(&world);
        patient.banks.iter_mut().for_each(|bank| bank.rails[0].time_out = WINDOW);
        let payouts = without_worker_over(&world, patient).await;
        // Nothing is asked of a treasury that is not there.
        payouts.send_own_transfers().await.unwrap();
        payouts.treasury.open(treasury.way());
        for BankCase { behaviour, code, end: (state, booked, evidence) } in CASES {
            let mut scenario = json!({"account": OTHER, "behaviour": behaviour, "times": 1});
            if behaviour == "reject" {
                scenario["code"] = code.into();
            }
            world.scenario(scenario).await;
            let sweep = treasury.sweep(100).await;
            payouts.send_own_transfers().await.unwrap();
            let now = treasury.of(&sweep).await;
            if ["cut", "garbage", "unreported", "lose"].contains(&behaviour) {
                assert_eq!((now.state(), now.evidence.as_str()), (SweepState::Instructing, ""), "{behaviour}");
                // Nobody but the payout service knows whether it was sent.
                for said in [SweepState::Cancelled, SweepState::Sent] {
                    assert_eq!(treasury.refused(&sweep, said).await.as_deref(), Some("SWEEP_STATE"), "{behaviour}");
                }
                later(&world, &sweep, Duration::ZERO).await;
                payouts.send_own_transfers().await.unwrap();
            }
            if code == "AM05" {
                // A copy of the message may have arrived before it; the bank's answer to a question is its decision.
                assert_eq!((now.state(), now.evidence.as_str()), (SweepState::Instructing, ""));
                later(&world, &sweep, Duration::from_millis(1)).await;
                payouts.send_own_transfers().await.unwrap();
            }
            if behaviour == "lose" {
                // The bank has nothing, and the message may still be on its way.
                assert_eq!(treasury.of(&sweep).await.state(), SweepState::Instructing);
                later(&world, &sweep, WINDOW + Duration::from_secs(1)).await;
                payouts.send_own_transfers().await.unwrap();
            }
            if ["pending", "settle_later"].contains(&behaviour) {
                assert_eq!(now.state(), SweepState::Sent, "{behaviour}");
                let words = if behaviour == "pending" { "-1 PDNG" } else { "-1 ACSP" };
                assert_eq!(now.evidence, format!("{}{words}", sweep.end_to_end_id));
                // The bank is not asked at once.
                payouts.send_own_transfers().await.unwrap();
                assert_eq!(treasury.of(&sweep).await, now);
            }
            if behaviour == "pending" {
                world.scenario(json!({"end_to_end_id": sweep.end_to_end_id, "behaviour": "reject", "code": code})).await;
            }
            if ["pending", "settle_later"].contains(&behaviour) {
                later(&world, &sweep, Duration::ZERO).await;
                payouts.send_own_transfers().await.unwrap();
            }
            let ended = treasury.of(&sweep).await;
            assert_eq!((ended.state(), debits(&world, &sweep).await), (state, booked), "{behaviour}: {ended:?}");
            assert_eq!(ended.evidence, format!("{}{evidence}", sweep.end_to_end_id), "{behaviour}");
            payouts.send_own_transfers().await.unwrap();
            assert_eq!((treasury.of(&sweep).await, debits(&world, &sweep).await), (ended, booked), "{behaviour}");
        }
        treasury.booked_by_statement(&world).await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_sweep_that_is_not_ours_to_send_stays_for_staff() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap(), WINDOW.as_secs()).await;
    let treasury = Treasury::start_as(&world, TREE, rules()).await;
    let sweep = treasury.sweep(100).await;
    let changes: [fn(&mut Config); 5] = [
        // The treasury's book is TEST, and money of that is pretended.
        |config| config.banks.iter_mut().for_each(|bank| bank.books = BankBooksKind::Live),
        |config| config.banks[1].entity = "acme".to_owned(),
        |config| drop(config.banks.pop()),
        |config| config.banks[0].rails[0].minor_units_max = 99,
        // Of two accounts of one name, nobody knows which.
        |config| config.banks.push(payout::BankConfig { name: "third".to_owned(), ..config.banks[1].clone() }),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut config = config(&world);
        change(&mut config);
        let payouts = without_worker_over(&world, config).await;
        payouts.treasury.open(treasury.way());
        payouts.send_own_transfers().await.unwrap();
        assert_eq!((treasury.of(&sweep).await, debits(&world, &sweep).await), (sweep.clone(), 0), "{at}");
    }
    // Staff say that they have sent it: from then on the payout service does not.
    let marked = treasury.client().mark_sweep(treasury.mark(&sweep, SweepState::Sent)).await.unwrap().into_inner();
    assert_eq!(marked.sweep.unwrap().state(), SweepState::Sent);
    let payouts = without_worker_over(&world, config(&world)).await;
    payouts.treasury.open(treasury.way());
    payouts.send_own_transfers().await.unwrap();
    assert_eq!((treasury.of(&sweep).await.state(), debits(&world, &sweep).await), (SweepState::Sent, 0));
    world.close().await;
}

/// Between the claim and the row, between the row and the message, between the answer and what treasury knows, and everywhere else.
#[tokio::test]
async fn a_process_that_ends_anywhere_sends_a_sweep_once_or_never() {
    on_both(async |database| {
        let world = World::open(database, 2).await;
        let treasury = Treasury::start_as(&world, TREE, rules()).await;
        let payouts = without_worker_over(&world, config(&world)).await;
        payouts.treasury.open(treasury.way());
        // PostgreSQL takes more polls for the same, and files on a disk take more than those in memory: the steps begin small and grow.
        let step = if world.database.engine() == Engine::Sqlite { 1 } else { 2 };
        let polls = |at: usize| (at + 1 + at * at / 24) * step;
        let mut made = Vec::new();
        for at in 0..RULES - 1 {
            let sweep = treasury.sweep(10).await;
            made.push(sweep.clone());
            let done = crash(payouts.send_own_transfers(), polls(at)).await.is_some();
            assert!(debits(&world, &sweep).await <= 1);
            if done && treasury.of(&sweep).await.state() == SweepState::Sent {
                break;
            }
        }
        assert!(made.len() > 8, "the crashes must fall between the steps: {}", made.len());
        let second = without_worker_over(&world, config(&world)).await;
        second.treasury.open(treasury.way());
        let ((), ()) = tokio::join!(treasury.settle(&payouts), treasury.settle(&second));
        let mut sent = 0;
        for sweep in &made {
            let ended = treasury.of(sweep).await;
            let booked = if ended.state() == SweepState::Sent { 1 } else { 0 };
            assert_eq!(debits(&world, sweep).await, booked, "{ended:?}");
            assert!(booked == 1 || ended.state() == SweepState::Cancelled, "{ended:?}");
            sent += booked;
        }
        assert!(sent > 0, "none of {} was sent", made.len());
        treasury.booked_by_statement(&world).await;
        world.close().await;
    })
    .await;
}
