//! Entries and what the treasury book has of them.
use super::{
    Error, Store, day_text,
    items::{SEPARATOR, direction_name, direction_of},
    text,
};
use crate::domain::bank::{BookingSide, ClosedEntry, EntryBooking, FoundEntry, LeafBooking};
use jiff::civil::Date;
use matching::{EntryIdentity, LineStanding, SeenEntry};
use money::{Currency, Money};
use sqlx::{AnyConnection, Row as _, any::AnyRow};

impl Store {
    /// Entries of closed days since a day, as they are recognised when they come again.
    pub async fn closed_entries(
        &self,
        book: &str,
        account: &str,
        number: &str,
        currency: Currency,
        since: Date,
    ) -> Result<Vec<ClosedEntry>, Error> {
        let query = sqlx::query("SELECT * FROM bank_entry WHERE book = $1 AND account_id = $2 AND closed_day >= $3");
        let rows = query.bind(book.to_owned()).bind(account.to_owned()).bind(since.to_string()).fetch_all(&self.pool).await?;
        let entry = |row: &AnyRow| {
            let (key, reference, end_to_end) = (text(row, "entry_key")?, text(row, "bank_reference")?, text(row, "end_to_end_id")?);
            let amount: i64 = row.try_get("amount")?;
            let amount = Money::try_new(currency, amount).map_err(|_| Error::Row("amount", amount.to_string()))?;
            let identity = EntryIdentity {
                account: Some(number.to_owned()),
                part: usize::try_from(row.try_get::<i64, _>("reference_part")?).unwrap_or_default(),
                amount,
                direction: direction_of(row)?,
                end_to_end: Some(end_to_end).filter(|id| !id.is_empty()),
                reference,
            };
            let seen = SeenEntry { id: key.clone(), identity, standing: LineStanding::Booked };
            Ok(ClosedEntry { key, seen: Some(seen).filter(|seen| !seen.identity.reference.is_empty()) })
        };
        rows.iter().map(entry).collect()
    }

    /// Keys of the entries of an account's open days, as they were written last.
    pub async fn open_entry_keys(&self, book: &str, account: &str) -> Result<Vec<String>, Error> {
        let query = sqlx::query("SELECT entry_key FROM bank_entry WHERE book = $1 AND account_id = $2 AND closed_day = ''");
        let rows = query.bind(book.to_owned()).bind(account.to_owned()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| text(row, "entry_key")).collect()
    }

    /// All generations of bookings of an account's entries, the newest of each entry last.
    pub async fn bookings(&self, book: &str, account: &str) -> Result<Vec<EntryBooking>, Error> {
        let query = sqlx::query("SELECT * FROM entry_booking WHERE book = $1 AND account_id = $2 ORDER BY entry_key, generation");
        let rows = query.bind(book.to_owned()).bind(account.to_owned()).fetch_all(&self.pool).await?;
        rows.iter().map(booking).collect()
    }

    /// All generations of bookings of those entries of an account of which one is not posted, the newest of each entry last.
    pub async fn open_bookings(&self, book: &str, account: &str) -> Result<Vec<EntryBooking>, Error> {
        let query = sqlx::query(
            "SELECT * FROM entry_booking WHERE book = $1 AND account_id = $2 AND entry_key IN
                (SELECT entry_key FROM entry_booking WHERE book = $1 AND account_id = $2 AND posted_at_ms = 0)
             ORDER BY entry_key, generation",
        );
        let rows = query.bind(book.to_owned()).bind(account.to_owned()).fetch_all(&self.pool).await?;
        rows.iter().map(booking).collect()
    }

    /// Records that the ledger has a booking.
    pub async fn booking_posted(&self, book: &str, account: &str, booking: &EntryBooking, now_ms: i64) -> Result<(), Error> {
        let query = sqlx::query(
            "UPDATE entry_booking SET posted_at_ms = $5 WHERE book = $1 AND account_id = $2 AND entry_key = $3 AND generation = $4",
        );
        let query = query.bind(book.to_owned()).bind(account.to_owned()).bind(booking.entry_key.clone()).bind(booking.generation);
        query.bind(now_ms).execute(&self.pool).await?;
        Ok(())
    }

    /// Gives a booking that the ledger refused another id, made at this time; false: another process did, or has posted it.
    pub async fn plan_booking_again(&self, book: &str, account: &str, refused: &EntryBooking, now_ms: i64) -> Result<bool, Error> {
        let query = sqlx::query(
            "UPDATE entry_booking SET planned_at_ms = $6, since_ms = $7 WHERE book = $1 AND account_id = $2 AND entry_key = $3
             AND generation = $4 AND planned_at_ms = $5 AND posted_at_ms = 0",
        );
        let query = query.bind(book.to_owned()).bind(account.to_owned()).bind(refused.entry_key.clone()).bind(refused.generation);
        Ok(query.bind(refused.planned_at_ms).bind(now_ms).bind(refused.since_ms).execute(&self.pool).await?.rows_affected() == 1)
    }

    /// How many entries a day has.
    pub async fn entry_count(&self, book: &str, account: &str, day: Date) -> Result<i64, Error> {
        let query = sqlx::query("SELECT COUNT(*) AS entries FROM bank_entry WHERE book = $1 AND account_id = $2 AND closed_day = $3");
        Ok(query.bind(book.to_owned()).bind(account.to_owned()).bind(day.to_string()).fetch_one(&self.pool).await?.try_get("entries")?)
    }
}

pub(super) fn booking(row: &AnyRow) -> Result<EntryBooking, Error> {
    let (debit, credit) = (text(row, "debit")?, text(row, "credit")?);
    let side = |name: String| BookingSide::from_name(&name).ok_or(Error::Row("side", name));
    let amount = row.try_get("amount")?;
    let (planned_at_ms, since_ms) = (row.try_get("planned_at_ms")?, row.try_get("since_ms")?);
    let booking = if debit.is_empty() { None } else { Some(LeafBooking { debit: side(debit)?, credit: side(credit)?, amount }) };
    Ok(EntryBooking {
        entry_key: text(row, "entry_key")?,
        generation: row.try_get("generation")?,
        booking,
        planned_at_ms,
        since_ms: if since_ms == 0 { planned_at_ms } else { since_ms },
        posted: row.try_get::<i64, _>("posted_at_ms")? != 0,
    })
}

/// Writes the entries of open days anew; those of closed ones stay as they are.
pub(super) async fn write(tx: &mut AnyConnection, book: &str, account: &str, entries: &[FoundEntry]) -> Result<(), Error> {
    let clear = sqlx::query("DELETE FROM bank_entry WHERE book = $1 AND account_id = $2 AND closed_day = ''");
    clear.bind(book.to_owned()).bind(account.to_owned()).execute(&mut *tx).await?;
    for entry in entries {
        let sql = "INSERT INTO bank_entry (book, account_id, entry_key, day, file_hash, direction, bank_reference, end_to_end_id, result,
            evidence, items, statement_no, entry_no, detail_no, amount, reference_part, rule, closed_day)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, '') ON CONFLICT DO NOTHING";
        let evidence = super::json(&entry.evidence)?;
        let (day, items) = (day_text(Some(entry.day)), entry.items.join(SEPARATOR));
        let direction = direction_name(entry.direction);
        let texts = [
            book,
            account,
            &entry.key,
            &day,
            &entry.place.0,
            direction,
            &entry.reference.0,
            &entry.end_to_end_id,
            entry.result.name(),
            &evidence,
            &items,
        ];
        let query = texts.into_iter().fold(sqlx::query(sql), |query, value| query.bind(value.to_owned()));
        let numbers = entry.place.1.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        let query = numbers.into_iter().fold(query, sqlx::query::Query::bind).bind(entry.amount);
        let query = query.bind(i64::try_from(entry.reference.1).unwrap_or(i64::MAX)).bind(i64::from(entry.rule));
        query.execute(&mut *tx).await?;
    }
    Ok(())
}

/// Adds a generation of a booking.
pub(super) async fn plan(tx: &mut AnyConnection, book: &str, account: &str, booking: &EntryBooking) -> Result<(), Error> {
    let sql =
        "INSERT INTO entry_booking (book, account_id, entry_key, debit, credit, generation, amount, planned_at_ms, since_ms, posted_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)";
    let (debit, credit) = booking.booking.map_or(("", ""), |booking| (booking.debit.name(), booking.credit.name()));
    let query =
        [book, account, &booking.entry_key, debit, credit].into_iter().fold(sqlx::query(sql), |query, value| query.bind(value.to_owned()));
    let amount = booking.booking.map_or(0, |booking| booking.amount);
    query.bind(booking.generation).bind(amount).bind(booking.planned_at_ms).bind(booking.since_ms).execute(tx).await?;
    Ok(())
}
