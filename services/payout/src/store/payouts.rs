//! The table of payouts.

use super::{
    Error, PageStart, Store, book,
    read_group::RowKey,
    row,
    steps::{self, PayoutStep},
    uuid,
};
use crate::domain::{Payout, PayoutKey, PayoutState};
use db::{
    sets::{self, SetValue},
    waiting,
};
use money::{BookName, UserKey};
use rpc::wire::TimeRange;
use sqlx::{AnyConnection, Row, any::AnyRow};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use telemetry::UnfinishedCount;
use uuid::Uuid;

/// Payouts looked up in one query.
const IDS_READ_MAX: usize = 500;

/// A page of a user's payouts.
#[derive(Debug, Clone, Copy)]
pub struct ListedPayouts {
    /// Only in this state; in any when none.
    pub state: Option<PayoutState>,
    /// Only those asked for in this time.
    pub created: TimeRange,
    /// Where the page begins.
    pub after: PageStart,
    /// How many rows at the most.
    pub limit: i64,
}

pub(super) fn read(row: &AnyRow) -> Result<Payout, Error> {
    let columns = row::read(|name| row.try_get::<String, _>(name), |name| row.try_get::<i64, _>(name));
    columns.map_err(|error| match error {
        Error::Row(what) => Error::Payout { payout_id: row.try_get("payout_id").unwrap_or_default(), what },
        Error::Sqlx(error) => db::in_row(row, "payout", "payout_id", error).into(),
        other => other,
    })
}

/// Stores new payouts, each with its first step.
pub async fn insert_all(tx: &mut AnyConnection, payouts: &[&Payout]) -> Result<(), Error> {
    let rows: Vec<[SetValue; 38]> = payouts.iter().map(|payout| inserted(payout)).collect();
    let sql = "INSERT INTO payout (book, payout_id, user_id, beneficiary_id, request_id, currency, minor_units, rail, phase, state, version,
             due_at_ms, step_key, traceparent, created_at_ms, attempt_no, bank, entity, bank_account, reference, cost_minor_units, starts_at_ms,
             expected_at_ms, bearer, attempts, sends, sent_at_ms, first_sent_at_ms, seen, hold_transfer_no, bank_time_ms, final_at_ms,
             bank_status, reason_code, reason, hold_posting_id, submit_posting_id, final_posting_id)
         VALUES {rows}";
    sets::changed(tx, sql, &rows).await?;
    let first = |payout: &&Payout| (payout.key(), PayoutStep::once(payout.state, payout.created_at_ms, String::new()));
    steps::insert_first(tx, &payouts.iter().map(first).collect::<Vec<_>>()).await
}

/// The columns of a new payout: at the end eight numbers and six texts that have no value yet.
fn inserted(payout: &Payout) -> [SetValue; 38] {
    let (attempt, [book, payout_id]) = (&payout.attempt, payout.key().columns());
    let [rail, bank, entity, account, reference] =
        [&attempt.rail, &attempt.bank, &attempt.entity, &attempt.bank_account, &attempt.reference].map(|text| text.clone().into());
    let known: [SetValue; 24] = [
        book,
        payout_id,
        payout.user.as_str().into(),
        payout.beneficiary_id.to_string().into(),
        payout.request_id.to_string().into(),
        payout.amount.currency().code().into(),
        payout.amount.minor_units().into(),
        rail,
        payout.phase.name().into(),
        payout.state.name().into(),
        payout.version.into(),
        payout.due_at_ms.into(),
        payout.step_key.to_string().into(),
        payout.traceparent.clone().into(),
        payout.created_at_ms.into(),
        attempt.number.into(),
        bank,
        entity,
        account,
        reference,
        attempt.cost_minor_units.into(),
        attempt.starts_at_ms.into(),
        attempt.expected_at_ms.into(),
        payout.bearer.name().into(),
    ];
    let unknown = std::iter::repeat_n(SetValue::Number(0), 8).chain(std::iter::repeat_n(SetValue::Text(String::new()), 6));
    let mut all = known.into_iter().chain(unknown);
    std::array::from_fn(|_| all.next().expect("as many as there are columns"))
}

/// One by its id.
pub async fn get(tx: &mut AnyConnection, payout_key: &PayoutKey) -> Result<Option<Payout>, Error> {
    let query = sqlx::query("SELECT * FROM payout WHERE book = $1 AND payout_id = $2");
    let query = query.bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string());
    query.fetch_optional(tx).await?.as_ref().map(read).transpose()
}

/// Payouts by their keys. A join in this order, since SQLite would read the whole table for `IN` with two columns.
const ALL: &str =
    "SELECT payout.* FROM (VALUES {rows}) AS v CROSS JOIN payout WHERE payout.book = v.column1 AND payout.payout_id = v.column2";

/// Those of these that there are.
pub(super) async fn get_all(connection: &mut AnyConnection, keys: &BTreeSet<RowKey>) -> Result<HashMap<RowKey, Payout>, Error> {
    let rows: Vec<_> = keys.iter().map(RowKey::columns).collect();
    let found = sets::returned(connection, ALL, &rows).await?;
    found.iter().map(|row| Ok((RowKey::of(row, "payout_id")?, read(row)?))).collect()
}

/// Locks a payout's row until the transaction ends, so that what is decided from its other rows is decided one after the other.
pub async fn lock(tx: &mut AnyConnection, payout_key: &PayoutKey) -> Result<(), Error> {
    let query = sqlx::query("UPDATE payout SET version = version WHERE book = $1 AND payout_id = $2");
    query.bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string()).execute(tx).await?;
    Ok(())
}

/// Writes `payout` over the version that was read, and the step, if any. `None`: another writer was first, and nothing changed.
pub async fn update(tx: &mut AnyConnection, payout: Payout, step: Option<&PayoutStep>) -> Result<Option<Payout>, Error> {
    Ok(update_all(tx, vec![(payout, step)]).await?.pop().flatten())
}

/// The same of payouts that differ: what was written of each, in their order.
pub(super) async fn update_all(tx: &mut AnyConnection, writes: Vec<(Payout, Option<&PayoutStep>)>) -> Result<Vec<Option<Payout>>, Error> {
    let Some((first, _)) = writes.first() else { return Ok(Vec::new()) };
    let set: Vec<String> = row::changing(first).iter().zip(4..).map(|((name, _), place)| format!("{name} = v.column{place}")).collect();
    let sql = format!(
        "UPDATE payout SET version = payout.version + 1, {} FROM (VALUES {{rows}}) AS v
         WHERE payout.book = v.column1 AND payout.payout_id = v.column2 AND payout.version = v.column3 RETURNING payout.book, payout.payout_id",
        set.join(", ")
    );
    let rows: Vec<[SetValue; CHANGED_COLUMNS]> = writes.iter().map(|(payout, _)| changed(payout)).collect();
    let mut saved = HashSet::new();
    for row in sets::returned(tx, &sql, &rows).await? {
        saved.insert(PayoutKey {
            book: book(&row.try_get::<String, _>("book")?)?,
            payout_id: uuid(&row.try_get::<String, _>("payout_id")?)?,
        });
    }
    let visible: Vec<_> = writes.iter().filter_map(|(payout, step)| Some((payout.key(), (*step)?.clone()))).collect();
    let visible: Vec<_> = visible.into_iter().filter(|(key, _)| saved.contains(key)).collect();
    steps::insert_all(tx, &visible).await?;
    let written = |(payout, _): (Payout, _)| saved.contains(&payout.key()).then(|| Payout { version: payout.version + 1, ..payout });
    Ok(writes.into_iter().map(written).collect())
}

/// Key, version and all that changes.
const CHANGED_COLUMNS: usize = 3 + row::CHANGING;

fn changed(payout: &Payout) -> [SetValue; CHANGED_COLUMNS] {
    let [book, payout_id] = payout.key().columns();
    let mut values = [book, payout_id, payout.version.into()].into_iter().chain(row::changing(payout).map(|(_, value)| value));
    std::array::from_fn(|_| values.next().expect("as many as there are columns"))
}

impl Store {
    /// Payouts of a book that are not final, for comparing with the ledger.
    pub async fn under_way(&self, book: &BookName) -> Result<BTreeMap<Uuid, Payout>, Error> {
        let query = sqlx::query(
            "SELECT * FROM payout WHERE book = $1 AND phase NOT IN ('refused', 'settled', 'rejected')
                 AND phase NOT IN ('returnable', 'cancelled', 'blocked', 'unblocking', 'unblocked')",
        );
        let rows = query.bind(book.as_str().to_owned()).fetch_all(self.pool()).await?;
        rows.iter().map(|row| read(row).map(|payout| (payout.payout_id, payout))).collect()
    }

    /// How many payouts are in each state that is not final, and since when the oldest is in it: since it was submitted, or before that since its last
    /// step. Changing answers of a bank do not reset that time, nor does a note on why it waits. Where the bank has decided and only the ledger's
    /// posting is missing, the outcome is known: such a payout counts as submitted. A time ahead of the clock counts as long ago as it is ahead.
    pub async fn unfinished(&self, now_ms: i64) -> Result<Vec<UnfinishedCount>, Error> {
        let oldest = waiting::oldest("since_ms");
        let sql = format!(
            "SELECT state, COUNT(*), {oldest} FROM (
                 SELECT CASE WHEN state = 'outcome_unknown' AND phase IN ('settling', 'returning', 'suspending') THEN 'submitted' ELSE state END AS state,
                     COALESCE((SELECT MAX(at_ms) FROM payout_step
                     WHERE payout_step.book = payout.book AND payout_step.payout_id = payout.payout_id
                         AND payout_step.state IN ('requested', 'held', 'in_review', 'queued', 'submitted') AND payout_step.note NOT LIKE 'waiting: %'), created_at_ms) AS since_ms
                 FROM payout WHERE phase NOT IN ('refused', 'settled', 'rejected')
                     AND phase NOT IN ('returnable', 'cancelled', 'blocked', 'unblocking', 'unblocked')) AS under_way GROUP BY state"
        );
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(now_ms).fetch_all(self.pool()).await?;
        let open = |state: PayoutState| {
            let row = rows.iter().find(|(name, ..)| name == state.name());
            let count = row.map_or(0, |(_, count, _)| count.unsigned_abs());
            UnfinishedCount { what: "payout", state: state.name(), count, since_ms: row.map(|(.., since_ms)| *since_ms) }
        };
        Ok(PayoutState::IN_FLIGHT.map(open).to_vec())
    }

    /// Payouts of a book in the order of their ids, after this one when given, at most `limit`: all that moved money, or may.
    pub async fn moving(&self, book: &BookName, after: Option<Uuid>, limit: i64) -> Result<Vec<Payout>, Error> {
        let sql = "SELECT * FROM payout WHERE book = $1 AND payout_id > $2 AND phase <> 'refused' ORDER BY payout_id LIMIT $3";
        let query = sqlx::query(sql).bind(book.as_str().to_owned()).bind(after.unwrap_or(Uuid::nil()).to_string()).bind(limit);
        query.fetch_all(self.pool()).await?.iter().map(read).collect()
    }

    /// One by its id.
    pub async fn payout(&self, payout_key: &PayoutKey) -> Result<Option<Payout>, Error> {
        self.payout_rows.read(payout_key.into()).await
    }

    /// The payouts whose attempts have these ids (`EndToEndId`), by the id. The first attempt's is the payout's own id, also of payouts of older programs, which kept
    /// no attempts.
    pub async fn payouts_named(&self, end_to_end_ids: &BTreeSet<Uuid>) -> Result<HashMap<Uuid, Payout>, Error> {
        let texts: Vec<String> = end_to_end_ids.iter().map(|id| id.simple().to_string()).collect();
        let mut named: BTreeMap<Uuid, BTreeSet<Uuid>> = end_to_end_ids.iter().map(|id| (*id, BTreeSet::from([*id]))).collect();
        for (end_to_end_id, _, payout_id) in self.payouts_of(&texts).await? {
            named.entry(payout_id).or_default().insert(uuid(&end_to_end_id)?);
        }
        let ids: Vec<Uuid> = named.keys().copied().collect();
        let mut found = HashMap::new();
        for ids in ids.chunks(IDS_READ_MAX) {
            let places: Vec<String> = (1..).take(ids.len()).map(|place| format!("${place}")).collect();
            let sql = format!("SELECT * FROM payout WHERE payout_id IN ({})", places.join(", "));
            let query = ids.iter().fold(sqlx::query(sqlx::AssertSqlSafe(sql)), |query, id| query.bind(id.to_string()));
            for row in query.fetch_all(self.pool()).await? {
                let payout = read(&row)?;
                let of_it = named.get(&payout.payout_id).into_iter().flatten();
                found.extend(of_it.map(|id| (*id, payout.clone())));
            }
        }
        Ok(found)
    }

    /// A user's, newest first. Refused ones never were.
    pub async fn payouts(&self, book: &BookName, user: &UserKey, listed: ListedPayouts) -> Result<Vec<Payout>, Error> {
        let query = sqlx::query(
            "SELECT * FROM payout
             WHERE book = $1 AND user_id = $2 AND (created_at_ms < $3 OR (created_at_ms = $3 AND payout_id < $4))
                 AND phase <> 'refused' AND ($5 = '' OR state = $5) AND created_at_ms >= $6 AND created_at_ms < $7
             ORDER BY created_at_ms DESC, payout_id DESC LIMIT $8",
        );
        let query = query
            .bind(book.as_str().to_owned())
            .bind(user.as_str().to_owned())
            .bind(listed.after.created_at_ms)
            .bind(listed.after.id.to_string())
            .bind(listed.state.map_or("", PayoutState::name))
            .bind(listed.created.from_ms)
            .bind(listed.created.until_ms)
            .bind(listed.limit);
        query.fetch_all(self.pool()).await?.iter().map(read).collect()
    }

    /// Ids of a user's payouts and beneficiaries.
    pub async fn ids_of(&self, book: &BookName, user: &UserKey) -> Result<Vec<String>, Error> {
        let sql = "SELECT payout_id FROM payout WHERE book = $1 AND user_id = $2
            UNION SELECT beneficiary_id FROM payout WHERE book = $1 AND user_id = $2
            UNION SELECT beneficiary_id FROM beneficiary WHERE book = $1 AND user_id = $2";
        Ok(sqlx::query_scalar(sql).bind(book.as_str().to_owned()).bind(user.as_str().to_owned()).fetch_all(self.pool()).await?)
    }

    /// Due payouts, longest waiting first.
    pub async fn due(&self, now_ms: i64, limit: i64) -> Result<Vec<PayoutKey>, Error> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT book, payout_id FROM payout WHERE due_at_ms <= $1 ORDER BY due_at_ms LIMIT $2")
                .bind(now_ms)
                .bind(limit)
                .fetch_all(self.pool())
                .await?;
        rows.iter().map(|(name, id)| Ok(PayoutKey { book: book(name)?, payout_id: uuid(id)? })).collect()
    }

    /// When the next payout becomes due.
    pub async fn next_due_at_ms(&self) -> Result<Option<i64>, Error> {
        Ok(sqlx::query_scalar("SELECT due_at_ms FROM payout ORDER BY due_at_ms LIMIT 1").fetch_optional(self.pool()).await?)
    }
}
