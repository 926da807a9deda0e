//! All personal data, listed in one place, and the export or erasure of one user's. The journal has user keys, which mean nothing outside of the app, so
//! neither it nor its hashes are changed.
//!
//! - [`PERSONAL`]: every column with personal data, and what an erasure does with it. [`export`], [`erase`]: the operations; [`record`]: the same, recorded.
use crate::{
    OperationFault,
    export::{self, ExportRange},
};
use books::store::READ_CHUNK;
use db::Database;
use identity::Service;
use money::{BookName, UserKey};
use monitor::audit::{self, exists};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Connection as _};
use std::{collections::BTreeSet, path::Path};

mod bought;
pub mod record;

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

const fn personal(service: Service, column: &'static str, what: &'static str, fate: OnErasure) -> PersonalColumn {
    PersonalColumn { service, column, what, fate }
}

const PSEUDONYM: OnErasure = OnErasure::Kept("a name that says nothing outside of the app, which forgets whose it was");
const ACCOUNTS: OnErasure = OnErasure::Kept("accounts must be kept; it names a sale and nobody");

const FOUND_BY: OnErasure = OnErasure::Kept(
    "a name that says nothing outside of the app; by it the log still shows what staff did about whom, without their reasons",
);

const UNCLAIMED: OnErasure = OnErasure::Kept("says nothing without the token; so what was paid before can still be claimed");

const BANK_RECORD: OnErasure = OnErasure::Kept("bank statements must be kept, with what was found in them");

const REGISTER: OnErasure =
    OnErasure::Kept("issuers of such numbers must register who uses them, and keep that; numbers are never given twice");

const RECEIPT: OnErasure = OnErasure::Kept("accounts must be kept; it names a payment and no user");

/// All columns with personal data. A test compares them with the existing tables.
pub const PERSONAL: [PersonalColumn; 108] = [
    personal(Service::Ledger, "account.name", "user key in the names of accounts", PSEUDONYM),
    personal(Service::Ledger, "event.body", "user keys and ids that callers sent with a posting", PSEUDONYM),
    personal(Service::Ledger, "refusal.fields", "the same of refused ones, for a week", PSEUDONYM),
    personal(Service::Ledger, "guard.key", "user keys in the names of streaks", PSEUDONYM),
    personal(Service::Purchase, "wallet.user_id", "user key", OnErasure::Removed),
    personal(Service::Purchase, "wallet.app_account_token", "token that a store's receipts carry", OnErasure::Removed),
    personal(Service::Purchase, "erased_token.token_digest", "digest of the token of a user who was erased", UNCLAIMED),
    personal(Service::Purchase, "erased_token.owner_digest", "digest of that token and the user key together", UNCLAIMED),
    personal(Service::Purchase, "refused_receipt.user_id", "user key, for 90 days", OnErasure::Removed),
    personal(Service::Purchase, "refused_receipt.request_id", "the request that submitted it", OnErasure::Removed),
    personal(Service::Purchase, "refused_receipt.transaction_id", "the store's number, as the receipt claims it", OnErasure::Removed),
    personal(Service::Purchase, "store_event.account_token", "token that a store's notification carries", OnErasure::Emptied),
    personal(Service::Purchase, "store_event.payload", "a store's notification, with that token in it", OnErasure::Emptied),
    personal(Service::Purchase, "store_event.transaction_id", "the store's number of a receipt", ACCOUNTS),
    personal(Service::Purchase, "store_outbox.receipt", "token of a sale, until its store knows that the buyer has the coins", ACCOUNTS),
    personal(Service::Purchase, "receipt_token.token_digest", "digest of a token of a sale", ACCOUNTS),
    personal(Service::Purchase, "receipt_token.user_id", "user key of a buyer who has not paid yet", OnErasure::Removed),
    personal(Service::Purchase, "receipt_token.receipt", "token of a sale that is not paid yet", OnErasure::Removed),
    personal(Service::Purchase, "purchase.user_id", "user key", PSEUDONYM),
    personal(Service::Purchase, "coin_lot.user_id", "user key", PSEUDONYM),
    personal(Service::Purchase, "lot_holding.account", "user key in the name of an account", PSEUDONYM),
    personal(Service::Purchase, "lot_spend.creator_id", "user key of the creator who got a gift", PSEUDONYM),
    personal(Service::Purchase, "purchase.blocked_by", "user key in the name of the account that is in the way", PSEUDONYM),
    personal(Service::Purchase, "purchase.transaction_id", "the store's number of a receipt", ACCOUNTS),
    personal(Service::Purchase, "store_order.user_id", "user key", PSEUDONYM),
    personal(Service::Purchase, "store_order.success_url", "where the user's app is to go on after paying", OnErasure::Emptied),
    personal(Service::Purchase, "store_order.cancel_url", "the same without paying", OnErasure::Emptied),
    personal(Service::Purchase, "store_order.pay_url", "the store's page for this user", OnErasure::Emptied),
    personal(Service::Purchase, "store_order.session_id", "the store's number of that page", ACCOUNTS),
    personal(Service::Purchase, "store_order.transaction_id", "the store's number of the payment", ACCOUNTS),
    personal(Service::Purchase, "refund_fact.transaction_id", "the store's number of a receipt", ACCOUNTS),
    personal(Service::Purchase, "refund.user_id", "user key", PSEUDONYM),
    personal(Service::Purchase, "refund_order.user_id", "user key", PSEUDONYM),
    personal(Service::Purchase, "refund_order.asked_by", "user key of the buyer, or which member of staff", PSEUDONYM),
    personal(Service::Purchase, "refund_order.store_refund_id", "the store's number of a refund", ACCOUNTS),
    personal(Service::Purchase, "viewer_debt.user_id", "user key", PSEUDONYM),
    personal(Service::Purchase, "debt_settlement.user_id", "user key", PSEUDONYM),
    personal(Service::Earnings, "quote.user_id", "user key", PSEUDONYM),
    personal(Service::Payout, "beneficiary.user_id", "user key", OnErasure::Removed),
    personal(Service::Payout, "beneficiary.sealed", "name, account, postal address and tax id of a payee, encrypted", OnErasure::Removed),
    personal(Service::Payout, "beneficiary.account_digest", "digest of the account, under the service's key", OnErasure::Removed),
    personal(Service::Payout, "beneficiary.masked_account", "the last digits of it", OnErasure::Removed),
    personal(Service::Payout, "beneficiary.masked_holder_name", "initials of its holder", OnErasure::Removed),
    personal(Service::Payout, "bank_message.sealed", "messages to and from banks, with names and accounts, encrypted", OnErasure::Removed),
    personal(Service::Payout, "ach_file.sealed", "a file of payments, with names and accounts, encrypted", OnErasure::Emptied),
    personal(Service::Payout, "ach_file.answer", "a bank's own words about a file", OnErasure::Emptied),
    personal(Service::Payout, "ach_file.why", "the same", OnErasure::Emptied),
    personal(Service::Payout, "ach_change.sealed", "what a bank says is right of an account, encrypted", OnErasure::Emptied),
    personal(Service::Payout, "payout.reason", "a bank's own words", OnErasure::Emptied),
    personal(Service::Payout, "payout_step.note", "the same", OnErasure::Emptied),
    personal(Service::Payout, "payout_attempt.reason", "the same", OnErasure::Emptied),
    personal(Service::Payout, "payout_recall.note", "the same", OnErasure::Emptied),
    personal(Service::Payout, "payout_recall.requested_by", "user key of the creator, or which member of staff", PSEUDONYM),
    personal(Service::Payout, "payout_return.why", "user key in the name of the account that is in the way", PSEUDONYM),
    personal(
        Service::Payout,
        "bank_inbox.sealed",
        "a bank's callback, encrypted",
        OnErasure::Kept("only until it is read, then it is emptied; one that can't be read names nobody that we know"),
    ),
    personal(Service::Payout, "payout.user_id", "user key", PSEUDONYM),
    personal(Service::Payout, "payout.blocked_by", "user key in the name of the account that is in the way", PSEUDONYM),
    personal(Service::Payout, "creator_tier.user_id", "user key", PSEUDONYM),
    personal(
        Service::Payout,
        "payout_review.review_reason",
        "reason that staff gave for what they decided of a payout",
        OnErasure::Kept("records of screened payments must be kept"),
    ),
    personal(
        Service::Payout,
        "screening_clearance.review_reason",
        "reason that staff gave to clear a resemblance to a listed name",
        OnErasure::Kept("records of screened payments must be kept"),
    ),
    personal(
        Service::Payout,
        "payout_resolution.evidence",
        "what proved to staff what became of a payout",
        OnErasure::Kept("it explains a posting"),
    ),
    personal(Service::Payout, "payout_resolution.confirmation", "the same", OnErasure::Kept("it explains a posting")),
    personal(
        Service::Payout,
        "ach_file_finding.evidence",
        "what proved to staff what became of a file of payments",
        OnErasure::Kept("it explains postings"),
    ),
    personal(Service::Payout, "ach_file_finding.confirmation", "the same", OnErasure::Kept("it explains postings")),
    personal(
        Service::Payout,
        "unexplained_debit.evidence",
        "what proved to staff what a booked debit is",
        OnErasure::Kept("it explains a booking of a bank"),
    ),
    personal(Service::Payout, "unexplained_debit.confirmation", "the same", OnErasure::Kept("it explains a booking of a bank")),
    personal(Service::Payout, "payout_run_item.user_id", "user key", PSEUDONYM),
    personal(
        Service::Payout,
        "payout_run.created_by",
        "which member of staff, or service",
        OnErasure::Kept("it says who asked for payouts"),
    ),
    personal(Service::Payout, "payout_run.approved_by", "the same", OnErasure::Kept("it says who approved payouts")),
    personal(Service::Payout, "payout_run.rejected_by", "the same", OnErasure::Kept("it says who rejected payouts")),
    personal(Service::Payout, "standing_order.user_id", "user key", OnErasure::Removed),
    personal(Service::Payout, "request.fields", "digests of name and account, under the service's key", OnErasure::Removed),
    personal(Service::Treasury, "virtual_number.holder", "who uses a number that a bank issued", REGISTER),
    personal(Service::Treasury, "virtual_number.number", "the number, which names its holder", REGISTER),
    personal(
        Service::Treasury,
        "statement.account_number",
        "the number, which names its holder",
        OnErasure::Kept("a statement that was issued never changes"),
    ),
    personal(
        Service::Treasury,
        "structure_revision.applied_by",
        "which member of staff",
        OnErasure::Kept("it says who changed the structure"),
    ),
    personal(
        Service::Treasury,
        "accounting_period.closed_by",
        "which member of staff",
        OnErasure::Kept("it says who closed accounting days"),
    ),
    personal(
        Service::Treasury,
        "accounting_period.close_reason",
        "reason that staff gave to close them",
        OnErasure::Kept("it explains a close"),
    ),
    personal(Service::Treasury, "movement.decided_by", "which member of staff", OnErasure::Kept("it says who moved the company's money")),
    personal(
        Service::Treasury,
        "sweep.planned_by",
        "which member of staff, or service",
        OnErasure::Kept("it says who moved the company's money"),
    ),
    personal(Service::Treasury, "bank_file_part.part", "a bank's statement: names and accounts of payers and payees", BANK_RECORD),
    personal(Service::Treasury, "bank_entry.evidence", "what a bank wrote, such as the name of the other party", BANK_RECORD),
    personal(Service::Treasury, "bank_case.evidence", "the same", BANK_RECORD),
    personal(Service::Treasury, "bank_case.detail", "what differs in a bank's statement", BANK_RECORD),
    personal(Service::Treasury, "bank_case.explanation", "reason that staff gave for a file that is wrong", BANK_RECORD),
    personal(Service::Treasury, "bank_file.imported_by", "which member of staff, or service", BANK_RECORD),
    personal(Service::Treasury, "bank_case.assignee", "which member of staff", BANK_RECORD),
    personal(Service::Treasury, "bank_case.explained_by", "the same", BANK_RECORD),
    personal(Service::Treasury, "case_adjustment.proposed_by", "the same", OnErasure::Kept("it says who adjusted the books")),
    personal(
        Service::Treasury,
        "case_adjustment.reason",
        "reason that staff gave for an adjustment",
        OnErasure::Kept("it explains a posting"),
    ),
    personal(Service::Treasury, "case_adjustment.approval_reason", "the same", OnErasure::Kept("it explains a posting")),
    personal(Service::Treasury, "closed_day.closed_by", "which member of staff", OnErasure::Kept("it says who closed the books of a day")),
    personal(Service::Treasury, "import_run.applied_by", "which member of staff", OnErasure::Kept("it says who imported accounts")),
    personal(
        Service::Treasury,
        "expected_receipt.created_by",
        "the same, or which service",
        OnErasure::Kept("it says who announced money"),
    ),
    personal(Service::Treasury, "receipt.payer_masked", "the last four characters of a payer's reference", RECEIPT),
    personal(Service::Treasury, "receipt.number", "the number that a payer used, which may name its holder", RECEIPT),
    personal(Service::Treasury, "receipt.bank_reference", "a bank's reference of a payment", RECEIPT),
    personal(Service::Treasury, "receipt.receipt_id", "an id that is derived from it", RECEIPT),
    personal(Service::Support, "act.reason", "reason that a member of staff gave, in lines that name the user", OnErasure::Emptied),
    personal(Service::Support, "act.request_json", "the request of a member of staff", OnErasure::Emptied),
    personal(
        Service::Support,
        "proposal.proposal_reason",
        "reason that staff gave for an adjustment",
        OnErasure::Kept("it explains a posting"),
    ),
    personal(Service::Support, "proposal.decision_reason", "reason to approve or reject it", OnErasure::Kept("it explains a posting")),
    personal(Service::Support, "act.subject", "which member of staff", OnErasure::Kept("the audit log says who did what")),
    personal(Service::Support, "act.user_id", "user key of the user whom the line is about, part of its hash", FOUND_BY),
    personal(Service::Support, "act_user.user_id", "user keys of the other users whom it is about", FOUND_BY),
    personal(Service::Support, "act_account.account", "user key in the names of accounts that a request of staff named", FOUND_BY),
    personal(Service::Support, "proposal_user.user_id", "user keys of those whose accounts a proposal would change", FOUND_BY),
    personal(
        Service::Support,
        "proposal.act",
        "user key in the names of accounts that it would change",
        OnErasure::Kept("it explains a posting"),
    ),
];

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
    whole["entries"] = entries(of).await?;
    Ok(whole)
}

/// Whether a user without purchase, quote, payout or bank account is known: by an account, a token for receipts or an order that nobody paid. An erasure leaves
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
        return Ok(tables.token_of(book, user).await?.is_some() || !tables.orders_of_user(book, user, None).await?.is_empty());
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
    export::export(&*store, book, &ExportRange { owner, ..Default::default() }, &mut csv).await?;
    let mut reader = csv::Reader::from_reader(csv.as_slice());
    let names = reader.headers()?.clone();
    let mut entries = Vec::new();
    for row in reader.records() {
        let row = row?;
        let columns = names.iter().zip(row.iter()).filter(|(name, _)| *name != export::ONLY);
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
    for service in [Service::Payout, Service::Purchase, Service::Support] {
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
