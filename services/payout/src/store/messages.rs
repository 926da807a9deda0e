//! The log of messages to and from banks.

use super::{Error, Store, payouts::PayoutKey};
use crate::vault::Vault;
use sqlx::AnyConnection;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankMessage {
    /// `sent` or `received`.
    pub direction: &'static str,
    /// `pain.001`, `ask`, or `answer`.
    pub kind: &'static str,
    /// HTTP status of an answer; 0 for none.
    pub http_status: i64,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// The bytes as they went over the wire; for a lost answer, why.
    pub body: Vec<u8>,
}

/// What a message is sealed for: it cannot be shown as another payout's.
fn sealed_for(payout_key: &PayoutKey) -> String {
    format!("bank_message {} {}", payout_key.book, payout_key.payout_id)
}

/// Keeps a message, sealed. A payout is worked on by one worker at a time, so that its numbers do not collide; if they do, the later
/// writer fails with all it wrote and the payout is looked at again.
pub async fn insert(tx: &mut AnyConnection, vault: &Vault, payout_key: &PayoutKey, message: &BankMessage) -> Result<(), Error> {
    let sealed = vault.seal(&sealed_for(payout_key), &message.body)?;
    let free = sqlx::query_scalar("SELECT COALESCE(MAX(message_no), 0) + 1 FROM bank_message WHERE book = $1 AND payout_id = $2");
    let free: i64 = free.bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string()).fetch_one(&mut *tx).await?;
    sqlx::query(
        "INSERT INTO bank_message (book, payout_id, message_no, direction, kind, http_status, at_ms, sealed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(payout_key.book.as_str().to_owned())
    .bind(payout_key.payout_id.to_string())
    .bind(free)
    .bind(message.direction)
    .bind(message.kind)
    .bind(message.http_status)
    .bind(message.at_ms)
    .bind(sealed)
    .execute(tx)
    .await?;
    Ok(())
}

/// That a message went, without what it said.
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
}

impl Store {
    /// Which messages went, oldest first. Needs no key.
    pub async fn passed(&self, payout_key: &PayoutKey) -> Result<Vec<PassedMessage>, Error> {
        let sql = "SELECT direction, kind, http_status, at_ms FROM bank_message WHERE book = $1 AND payout_id = $2 ORDER BY message_no";
        let query = sqlx::query_as(sql).bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string());
        let rows: Vec<(String, String, i64, i64)> = query.fetch_all(self.pool()).await?;
        Ok(rows.into_iter().map(|(direction, kind, http_status, at_ms)| PassedMessage { direction, kind, http_status, at_ms }).collect())
    }

    /// Every message of a payout, opened, oldest first.
    pub async fn messages(&self, vault: &Vault, payout_key: &PayoutKey) -> Result<Vec<BankMessage>, Error> {
        let rows: Vec<(String, String, i64, i64, Vec<u8>)> = sqlx::query_as(
            "SELECT direction, kind, http_status, at_ms, sealed FROM bank_message WHERE book = $1 AND payout_id = $2 ORDER BY message_no",
        )
        .bind(payout_key.book.as_str().to_owned())
        .bind(payout_key.payout_id.to_string())
        .fetch_all(self.pool())
        .await?;
        let open = |(direction, kind, http_status, at_ms, sealed): (String, String, i64, i64, Vec<u8>)| {
            let body = vault.unseal(&sealed_for(payout_key), &sealed)?;
            let known = |text: &str, all: [&'static str; 3]| all.into_iter().find(|name| *name == text).ok_or(Error::Row("message"));
            let direction = known(&direction, ["sent", "received", ""])?;
            Ok(BankMessage { direction, kind: known(&kind, ["pain.001", "ask", "answer"])?, http_status, at_ms, body })
        };
        rows.into_iter().map(open).collect()
    }
}
