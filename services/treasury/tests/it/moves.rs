//! Money moved between leaves: within an entity, as a loan to another, back, and whatever must not move; and the interest of loans.
use crate::{
    fixture::{BOOK, Fixture},
    reason,
};
use api::{
    ledger::{BookMode, GetTrialBalanceRequest},
    treasury::{
        AccrueInterestRequest, AccrueInterestResponse, FundsMove, InterEntityPosition, ListMovesRequest, ListPositionsRequest,
        MoveFundsRequest, MoveFundsResponse,
    },
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use testbed::{Fault, Storage};
use tonic::Status;
use treasury::{
    Config,
    config::{LeafSettings, PairSettings, RateSettings},
};

/// Two physical accounts, three legal entities, and leaves of every class and state.
pub const GROUP: &str = r#"
[[account]]
id = "bank-usd"
name = "Operating"
bank = "A bank"
branch = "TESTUS33"
currency = "USD"
entity = "main"
number = "000123456789"

[[account]]
id = "bank-eur"
name = "Euro"
bank = "A bank"
branch = "TESTDE33"
currency = "EUR"
entity = "main"
number = "000987654321"

[[summary]]
id = "us"
parent = "bank-usd"
name = "US"
entity = "main"
"#;

/// Leaf, parent, entity, class, state, uses.
const LEAVES: [(&str, &str, &str, &str, &str, &str); 10] = [
    ("main-a", "us", "main", "own", "open", "on_behalf_of"),
    ("main-b", "us", "main", "own", "open", ""),
    ("acme-a", "us", "acme", "own", "open", "on_behalf_of"),
    ("beta-a", "bank-usd", "beta", "own", "open", "on_behalf_of"),
    ("client-a", "us", "main", "client", "open", ""),
    ("client-b", "us", "main", "client", "open", ""),
    ("client-acme", "us", "acme", "client", "open", ""),
    ("blocked", "us", "main", "blocked", "open", ""),
    ("planned", "us", "main", "own", "pending_open", ""),
    ("euro", "bank-eur", "main", "own", "open", ""),
];

pub fn group() -> String {
    let leaf = |(id, parent, entity, class, state, uses): &(&str, &str, &str, &str, &str, &str)| {
        let uses = if uses.is_empty() { String::new() } else { format!("uses = [\"{uses}\"]\n") };
        let named = format!("[[leaf]]\nid = \"{id}\"\nparent = \"{parent}\"\nname = \"{id}\"\nentity = \"{entity}\"\n");
        format!("{named}funds = \"{class}\"\nstate = \"{state}\"\n{uses}")
    };
    [GROUP.to_owned()].into_iter().chain(LEAVES.iter().map(leaf)).collect()
}

fn pair(lender: &str, borrower: &str, limit: i64, rate: i64) -> PairSettings {
    PairSettings {
        lender: lender.to_owned(),
        borrower: borrower.to_owned(),
        currency: "USD".to_owned(),
        from: "2020-01-01".to_owned(),
        limit_minor_units: limit,
        rate_millionths: rate,
        year_days: 0,
    }
}

pub fn terms() -> Config {
    let bounds = |leaf: &str, minimum, maximum| LeafSettings {
        leaf: leaf.to_owned(),
        from: "2020-01-01".to_owned(),
        minimum_minor_units: minimum,
        maximum_minor_units: maximum,
    };
    Config {
        pairs: vec![
            pair("main", "acme", 60_000, 36_000),
            pair("acme", "main", 10_000, 0),
            pair("main", "beta", 1_000_000, 0),
            pair("acme", "beta", 1_000_000, 0),
        ],
        leaf_bounds: vec![bounds("main-b", 500, 0), bounds("beta-a", 0, 50_000)],
        leaf_rates: vec![RateSettings {
            leaf: "main-a".to_owned(),
            from: "2020-01-01".to_owned(),
            credit_rate_millionths: 36_000,
            debit_rate_millionths: 0,
            year_days: 360,
        }],
        ..Config::default()
    }
}

pub const CASH: &str = "house/main/physical_cash/bank-usd/USD";

pub fn leaf_account(leaf: &str) -> String {
    let entity = LEAVES.iter().find(|row| row.0 == leaf).map_or("main", |row| row.2);
    format!("house/{entity}/virtual_account/{leaf}/USD")
}

pub async fn start(storage: Storage, days_ago: u64) -> Fixture {
    let fixture = Fixture::agreed((storage, BookMode::Test), terms(), days_ago).await;
    fixture.change(&group()).await.unwrap();
    fixture
}

async fn both() -> [Fixture; 2] {
    [start(Storage::sqlite(), 0).await, start(Storage::postgres(), 0).await]
}

pub fn ask(from: &str, to: &str, minor_units: i64) -> MoveFundsRequest {
    MoveFundsRequest {
        book: BOOK.to_owned(),
        request_id: testbed::new_id(),
        from_leaf: from.to_owned(),
        to_leaf: to.to_owned(),
        minor_units,
        currency_code: "USD".to_owned(),
    }
}

impl Fixture {
    pub async fn send(&self, request: &MoveFundsRequest) -> Result<MoveFundsResponse, Status> {
        self.client().move_funds(self.by(request.clone())).await.map(tonic::Response::into_inner)
    }

    pub async fn moved(&self, from: &str, to: &str, minor_units: i64) -> FundsMove {
        self.send(&ask(from, to, minor_units)).await.unwrap().funds_move.unwrap()
    }

    pub async fn fund(&self, leaf: &str, amount: i64) {
        self.adjust(CASH, &leaf_account(leaf), amount).await;
    }

    async fn positions(&self, on_date: &str) -> Vec<InterEntityPosition> {
        let request = ListPositionsRequest { book: BOOK.to_owned(), on_date: on_date.to_owned(), ..Default::default() };
        self.client().list_positions(self.by(request)).await.unwrap().into_inner().positions
    }

    pub async fn accrue(&self, until_date: &str) -> Result<AccrueInterestResponse, Status> {
        let [book, lender, borrower, currency_code, until_date] = [BOOK, "main", "acme", "USD", until_date].map(str::to_owned);
        let request = AccrueInterestRequest { book, lender, borrower, currency_code, until_date };
        self.client().accrue_interest(self.by(request)).await.map(tonic::Response::into_inner)
    }

    /// Every account of the treasury book with credits minus debits.
    pub async fn balances(&self) -> BTreeMap<String, i64> {
        let request = GetTrialBalanceRequest { book: BOOK.to_owned(), ..Default::default() };
        let lines = self.bed.client().get_trial_balance(request).await.unwrap().into_inner().lines;
        lines.into_iter().map(|line| (line.accounts, line.credits_posted - line.debits_posted)).collect()
    }
}

/// Leaves add up to the cash of each account, and what is owed to what owes: from the trial balance alone.
pub fn assert_proof(book: &BTreeMap<String, i64>) {
    let sum = |part: &str| book.iter().filter(|(name, _)| name.contains(part)).map(|(_, sum)| sum).sum::<i64>();
    assert_eq!(sum("/virtual_account/"), -sum("/physical_cash/"), "{book:?}");
    assert_eq!(sum("/due_from/") + sum("/due_to/"), 0, "{book:?}");
    for (name, owed) in book.iter().filter(|(name, _)| name.contains("/due_from/")) {
        let parts: Vec<&str> = name.split('/').collect();
        let mirror = format!("house/{}/due_to/{}/{}", parts[3], parts[1], parts[4]);
        assert_eq!(book[&mirror], -owed, "{name}");
    }
}

pub fn rule(status: &Status) -> String {
    assert_eq!(reason(status), "FUNDS_REFUSED", "{status:?}");
    rpc::facts(status)["rule"].clone()
}

#[tokio::test]
async fn a_move_within_an_entity_is_no_loan_and_happens_once() {
    for fixture in both().await {
        fixture.fund("main-a", 10_000).await;
        let request = ask("main-a", "main-b", 4_000);
        let first = fixture.send(&request).await.unwrap();
        let moved = first.funds_move.clone().unwrap();
        assert!(!first.replayed && !moved.refused && moved.moved_by == "fay");
        assert_eq!((moved.minor_units, moved.lent_minor_units, moved.repaid_minor_units), (4_000, 0, 0));
        assert_eq!((moved.from_leaf.as_str(), moved.to_leaf.as_str()), ("main-a", "main-b"));
        let again = fixture.send(&request).await.unwrap();
        assert_eq!((again.replayed, again.funds_move), (true, first.funds_move.clone()));
        let second = fixture.second().await.move_funds(fixture.by(request.clone())).await.unwrap().into_inner();
        assert!(second.replayed, "by another process");
        let other = fixture.send(&MoveFundsRequest { minor_units: 4_001, ..request.clone() }).await.unwrap_err();
        assert_eq!(reason(&other), "REQUEST_ID_REUSED");
        let book = fixture.balances().await;
        assert_eq!((book[&leaf_account("main-a")], book[&leaf_account("main-b")]), (6_000, 4_000));
        assert_proof(&book);
        assert_eq!(fixture.positions("").await, []);
        let listed = fixture.by(ListMovesRequest { book: BOOK.to_owned(), ..Default::default() });
        assert_eq!(fixture.client().list_moves(listed).await.unwrap().into_inner().funds_moves, [moved]);
    }
}

#[tokio::test]
async fn a_move_to_another_entity_is_a_loan_and_the_way_back_repays_it() {
    for fixture in both().await {
        fixture.fund("main-a", 100_000).await;
        let lent = fixture.moved("main-a", "acme-a", 30_000).await;
        assert_eq!((lent.lent_minor_units, lent.repaid_minor_units), (30_000, 0));
        let position = fixture.positions("").await.remove(0);
        assert_eq!((position.lender.as_str(), position.borrower.as_str(), position.minor_units), ("main", "acme", 30_000));
        assert_eq!((position.limit_minor_units, position.rate_millionths, position.to_30_days_minor_units), (60_000, 36_000, 30_000));
        assert_eq!(rule(&fixture.send(&ask("main-a", "acme-a", 30_001)).await.unwrap_err()), "pair_limit");
        fixture.fund("acme-a", 5_000).await;
        let back = fixture.moved("acme-a", "main-b", 35_000).await;
        assert_eq!(
            (back.lent_minor_units, back.repaid_minor_units),
            (5_000, 30_000),
            "what is beyond the debt is a loan the other way round"
        );
        let owed: Vec<i64> = fixture.positions("").await.iter().map(|position| position.minor_units).collect();
        assert_eq!(owed, [5_000, 0], "acme lends main, main lends acme");
        assert_proof(&fixture.balances().await);
    }
}

#[tokio::test]
async fn what_must_not_move_does_not() {
    for fixture in both().await {
        for (leaf, amount) in [("main-a", 100_000), ("main-b", 1_000), ("client-a", 9_000), ("client-acme", 9_000), ("blocked", 9_000)] {
            fixture.fund(leaf, amount).await;
        }
        fixture.change("[[leaf]]\nid = \"acme-a\"\nparent = \"us\"\nname = \"acme-a\"\nentity = \"acme\"\nuses = [\"on_behalf_of\"]\nstate = \"pending_close\"\n").await.unwrap();
        let before = fixture.balances().await;
        for (from, to, amount, currency, wanted) in [
            ("nothing", "main-b", 1, "USD", "leaf"),
            ("us", "main-b", 1, "USD", "leaf"),
            ("bank-usd", "main-b", 1, "USD", "leaf"),
            ("main-a", "main-a", 1, "USD", "same_leaf"),
            ("main-a", "euro", 1, "USD", "other_account"),
            ("main-a", "main-b", 1, "EUR", "other_currency"),
            ("main-a", "bank-usd-suspense", 1, "USD", "standard_leaf"),
            ("bank-usd-unallocated", "main-a", 1, "USD", "standard_leaf"),
            ("planned", "main-a", 1, "USD", "state"),
            ("main-a", "planned", 1, "USD", "state"),
            ("main-a", "acme-a", 1, "USD", "state"),
            ("blocked", "main-a", 1, "USD", "funds"),
            ("main-a", "blocked", 1, "USD", "funds"),
            ("client-a", "main-a", 1, "USD", "funds"),
            ("client-a", "client-acme", 1, "USD", "funds"),
            ("main-a", "client-acme", 1, "USD", "funds"),
            ("main-b", "beta-a", 1, "USD", "use"),
            ("main-a", "main-b", 100_001, "USD", "leaf_available"),
            ("main-b", "main-a", 501, "USD", "leaf_available"),
            ("main-a", "beta-a", 50_001, "USD", "leaf_maximum"),
        ] {
            let refused =
                fixture.send(&MoveFundsRequest { currency_code: currency.to_owned(), ..ask(from, to, amount) }).await.unwrap_err();
            assert_eq!(rule(&refused), wanted, "{from} to {to}");
            assert!(refused.message().contains("; nothing was moved"), "{}", refused.message());
        }
        for wrong in [
            MoveFundsRequest { minor_units: 0, ..ask("main-a", "main-b", 1) },
            MoveFundsRequest { minor_units: -5, ..ask("main-a", "main-b", 1) },
            MoveFundsRequest { minor_units: i64::MAX, ..ask("main-a", "main-b", 1) },
            MoveFundsRequest { from_leaf: "Main/A".to_owned(), ..ask("main-a", "main-b", 1) },
            MoveFundsRequest { currency_code: "usd".to_owned(), ..ask("main-a", "main-b", 1) },
            MoveFundsRequest { request_id: "1".to_owned(), ..ask("main-a", "main-b", 1) },
        ] {
            assert_eq!(reason(&fixture.send(&wrong).await.unwrap_err()), "MALFORMED");
        }
        assert_eq!(fixture.balances().await, before);
        assert_eq!(fixture.moved("client-a", "client-b", 9_000).await.lent_minor_units, 0, "clients' funds of one entity");
        assert_eq!(fixture.moved("main-a", "client-b", 1).await.lent_minor_units, 0, "clients get more");
    }
}

#[tokio::test]
async fn money_on_its_way_out_of_the_bank_is_not_moved() {
    let fixture = start(Storage::sqlite(), 0).await;
    fixture.fund("main-a", 1_000).await;
    // Somebody else's leaf is overdrawn by what is in transit: the leaf is rich, the bank account is not.
    fixture.adjust(&leaf_account("beta-a"), "house/main/virtual_account/bank-usd-in-transit/USD", 600).await;
    assert_eq!(rule(&fixture.send(&ask("main-a", "main-b", 401)).await.unwrap_err()), "physical_available");
    fixture.moved("main-a", "main-b", 400).await;
}

#[tokio::test]
async fn two_processes_never_move_the_same_money_twice() {
    for fixture in both().await {
        fixture.fund("main-a", 1_000).await;
        let second = fixture.second().await;
        let moves = (0..10).map(|at| {
            let (mut client, request) =
                (if at % 2 == 0 { fixture.client() } else { second.clone() }, fixture.by(ask("main-a", "main-b", 300)));
            async move { client.move_funds(request).await }
        });
        let answers = futures::future::join_all(moves).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3, "{answers:?}");
        let book = fixture.balances().await;
        assert_eq!((book[&leaf_account("main-a")], book[&leaf_account("main-b")]), (100, 900));
    }
}

#[tokio::test]
async fn what_was_decided_before_a_crash_is_posted_by_the_next_who_asks() {
    for (fixture, fault) in both().await.into_iter().zip([Fault::Down, Fault::AnswerLost]) {
        fixture.fund("main-a", 1_000).await;
        let request = ask("main-a", "acme-a", 700);
        fixture.bed.fault.fail(fault);
        fixture.send(&request).await.unwrap_err();
        fixture.bed.fault.fail(Fault::None);
        // Another move finds only what the first one left, whether or not that had been posted.
        assert_eq!(rule(&fixture.send(&ask("main-a", "main-b", 301)).await.unwrap_err()), "leaf_available");
        assert!(fixture.send(&request).await.unwrap().replayed);
        assert_eq!(fixture.positions("").await[0].minor_units, 700);
    }
}

#[tokio::test]
async fn interest_follows_daily_balances_and_is_booked_once() {
    for storage in testbed::both() {
        let fixture = start(storage, 6).await;
        fixture.fund("main-a", 1_000_000).await;
        fixture.moved("main-a", "acme-a", 50_000).await;
        let first = fixture.day(0);
        fixture.days_later(2);
        fixture.moved("acme-a", "main-a", 20_000).await;
        assert_eq!(rule(&fixture.accrue(&fixture.day(0)).await.unwrap_err()), "period_open");
        fixture.days_later(2);
        let (last, next) = (fixture.day(-1), fixture.day(0));
        let booked = fixture.accrue(&last).await.unwrap();
        // 3.6 % of a year of 360 days is 0.01 % a day: 5 and 5 cents for two days on 500.00, 3 and 3 for two on 300.00.
        assert_eq!((booked.interest_minor_units, booked.from_date.as_str(), booked.replayed), (16, first.as_str(), false));
        let runs: Vec<_> = booked.runs.iter().map(|run| (run.days, run.balance_minor_units, run.rate_millionths, run.year_days)).collect();
        assert_eq!(runs, [(2, 50_000, 36_000, 360), (2, 30_000, 36_000, 360)]);
        let again = fixture.accrue(&last).await.unwrap();
        assert_eq!(AccrueInterestResponse { replayed: false, ..again }, booked);
        assert_eq!(rule(&fixture.accrue(&fixture.day(-2)).await.unwrap_err()), "period_done");
        fixture.days_later(1);
        let more = fixture.accrue(&next).await.unwrap();
        assert_eq!((more.interest_minor_units, more.from_date), (3, next), "30,016 for a day");
        let position = fixture.positions("").await.remove(0);
        assert_eq!((position.minor_units, position.accrued_until_date), (30_019, fixture.day(-1)));
        assert_eq!(fixture.positions(&first).await[0].minor_units, 50_000, "as it was");
        assert_proof(&fixture.balances().await);
        assert!(fixture.assert_rows_are_postings().await["treasury.interest"] > 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn after_any_moves_leaves_add_up_to_cash_and_the_group_owes_itself_nothing(
        moves in prop::collection::vec((0_usize..9, 0_usize..9, 1_i64..15_000), 1..40),
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let fixture = start(Storage::sqlite(), 0).await;
            // Those between which loans go both ways are drawn twice as often.
            let own = ["main-a", "main-b", "acme-a", "beta-a", "client-a", "client-b", "client-acme", "main-a", "acme-a"];
            for leaf in &own[..7] {
                fixture.fund(leaf, 50_000).await;
            }
            // What each entity gave and received, counted by the test alone.
            let mut net: BTreeMap<(&str, &str), i64> = BTreeMap::new();
            let entity = |leaf: &str| LEAVES.iter().find(|row| row.0 == leaf).unwrap().2;
            for (from, to, amount) in moves {
                let (from, to) = (own[from], own[to]);
                if fixture.send(&ask(from, to, amount)).await.is_ok() {
                    *net.entry((entity(from), entity(to))).or_default() += amount;
                    *net.entry((entity(to), entity(from))).or_default() -= amount;
                }
            }
            let book = fixture.balances().await;
            assert_proof(&book);
            fixture.assert_rows_are_postings().await;
            for position in fixture.positions("").await {
                let counted = net[&(position.lender.as_str(), position.borrower.as_str())];
                assert_eq!(position.minor_units, counted.max(0), "{position:?}");
            }
            for (leaf, sum) in own.map(|leaf| (leaf, book[&leaf_account(leaf)])) {
                assert!(sum >= 0, "{leaf} was overdrawn: {sum}");
            }
        });
    }
}
