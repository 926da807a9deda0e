//! The audit of the money: the ledger's own check, then a comparison of the journal with the services' tables.
//!
//! [`audit`] runs once over everything; [`continuous`] audits new events as they come, for the monitor. `joins`: every row against its posting and the reverse;
//! `claims`: which postings a row accounts for; `differences`: in words; `moves`: what those move; `coins`, `payouts`: sums; `posters`: every posting against the list of who may post
//! what; `gifts`: every gift against the catalogues that were served; `folds`: purchases as the monitor compares them; `rolling`: other rows, as the monitor
//! does; `suspense`: what waits for staff; `twins`: the treasury book against the books of apps; `reservations`: what follows the holds of payouts; `answered`: refunds that
//! are started here, and wallets that are closed or merged, with their requests. [`imported`]: postings from another installation, which have no row here; `journal`: the postings to join.
//!
//! Reads the stores directly, so it works on a copy, with nothing running, and beside a running installation: where a service has not yet recorded a posting in
//! its own row, the posting is found in the ledger by the id that it must have there.
use books::{
    domain::chart::Unit,
    store::{Book, IdMeaning, Store},
    verify,
};
use chart::OwnPosters;
use db::Database;
use futures::{FutureExt as _, future::BoxFuture};
use identity::Service;
use money::BookName;
use serde::Serialize;
use sqlx::Connection as _;
use std::{collections::BTreeMap, path::Path, sync::Arc};
use uuid::Uuid;

mod answered;
mod claims;
mod clock;
pub mod coins;
pub mod continuous;
mod damaged;
mod debits;
mod differences;
mod folds;
mod gifts;
pub mod imported;
mod joins;
mod journal;
mod moves;
mod payouts;
mod posters;
mod reservations;
mod rolling;
mod sheets;
mod suspense;
mod twins;

/// Problems of one kind that are listed one by one; the rest is counted.
const REPORTED_MAX: usize = 20;
/// How often payouts are compared before they count as differing: one that began and ended between the readings is in neither of them.
const PAYOUT_RUNS: usize = 5;

/// An error while reading the stores, which is no problem of the books.
pub type ReadFault = Box<dyn std::error::Error + Send + Sync>;

/// The result for one book.
#[derive(Debug, Serialize)]
pub struct BookReport {
    /// The ledger's own check: chain, arithmetic, snapshots.
    pub ledger: verify::VerifyReport,
    /// Coins by where they are.
    pub coins: coins::CoinSums,
    /// Sums of imported postings, which no service's tables account for.
    pub imported: imported::ImportedSums,
    /// Postings, without the imported, that conform to the list of who may post what.
    pub ruled: usize,
    /// How many postings are accounted for by rows.
    #[serde(flatten)]
    pub joined: JoinedRows,
    /// Services whose tables are not in this database, so that nothing was compared with them.
    pub not_compared: Vec<&'static str>,
    /// The problems found.
    pub problems: Vec<String>,
}

impl BookReport {
    /// Whether every check passed.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.ledger.problem.is_none() && self.problems.is_empty()
    }
}

/// How many postings are accounted for by rows, by service; `None` for a service whose tables are not here.
#[derive(Debug, Default, Serialize)]
pub struct JoinedRows {
    /// Gifts whose price was in a catalogue served at the time; without those of versions that recorded no catalogues.
    pub gifts: Option<usize>,
    /// Purchases credited.
    pub purchases: Option<usize>,
    /// Quotes converted.
    pub conversions: Option<usize>,
    /// Holds, submissions and ends of payouts.
    pub payout_postings: Option<usize>,
    /// Adjustments and reversals that two people approved.
    pub proposals: Option<usize>,
    /// Moves, interest, allocations, receipts, entries of statements and adjustments of the treasury book.
    pub treasury_postings: Option<usize>,
}

/// The result for an installation.
#[derive(Debug, Serialize)]
pub struct AuditReport {
    /// Whether every check of every book passed.
    pub ok: bool,
    /// By book.
    pub books: Vec<BookReport>,
    /// The audit log, where its table is in this database.
    pub acts: Option<ActsReport>,
}

/// The result for the audit log.
#[derive(Debug, Serialize)]
pub struct ActsReport {
    /// Lines whose chain is intact.
    pub lines: i64,
    /// Lines whose texts were erased; the chain still covers their digests.
    pub erased: i64,
    /// Heads written outside the database that are in the chain.
    pub heads: usize,
    /// The first problem, with its line.
    pub problem: Option<String>,
}

/// Opens the ledger's store of a database that has one; an audit creates none.
pub async fn open(database: &Database) -> Result<Arc<dyn Store>, ReadFault> {
    if !exists(database, Service::Ledger).await? {
        return Err(format!(
            "there is no ledger in {}; name the database with --database, or the settings file with --config",
            database.shown()
        )
        .into());
    }
    Ok(books::store::open_store(database).await?)
}

/// Checks every book of a database.
/// `heads` is the directory where the ledger wrote heads outside the database; `None`: nothing to compare with.
pub fn audit<'a>(database: &'a Database, heads: Option<&'a Path>) -> BoxFuture<'a, Result<AuditReport, ReadFault>> {
    async move { audit_books(database, heads, &OwnPosters::default()).await }.boxed()
}

/// The same for an installation whose operator's own services post what `own` lists. Any other posting of theirs is reported as a problem.
pub fn audit_with<'a>(
    database: &'a Database,
    heads: Option<&'a Path>,
    own: &'a OwnPosters,
) -> BoxFuture<'a, Result<AuditReport, ReadFault>> {
    // Boxed, so that it is compiled in this crate and not in the binary.
    audit_books(database, heads, own).boxed()
}

async fn audit_books(database: &Database, heads: Option<&Path>, own: &OwnPosters) -> Result<AuditReport, ReadFault> {
    let store = open(database).await?;
    if let Some(dir) = heads {
        books::installation::same(database, dir).await?;
    }
    let mut books = Vec::new();
    for book in store.books().await? {
        books.push(audit_book(database, &*store, &book, heads, own).await?);
    }
    // A ledger without a book proves nothing.
    if books.is_empty() {
        return Err(format!("the ledger in {} has no book", database.shown()).into());
    }
    let acts = audit_acts(database, heads).await?;
    let ok = books.iter().all(BookReport::ok) && acts.as_ref().is_none_or(|acts| acts.problem.is_none());
    Ok(AuditReport { ok, books, acts })
}

async fn audit_acts(database: &Database, heads: Option<&Path>) -> Result<Option<ActsReport>, ReadFault> {
    let heads = heads.map(support::tables::read_heads).transpose()?.unwrap_or_default();
    if !exists(database, Service::Support).await? {
        let problem = (!heads.is_empty()).then(|| "the audit log is gone, and its heads were written outside the database".to_owned());
        return Ok(problem.map(|problem| ActsReport { lines: 0, erased: 0, heads: 0, problem: Some(problem) }));
    }
    let checked = support::tables::check(&support::tables::Store::open(database).await?, &heads).await;
    let found = match checked.map_err(ReadFault::from) {
        Ok(found) => found,
        Err(fault) => {
            let problem = Some(damaged::row(&fault).ok_or(fault)?);
            return Ok(Some(ActsReport { lines: 0, erased: 0, heads: 0, problem }));
        }
    };
    let of_line = found.problem.map(|(line, why)| format!("line {line} of the audit log: {why}"));
    let problem = of_line.or_else(|| found.proposal_problem.map(|(id, why)| format!("proposal {id}: {why}")));
    Ok(Some(ActsReport { lines: found.lines, erased: found.erased, heads: found.heads, problem }))
}

async fn audit_book(
    database: &Database,
    store: &dyn Store,
    book: &Book,
    heads: Option<&Path>,
    own: &OwnPosters,
) -> Result<BookReport, ReadFault> {
    let ledger = verify::verify_against(store, book, heads).await?;
    let mut problems = Vec::new();
    let name = BookName::try_new(&book.name)?;
    // The following checks need a journal that can be read.
    if ledger.problem.is_some() {
        let (coins, imported) = (coins::CoinSums::default(), imported::ImportedSums::default());
        let joined = JoinedRows::default();
        return Ok(BookReport { ledger, coins, imported, ruled: 0, joined, not_compared: Vec::new(), problems });
    }
    let (lines, _) = books::read::trial_balance(store, book.key).await?;
    let mut sums: BTreeMap<Unit, i128> = BTreeMap::new();
    for ((unit, _), line) in &lines {
        *sums.entry(*unit).or_default() += line.debits_posted - line.credits_posted;
    }
    problems.extend(sums.iter().filter(|(_, sum)| **sum != 0).map(|(unit, sum)| format!("debits exceed credits by {sum} {unit}")));
    let coins = coins::coins(&lines);
    problems.extend(coins.problem());
    let catalogues = match exists(database, Service::Gift).await? {
        true => Some(gifts::Catalogues::open(gift::tables::Store::open(database).await?).await?),
        false => None,
    };
    let mut journal = journal::JournalFold::new(book, own, catalogues);
    journal.follow(store, book, i64::MAX).await?;
    let audited = joins::AuditedBook { store, book, name: &name };
    let (mut joined, mut not_compared, found) = joins::all(database, &journal, audited).await?;
    problems.extend(found);
    if exists(database, Service::Payout).await? {
        let sums = payout_sums(database, &mut journal, audited).await;
        // The comparison of the rows names a row that can't be read.
        problems.extend(sums.or_else(|fault| damaged::row(&fault).map(|_| Vec::new()).ok_or(fault))?);
    }
    problems.extend(journal.posters.problems(store, book).await?);
    problems.extend(journal.twins.problems(store, &store.books().await?).await?);
    match journal.gifts_compared() {
        Some((found, explained)) => {
            problems.extend(found);
            joined.gifts = Some(explained);
        }
        None => not_compared.push(Service::Gift.as_str()),
    }
    let (imported, ruled) = (journal.imported.sums().clone(), journal.posters.allowed());
    Ok(BookReport { ledger, coins, imported, ruled, joined, not_compared, problems })
}

/// Compares holds and money in transit with the payouts in flight, and retries where a payout may have ended between the two readings.
async fn payout_sums(
    database: &Database,
    journal: &mut journal::JournalFold,
    joins::AuditedBook { store, book, name }: joins::AuditedBook<'_>,
) -> Result<Vec<String>, ReadFault> {
    let tables = payout::tables::Store::inspect(database).await?;
    let mut found = Vec::new();
    for _ in 0..PAYOUT_RUNS {
        let before = payouts::before(&tables, name).await?;
        let (lines, last_seq) = books::read::trial_balance(store, book.key).await?;
        journal.follow(store, book, last_seq).await?;
        let imported = journal.imported.sums().in_transit.clone();
        let moment = payouts::LedgerMoment { store, book, last_seq, lines, imported };
        found = payouts::problems(&tables, before, &moment, name).await?;
        if found.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// Whether a service has tables in this database: an audit creates none.
pub async fn exists(database: &Database, service: Service) -> Result<bool, ReadFault> {
    if let Some(dir) = database.sqlite_dir() {
        // Opening an empty file would create tables in it.
        return Ok(std::fs::metadata(dir.join(format!("{service}.db"))).is_ok_and(|file| file.len() > 0));
    }
    let mut connection = database.connect_postgres().await?.ok_or("a database is SQLite or PostgreSQL")?;
    let found: Option<i32> =
        sqlx::query_scalar("SELECT 1 FROM pg_namespace WHERE nspname = $1").bind(service.as_str()).fetch_optional(&mut connection).await?;
    connection.close().await?;
    Ok(found.is_some())
}

/// The sequence numbers of the postings with these ids, for those that are in the journal.
async fn seqs(store: &dyn Store, book: &Book, ids: Vec<Uuid>) -> Result<BTreeMap<Uuid, i64>, ReadFault> {
    const PAGE: usize = 500;
    let mut found = BTreeMap::new();
    for page in ids.chunks(PAGE) {
        let known = store.ids(book.key, page).await?;
        found.extend(known.into_iter().filter_map(|(id, known)| match known {
            IdMeaning::Event(seq) => Some((id, seq)),
            IdMeaning::Refusal(_) => None,
        }));
    }
    Ok(found)
}
