//! The table `store_event`: the inbox of what stores say on their own.

use sqlx::{AnyConnection, Row, any::AnyRow};
use telemetry::UnfinishedCount;

use super::{Error, Store};
use crate::domain::event::{EventState, StoreEvent, VOIDED_LISTED, VOIDED_PUSH};
use crate::domain::{Purchase, StoreKind};
use money::BookName;

/// What a store said, as it was taken.
pub(crate) struct ArrivedEvent {
    pub(crate) event: StoreEvent,
    /// What became of it; of a sale, our purchase.
    pub(crate) note: String,
    /// In Unix milliseconds.
    pub(crate) received_at_ms: i64,
}

pub(super) fn read(row: &AnyRow) -> Result<StoreEvent, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let event_id = text("event_id")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: event_id.clone(), column };
    let number: i64 = row.try_get("state")?;
    Ok(StoreEvent {
        store: StoreKind::from_name(&text("store")?).ok_or_else(|| damaged("store"))?,
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("book"))?,
        state: EventState::ALL.into_iter().find(|state| state.number() == number).ok_or_else(|| damaged("state"))?,
        kind: text("kind")?,
        subtype: text("subtype")?,
        environment: text("environment")?,
        bundle_id: text("bundle_id")?,
        transaction_id: text("transaction_id")?,
        account_token: text("account_token")?,
        signed_at_ms: row.try_get("signed_at_ms")?,
        payload: text("payload")?,
        tries: row.try_get("tries")?,
        event_id: event_id.clone(),
    })
}

pub(super) async fn insert(connection: &mut AnyConnection, event: &StoreEvent, received_at_ms: i64) -> Result<bool, Error> {
    let over = event.state.is_over();
    let inserted = sqlx::query(
        "INSERT INTO store_event (store, event_id, book, kind, subtype, environment, bundle_id, transaction_id, account_token,
             signed_at_ms, received_at_ms, state, note, payload, tries, next_attempt_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', $13, 0, $11) ON CONFLICT DO NOTHING",
    )
    .bind(event.store.as_str())
    .bind(event.event_id.as_str())
    .bind(event.book.as_str())
    .bind(event.kind.as_str())
    .bind(event.subtype.as_str())
    .bind(event.environment.as_str())
    .bind(event.bundle_id.as_str())
    .bind(event.transaction_id.as_str())
    .bind(if over { "" } else { event.account_token.as_str() })
    .bind(event.signed_at_ms)
    .bind(received_at_ms)
    .bind(event.state.number())
    .bind(if over { "" } else { event.payload.as_str() })
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Has what else is counted about a purchase wait until this transaction ends: its notification and the store's list may say the same at once.
pub(super) async fn alone(connection: &mut AnyConnection, event: &StoreEvent) -> Result<(), Error> {
    let sql = "UPDATE purchase SET tries = tries WHERE book = $1 AND transaction_id = $2";
    sqlx::query(sql).bind(event.book.as_str()).bind(event.transaction_id.as_str()).execute(connection).await?;
    Ok(())
}

/// How many refunds like `event` there are of this kind since then: those that count, or those that were found before.
async fn refunds(connection: &mut AnyConnection, event: &StoreEvent, kind: &str, found_before: bool, since_ms: i64) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM store_event WHERE store = $1 AND book = $2 AND transaction_id = $3 AND subtype = $4 AND kind = $5
             AND event_id <> $6 AND (CASE WHEN state = 3 THEN 1 ELSE 0 END) = $7 AND signed_at_ms >= $8";
    let query = sqlx::query_scalar(sql).bind(event.store.as_str()).bind(event.book.as_str()).bind(event.transaction_id.as_str());
    let query = query.bind(event.subtype.as_str()).bind(kind).bind(if kind == event.kind { event.event_id.as_str() } else { "" });
    Ok(query.bind(i64::from(found_before)).bind(since_ms).fetch_one(connection).await?)
}

impl Store {
    /// Keeps an event. False: it was delivered before, and what was kept then stands.
    pub(crate) async fn keep_event(&self, event: &StoreEvent, received_at_ms: i64) -> Result<bool, Error> {
        let mut connection = self.pool.acquire().await?;
        insert(&mut connection, event, received_at_ms).await
    }

    /// Keeps a refund that a store lists as the `rank`th of its transaction and extent since then, unless as many are known. True: its notification was lost.
    pub(crate) async fn keep_lost(&self, event: &StoreEvent, rank: i64, since_ms: i64, received_at_ms: i64) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        alone(&mut tx, event).await?;
        let known =
            refunds(&mut tx, event, VOIDED_PUSH, false, since_ms).await? + refunds(&mut tx, event, VOIDED_LISTED, false, since_ms).await?;
        let is_lost = rank > known && insert(&mut tx, event, received_at_ms).await?;
        tx.commit().await?;
        Ok(is_lost)
    }

    /// Keeps the notification of a refund. Where the store's list showed it before, there is nothing to do: each one there stands for one notification that comes
    /// late. Says whether it is new, and as what it is kept.
    pub(crate) async fn keep_pushed(&self, event: &StoreEvent, received_at_ms: i64) -> Result<(bool, EventState), Error> {
        let mut tx = self.begin().await?;
        alone(&mut tx, event).await?;
        let was_found =
            refunds(&mut tx, event, VOIDED_LISTED, false, i64::MIN).await? > refunds(&mut tx, event, VOIDED_PUSH, true, i64::MIN).await?;
        let state = if was_found { EventState::Noted } else { event.state };
        let is_new = insert(&mut tx, &StoreEvent { state, ..event.clone() }, received_at_ms).await?;
        tx.commit().await?;
        Ok((is_new, state))
    }

    /// What stores said about a transaction of a book, in the order in which it came.
    pub(crate) async fn events_about(&self, of: &Purchase, count_max: i64) -> Result<Vec<ArrivedEvent>, Error> {
        let sql = "SELECT * FROM store_event WHERE book = $1 AND transaction_id = $2 AND store = $3 AND bundle_id = $4
             ORDER BY received_at_ms, event_id LIMIT $5";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(of.transaction_id.as_str()).bind(of.store.as_str());
        let rows = query.bind(of.bundle_id.as_str()).bind(count_max).fetch_all(&self.pool).await?;
        let arrived = |row: &AnyRow| {
            Ok(ArrivedEvent { event: read(row)?, note: row.try_get("note")?, received_at_ms: row.try_get("received_at_ms")? })
        };
        rows.iter().map(arrived).collect()
    }

    /// Events to be read that are due, those with the fewest tries first.
    pub(crate) async fn due_events(&self, now_ms: i64, count_max: i64) -> Result<Vec<StoreEvent>, Error> {
        let sql = "SELECT * FROM store_event WHERE state = 1 AND next_attempt_at_ms <= $1 ORDER BY tries, next_attempt_at_ms LIMIT $2";
        self.due_rows("store_event", sql, now_ms, count_max, read).await
    }

    /// Ends an event that was to be read; the first end stays.
    pub(crate) async fn end_event(&self, of: &StoreEvent, state: EventState, note: &str) -> Result<(), Error> {
        let keeps = i64::from(!state.is_over());
        sqlx::query(
            "UPDATE store_event SET state = $3, note = $4, payload = CASE WHEN $5 = 1 THEN payload ELSE '' END,
                 account_token = CASE WHEN $5 = 1 THEN account_token ELSE '' END
             WHERE store = $1 AND event_id = $2 AND state = 1",
        )
        .bind(of.store.as_str())
        .bind(of.event_id.as_str())
        .bind(state.number())
        .bind(note)
        .bind(keeps)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Postpones an event that could not be read to the end, with the reason.
    pub(crate) async fn put_off_event(&self, of: &StoreEvent, note: &str, next_attempt_at_ms: i64) -> Result<(), Error> {
        let sql =
            "UPDATE store_event SET tries = tries + 1, note = $3, next_attempt_at_ms = $4 WHERE store = $1 AND event_id = $2 AND state = 1";
        let query = sqlx::query(sql).bind(of.store.as_str()).bind(of.event_id.as_str()).bind(note).bind(next_attempt_at_ms);
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Every event of a book with its note, in the order in which they came.
    pub async fn events(&self, book: &BookName) -> Result<Vec<(StoreEvent, String)>, Error> {
        let sql = "SELECT * FROM store_event WHERE book = $1 ORDER BY received_at_ms, event_id";
        let rows = sqlx::query(sql).bind(book.as_str()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((read(row)?, row.try_get("note")?))).collect()
    }

    /// How many events are open, by state. Only of those to be read an age is given: the others have no end yet, and would hide the age of all else.
    pub(super) async fn open_events(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let sql = "SELECT state, COUNT(*), MIN(received_at_ms) FROM store_event WHERE state NOT IN (2, 3) GROUP BY state";
        let found: Vec<(i64, i64, i64)> = sqlx::query_as(sql).fetch_all(&self.pool).await?;
        let open = EventState::ALL.into_iter().filter(|state| !state.is_over());
        Ok(open
            .map(|state| {
                let (count, since_ms) = found.iter().find(|row| row.0 == state.number()).map_or((0, None), |row| (row.1, Some(row.2)));
                let since_ms = since_ms.filter(|_| state == EventState::New);
                UnfinishedCount { what: "store_event", state: state.name(), count: count.unsigned_abs(), since_ms }
            })
            .collect())
    }
}
