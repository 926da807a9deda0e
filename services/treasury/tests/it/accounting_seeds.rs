//! Seeded random days of a book with late events, several entities and currencies, closes at any moment, and two processes that read the journal at once.
use crate::{
    accounting::{APP, Books, moved},
    fixture::Fixture,
};
use api::{
    ledger::{BookMode, GetTrialBalanceRequest},
    treasury::{AccountingLine, GetAccountingDayResponse},
};
use std::collections::BTreeMap;
use testbed::{Storage, lying_line::roll};

/// Accounts by currency; two users' are one line of the trial balance.
const ACCOUNTS: [&[&str]; 2] = [
    &[
        "creator/u1/payable/USD",
        "creator/u2/payable/USD",
        "house/deferred_revenue/USD",
        "house/store_receivable/USD",
        "house/acme/bank_cash/one/USD",
        "house/acme/revenue/USD",
        "house/accrued_creator_liability/USD",
    ],
    &["house/deferred_revenue/EUR", "house/acme/revenue/EUR", "house/third/in_transit/EUR"],
];
const ENTITIES: [&str; 3] = ["main", "acme", "third"];
/// Days that are looked at: today, and those before it that events may belong to.
const DAYS: u64 = 9;
const STEPS: u64 = 40;

/// A random book: what closed days were when they were closed, and what the ledger says.
struct Seeded<'a> {
    seed: u64,
    rolled: u64,
    books: [Books<'a>; 2],
    /// How many days ago each entity's last closed day was.
    closed: BTreeMap<&'static str, u64>,
    kept: BTreeMap<(&'static str, u64), GetAccountingDayResponse>,
}

impl Seeded<'_> {
    fn roll(&mut self, sides: u64) -> u64 {
        self.rolled += 1;
        roll(self.seed, self.rolled, sides)
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let at = self.roll(of.len() as u64);
        of[usize::try_from(at).unwrap()]
    }

    async fn post(&mut self) {
        let accounts = self.pick(&ACCOUNTS);
        let (debit, credit) = (self.pick(accounts), self.pick(accounts));
        // Users can't owe: what they give was theirs.
        if debit == credit || debit.starts_with("creator") {
            return;
        }
        let (amount, days_ago, kind) = (1 + self.roll(500), self.roll(DAYS), self.pick(&["purchase.apple", "adjustment", "payout.return"]));
        self.books[0].post(kind, vec![moved(debit, credit, i64::try_from(amount).unwrap())], days_ago).await;
    }

    async fn close(&mut self) {
        let entity = self.pick(&ENTITIES);
        let open = self.closed.get(entity).copied().unwrap_or(DAYS);
        let last = 1 + self.roll(DAYS - 1);
        let by = usize::try_from(self.roll(2)).unwrap();
        if last >= open {
            return;
        }
        let day = |days_ago: u64| self.books[0].fixture.day(-i64::try_from(days_ago).unwrap());
        let (first_day, last_day) = (day(open - 1), day(last));
        self.books[by].close(entity, &first_day, &last_day).await.unwrap();
        self.closed.insert(entity, last);
        for days_ago in last..open {
            let read = self.read(by, entity, days_ago).await;
            assert!(read.closed, "seed {}", self.seed);
            self.kept.insert((entity, days_ago), read);
        }
    }

    async fn read(&mut self, by: usize, entity: &str, days_ago: u64) -> GetAccountingDayResponse {
        let day = self.books[by].fixture.day(-i64::try_from(days_ago).unwrap());
        self.books[by].day(entity, &day).await.unwrap()
    }

    /// Both processes read at once; each event is summed once all the same.
    async fn read_at_once(&mut self) {
        let today = self.books[0].fixture.day(0);
        let [one, two] = &mut self.books;
        let both = futures::future::join(one.day("main", &today), two.day("main", &today)).await;
        assert_eq!((both.0.is_ok(), both.1.is_ok()), (true, true));
    }

    async fn check(&mut self) {
        let kept: Vec<_> = self.kept.iter().map(|(key, read)| (*key, read.lines.clone())).collect();
        for ((entity, days_ago), lines) in kept {
            assert_eq!(self.read(1, entity, days_ago).await.lines, lines, "seed {}: {entity}, {days_ago} days ago", self.seed);
        }
        let mut sums: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
        for entity in ENTITIES {
            let mut through: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
            for days_ago in (0..DAYS).rev() {
                let lines = self.read(0, entity, days_ago).await.lines;
                balanced(&lines, self.seed);
                for line in lines {
                    for sums in [&mut sums, &mut through] {
                        let sum = sums.entry((line.account.clone(), line.unit.clone())).or_default();
                        *sum = (sum.0 + line.debits, sum.1 + line.credits);
                    }
                }
                let day = self.books[0].fixture.day(-i64::try_from(days_ago).unwrap());
                let balances = self.books[1].balances(entity, &day).await.balances;
                let found: BTreeMap<_, _> =
                    balances.into_iter().map(|line| ((line.account, line.unit), (line.debits, line.credits))).collect();
                assert_eq!(found, through, "seed {}: {entity}, {days_ago} days ago", self.seed);
            }
        }
        sums.retain(|(account, _), _| !account.starts_with("between/"));
        let request = GetTrialBalanceRequest { book: APP.to_owned(), ..Default::default() };
        let trial = self.books[0].fixture.bed.client().get_trial_balance(request).await.unwrap().into_inner().lines;
        let trial: BTreeMap<_, _> =
            trial.into_iter().map(|line| ((line.accounts, line.unit), (line.debits_posted, line.credits_posted))).collect();
        assert_eq!(sums, trial, "seed {}: all days are the trial balance", self.seed);
    }
}

/// In every currency an entity's day has as many debits as credits.
fn balanced(lines: &[AccountingLine], seed: u64) {
    let mut differences: BTreeMap<&str, i64> = BTreeMap::new();
    for line in lines {
        *differences.entry(&line.unit).or_default() += line.debits - line.credits;
    }
    assert!(differences.values().all(|difference| *difference == 0), "seed {seed}: {differences:?}");
}

async fn run(storage: Storage, seed: u64) {
    let fixture = Fixture::start(storage, BookMode::Test).await;
    let second = Books { fixture: &fixture, client: fixture.second().await };
    let books = [Books::of(&fixture), second];
    let mut seeded = Seeded { seed, rolled: 0, books, closed: BTreeMap::new(), kept: BTreeMap::new() };
    // An entry of each entity on the first day: one without any is unknown.
    for (debit, credit) in [(ACCOUNTS[0][4], ACCOUNTS[0][2]), (ACCOUNTS[1][0], ACCOUNTS[1][2])] {
        seeded.books[0].post("adjustment", vec![moved(debit, credit, 1)], DAYS - 1).await;
    }
    for _ in 0..STEPS {
        match seeded.roll(10) {
            0 => seeded.close().await,
            1 | 2 => seeded.read_at_once().await,
            _ => seeded.post().await,
        }
    }
    seeded.check().await;
}

#[tokio::test]
async fn every_seed_adds_up_to_the_trial_balance_and_closed_days_stay() {
    for seed in 0..8 {
        let storage = if seed == 0 { Storage::postgres() } else { Storage::sqlite() };
        run(storage, seed).await;
    }
}
