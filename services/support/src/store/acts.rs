//! The table of the audit log.
use super::{
    Store,
    about::{self, pairs},
    text, unreadable,
};
use crate::{
    domain::{ActHashes, ActPhase, ActRecord, GENESIS, StaffAct},
    whole::WholeRequest,
};
use rpc::wire::TimeRange;
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use std::collections::BTreeSet;
use uuid::Uuid;

/// How often a line is retried after another process took its sequence number. Each failed try means that another write succeeded.
const ATTEMPTS_MAX: usize = 32;

pub(super) const COLUMNS: &str =
    "seq, time_ms, act_id, phase, subject, issuer, role, rpc, book, user_id, outcome, reason, request_json, erased, salt,
    text_digest, hash, request_hash, proposal_hash";

/// Which lines to list. An empty text matches any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActFilter {
    /// The books: with a list, one of these.
    pub books: Option<Vec<String>>,
    /// The subject of the token that was used.
    pub subject: String,
    /// The user that the line is about.
    pub user_id: String,
    /// The RPC that was called.
    pub rpc: String,
    /// An account that the request names.
    pub account: String,
    /// Recorded in this time.
    pub recorded: TimeRange,
}

impl Store {
    /// Appends a line, unless it exists already. Returns its sequence number, and its hash when it is new.
    pub async fn append(&self, act: &StaffAct, time_ms: i64, salt: [u8; 16]) -> Result<(i64, Option<[u8; 32]>), sqlx::Error> {
        self.append_whole(act, &WholeRequest::default(), ActHashes::default(), time_ms, salt).await
    }

    /// The same, with the whole request, of which the line stores only a part.
    pub async fn append_whole(
        &self,
        act: &StaffAct,
        whole: &WholeRequest,
        hashes: ActHashes,
        time_ms: i64,
        salt: [u8; 16],
    ) -> Result<(i64, Option<[u8; 32]>), sqlx::Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut tx = db::begin(&self.pool).await?;
            if let Some(seq) = place(&mut tx, act).await? {
                return Ok((seq, None));
            }
            let before = last(&mut tx).await?;
            let previous = before.map_or(GENESIS, |(_, hash)| hash);
            let line = ActRecord::after(before, act.clone(), time_ms, salt).binding(&previous, hashes.clone());
            if insert(&mut tx, &line).await? {
                about::note(&mut tx, act, whole).await?;
                tx.commit().await?;
                return Ok((line.seq, Some(line.hash)));
            }
        }
        Err(sqlx::Error::PoolTimedOut)
    }

    /// Lines older than `before`, newest first, at most `limit` of those that match.
    pub async fn acts(&self, filter: &ActFilter, before: i64, limit: i64) -> Result<Vec<ActRecord>, sqlx::Error> {
        let mut sql = format!("SELECT {COLUMNS} FROM act WHERE seq < $1");
        let mut texts = Vec::new();
        let asked = [("subject", &filter.subject), ("user_id", &filter.user_id), ("rpc", &filter.rpc), ("account", &filter.account)];
        for (column, value) in asked {
            if !value.is_empty() {
                texts.push(value.clone());
                let n = texts.len() + 1;
                let holds = match column {
                    "user_id" => about::about_user(n),
                    "account" => format!("act_id IN (SELECT act_id FROM act_account WHERE account = ${n})"),
                    column => format!("{column} = ${n}"),
                };
                sql.push_str(&format!(" AND {holds}"));
            }
        }
        if let Some(books) = &filter.books {
            let places: Vec<String> = books
                .iter()
                .map(|book| {
                    texts.push(book.clone());
                    format!("${}", texts.len() + 1)
                })
                .collect();
            // A token that covers no book sees nothing.
            sql.push_str(&format!(" AND book IN ({})", if places.is_empty() { "NULL".to_owned() } else { places.join(", ") }));
        }
        let next = texts.len() + 2;
        sql.push_str(&format!(" AND time_ms >= ${next} AND time_ms < ${} ORDER BY seq DESC LIMIT ${}", next + 1, next + 2));
        // Only names of columns and numbers of parameters were put together here.
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(before);
        for value in texts {
            query = query.bind(value);
        }
        query
            .bind(filter.recorded.from_ms)
            .bind(filter.recorded.until_ms)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(read)
            .collect()
    }

    /// The lines of an act in the order of its phases: of its beginning and, once it ended, of its end. None where there is no such act.
    pub async fn lines_of(&self, act_id: Uuid) -> Result<Vec<ActRecord>, sqlx::Error> {
        let sql = format!("SELECT {COLUMNS} FROM act WHERE act_id = $1 ORDER BY phase");
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(text(act_id)).fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Lines from this sequence number on, oldest first, at most `limit`.
    pub async fn acts_from(&self, seq: i64, limit: i64) -> Result<Vec<ActRecord>, sqlx::Error> {
        let sql = format!("SELECT {COLUMNS} FROM act WHERE seq >= $1 ORDER BY seq LIMIT $2");
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(seq).bind(limit).fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Lines about this user of this book, oldest first: those that name the user, those whose request names one of the user's things or accounts, and those
    /// that turned out to be about the user.
    pub async fn acts_about(&self, book: &str, user_id: &str, things: &BTreeSet<String>) -> Result<Vec<ActRecord>, sqlx::Error> {
        const PAGE: i64 = 1_000;
        // The same key is another user in another book.
        let sql = format!("SELECT {COLUMNS} FROM act WHERE book = $1 AND seq > $2 ORDER BY seq LIMIT $3");
        let (mut about, mut acts, mut after) = (Vec::new(), self.linked_acts(book, user_id).await?, 0);
        loop {
            let query = sqlx::query(sqlx::AssertSqlSafe(sql.as_str())).bind(book).bind(after).bind(PAGE);
            let page: Vec<ActRecord> = query.fetch_all(&self.pool).await?.iter().map(read).collect::<Result<_, _>>()?;
            let Some(last) = page.last() else { return Ok(about) };
            after = last.seq;
            for line in page {
                let named = line.act.user_id == user_id || mentions(&line.act.request_json, user_id, things);
                // The outcome of an act is in another line than its request.
                if named || acts.contains(&line.act.act_id) {
                    acts.insert(line.act.act_id);
                    about.push(line);
                }
            }
        }
    }

    /// Erases the texts of every line of [`Store::acts_about`] and returns how many lines had some. The lines and their hashes stay.
    pub async fn erase(&self, book: &str, user_id: &str, things: &BTreeSet<String>) -> Result<u64, sqlx::Error> {
        let about = self.acts_about(book, user_id, things).await?;
        let mut erased = 0;
        // All or nothing: an act's second line is found only through the texts of its first.
        let mut tx = db::begin(&self.pool).await?;
        for line in about.iter().filter(|line| !line.erased) {
            let sql = "UPDATE act SET reason = '', request_json = '', salt = '', erased = 1 WHERE seq = $1 AND erased = 0";
            erased += sqlx::query(sql).bind(line.seq).execute(&mut *tx).await?.rows_affected();
        }
        tx.commit().await?;
        Ok(erased)
    }
}

/// Whether a request names the user, a thing of the user, or one of the user's accounts. Only fields for such names are compared: amounts and books are texts
/// too.
fn mentions(request_json: &str, user_id: &str, things: &BTreeSet<String>) -> bool {
    pairs(request_json).iter().any(|one| names(&one.name, &one.text, user_id, things))
}

/// `userId`, `creatorId`, `viewerId`: a user. `…Id`: a thing. `…ccount`: an account, `viewer/<user>/coins`.
fn names(name: &str, text: &str, user_id: &str, things: &BTreeSet<String>) -> bool {
    if ["userId", "creatorId", "viewerId"].contains(&name) {
        return text == user_id;
    }
    (name.ends_with("ccount") && chart::account::owner(text) == Some(user_id)) || (name.ends_with("Id") && things.contains(text))
}

async fn place(connection: &mut AnyConnection, act: &StaffAct) -> Result<Option<i64>, sqlx::Error> {
    let found: Option<(i64,)> = sqlx::query_as("SELECT seq FROM act WHERE act_id = $1 AND phase = $2")
        .bind(text(act.act_id))
        .bind(act.phase.number())
        .fetch_optional(connection)
        .await?;
    Ok(found.map(|(seq,)| seq))
}

async fn last(connection: &mut AnyConnection) -> Result<Option<(i64, [u8; 32])>, sqlx::Error> {
    let found: Option<(i64, String)> =
        sqlx::query_as("SELECT seq, hash FROM act ORDER BY seq DESC LIMIT 1").fetch_optional(connection).await?;
    found.map(|(seq, hash)| Ok((seq, bytes(&hash)?))).transpose()
}

/// False when another process took the sequence number.
async fn insert(connection: &mut AnyConnection, line: &ActRecord) -> Result<bool, sqlx::Error> {
    let sql = format!(
        "INSERT INTO act ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $15, $16, $17, $18) ON CONFLICT DO NOTHING"
    );
    let StaffAct { act_id, phase, subject, issuer, role, rpc, book, user_id, outcome, reason, request_json } = &line.act;
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(line.seq).bind(line.time_ms).bind(text(*act_id)).bind(phase.number());
    for value in [subject, issuer, role, rpc, book, user_id, outcome, reason, request_json] {
        query = query.bind(value.clone());
    }
    let query = query.bind(hex::encode(line.salt)).bind(hex::encode(line.text_digest)).bind(hex::encode(line.hash));
    let query = query.bind(line.hashes.request.as_str()).bind(line.hashes.proposal.as_str());
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

pub(super) fn read(row: &AnyRow) -> Result<ActRecord, sqlx::Error> {
    let phase = ActPhase::of(row.try_get("phase")?).ok_or_else(|| unreadable("an unknown phase"))?;
    let erased = row.try_get::<i64, _>("erased")? != 0;
    let act = StaffAct {
        act_id: Uuid::try_parse(row.try_get("act_id")?).map_err(unreadable)?,
        phase,
        subject: row.try_get("subject")?,
        issuer: row.try_get("issuer")?,
        role: row.try_get("role")?,
        rpc: row.try_get("rpc")?,
        book: row.try_get("book")?,
        user_id: row.try_get("user_id")?,
        outcome: row.try_get("outcome")?,
        reason: row.try_get("reason")?,
        request_json: row.try_get("request_json")?,
    };
    Ok(ActRecord {
        seq: row.try_get("seq")?,
        time_ms: row.try_get("time_ms")?,
        act,
        erased,
        salt: if erased { [0; 16] } else { bytes(row.try_get("salt")?)? },
        text_digest: bytes(row.try_get("text_digest")?)?,
        hash: bytes(row.try_get("hash")?)?,
        hashes: ActHashes { request: row.try_get("request_hash")?, proposal: row.try_get("proposal_hash")? },
    })
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], sqlx::Error> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
