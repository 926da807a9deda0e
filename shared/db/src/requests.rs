//! The table behind `request_id`: what a caller sent under an id, and the first answer to it.
//!
//! Every function takes a connection, so that a service can use it inside the transaction that does the work: [`begin`] first, then the work, then
//! [`finish`]. A service whose work is an RPC to another one calls `begin`, commits, does the keyed work, and calls `finish`; a crash in between shows as
//! [`RequestStanding::Unfinished`], and the work is retried under the same derived ids.
//!
//! Outcomes that must not be sticky (overload, unknown outcome, internal) are not finished: [`forget`] the id if nothing happened, else leave it.

use crate::sets::{self, SetValue};
use std::collections::{BTreeMap, HashSet};
use std::time::SystemTime;

use money::{
    BookName, RequestId, UserKey,
    time::{from_unix_ms, unix_ms},
};
use sqlx::{AnyConnection, AnyPool, Row as _};

/// DDL of the table, for a migration of the service (`Migration::expand(version, requests::TABLE)`).
pub const TABLE: &str = include_str!("requests/table.sql");

/// How long a refusal stays the answer, unless configured otherwise: longer than any client keeps a request in its outbox, and until its id is too old to
/// be accepted as new, even if it was ahead of the clock when it was refused.
pub const REFUSAL_RETENTION: std::time::Duration = std::time::Duration::from_millis(money::AGE_MAX_MS + money::AHEAD_MAX_MS);

const REFUSED: i64 = 2;
const ANSWERED: i64 = 1;
const OPEN: i64 = 0;

/// The scope of an id.
#[derive(Debug, Clone, Copy)]
pub struct RequestKey<'a> {
    /// The book.
    pub book: &'a BookName,
    /// The caller: another subject with the same id is another request.
    pub subject: &'a UserKey,
    /// The RPC's name.
    pub rpc: &'static str,
    /// The client's id.
    pub request_id: &'a RequestId,
}

/// What the caller sent, by field name. Never anything derived from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentFields(BTreeMap<String, String>);

impl SentFields {
    /// No fields yet.
    pub fn new() -> SentFields {
        SentFields::default()
    }

    /// Adds one field.
    pub fn with(mut self, name: &str, value: impl ToString) -> SentFields {
        self.0.insert(name.to_owned(), value.to_string());
        self
    }

    /// The fields in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A field's value, if it was sent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The fields in the form in which the table keeps them.
    pub fn kept(text: &str) -> Result<SentFields, sqlx::Error> {
        decode(text)
    }

    fn differing(&self, other: &SentFields) -> Vec<String> {
        let names = self.0.keys().chain(other.0.keys());
        let mut differing: Vec<String> = names.filter(|name| self.0.get(*name) != other.0.get(*name)).cloned().collect();
        differing.sort();
        differing.dedup();
        differing
    }
}

/// The answer kept under an id, in the service's own encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// An encoded response or refusal.
    pub bytes: Vec<u8>,
    /// True for a sticky refusal, which may be pruned after its retention; answers are kept.
    pub refusal: bool,
}

impl KeptAnswer {
    /// Of a request whose answer is read from the tables of its service: nothing but that it was executed.
    #[must_use]
    pub const fn done() -> Self {
        Self { bytes: Vec::new(), refusal: false }
    }
}

/// The state of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestStanding {
    /// Unknown until now: the caller has to do the work.
    New,
    /// Answered before.
    Replay(KeptAnswer),
    /// Begun at this time and not answered: lost in a crash, or in flight in another call right now.
    Unfinished {
        /// When it began.
        since: SystemTime,
    },
    /// Used before with other fields.
    Reused {
        /// Names of the fields that differ.
        differing: Vec<String>,
    },
}

/// Registers an id, or returns its state. `now` is the use case's one reading of the clock.
pub async fn begin(
    connection: &mut AnyConnection,
    key: RequestKey<'_>,
    fields: &SentFields,
    now: SystemTime,
) -> Result<RequestStanding, sqlx::Error> {
    let mut standings = begin_all(connection, &[(key, fields)], now).await?;
    standings.pop().ok_or(sqlx::Error::RowNotFound)
}

/// Registers ids that differ: what is returned of each, in their order.
pub async fn begin_all(
    connection: &mut AnyConnection,
    requests: &[(RequestKey<'_>, &SentFields)],
    now: SystemTime,
) -> Result<Vec<RequestStanding>, sqlx::Error> {
    let mut rows = Vec::new();
    for (key, fields) in requests {
        let [book, subject, rpc, id] = columns(*key);
        rows.push([book, subject, rpc, id, encode(fields)?.into(), unix_ms(now).into(), OPEN.into(), 0.into()]);
    }
    let insert = "INSERT INTO request (book, subject, rpc, request_id, fields, created_at_ms, state, finished_at_ms) VALUES {rows}
         ON CONFLICT DO NOTHING RETURNING book, subject, rpc, request_id";
    let mut inserted: HashSet<[String; 4]> = HashSet::new();
    for row in sets::returned(connection, insert, &rows).await? {
        inserted.insert([row.try_get("book")?, row.try_get("subject")?, row.try_get("rpc")?, row.try_get("request_id")?]);
    }
    let mut standings = Vec::new();
    for (key, fields) in requests {
        let texts = [key.book.as_str(), key.subject.as_str(), key.rpc, &id_text(*key)].map(str::to_owned);
        standings.push(match inserted.remove(&texts) {
            true => RequestStanding::New,
            false => known(connection, *key, fields).await?,
        });
    }
    Ok(standings)
}

/// The state of an id that was there before.
async fn known(connection: &mut AnyConnection, key: RequestKey<'_>, fields: &SentFields) -> Result<RequestStanding, sqlx::Error> {
    let row: (String, i64, Option<Vec<u8>>, i64) = sqlx::query_as(
        "SELECT fields, state, outcome, created_at_ms FROM request
         WHERE book = $1 AND subject = $2 AND rpc = $3 AND request_id = $4",
    )
    .bind(key.book.as_str())
    .bind(key.subject.as_str())
    .bind(key.rpc)
    .bind(id_text(key))
    .fetch_one(connection)
    .await?;
    let (kept, state, outcome, created_at_ms) = row;
    let differing = fields.differing(&decode(&kept)?);
    if !differing.is_empty() {
        return Ok(RequestStanding::Reused { differing });
    }
    match (state, outcome) {
        (OPEN, _) | (_, None) => Ok(RequestStanding::Unfinished { since: from_unix_ms(created_at_ms) }),
        (state, Some(bytes)) => Ok(RequestStanding::Replay(KeptAnswer { bytes, refusal: state == REFUSED })),
    }
}

/// Records answers of ids that differ. One that was answered before keeps its first answer.
pub async fn finish_all(
    connection: &mut AnyConnection,
    answers: &[(RequestKey<'_>, &KeptAnswer)],
    now: SystemTime,
) -> Result<(), sqlx::Error> {
    let row = |(key, answer): &(RequestKey<'_>, &KeptAnswer)| {
        let [book, subject, rpc, id] = columns(*key);
        let state = if answer.refusal { REFUSED } else { ANSWERED };
        [book, subject, rpc, id, state.into(), answer.bytes.clone().into(), unix_ms(now).into()]
    };
    let rows: Vec<[SetValue; 7]> = answers.iter().map(row).collect();
    let update = "UPDATE request SET state = v.column5, outcome = v.column6, finished_at_ms = v.column7 FROM (VALUES {rows}) AS v
         WHERE request.book = v.column1 AND request.subject = v.column2 AND request.rpc = v.column3 AND request.request_id = v.column4
             AND request.state = 0";
    sets::changed(connection, update, &rows).await?;
    Ok(())
}

fn columns(key: RequestKey<'_>) -> [SetValue; 4] {
    [key.book.as_str().into(), key.subject.as_str().into(), key.rpc.into(), id_text(key).into()]
}

/// Records the answer and returns the valid one: the first to finish wins, so that two calls that did the same work under the same derived ids also
/// answer the same. `None`: the id is unknown, which only a missing [`begin`] or a [`forget`] can cause.
pub async fn finish(
    connection: &mut AnyConnection,
    key: RequestKey<'_>,
    outcome: &KeptAnswer,
    now: SystemTime,
) -> Result<Option<KeptAnswer>, sqlx::Error> {
    Ok(finish_first(connection, key, outcome, now).await?.map(|(answer, _)| answer))
}

/// As [`finish`]; also returns whether this call was the first to finish, which only one of several concurrent calls is.
pub async fn finish_first(
    connection: &mut AnyConnection,
    key: RequestKey<'_>,
    outcome: &KeptAnswer,
    now: SystemTime,
) -> Result<Option<(KeptAnswer, bool)>, sqlx::Error> {
    let state = if outcome.refusal { REFUSED } else { ANSWERED };
    let updated = sqlx::query(
        "UPDATE request SET state = $5, outcome = $6, finished_at_ms = $7
         WHERE book = $1 AND subject = $2 AND rpc = $3 AND request_id = $4 AND state = 0",
    )
    .bind(key.book.as_str())
    .bind(key.subject.as_str())
    .bind(key.rpc)
    .bind(id_text(key))
    .bind(state)
    .bind(outcome.bytes.clone())
    .bind(unix_ms(now))
    .execute(&mut *connection)
    .await?;
    if updated.rows_affected() == 1 {
        return Ok(Some((outcome.clone(), true)));
    }
    let row: Option<(i64, Option<Vec<u8>>)> =
        sqlx::query_as("SELECT state, outcome FROM request WHERE book = $1 AND subject = $2 AND rpc = $3 AND request_id = $4")
            .bind(key.book.as_str())
            .bind(key.subject.as_str())
            .bind(key.rpc)
            .bind(id_text(key))
            .fetch_optional(connection)
            .await?;
    Ok(row.and_then(|(state, bytes)| Some((KeptAnswer { bytes: bytes?, refusal: state == REFUSED }, false))))
}

/// Removes an id that was begun and for which nothing happened. An answered one stays.
pub async fn forget(connection: &mut AnyConnection, key: RequestKey<'_>) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM request WHERE book = $1 AND subject = $2 AND rpc = $3 AND request_id = $4 AND state = 0")
        .bind(key.book.as_str())
        .bind(key.subject.as_str())
        .bind(key.rpc)
        .bind(id_text(key))
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes at most `count_max` refusals finished before `before`; returns how many. Answers of accepted requests are kept.
pub async fn prune(pool: &AnyPool, before: SystemTime, count_max: i64) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query(
        "DELETE FROM request WHERE (book, subject, rpc, request_id) IN (
             SELECT book, subject, rpc, request_id FROM request WHERE state = 2 AND finished_at_ms < $1
             ORDER BY finished_at_ms LIMIT $2)",
    )
    .bind(unix_ms(before))
    .bind(count_max)
    .execute(pool)
    .await?;
    Ok(deleted.rows_affected())
}

fn id_text(key: RequestKey<'_>) -> String {
    key.request_id.uuid().hyphenated().to_string()
}

fn encode(fields: &SentFields) -> Result<String, sqlx::Error> {
    serde_json::to_string(&fields.0).map_err(|e| sqlx::Error::Encode(Box::new(e)))
}

fn decode(text: &str) -> Result<SentFields, sqlx::Error> {
    serde_json::from_str(text).map(SentFields).map_err(|e| sqlx::Error::Decode(Box::new(e)))
}
