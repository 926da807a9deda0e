//! Two bank accounts in euros with leaves of every class, rules between them, and a proof of both that is counted from the ledger alone.
use crate::fixture::{BOOK, Fixture};
use api::treasury::{
    ListSweepsRequest, MarkSweepRequest, MarkSweepResponse, PlanSweepsRequest, ProveBooksRequest, RunSweepsRequest, Sweep, SweepDecision,
    SweepOutcome, SweepState,
};
use testbed::Storage;
use tonic::Status;
use treasury::{
    Config,
    config::{FundingSettings, SweepSettings},
};

/// `rail` is to be kept full enough, `pool` gives and takes.
const ACCOUNTS: &str = r#"
[[account]]
id = "rail"
name = "Prefunded"
bank = "A bank"
branch = "TESTDEFF"
currency = "EUR"
entity = "main"
number = "DE89370400440532013000"

[[account]]
id = "pool"
name = "Pool"
bank = "B bank"
branch = "TESTDE33"
currency = "EUR"
entity = "main"
number = "DE02120300000000202051"
"#;

/// Leaf, account, entity, class, uses.
pub const LEAVES: [(&str, &str, &str, &str, &str); 7] = [
    ("prefund", "rail", "main", "own", "sweep"),
    ("creators", "rail", "main", "client", ""),
    ("frozen", "rail", "main", "blocked", ""),
    ("aside", "rail", "main", "own", ""),
    ("reserve", "pool", "main", "own", "sweep"),
    ("clients", "pool", "main", "client", ""),
    ("acme", "pool", "acme", "own", "sweep"),
];

/// Tuesday, four in the afternoon in Berlin. Long after any day on which the test runs, because clocks only go forward.
pub const TUESDAY: &str = "2031-11-25T15:00:00Z";
/// Christmas Eve, a Wednesday: the next business day is Monday.
pub const CHRISTMAS_EVE: &str = "2031-12-24T15:00:00Z";
/// Seconds of an hour.
pub const HOUR: u64 = 3_600;

/// A rule between `prefund` and `reserve`, due from three until five in Berlin.
pub fn rule(id: &str, kind: &str) -> SweepSettings {
    let [rule, kind, from, leaf, other_leaf] = [id, kind, "2020-01-01", "prefund", "reserve"].map(str::to_owned);
    let [calendar, zone, opens, cutoff] = ["EU-TARGET", "Europe/Berlin", "15:00", "17:00"].map(str::to_owned);
    SweepSettings {
        rule,
        from,
        kind,
        leaf,
        other_leaf,
        target_minor_units: 1_000,
        minimum_minor_units: 500,
        maximum_minor_units: 2_000,
        calendar,
        zone,
        opens,
        cutoff,
        overnight: false,
    }
}

/// The two accounts at a moment, with these rules.
pub async fn start(storage: Storage, sweeps: Vec<SweepSettings>, moment: &str) -> Fixture {
    let funding = FundingSettings {
        account: "rail".to_owned(),
        rail: "sct_inst".to_owned(),
        calendar: "EU-TARGET".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        cutoff: "18:00".to_owned(),
        minimum_minor_units: 1_000,
    };
    let fixture = Fixture::standing(storage, Config { sweeps, funding: vec![funding], ..Config::default() }).await;
    let leaf = |(id, parent, entity, class, uses): &(&str, &str, &str, &str, &str)| {
        let uses = if uses.is_empty() { String::new() } else { format!("uses = [\"{uses}\"]\n") };
        format!("[[leaf]]\nid = \"{id}\"\nparent = \"{parent}\"\nname = \"{id}\"\nentity = \"{entity}\"\nfunds = \"{class}\"\n{uses}")
    };
    let tree: String = [ACCOUNTS.to_owned()].into_iter().chain(LEAVES.iter().map(leaf)).collect();
    fixture.change(&tree).await.unwrap();
    fixture.stand_at(moment);
    fixture
}

/// The same on both engines.
pub async fn both(sweeps: &[SweepSettings], moment: &str) -> [Fixture; 2] {
    [start(Storage::sqlite(), sweeps.to_vec(), moment).await, start(Storage::postgres(), sweeps.to_vec(), moment).await]
}

pub fn cash(account: &str) -> String {
    format!("house/main/physical_cash/{account}/EUR")
}

pub fn leaf_account(leaf: &str) -> String {
    let entity = LEAVES.iter().find(|row| row.0 == leaf).map_or("main", |row| row.2);
    format!("house/{entity}/virtual_account/{leaf}/EUR")
}

/// What was decided and how much moves, where nothing is missing.
pub fn decided(outcome: &SweepOutcome) -> (SweepDecision, i64) {
    (outcome.decision(), outcome.sweep.as_ref().map_or(0, |sweep| sweep.minor_units))
}

impl Fixture {
    /// Gives a leaf money that its bank has.
    pub async fn has_now(&self, leaf: &str, amount: i64) {
        let account = LEAVES.iter().find(|row| row.0 == leaf).unwrap().1;
        self.adjust(&cash(account), &leaf_account(leaf), amount).await;
    }

    pub async fn try_run(&self) -> Result<Vec<SweepOutcome>, Status> {
        let request = RunSweepsRequest { book: BOOK.to_owned() };
        self.client().run_sweeps(self.by(request)).await.map(|answer| answer.into_inner().outcomes)
    }

    pub async fn run(&self) -> Vec<SweepOutcome> {
        self.try_run().await.unwrap()
    }

    /// The only sweep that a run makes.
    pub async fn swept(&self) -> Sweep {
        let outcome = self.run().await.pop().unwrap();
        assert_eq!(outcome.decision(), SweepDecision::Swept, "{outcome:?}");
        outcome.sweep.unwrap()
    }

    pub async fn planned(&self) -> Vec<SweepOutcome> {
        let request = PlanSweepsRequest { book: BOOK.to_owned() };
        self.client().plan_sweeps(self.by(request)).await.unwrap().into_inner().outcomes
    }

    pub async fn try_mark(&self, sweep: &Sweep, state: SweepState) -> Result<MarkSweepResponse, Status> {
        let request =
            MarkSweepRequest { book: BOOK.to_owned(), sweep_id: sweep.sweep_id.clone(), state: state.into(), ..Default::default() };
        self.client().mark_sweep(self.by(request)).await.map(tonic::Response::into_inner)
    }

    /// Marks it; it was not marked so before.
    pub async fn mark(&self, sweep: &Sweep, state: SweepState) {
        let answer = self.try_mark(sweep, state).await.unwrap();
        assert_eq!((answer.replayed, answer.sweep.unwrap().state()), (false, state));
    }

    /// All sweeps, in pages of two.
    pub async fn sweeps(&self) -> Vec<Sweep> {
        let (mut sweeps, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListSweepsRequest { book: BOOK.to_owned(), page_size: 2, page_token };
            let page = self.client().list_sweeps(self.by(request)).await.unwrap().into_inner();
            sweeps.extend(page.sweeps);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return sweeps;
            }
        }
    }

    /// The state of the newest sweep.
    pub async fn newest(&self) -> SweepState {
        self.sweeps().await[0].state()
    }

    /// Deletes a leaf's rows, as in tables of a program that did not know it.
    pub async fn forget_leaf(&self, leaf: &str) {
        let pool = self.tables.database.open("treasury", &treasury::store::MIGRATIONS).await.unwrap();
        for table in ["node", "node_parent", "leaf_state"] {
            let sql = format!("DELETE FROM {table} WHERE node_id = $1");
            let deleted = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(leaf).execute(&pool).await.unwrap();
            assert_eq!(deleted.rows_affected(), 1, "{table}");
        }
    }

    /// What a leaf has.
    pub async fn on(&self, leaf: &str) -> i64 {
        self.balances().await.get(&leaf_account(leaf)).copied().unwrap_or_default()
    }

    /// Cash of both accounts, what is between, in transit and incoming, each from the ledger alone; and proves both accounts by them and by ProveBooks.
    pub async fn proved(&self) -> [[i64; 4]; 2] {
        let book = self.balances().await;
        let of = |name: String| book.get(&name).copied().unwrap_or_default();
        let standard = ["unallocated", "in-transit", "fees", "rounding", "suspense", "incoming"];
        let accounts = ["rail", "pool"].map(|account| {
            let leaves = LEAVES.iter().filter(|row| row.1 == account).map(|row| of(leaf_account(row.0))).sum::<i64>();
            let leaves = leaves + standard.iter().map(|leaf| of(leaf_account(&format!("{account}-{leaf}")))).sum::<i64>();
            let (cash, between) = (-of(cash(account)), -of(format!("house/main/between_accounts/{account}/EUR")));
            assert_eq!(leaves, cash + between, "{account}: {book:?}");
            [cash, between, of(leaf_account(&format!("{account}-in-transit"))), of(leaf_account(&format!("{account}-incoming")))]
        });
        let request = ProveBooksRequest { book: BOOK.to_owned(), ..Default::default() };
        let proof = self.client().prove_books(self.by(request)).await.unwrap().into_inner();
        assert!(proof.ok, "{proof:?}");
        for (found, [cash, between, ..]) in proof.physical_accounts.iter().rev().zip(accounts) {
            assert_eq!((found.cash_minor_units, found.between_accounts_minor_units), (cash, between), "{found:?}");
        }
        accounts
    }
}
