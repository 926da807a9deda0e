//! The tables of reservations and of what is given back of them. Every write compares the state that was read, so that of two processes one goes on.

use super::{Error, Store, book as read_book, money as read_money, uuid};
use crate::domain::{
    Payout, PayoutKey,
    reservation::{LIQUIDITY, PayingSource, Release, Reservation, ReservationState},
};
use ::money::{BookName, Currency};
use sqlx::{AnyConnection, Row, any::AnyRow};
use std::collections::BTreeMap;
use telemetry::UnfinishedCount;
use uuid::Uuid;

/// A payout's reservations, and what is given back of them.
pub type ReservedMoney = (Vec<Reservation>, Vec<Release>);

fn read(row: &AnyRow) -> Result<Reservation, Error> {
    let (text, number) = (|name: &str| row.try_get::<String, _>(name), |name: &str| row.try_get::<i64, _>(name));
    Ok(Reservation {
        book: read_book(&text("book")?)?,
        payout_id: uuid(&text("payout_id")?)?,
        number: number("reservation_no")?,
        attempt_no: number("attempt_no")?,
        source: PayingSource { entity: text("entity")?, bank_account: text("bank_account")? },
        amount: read_money(&text("currency")?, number("minor_units")?)?,
        state: ReservationState::from_name(&text("state")?).ok_or(Error::Row("state of a reservation"))?,
        reserve_key: uuid(&text("reserve_key")?)?,
        posting_id: text("posting_id")?,
        tries: number("tries")?,
        waiting_since_ms: number("waiting_since_ms")?,
        payout_created_at_ms: number("payout_created_at_ms")?,
    })
}

fn read_release(row: &AnyRow) -> Result<Release, Error> {
    let (text, number) = (|name: &str| row.try_get::<String, _>(name), |name: &str| row.try_get::<i64, _>(name));
    Ok(Release {
        book: read_book(&text("book")?)?,
        payout_id: uuid(&text("payout_id")?)?,
        cause: text("cause")?,
        source: PayingSource { entity: text("entity")?, bank_account: text("bank_account")? },
        amount: read_money(&text("currency")?, number("minor_units")?)?,
        release_key: uuid(&text("release_key")?)?,
        posting_id: text("posting_id")?,
        tries: number("tries")?,
    })
}

/// All of a payout, the first one first.
pub async fn of(tx: &mut AnyConnection, payout_key: &PayoutKey) -> Result<Vec<Reservation>, Error> {
    let query = sqlx::query("SELECT * FROM payout_reservation WHERE book = $1 AND payout_id = $2 ORDER BY reservation_no");
    let query = query.bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string());
    query.fetch_all(tx).await?.iter().map(read).collect()
}

/// Locks a payout's reservations until the transaction ends.
pub async fn hold(tx: &mut AnyConnection, payout_key: &PayoutKey) -> Result<(), Error> {
    let query = sqlx::query("UPDATE payout_reservation SET tries = tries WHERE book = $1 AND payout_id = $2");
    query.bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string()).execute(tx).await?;
    Ok(())
}

/// What a payout gives back, in the order of the causes.
pub async fn releases_of(tx: &mut AnyConnection, payout_key: &PayoutKey) -> Result<Vec<Release>, Error> {
    let query = sqlx::query("SELECT * FROM payout_release WHERE book = $1 AND payout_id = $2 ORDER BY cause");
    let query = query.bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string());
    query.fetch_all(tx).await?.iter().map(read_release).collect()
}

/// Stores a new reservation.
pub async fn insert(tx: &mut AnyConnection, row: &Reservation) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO payout_reservation (book, payout_id, reservation_no, attempt_no, entity, bank_account, currency, minor_units, state, reserve_key,
             posting_id, tries, waiting_since_ms, payout_created_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(row.book.as_str().to_owned())
    .bind(row.payout_id.to_string())
    .bind(row.number)
    .bind(row.attempt_no)
    .bind(row.source.entity.clone())
    .bind(row.source.bank_account.clone())
    .bind(row.amount.currency().code().to_owned())
    .bind(row.amount.minor_units())
    .bind(row.state.name())
    .bind(row.reserve_key.to_string())
    .bind(row.posting_id.clone())
    .bind(row.tries)
    .bind(row.waiting_since_ms)
    .bind(row.payout_created_at_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes `next` over `before`; false: another process was first, and nothing changed.
pub async fn advance(tx: &mut AnyConnection, before: &Reservation, next: &Reservation) -> Result<bool, Error> {
    let updated = sqlx::query(
        "UPDATE payout_reservation SET state = $6, reserve_key = $7, posting_id = $8, tries = $9, waiting_since_ms = $10
         WHERE book = $1 AND payout_id = $2 AND reservation_no = $3 AND state = $4 AND reserve_key = $5",
    )
    .bind(before.book.as_str().to_owned())
    .bind(before.payout_id.to_string())
    .bind(before.number)
    .bind(before.state.name())
    .bind(before.reserve_key.to_string())
    .bind(next.state.name())
    .bind(next.reserve_key.to_string())
    .bind(next.posting_id.clone())
    .bind(next.tries)
    .bind(next.waiting_since_ms)
    .execute(tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Stores what is to be given back; false: it was stored before.
pub async fn insert_release(tx: &mut AnyConnection, row: &Release) -> Result<bool, Error> {
    let inserted = sqlx::query(
        "INSERT INTO payout_release (book, payout_id, cause, entity, bank_account, currency, minor_units, release_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(row.book.as_str().to_owned())
    .bind(row.payout_id.to_string())
    .bind(row.cause.clone())
    .bind(row.source.entity.clone())
    .bind(row.source.bank_account.clone())
    .bind(row.amount.currency().code().to_owned())
    .bind(row.amount.minor_units())
    .bind(row.release_key.to_string())
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Writes `next` over the unposted `before`; false: another process was first.
pub async fn advance_release(tx: &mut AnyConnection, before: &Release, next: &Release) -> Result<bool, Error> {
    let updated = sqlx::query(
        "UPDATE payout_release SET release_key = $5, posting_id = $6, tries = $7
         WHERE book = $1 AND payout_id = $2 AND cause = $3 AND release_key = $4 AND posting_id = ''",
    )
    .bind(before.book.as_str().to_owned())
    .bind(before.payout_id.to_string())
    .bind(before.cause.clone())
    .bind(before.release_key.to_string())
    .bind(next.release_key.to_string())
    .bind(next.posting_id.clone())
    .bind(next.tries)
    .execute(tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// How many older payouts wait for money of the account. Only those count that wait for nothing else: one whose rail is closed, or that is reviewed, would hold
/// up all others.
pub async fn ahead_of(tx: &mut AnyConnection, payout: &Payout, source: &PayingSource) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM payout_reservation AS other JOIN payout ON payout.book = other.book AND payout.payout_id = other.payout_id
         WHERE other.book = $1 AND other.entity = $2 AND other.bank_account = $3 AND other.currency = $4 AND other.state IN ('waiting', 'asked')
             AND (other.payout_created_at_ms < $5 OR (other.payout_created_at_ms = $5 AND other.payout_id < $6)) AND payout.blocked_by LIKE $7";
    let query = sqlx::query_scalar(sql)
        .bind(payout.book.as_str().to_owned())
        .bind(source.entity.clone())
        .bind(source.bank_account.clone())
        .bind(payout.amount.currency().code().to_owned())
        .bind(payout.created_at_ms)
        .bind(payout.payout_id.to_string())
        .bind(format!("{LIQUIDITY}%"));
    Ok(query.fetch_one(tx).await?)
}

/// Makes the oldest payout that waits for money of the account due now.
pub async fn wake_oldest(
    tx: &mut AnyConnection,
    book: &BookName,
    source: &PayingSource,
    currency: Currency,
    now_ms: i64,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE payout SET due_at_ms = $5, version = version + 1 WHERE book = $1 AND due_at_ms > $5 AND payout_id = (
             SELECT other.payout_id FROM payout_reservation AS other JOIN payout AS waiting
                 ON waiting.book = other.book AND waiting.payout_id = other.payout_id
             WHERE other.book = $1 AND other.entity = $2 AND other.bank_account = $3 AND other.currency = $4
                 AND other.state = 'waiting' AND waiting.blocked_by LIKE $6
             ORDER BY other.payout_created_at_ms, other.payout_id LIMIT 1)",
    )
    .bind(book.as_str().to_owned())
    .bind(source.entity.clone())
    .bind(source.bank_account.clone())
    .bind(currency.code().to_owned())
    .bind(now_ms)
    .bind(format!("{LIQUIDITY}%"))
    .execute(tx)
    .await?;
    Ok(())
}

impl Store {
    /// What these payouts of a book have reserved and given back. One query for each table.
    pub async fn reserved_money(&self, book: &BookName, ids: &[Uuid]) -> Result<BTreeMap<Uuid, ReservedMoney>, Error> {
        let mut found: BTreeMap<Uuid, ReservedMoney> = BTreeMap::new();
        if ids.is_empty() {
            return Ok(found);
        }
        let places: Vec<String> = (2..).take(ids.len()).map(|place| format!("${place}")).collect();
        for table in ["payout_reservation", "payout_release"] {
            let sql = format!("SELECT * FROM {table} WHERE book = $1 AND payout_id IN ({})", places.join(", "));
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str().to_owned());
            for id in ids {
                query = query.bind(id.to_string());
            }
            for row in query.fetch_all(self.pool()).await? {
                if table == "payout_reservation" {
                    let reservation = read(&row)?;
                    found.entry(reservation.payout_id).or_default().0.push(reservation);
                } else {
                    let release = read_release(&row)?;
                    found.entry(release.payout_id).or_default().1.push(release);
                }
            }
        }
        Ok(found)
    }

    /// How many payouts wait for money at a bank account, and since when the oldest does.
    pub async fn waiting_for_money(&self) -> Result<UnfinishedCount, Error> {
        let sql = "SELECT COUNT(*), COALESCE(MIN(waiting_since_ms), 0) FROM payout_reservation AS other
             JOIN payout ON payout.book = other.book AND payout.payout_id = other.payout_id
             WHERE other.state IN ('waiting', 'asked') AND other.waiting_since_ms > 0 AND payout.blocked_by LIKE $1";
        let (count, since_ms): (i64, i64) = sqlx::query_as(sql).bind(format!("{LIQUIDITY}%")).fetch_one(self.pool()).await?;
        let since_ms = (count > 0).then_some(since_ms);
        Ok(UnfinishedCount { what: "payout_liquidity", state: "queued", count: count.unsigned_abs(), since_ms })
    }
}
