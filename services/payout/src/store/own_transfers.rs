//! The table of transfers between our own bank accounts.

use super::{Error, Store, book as read_book, money as read_money, uuid};
use crate::domain::own_transfer::{OwnAccountName, OwnTransfer, OwnTransferState};
use sqlx::{Row as _, any::AnyRow};
use uuid::Uuid;

fn read(row: &AnyRow) -> Result<OwnTransfer, Error> {
    let (text, number) = (|name: &str| row.try_get::<String, _>(name), |name: &str| row.try_get::<i64, _>(name));
    Ok(OwnTransfer {
        sweep_id: uuid(&text("sweep_id")?)?,
        book: read_book(&text("book")?)?,
        from: OwnAccountName { bank: text("bank")?, bank_account: text("bank_account")? },
        to: OwnAccountName { bank: text("to_bank")?, bank_account: text("to_bank_account")? },
        rail: text("rail")?,
        amount: read_money(&text("currency")?, number("minor_units")?)?,
        state: OwnTransferState::from_name(&text("state")?).ok_or(Error::Row("state of a transfer between our accounts"))?,
        seen: number("seen")? != 0,
        sent_at_ms: number("sent_at_ms")?,
        ask_at_ms: number("ask_at_ms")?,
        evidence: text("evidence")?,
    })
}

impl Store {
    /// The transfer of a sweep.
    pub async fn own_transfer(&self, sweep_id: Uuid) -> Result<Option<OwnTransfer>, Error> {
        let query = sqlx::query("SELECT * FROM own_transfer WHERE sweep_id = $1").bind(sweep_id.to_string());
        query.fetch_optional(self.pool()).await?.as_ref().map(read).transpose()
    }

    /// Stores a transfer that the caller is about to send. False: another process has stored it, and sends it.
    pub async fn begin_own_transfer(&self, row: &OwnTransfer) -> Result<bool, Error> {
        let texts = [
            row.sweep_id.to_string(),
            row.book.to_string(),
            row.from.bank.clone(),
            row.from.bank_account.clone(),
            row.to.bank.clone(),
            row.to.bank_account.clone(),
            row.rail.clone(),
            row.amount.currency().code().to_owned(),
            row.message_id(),
            row.state.name().to_owned(),
            row.evidence.clone(),
        ];
        let sql = "INSERT INTO own_transfer (sweep_id, book, bank, bank_account, to_bank, to_bank_account, rail, currency, message_id, state, evidence,
             minor_units, seen, sent_at_ms, ask_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING";
        let query = texts.into_iter().fold(sqlx::query(sql), |query, text| query.bind(text));
        let query = query.bind(row.amount.minor_units()).bind(i64::from(row.seen)).bind(row.sent_at_ms).bind(row.ask_at_ms);
        let mut tx = self.begin().await?;
        let written = query.execute(&mut *tx).await?.rows_affected() == 1;
        tx.commit().await?;
        Ok(written)
    }

    /// Keeps what an answer says of a transfer. False: it is not as it was `before` the answer any more, and nothing was kept.
    pub async fn keep_own_transfer(&self, before: &OwnTransfer, after: &OwnTransfer) -> Result<bool, Error> {
        let sql =
            "UPDATE own_transfer SET state = $2, evidence = $3, seen = $4, ask_at_ms = $5 WHERE sweep_id = $1 AND state = $6 AND seen = $7";
        let query = sqlx::query(sql).bind(after.sweep_id.to_string()).bind(after.state.name()).bind(after.evidence.clone());
        let query = query.bind(i64::from(after.seen)).bind(after.ask_at_ms).bind(before.state.name()).bind(i64::from(before.seen));
        let mut tx = self.begin().await?;
        let written = query.execute(&mut *tx).await?.rows_affected() == 1;
        tx.commit().await?;
        Ok(written)
    }
}
