//! What was paid, in every book that knows of it: our payouts, the ledger, the bank's own books, and its statement. All are read as they are stored.

use super::place::BenchPlace;
use crate::load::{
    creators::{CENTS_EACH, bank_cash},
    users::BenchUsers,
};
use books::{read, verify};
use chart::{Account, Purpose};
use db::{Database, Engine};
use iso20022::camt053::Statement;
use runtime::command::UntypedError;
use sqlx::{ConnectOptions as _, Connection as _};
use std::collections::{BTreeMap, BTreeSet};

/// Every payout's attempts.
const PAYOUTS: &str = "SELECT attempt.end_to_end_id, payout.created_at_ms, payout.final_at_ms FROM payout
    LEFT JOIN payout_attempt AS attempt ON attempt.book = payout.book AND attempt.payout_id = payout.payout_id WHERE payout.phase = 'settled'";
/// Payouts that did not end at the person paid.
const OTHERS: &str = "SELECT phase, COUNT(*), MIN(created_at_ms) FROM payout WHERE phase <> 'settled' GROUP BY phase";
/// What the bank executed, and when it received and decided it.
const EXECUTED: &str = "SELECT end_to_end_id, minor_units, decided_at_ms - received_at_ms FROM payment WHERE status = 'ACSC'";
/// What the bank did not execute.
const NOT_EXECUTED: &str = "SELECT status, COUNT(*), MIN(received_at_ms) FROM payment WHERE status <> 'ACSC' GROUP BY status";
/// The bank's own balance of our account.
const BALANCE: &str = "SELECT currency, opening, balance FROM account WHERE currency = 'USD'";

/// When a payout was recorded, settled, and how long the bank had it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PaidTimes {
    /// Unix milliseconds.
    pub created_at_ms: i64,
    /// Unix milliseconds.
    pub settled_at_ms: i64,
    /// From received to decided, by the bank's books.
    pub at_bank_ms: i64,
}

/// The debits of the bank's statement: ids, and the sum in minor units.
pub(crate) struct StatedDebits {
    ids: Vec<String>,
    minor_units: i128,
}

/// A text and two numbers of a row.
pub(crate) type StoredRow = (String, i64, i64);

async fn rows(database: &Database, service: &'static str, sql: &'static str) -> Result<Vec<StoredRow>, UntypedError> {
    match database.engine() {
        Engine::Sqlite => {
            let mut connection = database.sqlite_options(service)?.ok_or("not an SQLite database")?.connect().await?;
            let rows = sqlx::query_as(sql).fetch_all(&mut connection).await?;
            connection.close().await?;
            Ok(rows)
        }
        Engine::Postgres => {
            let mut connection = database.postgres_options(service)?.ok_or("not a PostgreSQL database")?.connect().await?;
            let rows = sqlx::query_as(sql).fetch_all(&mut connection).await?;
            connection.close().await?;
            Ok(rows)
        }
    }
}

/// Payouts that did not end at the person paid, or not yet: by phase, and how many.
pub(crate) async fn unsettled(database: &Database) -> Result<Vec<StoredRow>, UntypedError> {
    rows(database, "payout", OTHERS).await
}

/// Reads the statement at the bank's address, page by page.
pub(crate) async fn statement(bank: &str, currency: &str) -> Result<StatedDebits, UntypedError> {
    let http = http_client::local().build()?;
    let (mut debits, mut after) = (StatedDebits { ids: Vec::new(), minor_units: 0 }, 0);
    loop {
        let page = http.get(format!("{bank}/statements/{currency}?after={after}")).send().await?.error_for_status()?.bytes().await?;
        let page = Statement::read(&page)?;
        let Some(last) = page.entries.last() else { return Ok(debits) };
        after = last.reference.as_deref().unwrap_or_default().parse::<i64>()?;
        for entry in page.entries {
            debits.minor_units -= entry.direction.signed(entry.amount);
            debits.ids.extend(entry.end_to_end_id);
        }
    }
}

/// Compares all books after `settled` payouts; the first difference, and the times of each payout by its id at the bank. `whole`: nothing is left to the creators.
pub(crate) async fn compare(
    (place, users): (&BenchPlace, &BenchUsers),
    settled: u64,
    whole: bool,
    stated: &StatedDebits,
) -> Result<(Option<String>, BTreeMap<String, PaidTimes>), UntypedError> {
    let database = Database::parse(&place.address)?;
    let payouts = rows(&database, "payout", PAYOUTS).await?;
    let executed = rows(&database, "sandbox_bank", EXECUTED).await?;
    let balance = rows(&database, "sandbox_bank", BALANCE).await?;
    let others = [unsettled(&database).await?, rows(&database, "sandbox_bank", NOT_EXECUTED).await?].concat();
    let ids = |rows: &[StoredRow]| rows.iter().map(|(id, ..)| id.clone()).collect::<BTreeSet<String>>();
    let (ours, theirs, of_statement) = (ids(&payouts), ids(&executed), stated.ids.iter().cloned().collect::<BTreeSet<String>>());
    let wanted = i128::from(settled) * i128::from(CENTS_EACH);
    let booked: i128 = executed.iter().map(|(_, minor_units, _)| i128::from(*minor_units)).sum();
    let moved: i128 = balance.iter().map(|(_, opening, now)| i128::from(*opening) - i128::from(*now)).sum();
    let count = usize::try_from(settled)?;
    let checks = [
        (others.is_empty(), format!("not settled, or not executed by the bank: {others:?}")),
        (payouts.len() == count, format!("{} attempts of {settled} payouts are settled", payouts.len())),
        (ours.len() == count && ours == theirs, format!("{} payouts are settled, and the bank executed {}", ours.len(), theirs.len())),
        (
            of_statement == theirs && stated.ids.len() == count,
            format!("the bank executed {} payments, and its statement shows {}", theirs.len(), stated.ids.len()),
        ),
        (
            [booked, moved, stated.minor_units].iter().all(|sum| *sum == wanted),
            format!(
                "{wanted} cents were to be paid; payments are {booked}, the balance changed by {moved}, the statement shows {}",
                stated.minor_units
            ),
        ),
    ];
    let mut problem = checks.into_iter().find(|(holds, _)| !holds).map(|(_, problem)| problem);
    if problem.is_none() {
        problem = postings(&database, users, wanted, whole).await?;
    }
    let at_bank: BTreeMap<String, i64> = executed.into_iter().map(|(id, _, at_bank_ms)| (id, at_bank_ms)).collect();
    let times = payouts.into_iter().map(|(id, created_at_ms, settled_at_ms)| {
        let at_bank_ms = at_bank.get(&id).copied().unwrap_or(0);
        (id, PaidTimes { created_at_ms, settled_at_ms, at_bank_ms })
    });
    Ok((problem, times.collect()))
}

/// What differs in the ledger, if anything.
async fn postings(database: &Database, users: &BenchUsers, wanted: i128, whole: bool) -> Result<Option<String>, UntypedError> {
    let store = books::store::open_store(database).await?;
    let books = store.books().await?;
    let book = books.iter().find(|book| book.name == users.book.as_str()).ok_or("the book is gone")?;
    let (_, accounts) = read::all_accounts(&*store, book.key).await?;
    for account in &accounts {
        let counters = account.counters;
        let balance = i128::from(counters.credits_posted) - i128::from(counters.debits_posted);
        let pending = counters.debits_pending != 0 || counters.credits_pending != 0;
        let name = &*account.name;
        let right = match Account::parse(name) {
            Some(account) if account == bank_cash() => balance == wanted,
            Some(Account::House(Purpose::InTransit, _)) => balance == 0,
            Some(Account::CreatorPayable(..)) => !whole || balance == 0,
            _ => true,
        };
        if !right || pending {
            return Ok(Some(format!("{name} has {balance} after {wanted} cents were paid, with pending amounts: {pending}")));
        }
    }
    let verified = verify::verify(&*store, book).await?;
    Ok(verified.problem.map(|problem| format!("event {}: {}", problem.seq, problem.what)))
}
