//! The table `refund_order`: refunds that are started here.

use db::text;
use std::collections::BTreeMap;

use money::{BookName, Currency, Money, UserKey};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use telemetry::UnfinishedCount;
use uuid::Uuid;

use super::lots::lot;
use super::refund_rows::{fact, keep, step};
use super::{Error, Store};
use crate::domain::Purchase;
use crate::lots::lot::Lot;
use crate::refund_orders::order::{RefundOrder, RefundOrderState, RefundStarter};
use crate::refunds::fact::{CUMULATIVE, FactStatus, RefundFact, WHOLE};
use crate::refunds::step::RefundStep;

/// Refunds that one purchase can have and that are read for it.
const OF_PURCHASE_MAX: i64 = 100;
const OF_PURCHASE_MAX_LEN: usize = 100;

pub(super) fn read(row: &AnyRow) -> Result<RefundOrder, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let refund_id = text("refund_id")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: format!("of refund {refund_id}"), column };
    let currency = Currency::try_new(&text("currency")?).map_err(|_| damaged("refund_order.currency"))?;
    let (state, starter) = (number("state")?, number("started_by")?);
    Ok(RefundOrder {
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("refund_order.book"))?,
        refund_id: Uuid::try_parse(&refund_id).map_err(|_| damaged("refund_order.refund_id"))?,
        purchase_id: Uuid::try_parse(&text("purchase_id")?).map_err(|_| damaged("refund_order.purchase_id"))?,
        user: UserKey::try_new(&text("user_id")?).map_err(|_| damaged("refund_order.user_id"))?,
        started_by: RefundStarter::ALL
            .into_iter()
            .find(|known| known.number() == starter)
            .ok_or_else(|| damaged("refund_order.started_by"))?,
        asked_by: UserKey::try_new(&text("asked_by")?).map_err(|_| damaged("refund_order.asked_by"))?,
        request_id: Uuid::try_parse(&text("request_id")?).map_err(|_| damaged("refund_order.request_id"))?,
        amount: Money::try_new(currency, number("amount_minor_units")?).map_err(|_| damaged("refund_order.amount_minor_units"))?,
        state: RefundOrderState::ALL.into_iter().find(|known| known.number() == state).ok_or_else(|| damaged("refund_order.state"))?,
        decided_by: text("decided_by")?,
        end_asked_by: text("end_asked_by")?,
        end_agreed_by: text("end_agreed_by")?,
        store_refund_id: text("store_refund_id")?,
        note: text("note")?,
        created_at_ms: number("created_at_ms")?,
        decided_at_ms: number("decided_at_ms")?,
        sent_at_ms: number("sent_at_ms")?,
        ended_at_ms: number("ended_at_ms")?,
        tries: number("tries")?,
    })
}

/// Keeps a new refund. False: another one of its purchase has not ended.
pub(crate) async fn insert(connection: &mut AnyConnection, new: &RefundOrder) -> Result<bool, Error> {
    let inserted = sqlx::query(
        "INSERT INTO refund_order (book, refund_id, purchase_id, user_id, started_by, asked_by, request_id, currency, amount_minor_units,
             state, decided_by, store_refund_id, note, created_at_ms, decided_at_ms, sent_at_ms, ended_at_ms, tries, next_attempt_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', '', '', $11, 0, 0, 0, 0, 0)
         ON CONFLICT DO NOTHING",
    )
    .bind(new.book.as_str())
    .bind(text(new.refund_id))
    .bind(text(new.purchase_id))
    .bind(new.user.as_str())
    .bind(new.started_by.number())
    .bind(new.asked_by.as_str())
    .bind(text(new.request_id))
    .bind(new.amount.currency().code().to_owned())
    .bind(new.amount.minor_units())
    .bind(new.state.number())
    .bind(new.created_at_ms)
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// One refund.
pub(crate) async fn get(connection: &mut AnyConnection, book: &BookName, refund_id: Uuid) -> Result<Option<RefundOrder>, Error> {
    let query = sqlx::query("SELECT * FROM refund_order WHERE book = $1 AND refund_id = $2").bind(book.as_str()).bind(text(refund_id));
    query.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// The refund of a purchase that has not ended.
pub(crate) async fn open_of(connection: &mut AnyConnection, of: &Purchase) -> Result<Option<RefundOrder>, Error> {
    let sql = "SELECT * FROM refund_order WHERE book = $1 AND purchase_id = $2 AND state IN (1, 2, 3, 4, 7)";
    let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id));
    query.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// Notes what the second person decided of a refund that waits for it. False: it does not wait.
pub(crate) async fn decide(
    connection: &mut AnyConnection,
    of: &RefundOrder,
    state: RefundOrderState,
    by: &UserKey,
    now_ms: i64,
) -> Result<bool, Error> {
    let sql = "UPDATE refund_order SET state = $3, decided_by = $4, decided_at_ms = $5, ended_at_ms = $6
        WHERE book = $1 AND refund_id = $2 AND state = 1";
    let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.refund_id)).bind(state.number()).bind(by.as_str());
    let ended_at_ms = if state.is_over() { now_ms } else { 0 };
    Ok(query.bind(now_ms).bind(ended_at_ms).execute(connection).await?.rows_affected() == 1)
}

/// Notes who wants an abnormal refund to be ended, and that it is. False: it is not as it was read.
pub(crate) async fn end_abnormal(connection: &mut AnyConnection, of: &RefundOrder, ended: &RefundOrder) -> Result<bool, Error> {
    let sql = "UPDATE refund_order SET state = $3, end_asked_by = $4, end_agreed_by = $5, ended_at_ms = $6
        WHERE book = $1 AND refund_id = $2 AND state = 7 AND end_asked_by = $7";
    let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.refund_id)).bind(ended.state.number());
    let query = query.bind(ended.end_asked_by.as_str()).bind(ended.end_agreed_by.as_str()).bind(ended.ended_at_ms);
    Ok(query.bind(of.end_asked_by.as_str()).execute(connection).await?.rows_affected() == 1)
}

/// Everything that the store of a purchase said of its refunds. Google's notifications name no environment.
pub(crate) async fn facts_of(connection: &mut AnyConnection, of: &Purchase) -> Result<Vec<RefundFact>, Error> {
    let sql = "SELECT * FROM refund_fact
        WHERE store = $1 AND environment IN ($2, '') AND bundle_id = $3 AND transaction_id = $4 AND book = $5 ORDER BY fact_id";
    let query = sqlx::query(sql).bind(of.store.as_str()).bind(of.environment.as_str()).bind(of.bundle_id.as_str());
    query.bind(of.transaction_id.as_str()).bind(of.book.as_str()).fetch_all(connection).await?.iter().map(fact).collect()
}

/// A store has reported something of a refund: one that is open is asked about now, and one that was paid back and came back has failed.
pub(super) async fn heard(connection: &mut AnyConnection, said: &RefundFact, now_ms: i64) -> Result<(), Error> {
    let of_purchase =
        "purchase_id IN (SELECT purchase_id FROM purchase WHERE store = $2 AND bundle_id = $3 AND transaction_id = $4 AND book = $1)";
    let sql = format!("UPDATE refund_order SET next_attempt_at_ms = 0 WHERE book = $1 AND state IN (3, 4, 7) AND {of_purchase}");
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(said.book.as_str()).bind(said.store.as_str());
    query.bind(said.bundle_id.as_str()).bind(said.transaction_id.as_str()).execute(&mut *connection).await?;
    if [CUMULATIVE, WHOLE].contains(&said.fact_id.as_str()) || said.status != FactStatus::Undone {
        return Ok(());
    }
    // What the store said last of this refund stands, whatever arrived last.
    let sql = format!(
        "UPDATE refund_order SET state = 6, ended_at_ms = $6, note = 'the money came back after it was paid back'
         WHERE book = $1 AND state = 5 AND store_refund_id = $5 AND {of_purchase}
             AND EXISTS (SELECT 1 FROM refund_fact f WHERE f.store = $2 AND f.bundle_id = $3 AND f.transaction_id = $4 AND f.fact_id = $5 AND f.status = 3)"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(said.book.as_str()).bind(said.store.as_str()).bind(said.bundle_id.as_str());
    query.bind(said.transaction_id.as_str()).bind(said.fact_id.as_str()).bind(now_ms).execute(connection).await?;
    Ok(())
}

/// Which refunds are listed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefundFilter<'a> {
    /// Only this user's; of all users where absent.
    pub(crate) user: Option<&'a UserKey>,
    /// Only those of this purchase.
    pub(crate) purchase_id: Option<Uuid>,
    /// Only those in this state.
    pub(crate) state: Option<RefundOrderState>,
}

/// What a store said of a refund that it was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SaidOfRefund<'a> {
    /// How far the refund is after it.
    pub(crate) state: RefundOrderState,
    /// The store's id of it; empty leaves what is known.
    pub(crate) store_refund_id: &'a str,
    /// For people.
    pub(crate) note: &'a str,
    /// What was paid back, as a notification would say it.
    pub(crate) facts: &'a [RefundFact],
}

/// What is known of a purchase's refunds and coins.
#[derive(Debug, Default)]
pub(crate) struct KnownOfPurchase {
    /// The lot of its coins, once the journal was read that far.
    pub(crate) lot: Option<Lot>,
    /// Its refunds that were started here, newest first.
    pub(crate) orders: Vec<RefundOrder>,
    /// What its store said of refunds.
    pub(crate) facts: Vec<RefundFact>,
    /// What is in the books of them, in order.
    pub(crate) steps: Vec<RefundStep>,
}

impl Store {
    /// What is known of purchases of one user that follow each other; those about which nothing is known are missing.
    pub(crate) async fn known_of(&self, page: &[Purchase]) -> Result<BTreeMap<Uuid, KnownOfPurchase>, Error> {
        let mut known: BTreeMap<Uuid, KnownOfPurchase> = BTreeMap::new();
        let ids = || page.iter().map(|purchase| purchase.purchase_id);
        let (Some(first), Some(from), Some(until)) = (page.first(), ids().min(), ids().max()) else { return Ok(known) };
        // By the user's index, then by the keys of each table: the work is that of the page, not of the table.
        let of_page = "FROM purchase p {join} WHERE p.book = $1 AND p.user_id = $2 AND p.purchase_id >= $3 AND p.purchase_id <= $4";
        let mut connection = self.pool.acquire().await?;
        for (columns, join, order) in [
            ("l.*", "JOIN coin_lot l ON l.book = p.book AND l.purchase_id = p.purchase_id AND l.purchase_id <> ''", "l.lot_no"),
            ("o.*", "JOIN refund_order o ON o.book = p.book AND o.purchase_id = p.purchase_id", "o.refund_id DESC"),
            ("r.*", "JOIN refund r ON r.book = p.book AND r.purchase_id = p.purchase_id", "r.step_no"),
            (
                "f.*, p.purchase_id AS purchase_id",
                "JOIN refund_fact f ON f.store = p.store AND f.environment IN (p.environment, '') AND f.bundle_id = p.bundle_id
                    AND f.transaction_id = p.transaction_id AND f.book = p.book",
                "f.fact_id",
            ),
        ] {
            let sql = format!("SELECT {columns} {} ORDER BY {order}", of_page.replace("{join}", join));
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(first.book.as_str()).bind(first.user.as_str());
            for row in query.bind(text(from)).bind(text(until)).fetch_all(&mut *connection).await? {
                let purchase_id: String = row.try_get("purchase_id")?;
                let damaged = |_| Error::Damaged { purchase_id: purchase_id.clone(), column: "purchase_id" };
                let of = known.entry(Uuid::try_parse(&purchase_id).map_err(damaged)?).or_default();
                match columns {
                    "l.*" if of.lot.is_none() => of.lot = Some(lot(&row)?),
                    "l.*" => {}
                    "o.*" if of.orders.len() < OF_PURCHASE_MAX_LEN => of.orders.push(read(&row)?),
                    "o.*" => {}
                    "r.*" => of.steps.push(step(&row)?),
                    _ => of.facts.push(fact(&row)?),
                }
            }
        }
        Ok(known)
    }

    /// One refund.
    pub async fn refund_order(&self, book: &BookName, refund_id: Uuid) -> Result<Option<RefundOrder>, Error> {
        get(&mut *self.pool.acquire().await?, book, refund_id).await
    }

    /// A page of refunds, newest first.
    pub(crate) async fn refund_orders(
        &self,
        book: &BookName,
        filter: RefundFilter<'_>,
        before: Option<Uuid>,
        count_max: i64,
    ) -> Result<Vec<RefundOrder>, Error> {
        let mut sql = "SELECT * FROM refund_order WHERE book = $1 AND refund_id < $2".to_owned();
        let (user, purchase_id) = (filter.user.map(UserKey::as_str).unwrap_or_default(), filter.purchase_id.map(text).unwrap_or_default());
        let state = filter.state.map_or(0, RefundOrderState::number);
        for (given, condition) in [
            (filter.user.is_some(), " AND user_id = $3"),
            (filter.purchase_id.is_some(), " AND purchase_id = $4"),
            (filter.state.is_some(), " AND state = $5"),
        ] {
            // Each parameter stands in the statement, or PostgreSQL does not know its type.
            sql += if given { condition } else { "" };
        }
        sql += " AND $3 = $3 AND $4 = $4 AND $5 = $5 ORDER BY refund_id DESC LIMIT $6";
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(text(before.unwrap_or(Uuid::max())));
        query.bind(user).bind(purchase_id).bind(state).bind(count_max).fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// A user's refunds, newest first, before this one when given; at most 100. For showing them to their owner.
    pub async fn refunds_of_user(&self, book: &BookName, user: &UserKey, before: Option<Uuid>) -> Result<Vec<RefundOrder>, Error> {
        let filter = RefundFilter { user: Some(user), purchase_id: None, state: None };
        self.refund_orders(book, filter, before, OF_PURCHASE_MAX).await
    }

    /// The refunds of a purchase that were started here, newest first.
    pub async fn refund_orders_of(&self, of: &Purchase) -> Result<Vec<RefundOrder>, Error> {
        Ok(self.refunds_of(of).await?.0)
    }

    /// The refunds of a purchase, newest first, and what its store said of refunds.
    pub(crate) async fn refunds_of(&self, of: &Purchase) -> Result<(Vec<RefundOrder>, Vec<RefundFact>), Error> {
        let mut connection = self.pool.acquire().await?;
        let sql = "SELECT * FROM refund_order WHERE book = $1 AND purchase_id = $2 ORDER BY refund_id DESC LIMIT $3";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(OF_PURCHASE_MAX);
        let orders: Result<Vec<RefundOrder>, Error> = query.fetch_all(&mut *connection).await?.iter().map(read).collect();
        Ok((orders?, facts_of(&mut connection, of).await?))
    }

    /// Refunds that are due to be sent or asked about, those with the fewest tries first.
    pub(crate) async fn due_refund_orders(&self, now_ms: i64, count_max: i64) -> Result<Vec<RefundOrder>, Error> {
        let sql = "SELECT * FROM refund_order WHERE state IN (2, 3, 4, 7) AND next_attempt_at_ms <= $1 ORDER BY tries, next_attempt_at_ms LIMIT $2";
        self.due_rows("refund_order", sql, now_ms, count_max, read).await
    }

    /// Notes, before the store is called, that it is, and when it is asked next if nothing is heard. False: another process does it.
    pub(crate) async fn asking_for_refund(&self, of: &RefundOrder, now_ms: i64, next_attempt_at_ms: i64) -> Result<bool, Error> {
        let sql = "UPDATE refund_order SET state = CASE WHEN state = 2 THEN 3 ELSE state END, tries = tries + 1, next_attempt_at_ms = $3,
                sent_at_ms = CASE WHEN sent_at_ms = 0 THEN $4 ELSE sent_at_ms END
            WHERE book = $1 AND refund_id = $2 AND state = $5 AND tries = $6";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.refund_id)).bind(next_attempt_at_ms).bind(now_ms);
        Ok(query.bind(of.state.number()).bind(of.tries).execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Notes why a refund is not sent yet.
    pub(crate) async fn put_off_refund_order(&self, of: &RefundOrder, note: &str, next_attempt_at_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE refund_order SET tries = tries + 1, note = $3, next_attempt_at_ms = $4
            WHERE book = $1 AND refund_id = $2 AND state IN (2, 3, 4, 7)";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.refund_id)).bind(note).bind(next_attempt_at_ms);
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Notes what a store said of a refund, with what was paid back, in one transaction. One that has ended stays as it is.
    pub(crate) async fn refund_said(&self, of: &RefundOrder, said: SaidOfRefund<'_>, now_ms: i64) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE refund_order SET state = $3, store_refund_id = CASE WHEN $4 = '' THEN store_refund_id ELSE $4 END, note = $5,
                ended_at_ms = $6
            WHERE book = $1 AND refund_id = $2 AND state IN (3, 4, 7)";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.refund_id)).bind(said.state.number()).bind(said.store_refund_id);
        query.bind(said.note).bind(if said.state.is_over() { now_ms } else { 0 }).execute(&mut *tx).await?;
        for fact in said.facts {
            keep(&mut tx, fact, now_ms).await?;
        }
        Ok(tx.commit().await?)
    }

    /// How many refunds wait for a second person, for the store or for people at the store.
    pub(super) async fn open_refund_orders(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let mut open = Vec::new();
        for (name, states) in [("waits_for_approval", "1"), ("sent", "2, 3"), ("unknown", "4"), ("abnormal", "7")] {
            let sql =
                format!("SELECT COUNT(*), MIN(created_at_ms) FROM refund_order WHERE state IN (1, 2, 3, 4, 7) AND state IN ({states})");
            let (count, since_ms): (i64, Option<i64>) = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(&self.pool).await?;
            open.push(UnfinishedCount { what: "refund_order", state: name, count: count.unsigned_abs(), since_ms });
        }
        Ok(open)
    }
}
