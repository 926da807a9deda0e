//! What payouts reserve on leaves. Every write compares state and times that were read, so that of two processes one goes on.
use super::{Error, NewMovement, Store, movements, text};
use crate::domain::reservation::{AskedReservation, LeafReservation, LeafReservationState};
use money::{BookName, Currency, Money};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use uuid::Uuid;

impl Store {
    /// The reservation of an app's book with this id.
    pub async fn reservation(&self, book: &BookName, app: &BookName, id: Uuid) -> Result<Option<LeafReservation>, Error> {
        let sql = "SELECT * FROM funds_reservation WHERE book = $1 AND app = $2 AND reservation_id = $3";
        let query = sqlx::query(sql).bind(book.as_str()).bind(app.as_str()).bind(id.hyphenated().to_string());
        query.fetch_optional(&self.pool).await?.map(|row| reservation(&row)).transpose()
    }

    /// All reservations of a payout.
    pub async fn reservations_of(&self, book: &BookName, app: &BookName, payout_id: &str) -> Result<Vec<LeafReservation>, Error> {
        let sql = "SELECT * FROM funds_reservation WHERE book = $1 AND app = $2 AND payout_id = $3 ORDER BY reservation_id";
        let query = sqlx::query(sql).bind(book.as_str()).bind(app.as_str()).bind(payout_id.to_owned());
        query.fetch_all(&self.pool).await?.iter().map(reservation).collect()
    }

    /// Reservations in one of the states that something is still done about, the ones longest in it first.
    pub async fn open_reservations(
        &self,
        book: &BookName,
        state: LeafReservationState,
        rows_max: i64,
    ) -> Result<Vec<LeafReservation>, Error> {
        let sql = "SELECT * FROM funds_reservation WHERE book = $1 AND state = $2 ORDER BY changed_at_ms LIMIT $3";
        let query = sqlx::query(sql).bind(book.as_str()).bind(state.name()).bind(rows_max);
        query.fetch_all(&self.pool).await?.iter().map(reservation).collect()
    }

    /// Records holds together with their reservations, all or none, with the numbers after `last`; false: others have taken these, or an id is used.
    pub async fn decide_reservations(
        &self,
        book: &BookName,
        last: i64,
        decided: impl Iterator<Item = (&NewMovement, &LeafReservation)> + Send,
    ) -> Result<bool, Error> {
        let mut tx = db::begin(&self.pool).await?;
        for ((hold, row), movement_no) in decided.zip(last + 1..) {
            if !movements::insert(&mut tx, book, movement_no, hold).await? || !insert(&mut tx, book, row).await? {
                return Ok(false);
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Records a reservation that nothing is held for; false: its id is used.
    pub async fn record_reservation(&self, book: &BookName, row: &LeafReservation) -> Result<bool, Error> {
        let mut tx = db::begin(&self.pool).await?;
        let inserted = insert(&mut tx, book, row).await?;
        tx.commit().await?;
        Ok(inserted)
    }

    /// Writes `next` over `before`; false: another process was first, and nothing changed.
    pub async fn advance_reservation(&self, book: &BookName, before: &LeafReservation, next: &LeafReservation) -> Result<bool, Error> {
        let sql = "UPDATE funds_reservation SET state = $7, expires_at_ms = $8, changed_at_ms = $9, tries = $10, settled_by = $11, intent_id = $12,
            back_on = $13
            WHERE book = $1 AND app = $2 AND reservation_id = $3 AND state = $4 AND expires_at_ms = $5 AND changed_at_ms = $6";
        let query = sqlx::query(sql).bind(book.as_str()).bind(before.asked.app.as_str());
        let query = query.bind(before.asked.reservation_id.hyphenated().to_string()).bind(before.state.name());
        let query = query.bind(before.expires_at_ms).bind(before.changed_at_ms).bind(next.state.name()).bind(next.expires_at_ms);
        let query = query.bind(next.changed_at_ms).bind(next.tries).bind(settled_by(next));
        let query = query.bind(next.asked.intent.hyphenated().to_string()).bind(back_on(next));
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }
}

fn settled_by(row: &LeafReservation) -> String {
    row.settled_by.map_or_else(String::new, |posting| posting.hyphenated().to_string())
}

fn back_on(row: &LeafReservation) -> String {
    if row.back_on_unallocated { row.back_on().1 } else { String::new() }
}

async fn insert(tx: &mut AnyConnection, book: &BookName, row: &LeafReservation) -> Result<bool, Error> {
    let sql = "INSERT INTO funds_reservation (book, app, reservation_id, payout_id, entity, bank_account, account_id, leaf_id, leaf_entity,
            account_entity, currency, minor_units, hold_key, intent_id, state, expires_at_ms, changed_at_ms, tries, settled_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) ON CONFLICT DO NOTHING";
    let asked = &row.asked;
    let query = sqlx::query(sql).bind(book.as_str()).bind(asked.app.as_str()).bind(asked.reservation_id.hyphenated().to_string());
    let query = query.bind(asked.payout_id.hyphenated().to_string()).bind(&asked.entity).bind(&asked.bank_account);
    let query = query.bind(&row.account).bind(&row.leaf).bind(&row.leaf_entity).bind(&row.account_entity);
    let query = query.bind(asked.amount.currency().code().to_owned()).bind(asked.amount.minor_units());
    let query = query.bind(row.hold_key.hyphenated().to_string()).bind(asked.intent.hyphenated().to_string()).bind(row.state.name());
    let query = query.bind(row.expires_at_ms).bind(row.changed_at_ms).bind(row.tries).bind(settled_by(row));
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

pub(super) fn reservation(row: &AnyRow) -> Result<LeafReservation, Error> {
    let id = |column: &'static str| {
        let kept = text(row, column)?;
        Uuid::try_parse(&kept).map_err(|_| Error::Row(column, kept))
    };
    let (app, code, state, settled) = (text(row, "app")?, text(row, "currency")?, text(row, "state")?, text(row, "settled_by")?);
    let currency = Currency::try_new(&code).map_err(|_| Error::Row("currency", code))?;
    let minor_units: i64 = row.try_get("minor_units")?;
    Ok(LeafReservation {
        asked: AskedReservation {
            app: BookName::try_new(&app).map_err(|_| Error::Row("app", app))?,
            reservation_id: id("reservation_id")?,
            payout_id: id("payout_id")?,
            entity: text(row, "entity")?,
            bank_account: text(row, "bank_account")?,
            amount: Money::try_new(currency, minor_units).map_err(|_| Error::Row("minor_units", minor_units.to_string()))?,
            intent: id("intent_id")?,
        },
        account: text(row, "account_id")?,
        account_entity: text(row, "account_entity")?,
        leaf: text(row, "leaf_id")?,
        leaf_entity: text(row, "leaf_entity")?,
        hold_key: id("hold_key")?,
        state: LeafReservationState::from_name(&state).ok_or(Error::Row("state", state))?,
        expires_at_ms: row.try_get("expires_at_ms")?,
        changed_at_ms: row.try_get("changed_at_ms")?,
        tries: row.try_get("tries")?,
        back_on_unallocated: !text(row, "back_on")?.is_empty(),
        settled_by: if settled.is_empty() { None } else { Some(id("settled_by")?) },
    })
}
