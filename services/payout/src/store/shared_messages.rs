//! The table of messages of many payments.

use super::{Error, Store, book, uuid};
use crate::domain::{Payout, PayoutKey};

/// A message of many payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedMessage {
    /// The bank's name.
    pub bank: String,
    /// `MsgId`.
    pub message_id: String,
    /// Id of the account that pays.
    pub bank_account: String,
    /// Its currency, ISO 4217.
    pub currency: String,
    /// Id of the rail.
    pub rail: String,
    /// The payouts for which it was made.
    pub payouts: Vec<PayoutKey>,
}

impl SharedMessage {
    /// A message of these payouts, of which `first` is one.
    #[must_use]
    pub fn new(bank: &str, message_id: &str, first: &Payout, payouts: impl Iterator<Item = PayoutKey>) -> Self {
        Self {
            bank: bank.to_owned(),
            message_id: message_id.to_owned(),
            bank_account: first.attempt.bank_account.clone(),
            currency: first.amount.currency().code().to_owned(),
            rail: first.attempt.rail.clone(),
            payouts: payouts.collect(),
        }
    }
}

impl Store {
    /// Stores a message before its payouts are.
    pub async fn keep_shared_message(&self, message: &SharedMessage, now_ms: i64) -> Result<(), Error> {
        let payouts: Vec<String> = message.payouts.iter().map(|key| format!("{}/{}", key.book.as_str(), key.payout_id)).collect();
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO shared_message (bank, message_id, bank_account, currency, rail, payouts, created_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(message.bank.clone())
        .bind(message.message_id.clone())
        .bind(message.bank_account.clone())
        .bind(message.currency.clone())
        .bind(message.rail.clone())
        .bind(payouts.join("\n"))
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// The payouts for which a message was made; none if there is no such message of this bank.
    pub async fn payouts_in_message(&self, bank: &str, message_id: &str) -> Result<Vec<PayoutKey>, Error> {
        let sql = "SELECT payouts FROM shared_message WHERE bank = $1 AND message_id = $2";
        let query = sqlx::query_scalar(sql).bind(bank.to_owned()).bind(message_id.to_owned());
        let payouts: Option<String> = query.fetch_optional(self.pool()).await?;
        let key = |line: &str| {
            let (name, id) = line.split_once('/').ok_or(Error::Row("list of a message's payouts"))?;
            Ok(PayoutKey { book: book(name)?, payout_id: uuid(id)? })
        };
        payouts.unwrap_or_default().lines().map(key).collect()
    }

    /// Deletes messages from before `before_ms`, at most `limit`; returns how many. What each said of a payout stays with the payout.
    pub async fn forget_shared_messages(&self, before_ms: i64, limit: i64) -> Result<u64, Error> {
        let mut tx = self.begin().await?;
        let sql = "DELETE FROM shared_message WHERE message_id IN
             (SELECT message_id FROM shared_message WHERE created_at_ms < $1 ORDER BY created_at_ms LIMIT $2)";
        let deleted = sqlx::query(sql).bind(before_ms).bind(limit).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(deleted.rows_affected())
    }
}
