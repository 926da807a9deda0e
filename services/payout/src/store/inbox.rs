//! The table of banks' callbacks: each content once, kept until it was read.

use super::{Error, Store, resealing::ResealingPlace};
use crate::{
    domain::{NEVER_MS, PayoutKey},
    vault::Vault,
};

/// Rows of one step of resealing.
const PAGE: i64 = 100;

/// A callback that was not read yet.
#[derive(Clone)]
pub struct InboxRow {
    /// The bank's name.
    pub bank: String,
    /// SHA-256 of the body, in hexadecimal.
    pub digest: String,
    /// How often reading it was put off.
    pub tries: i64,
    /// The body, sealed.
    pub sealed: Vec<u8>,
}

/// What became of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboxState {
    /// Read, and acted on where there was something to act on. Its content is erased.
    Done,
    /// It can't be read. Its content is kept for people.
    Unread,
}

/// The place to which a callback's content is bound.
pub(crate) fn sealed_for(bank: &str, digest: &str) -> String {
    format!("bank_inbox {bank} {digest}")
}

impl Store {
    /// Stores a callback; a repetition is counted. Durable when it returns. True: it is new.
    pub async fn keep_callback(&self, vault: &Vault, bank: &str, digest: &str, body: &[u8], now_ms: i64) -> Result<bool, Error> {
        let sealed = vault.seal(&sealed_for(bank, digest), body)?;
        let mut tx = self.begin().await?;
        let inserted = sqlx::query(
            "INSERT INTO bank_inbox (bank, digest, state, note, times, tries, received_at_ms, last_at_ms, due_at_ms, sealed)
             VALUES ($1, $2, 'new', '', 1, 0, $3, $3, $3, $4) ON CONFLICT (bank, digest) DO NOTHING",
        )
        .bind(bank.to_owned())
        .bind(digest.to_owned())
        .bind(now_ms)
        .bind(sealed)
        .execute(&mut *tx)
        .await?;
        let is_new = inserted.rows_affected() == 1;
        if !is_new {
            let sql = "UPDATE bank_inbox SET times = times + 1, last_at_ms = $3 WHERE bank = $1 AND digest = $2";
            sqlx::query(sql).bind(bank.to_owned()).bind(digest.to_owned()).bind(now_ms).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(is_new)
    }

    /// Callbacks that are due to be read, the earliest first.
    pub async fn due_callbacks(&self, now_ms: i64, limit: i64) -> Result<Vec<InboxRow>, Error> {
        let sql = "SELECT bank, digest, tries, sealed FROM bank_inbox WHERE due_at_ms <= $1 AND state = 'new' ORDER BY due_at_ms, received_at_ms LIMIT $2";
        let rows: Vec<(String, String, i64, Vec<u8>)> = sqlx::query_as(sql).bind(now_ms).bind(limit).fetch_all(self.pool()).await?;
        Ok(rows.into_iter().map(|(bank, digest, tries, sealed)| InboxRow { bank, digest, tries, sealed }).collect())
    }

    /// Records that a callback was read, with what it was about.
    pub async fn end_callback(&self, row: &InboxRow, state: InboxState, note: &str) -> Result<(), Error> {
        let (name, sealed) = match state {
            InboxState::Done => ("done", Vec::new()),
            InboxState::Unread => ("unread", row.sealed.clone()),
        };
        let sql = "UPDATE bank_inbox SET state = $3, note = $4, sealed = $5, due_at_ms = $6 WHERE bank = $1 AND digest = $2";
        let query = sqlx::query(sql).bind(row.bank.clone()).bind(row.digest.clone()).bind(name).bind(note.to_owned()).bind(sealed);
        let mut tx = self.begin().await?;
        query.bind(NEVER_MS).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Puts off reading a callback.
    pub async fn put_off_callback(&self, row: &InboxRow, due_at_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE bank_inbox SET tries = tries + 1, due_at_ms = $3 WHERE bank = $1 AND digest = $2 AND state = 'new'";
        let mut tx = self.begin().await?;
        sqlx::query(sql).bind(row.bank.clone()).bind(row.digest.clone()).bind(due_at_ms).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes callbacks that last came before this time, in steps of so many; returns how many.
    pub async fn forget_callbacks(&self, before_ms: i64, limit: i64) -> Result<u64, Error> {
        let sql = "DELETE FROM bank_inbox WHERE (bank, digest) IN (SELECT bank, digest FROM bank_inbox WHERE state <> 'new' AND last_at_ms < $1 LIMIT $2)";
        Ok(sqlx::query(sql).bind(before_ms).bind(limit).execute(self.pool()).await?.rows_affected())
    }

    /// Every callback: bank, state, note and how often it came, the earliest first. For people and tests; needs no key.
    pub async fn callbacks(&self) -> Result<Vec<(String, String, String, i64)>, Error> {
        let sql = "SELECT bank, state, note, times FROM bank_inbox ORDER BY received_at_ms, digest";
        Ok(sqlx::query_as(sql).fetch_all(self.pool()).await?)
    }

    /// Makes a payout that waits for its bank due for a question at once. Its version stays: a worker that is asking already is not disturbed.
    pub async fn hasten(&self, payout_key: &PayoutKey, now_ms: i64) -> Result<(), Error> {
        let sql =
            "UPDATE payout SET due_at_ms = $3 WHERE book = $1 AND payout_id = $2 AND phase IN ('accepted', 'unknown') AND due_at_ms > $3";
        let query = sqlx::query(sql).bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string());
        let mut tx = self.begin().await?;
        query.bind(now_ms).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Reseals a page of callbacks after `after`. Returns how many; `None` at the end.
    pub async fn reseal_inbox(&self, vault: &Vault, after: &mut ResealingPlace) -> Result<Option<u64>, Error> {
        let sql = "SELECT bank, digest, sealed FROM bank_inbox WHERE state <> 'done' AND (bank > $1 OR (bank = $1 AND digest > $2)) ORDER BY bank, digest LIMIT $3";
        let (in_bank, id) = after.texts();
        let page: Vec<(String, String, Vec<u8>)> = sqlx::query_as(sql).bind(in_bank).bind(id).bind(PAGE).fetch_all(self.pool()).await?;
        let Some((last_bank, last_digest, _)) = page.last() else { return Ok(None) };
        *after = ResealingPlace::at(last_bank.clone(), last_digest.clone());
        let mut resealed = 0;
        for (bank, digest, sealed) in page {
            let Some(anew) = vault.resealed(&sealed_for(&bank, &digest), &sealed)? else { continue };
            let sql = "UPDATE bank_inbox SET sealed = $1 WHERE bank = $2 AND digest = $3 AND sealed = $4";
            resealed += sqlx::query(sql).bind(anew).bind(bank).bind(digest).bind(sealed).execute(self.pool()).await?.rows_affected();
        }
        Ok(Some(resealed))
    }
}
