//! All personal data, listed in one place, and the export or erasure of one user's. The journal has user keys, which mean nothing outside of the app, so
//! neither it nor its hashes are changed.
//!
//! - [`PERSONAL`]: every column with personal data, and what an erasure does with it. [`export`], [`erase`]: the operations; [`record`]: the same, recorded.
use crate::{OperationFault, export};
use books::store::READ_CHUNK;
use db::Database;
use identity::Service;
use money::{BookName, UserKey};
use monitor::{
    audit::{self, exists},
    export::{ExportRange, ONLY},
};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Connection as _};
use std::{collections::BTreeSet, path::Path};

mod bought;
mod columns;
pub mod record;

pub use columns::PERSONAL;

/// What an erasure does with a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnErasure {
    /// The row is deleted.
    Removed,
    /// The column is emptied, the row stays.
    Emptied,
    /// The value stays, for this reason.
    Kept(&'static str),
}

/// A column with personal data.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PersonalColumn {
    /// The service that owns the table.
    pub service: Service,
    /// Table and column.
    pub column: &'static str,
    /// What it contains.
    pub what: &'static str,
    /// What an erasure does with it.
    pub fate: OnErasure,
}

/// Identifies the user whose data is exported or erased.
#[derive(Debug, Clone)]
pub struct WhoseData<'a> {
    /// The installation's database.
    pub database: &'a Database,
    /// The user's book.
    pub book: BookName,
    /// The user's key.
    pub user: UserKey,
}

/// Rows per read.
const PAGE: i64 = 500;

/// Everything that the services' tables and the journal have of a user. `key_file` decrypts what the payout service has encrypted.
pub async fn export(of: &WhoseData<'_>, key_file: &Path) -> Result<Value, OperationFault> {
    let WhoseData { database, book, user } = of;
    if things(of).await?.is_empty() && !known(of).await? {
        return Err(unknown(of, "shown").into());
    }
    let mut whole = json!({ "book": book.as_str(), "user_id": user.as_str() });
    if exists(database, Service::Purchase).await? {
        let tables = purchase::tables::Store::open(database).await?;
        let (mut purchases, mut before) = (Vec::new(), None);
        loop {
            let page = tables.of_user(book, user, before, PAGE).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.purchase_id);
            purchases.extend(page.iter().map(|purchase| {
                json!({
                    "purchase_id": purchase.purchase_id, "environment": purchase.environment, "transaction_id": purchase.transaction_id,
                    "product_id": purchase.product_id, "quantity": purchase.quantity, "coins": purchase.value.coins.get(),
                    "price": { "currency_code": purchase.value.price.currency().code(), "minor_units": purchase.value.price.minor_units() },
                    "purchased_at_ms": purchase.purchased_at_ms,
                })
            }));
        }
        whole["checkouts"] = bought::orders(&tables, of).await?;
        whole["refunds"] = bought::refunds(&tables, of).await?;
        whole["app_account_token"] = json!(tables.token_of(book, user).await?);
        whole["purchases"] = json!(purchases);
        whole["spending"] = bought::spending(&tables, of).await?;
        whole["refund_consent"] = json!(tables.consents_of(book, user).await?);
        whole["refused_receipts"] = bought::refused_receipts(&tables, of).await?;
    }
    if exists(database, Service::Earnings).await? {
        let tables = earnings::tables::Store::open(database).await?;
        let (mut quotes, mut after) = (Vec::new(), None);
        loop {
            let page = tables.of_user(book, user, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            quotes.extend(page.iter().map(|quote| {
                json!({
                    "quote_id": quote.id, "diamonds": quote.diamonds.get(), "rate": quote.rate.to_string(), "create_time": money::time::rfc3339(quote.create_time),
                    "currency_code": quote.amounts.net.currency().code(), "net_minor_units": quote.amounts.net.minor_units(),
                })
            }));
        }
        whole["quotes"] = json!(quotes);
    }
    if exists(database, Service::Payout).await? {
        let theirs = payout::tables::export(database, key_file, book, user).await.map_err(tonic::Status::from)?;
        whole["beneficiaries"] = json!(theirs.beneficiaries);
        whole["payouts"] = json!(theirs.payouts);
    }
    if exists(database, Service::Support).await? {
        let tables = support::tables::Store::open(database).await?;
        let acts = tables.acts_about(book.as_str(), user.as_str(), &things(of).await?).await?;
        // The names of staff stay internal; what was done and why is the user's data.
        let act = |line: &support::tables::ActRecord| {
            let act = &line.act;
            json!({
                "time_ms": line.time_ms, "role": act.role, "rpc": act.rpc, "reason": act.reason, "request": act.request_json,
                "outcome": act.outcome,
            })
        };
        whole["acts"] = json!(acts.iter().map(act).collect::<Vec<_>>());
    }
    whole["person_links"] = person_links(of).await?;
    whole["entries"] = entries(of).await?;
    Ok(whole)
}

/// Which person apps said that the user is, and when.
async fn person_links(of: &WhoseData<'_>) -> Result<Value, OperationFault> {
    let WhoseData { database, book, user } = of;
    if !exists(database, Service::Monitor).await? {
        return Ok(json!([]));
    }
    let change = |(at_ms, is_linked, person): (i64, bool, String)| json!({ "time_ms": at_ms, "linked": is_linked, "person_id": person });
    let changes = monitor::tables::Store::open(database).await?.link_changes(book, user).await?;
    Ok(changes.into_iter().map(change).collect())
}

/// Whether a user without purchase, quote, payout or bank account is known: by an account, a token for receipts, an order that nobody paid, or a link to a person. An erasure leaves
/// the accounts, so repeating it still finds the user.
async fn known(of: &WhoseData<'_>) -> Result<bool, OperationFault> {
    let WhoseData { database, book, user } = of;
    let store = audit::open(database).await?;
    let books = store.books().await?;
    let row = books.iter().find(|row| row.name == book.as_str()).ok_or_else(|| format!("there is no book {book}"))?;
    for names in chart::owned::names_of(user).chunks(READ_CHUNK) {
        if !store.accounts_by_name(row.key, names).await?.is_empty() {
            return Ok(true);
        }
    }
    if exists(database, Service::Purchase).await? {
        let tables = purchase::tables::Store::open(database).await?;
        if tables.token_of(book, user).await?.is_some() || !tables.orders_of_user(book, user, None).await?.is_empty() {
            return Ok(true);
        }
    }
    if exists(database, Service::Monitor).await? {
        return Ok(!monitor::tables::Store::open(database).await?.link_changes(book, user).await?.is_empty());
    }
    Ok(false)
}

/// The error for an unknown user: a typo must not look like a completed erasure or export.
fn unknown(of: &WhoseData<'_>, done: &str) -> String {
    let WhoseData { book, user, .. } = of;
    format!(
        "nothing is known of user {user} in book {book}: no account, purchase, payout or bank account; nothing was {done}. Is the name right?"
    )
}

/// Ids of the user's things, which staff requests may name.
async fn things(of: &WhoseData<'_>) -> Result<BTreeSet<String>, OperationFault> {
    let WhoseData { database, book, user } = of;
    let mut things = BTreeSet::new();
    if exists(database, Service::Purchase).await? {
        let (tables, mut before) = (purchase::tables::Store::open(database).await?, None);
        loop {
            let page = tables.of_user(book, user, before, PAGE).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.purchase_id);
            things.extend(page.iter().map(|purchase| purchase.purchase_id.to_string()));
        }
    }
    if exists(database, Service::Earnings).await? {
        let (tables, mut after) = (earnings::tables::Store::open(database).await?, None);
        loop {
            let page = tables.of_user(book, user, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            things.extend(page.iter().map(|quote| quote.id.to_string()));
        }
    }
    if exists(database, Service::Payout).await? {
        things.extend(payout::tables::Store::inspect(database).await?.ids_of(book, user).await?);
    }
    if exists(database, Service::Support).await? {
        things.extend(support::tables::Store::open(database).await?.proposals_about(book, user).await?);
    }
    Ok(things)
}

/// Every transfer of the user's accounts, from the journal.
async fn entries(of: &WhoseData<'_>) -> Result<Value, OperationFault> {
    let store = audit::open(of.database).await?;
    let books = store.books().await?;
    let book = books.iter().find(|book| book.name == of.book.as_str()).ok_or_else(|| format!("there is no book {}", of.book))?;
    let mut csv = Vec::new();
    let owner = Some(of.user.to_string());
    export::export(store.clone(), book, &ExportRange { owner, ..Default::default() }, &mut csv).await?;
    let mut reader = csv::Reader::from_reader(csv.as_slice());
    let names = reader.headers()?.clone();
    let mut entries = Vec::new();
    for row in reader.records() {
        let row = row?;
        let columns = names.iter().zip(row.iter()).filter(|(name, _)| *name != ONLY);
        entries.push(columns.map(|(name, value)| (name.to_owned(), json!(value))).collect::<serde_json::Map<_, _>>());
    }
    Ok(json!(entries))
}

/// Counts of what was erased, by service.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct ErasedEverywhere {
    /// Bank accounts, bank messages and the banks' reasons.
    pub payout: payout::tables::Erased,
    /// Receipt tokens.
    pub wallets: u64,
    /// Lines of the audit log whose texts were erased.
    pub acts: u64,
    /// Which person the user is: links, and their history.
    pub person_links: u64,
}

/// Erases a user's personal data. A refused erasure changes nothing; an interrupted one is completed by repeating it.
pub async fn erase(of: &WhoseData<'_>) -> Result<ErasedEverywhere, OperationFault> {
    let WhoseData { database, book, user } = of;
    let mut erased = ErasedEverywhere::default();
    // Read before anything is erased: afterwards it is unknown what belonged to the user.
    let things = things(of).await?;
    if things.is_empty() && !known(of).await? {
        return Err(unknown(of, "erased").into());
    }
    // First, because only this service may refuse.
    if exists(database, Service::Payout).await? {
        erased.payout = payout::tables::Store::inspect(database).await?.erase(book, user).await?;
    }
    if exists(database, Service::Purchase).await? {
        erased.wallets = purchase::tables::Store::open(database).await?.erase(book, user).await?;
    }
    if exists(database, Service::Support).await? {
        erased.acts = support::tables::Store::open(database).await?.erase(book.as_str(), user.as_str(), &things).await?;
    }
    if exists(database, Service::Monitor).await? {
        erased.person_links = monitor::tables::Store::open(database).await?.erase_links(book, user).await?;
    }
    for service in [Service::Payout, Service::Purchase, Service::Support, Service::Monitor] {
        scrub(database, service).await?;
    }
    Ok(erased)
}

/// An SQLite file keeps deleted bytes until their space is reused, so it is rewritten with VACUUM. PostgreSQL reclaims them by itself, in time.
async fn scrub(database: &Database, service: Service) -> Result<(), OperationFault> {
    let Some(options) = database.sqlite_options(service.as_str())? else { return Ok(()) };
    if !exists(database, service).await? {
        return Ok(());
    }
    let mut connection = options.connect().await?;
    sqlx::query("VACUUM").execute(&mut connection).await?;
    let (busy, ..): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await?;
    connection.close().await?;
    if busy != 0 {
        return Err(format!("erased, but another process reads {service}.db, which still has the deleted bytes: repeat the erasure").into());
    }
    Ok(())
}
