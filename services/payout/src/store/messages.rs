//! The log of messages to and from banks.

use super::{Error, Store, book, uuid};
use crate::{domain::PayoutKey, vault::Vault};
use db::sets;
use sqlx::{AnyConnection, Row as _};
use std::collections::HashMap;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankMessage {
    /// `sent` or `received`.
    pub direction: &'static str,
    /// `pain.001` or `payment` (JSON), `ask`, or `answer`.
    pub kind: &'static str,
    /// HTTP status of an answer; 0 for none.
    pub http_status: i64,
    /// When it was first sent or received, in Unix milliseconds.
    pub at_ms: i64,
    /// The bytes as sent over the wire; for a lost answer, the reason. Of a message of many payments and of its answer: the part about this payment.
    pub body: Vec<u8>,
    /// How many times it was sent or received with this content.
    pub times: i64,
    /// When it was last sent or received, in Unix milliseconds.
    pub last_at_ms: i64,
}

impl BankMessage {
    /// A message that was sent.
    #[must_use]
    pub fn sent(at_ms: i64, body: Vec<u8>) -> Self {
        let kind = if body.first() == Some(&b'{') { "payment" } else { "pain.001" };
        Self { direction: "sent", kind, http_status: 0, at_ms, body, times: 1, last_at_ms: at_ms }
    }

    /// A message that was received.
    #[must_use]
    pub fn received(http_status: u16, at_ms: i64, body: Vec<u8>) -> Self {
        Self { direction: "received", kind: "answer", http_status: i64::from(http_status), at_ms, body, times: 1, last_at_ms: at_ms }
    }
}

/// Different answers that one payout keeps, each in full. Further ones are only counted: a bank that answers differently each time says nothing useful
/// to people, and each answer may have 256 KiB.
const ANSWERS_MAX: usize = 32;
/// The digest for all further answers, and the body kept for them.
const OTHERS: (&str, &[u8]) = ("others", b"further different answers; they are counted and not kept");

/// The place to which a message is bound: it can't be shown as another payout's.
pub(crate) fn sealed_for(payout_key: &PayoutKey) -> String {
    format!("bank_message {} {}", payout_key.book, payout_key.payout_id)
}

/// A message of a payout, to be stored.
pub struct LoggedMessage<'a> {
    /// Whose it is.
    pub payout_key: PayoutKey,
    /// The message.
    pub message: &'a BankMessage,
    /// What it is compared by, if it is stored once for each content.
    pub content: Option<&'a str>,
}

/// The numbers of a payout's messages, and the digests of those that were compared.
#[derive(Default)]
struct KeptMessages {
    last: i64,
    digests: Vec<String>,
}

/// Stores a message of each of these payouts, which differ, sealed. Only one worker processes a payout at a time, so its message numbers do not collide; if
/// they do, the later writer's transaction fails and the payouts are processed again.
pub async fn insert_all(tx: &mut AnyConnection, vault: &Vault, messages: &[LoggedMessage<'_>]) -> Result<(), Error> {
    let keys: Vec<_> = messages.iter().map(|logged| logged.payout_key.columns()).collect();
    let mut kept: HashMap<PayoutKey, KeptMessages> = HashMap::new();
    let sql = "SELECT book, payout_id, message_no, digest FROM (VALUES {rows}) AS v CROSS JOIN bank_message
         WHERE bank_message.book = v.column1 AND bank_message.payout_id = v.column2";
    for row in sets::returned(tx, sql, &keys).await? {
        let key = PayoutKey { book: book(&row.try_get::<String, _>("book")?)?, payout_id: uuid(&row.try_get::<String, _>("payout_id")?)? };
        let (of_payout, digest) = (kept.entry(key).or_default(), row.try_get::<String, _>("digest")?);
        of_payout.last = of_payout.last.max(row.try_get("message_no")?);
        if !digest.is_empty() {
            of_payout.digests.push(digest);
        }
    }
    let none = KeptMessages::default();
    let mut rows = Vec::new();
    for LoggedMessage { payout_key, message, content } in messages {
        let kept = kept.get(payout_key).unwrap_or(&none);
        let (mut digest, mut body) = (content.map(|content| vault.digest(content)).unwrap_or_default(), message.body.as_slice());
        if content.is_some() && !kept.digests.contains(&digest) && kept.digests.len() >= ANSWERS_MAX {
            (digest, body) = (OTHERS.0.to_owned(), OTHERS.1);
        }
        if content.is_some() && kept.digests.contains(&digest) {
            count_repeated(tx, payout_key, &digest, message.at_ms).await?;
            continue;
        }
        let sealed = vault.seal(&sealed_for(payout_key), body)?;
        let [book, payout_id] = payout_key.columns();
        let (direction, kind, at_ms) = (message.direction.into(), message.kind.into(), message.at_ms.into());
        let status = message.http_status.into();
        rows.push([
            book,
            payout_id,
            (kept.last + 1).into(),
            direction,
            kind,
            status,
            at_ms,
            message.at_ms.into(),
            sealed.into(),
            digest.into(),
        ]);
    }
    let sql = "INSERT INTO bank_message (book, payout_id, message_no, direction, kind, http_status, at_ms, last_at_ms, sealed, digest)
         VALUES {rows}";
    sets::changed(tx, sql, &rows).await?;
    Ok(())
}

/// Counts a repetition of content that is stored already.
async fn count_repeated(tx: &mut AnyConnection, payout_key: &PayoutKey, digest: &str, at_ms: i64) -> Result<(), Error> {
    let counted =
        sqlx::query("UPDATE bank_message SET times = times + 1, last_at_ms = $4 WHERE book = $1 AND payout_id = $2 AND digest = $3");
    let counted = counted.bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string()).bind(digest.to_owned());
    counted.bind(at_ms).execute(tx).await?;
    Ok(())
}

/// The metadata of a message, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedMessage {
    /// `sent` or `received`.
    pub direction: String,
    /// `pain.001`, `ask`, or `answer`.
    pub kind: String,
    /// HTTP status of an answer; 0 for none.
    pub http_status: i64,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// How many times it was sent or received with this content.
    pub times: i64,
}

/// A row as read: its columns in the order of the query.
type MessageRow = (String, String, i64, i64, Vec<u8>, i64, i64);

impl Store {
    /// Metadata of all messages, oldest first. Needs no key.
    pub async fn passed(&self, payout_key: &PayoutKey) -> Result<Vec<PassedMessage>, Error> {
        let sql =
            "SELECT direction, kind, http_status, at_ms, times FROM bank_message WHERE book = $1 AND payout_id = $2 ORDER BY message_no";
        let query = sqlx::query_as(sql).bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string());
        let rows: Vec<(String, String, i64, i64, i64)> = query.fetch_all(self.pool()).await?;
        let passed = |(direction, kind, http_status, at_ms, times)| PassedMessage { direction, kind, http_status, at_ms, times };
        Ok(rows.into_iter().map(passed).collect())
    }

    /// Every message of a payout, opened, oldest first.
    pub async fn messages(&self, vault: &Vault, payout_key: &PayoutKey) -> Result<Vec<BankMessage>, Error> {
        let rows: Vec<MessageRow> = sqlx::query_as(
            "SELECT direction, kind, http_status, at_ms, sealed, times, last_at_ms FROM bank_message WHERE book = $1 AND payout_id = $2 ORDER BY message_no",
        )
        .bind(payout_key.book.as_str().to_owned())
        .bind(payout_key.payout_id.to_string())
        .fetch_all(self.pool())
        .await?;
        let open = |(direction, kind, http_status, at_ms, sealed, times, last_at_ms): MessageRow| {
            let body = vault.unseal(&sealed_for(payout_key), &sealed)?;
            let known = |text: &str, all: &[&'static str]| all.iter().copied().find(|name| *name == text).ok_or(Error::Row("message"));
            let direction = known(&direction, &["sent", "received", ""])?;
            let kind = known(&kind, &["pain.001", "payment", "ask", "answer"])?;
            Ok(BankMessage { direction, kind, http_status, at_ms, body, times, last_at_ms: last_at_ms.max(at_ms) })
        };
        rows.into_iter().map(open).collect()
    }
}
