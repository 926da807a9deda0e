//! What was booked on our accounts, in order.

use super::BankBooks;
use money::Currency;
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

/// Maximum entries of one statement. An entry has some 700 bytes, so a statement stays below the reader's limit (`iso20022::xml::DOCUMENT_BYTES_MAX`).
pub const STATEMENT_ENTRIES_MAX: i64 = 10_000;

/// What kind of booking it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BankEntryKind {
    /// Money from elsewhere, or, in old books, anything.
    #[default]
    Deposit,
    /// A payment of ours.
    Payment,
    /// A payment of ours that came back.
    Return,
    /// A new payment to us.
    Received,
    /// The bank's fee.
    Fee,
    /// A mistake of the bank.
    Fault,
}

const KINDS: [(BankEntryKind, &str); 6] = [
    (BankEntryKind::Deposit, "deposit"),
    (BankEntryKind::Payment, "payment"),
    (BankEntryKind::Return, "return"),
    (BankEntryKind::Received, "received"),
    (BankEntryKind::Fee, "fee"),
    (BankEntryKind::Fault, "fault"),
];

impl BankEntryKind {
    /// The name in the books.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    fn from_name(name: &str) -> Self {
        KINDS.iter().find(|(_, known)| *known == name).map_or(Self::Deposit, |(kind, _)| *kind)
    }
}

/// An entry as it is stored: positive amounts came in, negative went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankEntry {
    pub entry_no: i64,
    pub reference: String,
    pub end_to_end_id: String,
    pub minor_units: i64,
    pub booked_at_ms: i64,
    pub kind: BankEntryKind,
    /// The message that ordered it.
    pub message_id: String,
    /// The payment in that message.
    pub payment_id: String,
    /// Whether it is shown as one entry with the others of its payment.
    pub is_batched: bool,
    /// The balance after it. `None` for entries of older programs.
    pub balance: Option<i64>,
    /// Why it came back.
    pub reason: String,
    /// What was kept back of a return.
    pub charge: i64,
    /// The amount of the payment that came back.
    pub original: i64,
    /// On whose behalf it was paid; empty: the payer's own.
    pub ultimate_debtor: String,
}

impl<'r> FromRow<'r, AnyRow> for BankEntry {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        let kind: String = row.try_get("kind")?;
        let balance: i64 = row.try_get("balance")?;
        Ok(Self {
            entry_no: row.try_get("entry_no")?,
            reference: row.try_get("reference")?,
            end_to_end_id: row.try_get("end_to_end_id")?,
            minor_units: row.try_get("minor_units")?,
            booked_at_ms: row.try_get("booked_at_ms")?,
            message_id: row.try_get("message_id")?,
            payment_id: row.try_get("payment_id")?,
            is_batched: row.try_get::<i64, _>("is_batched")? != 0,
            balance: (!kind.is_empty()).then_some(balance),
            kind: BankEntryKind::from_name(&kind),
            reason: row.try_get("reason")?,
            charge: row.try_get("charge")?,
            original: row.try_get("original")?,
            ultimate_debtor: row.try_get("ultimate_debtor")?,
        })
    }
}

/// An account and some of its entries.
#[derive(Debug)]
pub struct AccountBookings {
    pub balance: i64,
    pub opened_at_ms: i64,
    pub entries: Vec<BankEntry>,
    /// Whether batches are shown without their transactions.
    pub has_bare_batches: bool,
}

/// A booking to be made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Booking<'a> {
    pub currency: &'a str,
    /// Positive for money coming in, negative for money going out.
    pub minor_units: i64,
    pub reference: &'a str,
    pub end_to_end_id: &'a str,
    pub now_ms: i64,
    pub kind: BankEntryKind,
    pub message_id: &'a str,
    pub payment_id: &'a str,
    pub is_batched: bool,
    pub reason: &'a str,
    pub charge: i64,
    pub original: i64,
    pub ultimate_debtor: &'a str,
}

/// The outcome of a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookingResult {
    /// The entry as it is stored now.
    Done(Box<BankEntry>),
    /// The reference was booked before; nothing changed.
    Before,
    /// No such account, not enough money on it, or too much for an amount.
    Refused,
}

const COLUMNS: &str = "entry_no, reference, end_to_end_id, minor_units, booked_at_ms, kind, message_id, payment_id, is_batched, balance, reason, \
                       charge, original, ultimate_debtor";

/// Books an entry, once per reference.
pub async fn book(tx: &mut AnyConnection, booking: Booking<'_>) -> Result<BookingResult, sqlx::Error> {
    // The account's row first: its lock makes the next entry number and the reference check safe.
    let moved: Option<i64> = sqlx::query_scalar(
        "UPDATE account SET balance = balance + $2 WHERE currency = $1 AND balance + $2 BETWEEN 0 AND $3 RETURNING balance",
    )
    .bind(booking.currency.to_owned())
    .bind(booking.minor_units)
    .bind(money::AMOUNT_MAX)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(balance) = moved else { return Ok(BookingResult::Refused) };
    let inserted: Option<BankEntry> = sqlx::query_as(
        "INSERT INTO entry (currency, entry_no, reference, end_to_end_id, minor_units, booked_at_ms, kind, message_id, payment_id, is_batched,
             balance, reason, charge, original, ultimate_debtor)
         SELECT $1, COALESCE(MAX(entry_no), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 FROM entry WHERE currency = $1
         ON CONFLICT DO NOTHING
         RETURNING entry_no, reference, end_to_end_id, minor_units, booked_at_ms, kind, message_id, payment_id, is_batched, balance, reason,
             charge, original, ultimate_debtor",
    )
    .bind(booking.currency.to_owned())
    .bind(booking.reference.to_owned())
    .bind(booking.end_to_end_id.to_owned())
    .bind(booking.minor_units)
    .bind(booking.now_ms)
    .bind(booking.kind.name().to_owned())
    .bind(booking.message_id.to_owned())
    .bind(booking.payment_id.to_owned())
    .bind(i64::from(booking.is_batched))
    .bind(balance)
    .bind(booking.reason.to_owned())
    .bind(booking.charge)
    .bind(booking.original)
    .bind(booking.ultimate_debtor.to_owned())
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(entry) = inserted {
        return Ok(BookingResult::Done(Box::new(entry)));
    }
    sqlx::query("UPDATE account SET balance = balance - $2 WHERE currency = $1")
        .bind(booking.currency.to_owned())
        .bind(booking.minor_units)
        .execute(&mut *tx)
        .await?;
    Ok(BookingResult::Before)
}

/// The account and entries from one snapshot: the newest, or the first after a number.
pub async fn read_account(books: &BankBooks, currency: Currency, after: Option<i64>) -> Result<Option<AccountBookings>, sqlx::Error> {
    let mut tx = books.begin().await?;
    let code = currency.code().to_owned();
    // On PostgreSQL each statement reads a new snapshot; locking the account's row keeps bookings out until both are read.
    let touched = sqlx::query("UPDATE account SET balance = balance WHERE currency = $1");
    if touched.bind(code.clone()).execute(&mut *tx).await?.rows_affected() == 0 {
        return Ok(None);
    }
    let (balance, opened_at_ms): (i64, i64) =
        sqlx::query_as("SELECT balance, opened_at_ms FROM account WHERE currency = $1").bind(code.clone()).fetch_one(&mut *tx).await?;
    let (order, floor) = if after.is_some() { ("ASC", after.unwrap_or(0)) } else { ("DESC", 0) };
    let select = format!("SELECT {COLUMNS} FROM entry WHERE currency = $1 AND entry_no > $2 ORDER BY entry_no {order} LIMIT $3");
    let mut entries: Vec<BankEntry> =
        sqlx::query_as(sqlx::AssertSqlSafe(select)).bind(code.clone()).bind(floor).bind(STATEMENT_ENTRIES_MAX).fetch_all(&mut *tx).await?;
    let bare: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM bare_batches WHERE currency = $1").bind(code).fetch_one(&mut *tx).await?;
    tx.rollback().await?;
    if after.is_none() {
        entries.reverse();
    }
    Ok(Some(AccountBookings { balance, opened_at_ms, entries, has_bare_batches: bare > 0 }))
}

/// A payment's own booking, for mistakes about it.
pub async fn booked_payment(tx: &mut AnyConnection, currency: Currency, end_to_end_id: &str) -> Result<Option<i64>, sqlx::Error> {
    let select = "SELECT minor_units FROM entry WHERE currency = $1 AND reference = $2 AND kind = 'payment'";
    sqlx::query_scalar(select).bind(currency.code().to_owned()).bind(end_to_end_id.to_owned()).fetch_optional(tx).await
}

/// Shows batches of an account without their transactions, or with them again.
pub async fn show_batches(tx: &mut AnyConnection, currency: Currency, are_bare: bool) -> Result<(), sqlx::Error> {
    let change = if are_bare {
        "INSERT INTO bare_batches (currency) VALUES ($1) ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM bare_batches WHERE currency = $1"
    };
    sqlx::query(change).bind(currency.code().to_owned()).execute(tx).await?;
    Ok(())
}

/// Changes the amount of a payment's own booking, and with it every balance from there on. False: the account can't show it.
pub async fn change_amount(tx: &mut AnyConnection, currency: Currency, end_to_end_id: &str, difference: i64) -> Result<bool, sqlx::Error> {
    let code = currency.code().to_owned();
    let moved = sqlx::query("UPDATE account SET balance = balance + $2 WHERE currency = $1 AND balance + $2 BETWEEN 0 AND $3");
    let moved = moved.bind(code.clone()).bind(difference).bind(money::AMOUNT_MAX).execute(&mut *tx).await?;
    if moved.rows_affected() == 0 {
        return Ok(false);
    }
    let entry_no: i64 = sqlx::query_scalar(
        "UPDATE entry SET minor_units = minor_units + $3 WHERE currency = $1 AND reference = $2 AND kind = 'payment' RETURNING entry_no",
    )
    .bind(code.clone())
    .bind(end_to_end_id.to_owned())
    .bind(difference)
    .fetch_one(&mut *tx)
    .await?;
    let later = sqlx::query("UPDATE entry SET balance = balance + $3 WHERE currency = $1 AND entry_no >= $2");
    later.bind(code).bind(entry_no).bind(difference).execute(&mut *tx).await?;
    Ok(true)
}
