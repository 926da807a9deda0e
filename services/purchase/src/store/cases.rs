//! Events of stores that wait for a person, and those that are kept long enough.

use futures::FutureExt as _;
use money::BookName;
use sha2::{Digest as _, Sha256};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use uuid::Uuid;

use super::events::read;
use super::newest::newest;
use super::{Error, Store};
use crate::domain::event::{EventState, StoreEvent};
use crate::domain::{Purchase, StoreKind};
use crate::refunds::step::RefundStep;

/// The type of an event that is our own: coins of a refund that were in suspense are left to staff.
const REFUND_IN_SUSPENSE: &str = "REFUND_IN_SUSPENSE";

/// Which waiting events are listed; `None` for any.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StoreCaseFilter {
    /// Of this store.
    pub(crate) store: Option<StoreKind>,
    /// In this state.
    pub(crate) state: Option<EventState>,
}

/// An event with its note, and when it came, in Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoreCase {
    pub(crate) event: StoreEvent,
    pub(crate) note: String,
    pub(crate) received_at_ms: i64,
}

impl StoreCase {
    /// Where it is in the list: events of the same millisecond are in the order of digests, because their ids are too long for a place.
    pub(crate) fn place(&self) -> (i64, Uuid) {
        let digest = Sha256::digest(format!("{}/{}", self.event.store.as_str(), self.event.event_id));
        (self.received_at_ms, Uuid::from_slice(&digest[..16]).expect("16 bytes"))
    }
}

fn case(row: &AnyRow) -> Result<StoreCase, Error> {
    Ok(StoreCase { event: read(row)?, note: row.try_get("note")?, received_at_ms: row.try_get("received_at_ms")? })
}

/// An event of a book; `None` if there is none.
pub(crate) async fn find(
    connection: &mut AnyConnection,
    book: &BookName,
    store: StoreKind,
    event_id: &str,
) -> Result<Option<StoreCase>, Error> {
    let sql = "SELECT * FROM store_event WHERE store = $1 AND event_id = $2 AND book = $3";
    let query = sqlx::query(sql).bind(store.as_str()).bind(event_id).bind(book.as_str());
    query.fetch_optional(connection).await?.as_ref().map(case).transpose()
}

/// Ends an event that waits for a person, with what the person says. False: it does not wait, or not for a person.
pub(crate) async fn end(connection: &mut AnyConnection, store: StoreKind, event_id: &str, note: &str) -> Result<bool, Error> {
    let sql = "UPDATE store_event SET state = $3, note = $4, payload = '', account_token = ''
         WHERE store = $1 AND event_id = $2 AND state IN (5, 6, 7, 8)";
    let query = sqlx::query(sql).bind(store.as_str()).bind(event_id).bind(EventState::Ended.number()).bind(note);
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

/// Has staff decide about coins of a refund that no posting can take: they were in suspense, where some were moved out by hand.
pub(super) async fn open_suspended(connection: &mut AnyConnection, step: &RefundStep, of: &Purchase) -> Result<(), Error> {
    let event_id = format!("refund:{}:{}", step.purchase_id, step.step_no);
    let event = StoreEvent {
        store: of.store,
        event_id: event_id.clone(),
        book: of.book.clone(),
        state: EventState::WaitsForStaff,
        kind: REFUND_IN_SUSPENSE.to_owned(),
        subtype: if step.is_back { "GIVE_BACK" } else { "TAKE" }.to_owned(),
        environment: of.environment.clone(),
        bundle_id: of.bundle_id.clone(),
        transaction_id: of.transaction_id.clone(),
        account_token: String::new(),
        signed_at_ms: 0,
        payload: String::new(),
        tries: 0,
    };
    super::events::insert(connection, &event, step.plan.planned_at_ms).await?;
    let (coins, purchase_id) = (step.plan.staff, step.purchase_id);
    let note = if step.is_back {
        format!(
            "the store took a refund of purchase {purchase_id} back, of which {coins} coins were left to staff: give back those that staff took"
        )
    } else {
        format!(
            "the store paid {coins} coins of purchase {purchase_id} back that are not in suspense for sure: take them from the account that staff moved them to"
        )
    };
    let sql = "UPDATE store_event SET note = $3 WHERE store = $1 AND event_id = $2";
    sqlx::query(sql).bind(of.store.as_str()).bind(event_id).bind(note).execute(connection).await?;
    Ok(())
}

impl Store {
    /// Waiting events of a book, newest first, after this place; at most `count_max`.
    pub(crate) async fn cases(
        &self,
        book: &BookName,
        filter: StoreCaseFilter,
        after: Option<(i64, Uuid)>,
        count_max: i64,
    ) -> Result<Vec<StoreCase>, Error> {
        let (store, state) = (filter.store.map_or("", StoreKind::as_str), filter.state.map_or(0, EventState::number));
        let between = move |from_ms: i64, until_ms: i64, count_max: i64| {
            async move {
                let sql = "SELECT * FROM store_event WHERE book = $1 AND state NOT IN (2, 3) AND state IN (4, 5, 6, 7, 8)
                 AND (store = $2 OR $2 = '') AND (state = $3 OR $3 = 0) AND received_at_ms >= $4 AND received_at_ms <= $5
                 ORDER BY received_at_ms DESC LIMIT $6";
                let query = sqlx::query(sql).bind(book.as_str()).bind(store).bind(state).bind(from_ms).bind(until_ms).bind(count_max);
                query.fetch_all(&self.pool).await?.iter().map(case).collect()
            }
            .boxed()
        };
        newest(after, count_max, between, StoreCase::place).await
    }

    /// Deletes events that are over and came before this, and empties those of which nothing follows, at most `count_max` each. What a refund that is not applied, a
    /// question that is not answered or another event of the transaction still waits for stays whole.
    pub(crate) async fn forget_events(&self, before_ms: i64, count_max: i64) -> Result<u64, Error> {
        let sql = "DELETE FROM store_event WHERE (store, event_id) IN (
                 SELECT e.store, e.event_id FROM store_event e WHERE e.state IN (2, 3, 9) AND e.received_at_ms < $1
                 AND NOT EXISTS (SELECT 1 FROM refund_fact f WHERE f.store = e.store AND f.bundle_id = e.bundle_id
                     AND f.transaction_id = e.transaction_id AND f.state <> 2)
                 AND NOT EXISTS (SELECT 1 FROM store_question q WHERE q.store = e.store AND q.event_id = e.event_id AND q.state = 1)
                 AND NOT EXISTS (SELECT 1 FROM store_event w WHERE w.book = e.book AND w.transaction_id = e.transaction_id
                     AND w.transaction_id <> '' AND w.state NOT IN (2, 3, 9))
                 ORDER BY e.received_at_ms LIMIT $2)";
        let deleted = sqlx::query(sql).bind(before_ms).bind(count_max).execute(&self.pool).await?.rows_affected();
        // Of a type that nobody knew, or refused: what it was stays, without whose it was.
        let sql = "UPDATE store_event SET payload = '', account_token = '' WHERE (store, event_id) IN (
                 SELECT store, event_id FROM store_event WHERE state NOT IN (2, 3) AND state IN (6, 8) AND received_at_ms < $1 AND payload <> ''
                 ORDER BY received_at_ms LIMIT $2)";
        let emptied = sqlx::query(sql).bind(before_ms).bind(count_max).execute(&self.pool).await?.rows_affected();
        let sql = "DELETE FROM store_question WHERE state <> 1 AND done_at_ms < $1";
        sqlx::query(sql).bind(before_ms).execute(&self.pool).await?;
        Ok(deleted + emptied)
    }
}
