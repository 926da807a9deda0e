//! The tables of standing orders and their moments.

use super::{Error, Store, book as read_book, currency, user, uuid};
use crate::domain::standing::{Schedule, StandingAmount, StandingMoment, StandingOrder, StandingState};
use ::money::{BookName, Currency, UserKey};
use sqlx::{AnyConnection, Row, any::AnyRow};
use uuid::Uuid;

fn read(row: &AnyRow) -> Result<StandingOrder, Error> {
    let (text, number) = (|name: &str| row.try_get::<String, _>(name), |name: &str| row.try_get::<i64, _>(name));
    let schedule = Schedule::parse(&text("rhythm")?, &text("time_of_day")?, &text("time_zone")?);
    let minor_units = number("minor_units")?;
    let amount = match text("amount_kind")?.as_str() {
        "fixed" => StandingAmount::Fixed(minor_units),
        "above" => StandingAmount::Above(minor_units),
        _ => return Err(Error::Row("amount of a standing order")),
    };
    Ok(StandingOrder {
        book: read_book(&text("book")?)?,
        order_id: uuid(&text("order_id")?)?,
        user: user(&text("user_id")?)?,
        beneficiary_id: uuid(&text("beneficiary_id")?)?,
        currency: currency(&text("currency")?)?,
        amount,
        schedule: schedule.ok_or(Error::Row("schedule of a standing order"))?,
        next_due_ms: number("next_due_ms")?,
    })
}

fn read_moment(row: &AnyRow) -> Result<StandingMoment, Error> {
    let (text, number) = (|name: &str| row.try_get::<String, _>(name), |name: &str| row.try_get::<i64, _>(name));
    Ok(StandingMoment {
        order_id: uuid(&text("order_id")?)?,
        moment_ms: number("moment_ms")?,
        asked_at_ms: number("asked_at_ms")?,
        minor_units: number("minor_units")?,
        state: StandingState::from_name(&text("state")?).ok_or(Error::Row("state of a moment"))?,
        payout_id: text("payout_id")?,
        reason: text("reason")?,
    })
}

/// Stores an order in place of the one that the user has in its currency.
pub async fn set(tx: &mut AnyConnection, order: &StandingOrder) -> Result<(), Error> {
    let (kind, minor_units) = match order.amount {
        StandingAmount::Fixed(minor_units) => ("fixed", minor_units),
        StandingAmount::Above(minor_units) => ("above", minor_units),
    };
    sqlx::query(
        "INSERT INTO standing_order (book, user_id, currency, order_id, beneficiary_id, amount_kind, minor_units, rhythm, time_of_day, time_zone,
             next_due_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (book, user_id, currency) DO UPDATE SET
             order_id = excluded.order_id, beneficiary_id = excluded.beneficiary_id, amount_kind = excluded.amount_kind,
             minor_units = excluded.minor_units, rhythm = excluded.rhythm, time_of_day = excluded.time_of_day, time_zone = excluded.time_zone,
             next_due_ms = excluded.next_due_ms",
    )
    .bind(order.book.as_str().to_owned())
    .bind(order.user.as_str().to_owned())
    .bind(order.currency.code().to_owned())
    .bind(order.order_id.to_string())
    .bind(order.beneficiary_id.to_string())
    .bind(kind)
    .bind(minor_units)
    .bind(order.schedule.rhythm_text())
    .bind(order.schedule.time_text())
    .bind(order.schedule.zone_name.clone())
    .bind(order.next_due_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Deletes the user's order in a currency, if there is one.
pub async fn delete(tx: &mut AnyConnection, book: &BookName, user: &UserKey, currency: Currency) -> Result<(), Error> {
    let query = sqlx::query("DELETE FROM standing_order WHERE book = $1 AND user_id = $2 AND currency = $3");
    query.bind(book.as_str().to_owned()).bind(user.as_str().to_owned()).bind(currency.code().to_owned()).execute(tx).await?;
    Ok(())
}

/// The user's order in a currency.
pub async fn get(tx: &mut AnyConnection, book: &BookName, user: &UserKey, currency: Currency) -> Result<Option<StandingOrder>, Error> {
    let query = sqlx::query("SELECT * FROM standing_order WHERE book = $1 AND user_id = $2 AND currency = $3");
    let query = query.bind(book.as_str().to_owned()).bind(user.as_str().to_owned()).bind(currency.code().to_owned());
    query.fetch_optional(tx).await?.as_ref().map(read).transpose()
}

/// Stores a moment unless it is there, and returns it as it is stored. Stored only as long as the order is the user's.
pub async fn begin_moment(tx: &mut AnyConnection, order: &StandingOrder, moment: &StandingMoment) -> Result<Option<StandingMoment>, Error> {
    // Locks the order, so that a deletion comes before the moment or after it.
    let locked = sqlx::query(
        "UPDATE standing_order SET next_due_ms = next_due_ms WHERE book = $1 AND user_id = $2 AND currency = $3 AND order_id = $4",
    )
    .bind(order.book.as_str().to_owned())
    .bind(order.user.as_str().to_owned())
    .bind(order.currency.code().to_owned())
    .bind(order.order_id.to_string())
    .execute(&mut *tx)
    .await?;
    if locked.rows_affected() == 0 {
        return Ok(None);
    }
    sqlx::query(
        "INSERT INTO standing_moment (book, order_id, moment_ms, asked_at_ms, minor_units, state, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT DO NOTHING",
    )
    .bind(order.book.as_str().to_owned())
    .bind(order.order_id.to_string())
    .bind(moment.moment_ms)
    .bind(moment.asked_at_ms)
    .bind(moment.minor_units)
    .bind(moment.state.name())
    .bind(moment.reason.clone())
    .execute(&mut *tx)
    .await?;
    let query = sqlx::query("SELECT * FROM standing_moment WHERE book = $1 AND order_id = $2 AND moment_ms = $3");
    let query = query.bind(order.book.as_str().to_owned()).bind(order.order_id.to_string()).bind(moment.moment_ms);
    query.fetch_optional(tx).await?.as_ref().map(read_moment).transpose()
}

/// Keeps what became of a moment, and when its order is due next.
pub async fn end_moment(tx: &mut AnyConnection, order: &StandingOrder, moment: &StandingMoment, next_due_ms: i64) -> Result<(), Error> {
    sqlx::query("UPDATE standing_moment SET state = $4, payout_id = $5, reason = $6 WHERE book = $1 AND order_id = $2 AND moment_ms = $3")
        .bind(order.book.as_str().to_owned())
        .bind(order.order_id.to_string())
        .bind(moment.moment_ms)
        .bind(moment.state.name())
        .bind(moment.payout_id.clone())
        .bind(moment.reason.clone())
        .execute(&mut *tx)
        .await?;
    sqlx::query("UPDATE standing_order SET next_due_ms = $4 WHERE book = $1 AND order_id = $2 AND user_id = $3 AND next_due_ms < $4")
        .bind(order.book.as_str().to_owned())
        .bind(order.order_id.to_string())
        .bind(order.user.as_str().to_owned())
        .bind(next_due_ms)
        .execute(tx)
        .await?;
    Ok(())
}

impl Store {
    /// Orders that are due, longest first.
    pub async fn due_orders(&self, now_ms: i64, limit: i64) -> Result<Vec<StandingOrder>, Error> {
        let query =
            sqlx::query("SELECT * FROM standing_order WHERE next_due_ms <= $1 ORDER BY next_due_ms LIMIT $2").bind(now_ms).bind(limit);
        query.fetch_all(self.pool()).await?.iter().map(read).collect()
    }

    /// The user's order in a currency.
    pub async fn standing_order(&self, book: &BookName, user: &UserKey, currency: Currency) -> Result<Option<StandingOrder>, Error> {
        let mut connection = self.pool().acquire().await?;
        get(&mut connection, book, user, currency).await
    }

    /// The newest moments of an order, the newest first.
    pub async fn standing_moments(&self, book: &BookName, order_id: Uuid, limit: i64) -> Result<Vec<StandingMoment>, Error> {
        let sql = "SELECT * FROM standing_moment WHERE book = $1 AND order_id = $2 ORDER BY moment_ms DESC LIMIT $3";
        let query = sqlx::query(sql).bind(book.as_str().to_owned()).bind(order_id.to_string()).bind(limit);
        query.fetch_all(self.pool()).await?.iter().map(read_moment).collect()
    }
}
