//! The table of payouts.

use super::{
    Error, PageStart, Store, book,
    group::{PayoutWrite, WrittenBeside},
    messages::BankMessage,
    row::{self, StoredColumn},
    steps::{self, PayoutStep},
    uuid,
};
use crate::{
    domain::{Payout, PayoutState},
    vault::Vault,
};
use money::{BookName, UserKey};
use rpc::wire::TimeRange;
use sqlx::{AnyConnection, Row, any::AnyRow};
use std::collections::BTreeMap;
use telemetry::UnfinishedCount;
use uuid::Uuid;

/// A payout's key in the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PayoutKey {
    /// Its book.
    pub book: BookName,
    /// Its id.
    pub payout_id: Uuid,
}

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

fn read(row: &AnyRow) -> Result<Payout, Error> {
    let columns = row::read(|name| row.try_get::<String, _>(name), |name| row.try_get::<i64, _>(name));
    columns.map_err(|error| match error {
        Error::Row(what) => Error::Payout { payout_id: row.try_get("payout_id").unwrap_or_default(), what },
        Error::Sqlx(error) => db::in_row(row, "payout", "payout_id", error).into(),
        other => other,
    })
}

/// Stores a new payout and its first step.
pub async fn insert(tx: &mut AnyConnection, payout: &Payout) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO payout (book, payout_id, user_id, beneficiary_id, request_id, currency, minor_units, rail, phase, state, version,
             due_at_ms, attempts, sends, sent_at_ms, first_sent_at_ms, seen, step_key, bank_status, reason_code, reason, hold_posting_id,
             hold_transfer_no, submit_posting_id, final_posting_id, bank_time_ms, traceparent, created_at_ms, final_at_ms, attempt_no, bank, entity,
             bank_account, reference, cost_minor_units, starts_at_ms, expected_at_ms, bearer)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, 0, 0, 0, $13, '', '', '', '', 0, '', '', 0, $14, $15, 0, $16, $17, $18,
             $19, $20, $21, $22, $23, $24)",
    )
    .bind(payout.book.as_str().to_owned())
    .bind(payout.payout_id.to_string())
    .bind(payout.user.as_str().to_owned())
    .bind(payout.beneficiary_id.to_string())
    .bind(payout.request_id.to_string())
    .bind(payout.amount.currency().code().to_owned())
    .bind(payout.amount.minor_units())
    .bind(payout.attempt.rail.clone())
    .bind(payout.phase.name())
    .bind(payout.state.name())
    .bind(payout.version)
    .bind(payout.due_at_ms)
    .bind(payout.step_key.to_string())
    .bind(payout.traceparent.clone())
    .bind(payout.created_at_ms)
    .bind(payout.attempt.number)
    .bind(payout.attempt.bank.clone())
    .bind(payout.attempt.entity.clone())
    .bind(payout.attempt.bank_account.clone())
    .bind(payout.attempt.reference.clone())
    .bind(payout.attempt.cost_minor_units)
    .bind(payout.attempt.starts_at_ms)
    .bind(payout.attempt.expected_at_ms)
    .bind(payout.bearer.name())
    .execute(&mut *tx)
    .await?;
    steps::insert(tx, payout, &PayoutStep::once(payout.state, payout.created_at_ms, String::new())).await
}

/// One by its id.
pub async fn get(tx: &mut AnyConnection, payout_key: &PayoutKey) -> Result<Option<Payout>, Error> {
    let query = sqlx::query("SELECT * FROM payout WHERE book = $1 AND payout_id = $2");
    let query = query.bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string());
    query.fetch_optional(tx).await?.as_ref().map(read).transpose()
}

/// Locks a payout's row until the transaction ends, so that what is decided from its other rows is decided one after the other.
pub async fn lock(tx: &mut AnyConnection, payout_key: &PayoutKey) -> Result<(), Error> {
    let query = sqlx::query("UPDATE payout SET version = version WHERE book = $1 AND payout_id = $2");
    query.bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string()).execute(tx).await?;
    Ok(())
}

/// Writes `payout` over the version that was read, and the step, if any. `None`: another writer was first, and nothing changed.
pub async fn update(tx: &mut AnyConnection, mut payout: Payout, step: Option<&PayoutStep>) -> Result<Option<Payout>, Error> {
    let columns = row::changing(&payout);
    let set: Vec<String> = columns.iter().zip(4..).map(|((name, _), place)| format!("{name} = ${place}")).collect();
    let sql = format!("UPDATE payout SET version = version + 1, {} WHERE book = $1 AND payout_id = $2 AND version = $3", set.join(", "));
    let mut query =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(payout.book.as_str().to_owned()).bind(payout.payout_id.to_string()).bind(payout.version);
    for (_, column) in columns {
        query = match column {
            StoredColumn::Text(text) => query.bind(text),
            StoredColumn::Number(number) => query.bind(number),
        };
    }
    let updated = query.execute(&mut *tx).await?;
    if updated.rows_affected() == 0 {
        return Ok(None);
    }
    if let Some(step) = step {
        steps::insert(tx, &payout, step).await?;
    }
    payout.version += 1;
    Ok(Some(payout))
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
    /// posting is missing, the outcome is known: such a payout counts as submitted.
    pub async fn unfinished(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT state, COUNT(*), MIN(since_ms) FROM (
                 SELECT CASE WHEN state = 'outcome_unknown' AND phase IN ('settling', 'returning', 'suspending') THEN 'submitted' ELSE state END AS state,
                     COALESCE((SELECT MAX(at_ms) FROM payout_step
                     WHERE payout_step.book = payout.book AND payout_step.payout_id = payout.payout_id
                         AND payout_step.state IN ('requested', 'held', 'in_review', 'queued', 'submitted') AND payout_step.note NOT LIKE 'waiting: %'), created_at_ms) AS since_ms
                 FROM payout WHERE phase NOT IN ('refused', 'settled', 'rejected')
                     AND phase NOT IN ('returnable', 'cancelled', 'blocked', 'unblocking', 'unblocked')) AS under_way GROUP BY state",
        )
        .fetch_all(self.pool())
        .await?;
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
        let mut connection = self.pool().acquire().await?;
        get(&mut connection, payout_key).await
    }

    /// Payouts of a book by the request that created them or the posting that held their money. Reads them all: for a person who searches for one.
    pub async fn looked_up(&self, book: &BookName, id: Uuid) -> Result<Vec<Payout>, Error> {
        let query = sqlx::query("SELECT * FROM payout WHERE book = $1 AND (request_id = $2 OR hold_posting_id = $2) ORDER BY payout_id");
        query.bind(book.as_str().to_owned()).bind(id.to_string()).fetch_all(self.pool()).await?.iter().map(read).collect()
    }

    /// As [`update`], in a transaction of its own, or in one with others.
    pub async fn save(&self, payout: Payout, step: Option<&PayoutStep>) -> Result<Option<Payout>, Error> {
        self.write(PayoutWrite { payout, step: step.cloned(), beside: WrittenBeside::Nothing }).await
    }

    /// The same, and how the payout's attempt ended: when, or 0 if it was paid.
    pub async fn save_end(&self, payout: Payout, step: Option<&PayoutStep>, ended_at_ms: i64) -> Result<Option<Payout>, Error> {
        self.write(PayoutWrite { payout, step: step.cloned(), beside: WrittenBeside::AttemptEnd { ended_at_ms } }).await
    }

    /// The same as [`Self::save`], and a message to the bank or from it, with the content that it is compared by.
    pub async fn save_message(
        &self,
        payout: Payout,
        step: Option<&PayoutStep>,
        vault: &Vault,
        (message, content): (BankMessage, Option<String>),
    ) -> Result<Option<Payout>, Error> {
        let beside = WrittenBeside::Message { vault: vault.clone(), message, content };
        self.write(PayoutWrite { payout, step: step.cloned(), beside }).await
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
