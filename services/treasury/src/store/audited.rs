//! Rows by page, in the order of their keys, for audits that compare all of them with the journal.
use super::{
    Error, Store,
    cases::adjustment,
    entries::booking,
    migration::{imported, old_move},
    movements::{COLUMNS, MovementRow},
    receipts::receipt,
    reservations::reservation,
    text,
};
use crate::domain::{
    bank::{Adjustment, EntryBooking},
    migration::{ImportedAccount, OldMove},
    receipt::BankReceipt,
    reservation::LeafReservation,
};
use money::BookName;
use sqlx::Row as _;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Generations of bookings of an entry, by the account and the key of the entry.
pub type EntryBookings = BTreeMap<(String, String), Vec<EntryBooking>>;

impl Store {
    /// Movements above a number.
    pub async fn movements_after(&self, book: &BookName, after: i64, rows_max: i64) -> Result<Vec<MovementRow>, Error> {
        let sql = format!("SELECT {COLUMNS} FROM movement WHERE book = $1 AND movement_no > $2 ORDER BY movement_no LIMIT $3");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(after).bind(rows_max);
        let rows = query.fetch_all(&self.pool).await?;
        self.whole(book, rows).await
    }

    /// Receipts whose ids, as stored, come after this text.
    pub async fn receipts_after(&self, book: &BookName, after: &str, rows_max: i64) -> Result<Vec<BankReceipt>, Error> {
        let query = sqlx::query("SELECT * FROM receipt WHERE book = $1 AND receipt_id > $2 ORDER BY receipt_id LIMIT $3");
        query.bind(book.as_str()).bind(after).bind(rows_max).fetch_all(&self.pool).await?.iter().map(receipt).collect()
    }

    /// Old accounts after this one, without the sums of their moves and receipts.
    pub async fn old_accounts_after(&self, book: &BookName, after: &str, rows_max: i64) -> Result<Vec<ImportedAccount>, Error> {
        let query = sqlx::query("SELECT * FROM old_account WHERE book = $1 AND account_id > $2 ORDER BY account_id LIMIT $3");
        query.bind(book.as_str()).bind(after).bind(rows_max).fetch_all(&self.pool).await?.iter().map(imported).collect()
    }

    /// An old account, without the sums of its moves and receipts.
    pub async fn old_account(&self, book: &BookName, id: &str) -> Result<Option<ImportedAccount>, Error> {
        let query = sqlx::query("SELECT * FROM old_account WHERE book = $1 AND account_id = $2");
        query.bind(book.as_str()).bind(id).fetch_optional(&self.pool).await?.as_ref().map(imported).transpose()
    }

    /// The moves of the old accounts from one to another, both included; true: it is posted.
    pub async fn moves_between(&self, book: &BookName, first: &str, last: &str) -> Result<Vec<(OldMove, bool)>, Error> {
        let sql = "SELECT m.*, a.entity, a.leaf_id, a.currency FROM old_account_move m JOIN old_account a ON a.book = m.book AND a.account_id = m.account_id
            WHERE m.book = $1 AND m.account_id BETWEEN $2 AND $3 ORDER BY m.account_id, m.request_id";
        let rows = sqlx::query(sql).bind(book.as_str()).bind(first).bind(last).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((old_move(row)?, row.try_get::<i64, _>("is_booked")? != 0))).collect()
    }

    /// Account and key of entries with bookings, after these.
    pub async fn booked_entries_after(
        &self,
        book: &BookName,
        account: &str,
        entry: &str,
        rows_max: i64,
    ) -> Result<Vec<(String, String)>, Error> {
        let sql = "SELECT DISTINCT account_id, entry_key FROM entry_booking
            WHERE book = $1 AND (account_id > $2 OR (account_id = $2 AND entry_key > $3)) ORDER BY account_id, entry_key LIMIT $4";
        let query = sqlx::query(sql).bind(book.as_str()).bind(account).bind(entry).bind(rows_max);
        query.fetch_all(&self.pool).await?.iter().map(|row| Ok((text(row, "account_id")?, text(row, "entry_key")?))).collect()
    }

    /// All bookings of these entries of an account: those from one key to another, both included.
    pub async fn bookings_between(&self, book: &BookName, account: &str, first: &str, last: &str) -> Result<EntryBookings, Error> {
        let sql = "SELECT * FROM entry_booking WHERE book = $1 AND account_id = $2 AND entry_key BETWEEN $3 AND $4 ORDER BY entry_key, generation";
        let rows = sqlx::query(sql).bind(book.as_str()).bind(account).bind(first).bind(last).fetch_all(&self.pool).await?;
        let mut found = EntryBookings::new();
        for row in &rows {
            let kept = booking(row)?;
            found.entry((account.to_owned(), kept.entry_key.clone())).or_default().push(kept);
        }
        Ok(found)
    }

    /// Adjustments whose ids, as stored, come after this text, with the account of their case; empty without such a case.
    pub async fn adjustments_after(&self, book: &BookName, after: &str, rows_max: i64) -> Result<Vec<(Adjustment, String)>, Error> {
        let sql = "SELECT a.*, COALESCE(c.account_id, '') AS account_id FROM case_adjustment a
            LEFT JOIN bank_case c ON c.book = a.book AND c.case_id = a.case_id
            WHERE a.book = $1 AND a.adjustment_id > $2 ORDER BY a.adjustment_id LIMIT $3";
        let rows = sqlx::query(sql).bind(book.as_str()).bind(after).bind(rows_max).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((adjustment(row)?, text(row, "account_id")?))).collect()
    }

    /// An adjustment with the account of its case; empty without such a case.
    pub async fn adjustment_of(&self, book: &BookName, id: Uuid) -> Result<Option<(Adjustment, String)>, Error> {
        let Some(found) = self.adjustment(book.as_str(), id).await? else { return Ok(None) };
        let query = sqlx::query_scalar("SELECT account_id FROM bank_case WHERE book = $1 AND case_id = $2");
        let account: Option<String> = query.bind(book.as_str()).bind(&found.case_id).fetch_optional(&self.pool).await?;
        Ok(Some((found, account.unwrap_or_default())))
    }

    /// Reservations in the order of apps and ids, after this one.
    pub async fn reservations_after(
        &self,
        book: &BookName,
        after: Option<(&BookName, Uuid)>,
        rows_max: i64,
    ) -> Result<Vec<LeafReservation>, Error> {
        let (app, id) = after.map_or(("", String::new()), |(app, id)| (app.as_str(), id.hyphenated().to_string()));
        let sql = "SELECT * FROM funds_reservation WHERE book = $1 AND (app > $2 OR (app = $2 AND reservation_id > $3))
            ORDER BY app, reservation_id LIMIT $4";
        let query = sqlx::query(sql).bind(book.as_str()).bind(app).bind(id).bind(rows_max);
        query.fetch_all(&self.pool).await?.iter().map(reservation).collect()
    }
}
