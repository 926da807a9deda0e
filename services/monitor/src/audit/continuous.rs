//! The monitor's continuous audit: every book as it grows, compared with the tables of the services.
//!
//! Like [`super::audit`] it reads the stores directly and trusts no service. Unlike it, each run is bounded and continues where the last one ended.
use super::{
    ReadFault,
    answered::{AnsweredRows, RollingAnswers},
    claims::RowsOf,
    clock, coins, damaged,
    differences::Followed,
    exists,
    folds::{self, FoldsCompared, JournalSide, PurchaseFolds},
    gifts::{Catalogues, GiftFold},
    moves::MovesFold,
    payouts,
    posters::PosterFold,
    reservations::RollingReservations,
    rolling::{RollingJoin, Tables},
    sheets::SheetPlace,
    suspense::{self, SuspenseFold},
    twins::TwinFold,
};
use crate::{
    config::Config,
    health::{CheckResult, FoundInBook, LookFound},
};
use books::{
    domain::event::Event,
    store::{Book, Store},
    verify::{BookProblem, follow::Follower},
};
use chart::OwnPosters;
use db::Database;
use identity::Service;
use money::BookName;
use purchase::tables::BreakagePlace;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use telemetry::UnfinishedCount;

/// Account rows compared in one run.
const ROWS: i64 = 64;
/// How often payouts are compared in one run before they count as differing: one may begin and end between two readings.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(20);
/// The audit log is always read from its beginning, so not in every run.
const ACTS_EVERY: Duration = Duration::from_secs(60);
/// After a check of the log, the next one waits at least this many times as long as it took.
const ACTS_REST: u32 = 20;

/// The checks of a book.
const CHECKS: [&str; 15] = [
    "journal",
    "posters",
    "gifts",
    "rows",
    "trial_balance",
    "coins",
    "purchases",
    "payouts",
    "conversions",
    "payout_postings",
    "proposals",
    "treasury",
    "clock",
    "suspense",
    "twins",
];

/// States in which it is not known whether money has moved.
const UNKNOWN: [(&str, &str); 4] =
    [("payout", "outcome_unknown"), ("payout", "requested"), ("purchase", "verified"), ("conversion", "accepting")];

/// A book under continuous audit.
struct WatchedBook {
    follower: Follower,
    folds: BookFolds,
    /// Whether payouts differed in the last run.
    payouts_differed: bool,
}

/// What is kept of a book's journal while it is followed.
struct BookFolds {
    moves: MovesFold,
    purchases: PurchaseFolds,
    posters: PosterFold,
    gifts: GiftFold,
    suspense: SuspenseFold,
    twins: TwinFold,
    young_purchases: RollingJoin,
    refunds: RollingJoin,
    answered: [RollingAnswers; 2],
    broken: BreakagePlace,
    price_sheets: SheetPlace,
    wallets: RollingJoin,
    settlements: RollingJoin,
    revenue: RollingJoin,
    conversions: RollingJoin,
    payouts: RollingJoin,
    proposals: RollingJoin,
    treasury: RollingJoin,
    reservations: RollingReservations,
}

impl BookFolds {
    fn event(&mut self, event: &Event) {
        self.posters.event(event);
        self.suspense.event(event);
        self.twins.event(event);
        let moves = self.moves.event(event);
        let imported = self.purchases.event(event, moves);
        if let Some(moves) = moves.filter(|_| !imported) {
            self.gifts.event(event, &self.moves);
            if folds::is_young(event) {
                self.young_purchases.event(event, moves);
            }
            let of_purchases = [&mut self.refunds, &mut self.wallets, &mut self.settlements, &mut self.revenue];
            let others = [&mut self.conversions, &mut self.payouts, &mut self.proposals, &mut self.treasury];
            for rows in of_purchases.into_iter().chain(others) {
                rows.event(event, moves);
            }
            self.reservations.fold.event(event, moves);
        }
    }
}

/// The stores that exist so far. A service that has none yet may have one later.
#[derive(Default)]
struct AuditedStores {
    ledger: Option<Arc<dyn Store>>,
    purchase: Option<purchase::tables::Store>,
    earnings: Option<earnings::tables::Store>,
    catalogues: Option<Catalogues>,
    payout: Option<payout::tables::Store>,
    support: Option<support::tables::Store>,
    treasury: Option<treasury::tables::Store>,
}

/// Audits the books of a database, run after run.
pub struct ContinuousAudit {
    database: Database,
    heads_dir: Option<PathBuf>,
    /// What the operator's own services may post.
    own: OwnPosters,
    config: Config,
    stores: AuditedStores,
    books: BTreeMap<String, WatchedBook>,
    acts_due: Instant,
}

impl ContinuousAudit {
    /// `heads_dir`: the directory where heads are written outside the database.
    #[must_use]
    pub fn new(database: Database, heads_dir: Option<PathBuf>, config: Config) -> Self {
        Self {
            database,
            heads_dir,
            own: OwnPosters::default(),
            config,
            stores: AuditedStores::default(),
            books: BTreeMap::new(),
            acts_due: Instant::now(),
        }
    }

    /// Also allows what the operator's own services may post, as listed in `own`.
    #[must_use]
    pub fn with_posters(self, own: OwnPosters) -> Self {
        Self { own, ..self }
    }

    /// Audits every book, within bounds.
    pub async fn look(&mut self) -> Result<LookFound, ReadFault> {
        let store = self.open().await?;
        let books = store.books().await?;
        self.books.retain(|name, _| books.iter().any(|book| book.name == *name));
        let mut found = LookFound::default();
        for book in books {
            let name = book.name.clone();
            let followed = self.books.entry(name.clone()).or_insert_with(|| WatchedBook::new(book, &self.own));
            // A book that can't be read says nothing about the others.
            let seen = match followed.look(&*store, &mut self.stores, &self.config).await {
                Ok(seen) => seen,
                Err(error) => followed.unseen(&error.to_string()),
            };
            found.books.insert(name, seen);
        }
        found.checks.push(("unknown_outcomes", self.unknown_outcomes().await?));
        if Instant::now() >= self.acts_due {
            let acts = damaged::failed(self.acts().await).unwrap_or_else(|error| CheckResult::Pending(error.to_string()));
            if matches!(acts, CheckResult::Failed(_)) {
                // Also where a row that can't be read ended the check.
                self.acts_due = self.acts_due.max(Instant::now() + ACTS_EVERY);
            }
            found.checks.push(("acts", acts));
        }
        Ok(found)
    }

    async fn open(&mut self) -> Result<Arc<dyn Store>, ReadFault> {
        let (database, stores) = (&self.database, &mut self.stores);
        if stores.purchase.is_none() && exists(database, Service::Purchase).await? {
            stores.purchase = Some(purchase::tables::Store::open(database).await?);
        }
        if stores.earnings.is_none() && exists(database, Service::Earnings).await? {
            stores.earnings = Some(earnings::tables::Store::open(database).await?);
        }
        match &mut stores.catalogues {
            Some(catalogues) => catalogues.refresh().await?,
            None if exists(database, Service::Gift).await? => {
                stores.catalogues = Some(Catalogues::open(gift::tables::Store::open(database).await?).await?);
            }
            None => {}
        }
        if stores.payout.is_none() && exists(database, Service::Payout).await? {
            stores.payout = Some(payout::tables::Store::inspect(database).await?);
        }
        if stores.support.is_none() && exists(database, Service::Support).await? {
            stores.support = Some(support::tables::Store::open(database).await?);
        }
        if stores.treasury.is_none() && exists(database, Service::Treasury).await? {
            stores.treasury = Some(treasury::tables::Store::open(database).await?);
        }
        if stores.ledger.is_none() {
            stores.ledger = Some(super::open(database).await?);
        }
        stores.ledger.clone().ok_or_else(|| "there is no ledger in this database".into())
    }

    async fn unknown_outcomes(&self) -> Result<CheckResult, ReadFault> {
        let mut open: Vec<UnfinishedCount> = Vec::new();
        if let Some(tables) = &self.stores.payout {
            open.extend(tables.unfinished(money::time::now_ms()).await?);
        }
        if let Some(tables) = &self.stores.purchase {
            open.extend(tables.unfinished().await?);
        }
        if let Some(tables) = &self.stores.earnings {
            open.extend(tables.unfinished().await?);
        }
        if open.is_empty() {
            return Ok(CheckResult::NotCompared("no service with outcomes of its own has tables in this database"));
        }
        let now_ms = money::time::now_ms();
        let limit_ms = i64::try_from(self.config.unknown_max_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let late = |open: &&UnfinishedCount| {
            UNKNOWN.contains(&(open.what, open.state)) && open.since_ms.is_some_and(|since_ms| now_ms.saturating_sub(since_ms) > limit_ms)
        };
        let late: Vec<String> = open.iter().filter(late).map(|open| format!("{} {} {}", open.count, open.what, open.state)).collect();
        let what = |late: String| format!("unknown for more than {} s, counted with younger ones: {late}", self.config.unknown_max_s);
        Ok(CheckResult::of((!late.is_empty()).then(|| what(late.join(", ")))))
    }

    async fn acts(&mut self) -> Result<CheckResult, ReadFault> {
        let Some(tables) = &self.stores.support else {
            return Ok(CheckResult::NotCompared("the audit log is not in this database"));
        };
        let started = Instant::now();
        let heads = match self.heads_dir.as_deref().map(support::tables::read_heads).transpose() {
            Ok(heads) => heads.unwrap_or_default(),
            // Somebody has changed an append-only file.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => return Ok(CheckResult::Failed(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let report = support::tables::check(tables, &heads).await?;
        self.acts_due = Instant::now() + ACTS_EVERY.max(started.elapsed() * ACTS_REST);
        let of_line = report.problem.map(|(line, why)| format!("line {line}: {why}"));
        Ok(CheckResult::of(of_line.or_else(|| report.proposal_problem.map(|(id, why)| format!("proposal {id}: {why}")))))
    }
}

impl WatchedBook {
    fn new(book: Book, own: &OwnPosters) -> Self {
        let folds = BookFolds {
            moves: MovesFold::new(),
            purchases: PurchaseFolds::new(&book.name),
            posters: PosterFold::new(&book, own.clone()),
            gifts: GiftFold::default(),
            suspense: SuspenseFold::default(),
            twins: TwinFold::default(),
            young_purchases: RollingJoin::new(RowsOf::Purchases),
            refunds: RollingJoin::new(RowsOf::Refunds),
            answered: AnsweredRows::ALL.map(RollingAnswers::new),
            broken: BreakagePlace::default(),
            price_sheets: SheetPlace::default(),
            wallets: RollingJoin::new(RowsOf::Wallets),
            settlements: RollingJoin::new(RowsOf::Settlements),
            revenue: RollingJoin::new(RowsOf::Revenue),
            conversions: RollingJoin::new(RowsOf::Conversions),
            payouts: RollingJoin::new(RowsOf::Payouts),
            proposals: RollingJoin::new(RowsOf::Proposals),
            treasury: RollingJoin::new(RowsOf::Treasury),
            reservations: RollingReservations::default(),
        };
        Self { follower: Follower::new(book), folds, payouts_differed: false }
    }

    /// The result for a book that could not be read.
    fn unseen(&self, why: &str) -> FoundInBook {
        tracing::warn!(book = self.follower.book().name, why, "a book could not be audited");
        let checks = CHECKS.map(|name| (name, CheckResult::Pending(why.to_owned()))).to_vec();
        FoundInBook { checked_seq: self.follower.last_seq(), checked_time: self.follower.time(), behind: 0, checks, suspense: None }
    }

    async fn look(&mut self, store: &dyn Store, stores: &mut AuditedStores, config: &Config) -> Result<FoundInBook, ReadFault> {
        let name = BookName::try_new(&self.follower.book().name)?;
        let events_max = i64::from(config.events_max);
        let folds = &mut self.folds;
        let step = self.follower.step(store, events_max, &mut |event| folds.event(event)).await?;
        let mut checks = Vec::new();
        let caught_up = step.problem.is_none() && step.behind <= events_max;
        let behind = step.behind;
        match step.problem {
            Some(problem) => checks.push(("journal", CheckResult::Failed(told(&problem)))),
            None if caught_up => checks.push(("journal", CheckResult::Passed)),
            None => checks.push(("journal", CheckResult::Pending(format!("{behind} events are still to be checked")))),
        }
        // A problem found stays, even if more of the journal is still to be read.
        let of_found = |found: Vec<String>| match found.is_empty() {
            false => CheckResult::Failed(found.join("; ")),
            true if caught_up => CheckResult::Passed,
            true => CheckResult::Pending("the journal comes first".to_owned()),
        };
        let (book, folds) = (self.follower.book(), &mut self.folds);
        checks.push(("posters", of_found(folds.posters.problems(store, book).await?)));
        match &mut stores.catalogues {
            Some(catalogues) => {
                folds.gifts.compare(catalogues, store, book).await?;
                checks.push(("gifts", of_found(catalogues.damaged().iter().cloned().chain(folds.gifts.problems()).collect())));
            }
            None => {
                folds.gifts.forget();
                checks.push(("gifts", CheckResult::NotCompared("the catalogues that were served are not in this database")));
            }
        }
        let suspense = folds.suspense.sums(store, book).await?;
        if caught_up {
            let rows = self.follower.compare_rows(store, ROWS).await?;
            checks.push(("rows", CheckResult::of(rows.map(|problem| told(&problem)))));
            checks.push(("trial_balance", self.sums(store, config).await?));
            checks.push(("coins", CheckResult::of(coins::coins(&self.follower.trial_balance()).problem())));
            checks.push(("purchases", damaged::failed(self.purchases(store, stores, &name, events_max).await)?));
            checks.push(("payouts", damaged::failed(self.payouts(store, stores, &name, events_max).await)?));
            checks.extend(self.rolling(store, stores, &name).await?);
            checks.push(("clock", CheckResult::of(clock::ahead(self.follower.time(), SystemTime::now()))));
            checks.push(("suspense", suspense::check(&suspense)));
            let twins = self.folds.twins.problems(store, &store.books().await?).await?;
            checks.push(("twins", CheckResult::of((!twins.is_empty()).then(|| twins.join("; ")))));
        } else {
            // Results for an earlier end of the journal say nothing about this one.
            let waits = || CheckResult::Pending("the journal comes first".to_owned());
            let told = checks.len();
            checks.extend(CHECKS.iter().skip(told).map(|name| (*name, waits())));
        }
        let (checked_seq, checked_time) = (self.follower.last_seq(), self.follower.time());
        Ok(FoundInBook { checked_seq, checked_time, behind, checks, suspense: Some(suspense) })
    }

    async fn sums(&mut self, store: &dyn Store, config: &Config) -> Result<CheckResult, ReadFault> {
        if self.follower.accounts() > config.sums_accounts_max {
            return Ok(CheckResult::NotCompared("more accounts than monitor.sums_accounts_max; their rows are compared in turn"));
        }
        let folds = &mut self.folds;
        let problem = self.follower.compare_sums(store, &mut |event| folds.event(event)).await?;
        Ok(CheckResult::of(problem.map(|problem| told(&problem))))
    }

    async fn purchases(
        &mut self,
        store: &dyn Store,
        stores: &AuditedStores,
        name: &BookName,
        events_max: i64,
    ) -> Result<CheckResult, ReadFault> {
        let Some(tables) = &stores.purchase else { return Ok(CheckResult::NotCompared("purchases are not in this database")) };
        let now = SystemTime::now();
        let folds = &mut self.folds;
        self.follower.step(store, events_max, &mut |event| folds.event(event)).await?;
        let side = JournalSide { store, book: self.follower.book(), name, last_seq: self.follower.last_seq(), moves: &folds.moves };
        let summed = match folds.purchases.compare(tables, side, now).await? {
            FoldsCompared::Passed => CheckResult::Passed,
            FoldsCompared::Again => CheckResult::Pending("some purchases are being checked again".to_owned()),
            FoldsCompared::Differs(why) => CheckResult::Failed(why),
        };
        let side = Followed { store, book: self.follower.book(), name, last_seq: self.follower.last_seq(), moves: &folds.moves };
        let young = folds.young_purchases.compare(&Tables::Purchases(tables), side).await?;
        let refunds = folds.refunds.compare(&Tables::Refunds(tables), side).await?;
        let emptied = folds.wallets.compare(&Tables::Wallets(tables), side).await?;
        let settled = folds.settlements.compare(&Tables::Settlements(tables), side).await?;
        let earned = folds.revenue.compare(&Tables::Revenue(tables), side).await?;
        // A difference is found again in each run, until it is repaired.
        let (faults, next) = tables.breakage_faults(name, folds.broken, ROWS).await?;
        if faults.is_empty() {
            folds.broken = next.unwrap_or_default();
        }
        let broken = CheckResult::of((!faults.is_empty()).then(|| faults.join("; ")));
        let sheets = match &stores.support {
            Some(acts) => folds.price_sheets.compare(tables, acts, name).await?,
            None => CheckResult::of(None),
        };
        let [refunds_asked, wallets_asked] = &mut folds.answered;
        let started = [refunds_asked.compare(tables, name).await?, wallets_asked.compare(tables, name).await?];
        Ok(CheckResult::all([summed, young, refunds, emptied, settled, earned, broken, sheets].into_iter().chain(started)))
    }

    /// Compares the services' rows in turn. The journal was followed just before.
    async fn rolling(
        &mut self,
        store: &dyn Store,
        stores: &AuditedStores,
        name: &BookName,
    ) -> Result<[(&'static str, CheckResult); 4], ReadFault> {
        let (last_seq, folds) = (self.follower.last_seq(), &mut self.folds);
        let side = Followed { store, book: self.follower.book(), name, last_seq, moves: &folds.moves };
        let conversions = match &stores.earnings {
            Some(tables) => damaged::failed(folds.conversions.compare(&Tables::Conversions(tables), side).await)?,
            None => CheckResult::NotCompared("quotes are not in this database"),
        };
        let payouts = match &stores.payout {
            Some(tables) => damaged::failed(folds.payouts.compare(&Tables::Payouts(tables), side).await)?,
            None => CheckResult::NotCompared("payouts are not in this database"),
        };
        let proposals = match &stores.support {
            Some(tables) => damaged::failed(folds.proposals.compare(&Tables::Proposals(tables), side).await)?,
            None => CheckResult::NotCompared("proposals are not in this database"),
        };
        let treasury = match &stores.treasury {
            Some(tables) => {
                let decided = damaged::failed(folds.treasury.compare(&Tables::Treasury(tables), side).await)?;
                CheckResult::all([decided, damaged::failed(folds.reservations.compare(tables, side).await)?])
            }
            None => CheckResult::NotCompared("what treasury decided is not in this database"),
        };
        Ok([("conversions", conversions), ("payout_postings", payouts), ("proposals", proposals), ("treasury", treasury)])
    }

    async fn payouts(
        &mut self,
        store: &dyn Store,
        stores: &AuditedStores,
        name: &BookName,
        events_max: i64,
    ) -> Result<CheckResult, ReadFault> {
        let Some(tables) = &stores.payout else { return Ok(CheckResult::NotCompared("payouts are not in this database")) };
        let mut differs = false;
        let mut why = "the journal grows faster than it is followed".to_owned();
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let before = payouts::before(tables, name).await?;
            let folds = &mut self.folds;
            let step = self.follower.step(store, events_max, &mut |event| folds.event(event)).await?;
            // Payouts that ended in the part still to be followed are in neither reading.
            if step.behind > 0 {
                continue;
            }
            let (last_seq, lines) = (self.follower.last_seq(), self.follower.trial_balance());
            let imported = self.folds.purchases.imported().in_transit.clone();
            let moment = payouts::LedgerMoment { store, book: self.follower.book(), last_seq, lines, imported };
            let problems = payouts::problems(tables, before, &moment, name).await?;
            if problems.is_empty() {
                self.payouts_differed = false;
                return Ok(CheckResult::Passed);
            }
            why = problems.join("; ");
            differs = true;
        }
        if !differs {
            return Ok(CheckResult::Pending(why));
        }
        let before = std::mem::replace(&mut self.payouts_differed, true);
        Ok(if before { CheckResult::Failed(why) } else { CheckResult::Pending(format!("being checked again: {why}")) })
    }
}

fn told(problem: &BookProblem) -> String {
    if problem.seq == 0 { problem.what.clone() } else { format!("event {}: {}", problem.seq, problem.what) }
}
