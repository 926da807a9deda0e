//! What of a user is personal here: shown to whoever it belongs to, and erased. Payouts themselves stay: they are money that moved, under a name that
//! says nothing outside of the app.

use crate::{
    beneficiaries::{self, AccountHolder},
    error::Error,
    store::{self, After, Store, payouts::PayoutKey},
    vault::Vault,
};
use money::{BookName, UserKey};
use serde::Serialize;
use std::path::Path;

/// Beneficiaries and payouts of one read.
const PAGE: i64 = 500;

/// A bank account as its owner gave it.
#[derive(Serialize)]
pub struct ExportedBeneficiary {
    /// Which.
    pub beneficiary_id: String,
    /// When it was recorded, in Unix milliseconds.
    pub created_at_ms: i64,
    /// Name and account.
    #[serde(flatten)]
    pub holder: AccountHolder,
}

/// A message to or from a bank.
#[derive(Serialize)]
pub struct ExportedMessage {
    /// `sent` or `received`.
    pub direction: String,
    /// What it is.
    pub kind: String,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// As it went over the wire.
    pub body: String,
}

/// A payout.
#[derive(Serialize)]
pub struct ExportedPayout {
    /// Which.
    pub payout_id: String,
    /// Where it went.
    pub beneficiary_id: String,
    /// ISO 4217.
    pub currency_code: String,
    /// In the currency's smallest part.
    pub minor_units: i64,
    /// The clearing it took.
    pub rail: &'static str,
    /// Where it stands.
    pub state: &'static str,
    /// Unix milliseconds.
    pub created_at_ms: i64,
    /// The bank's words.
    pub bank_reason: String,
    /// Every message about it.
    pub messages: Vec<ExportedMessage>,
}

/// Everything there is of a user.
#[derive(Serialize)]
pub struct Export {
    /// Bank accounts.
    pub beneficiaries: Vec<ExportedBeneficiary>,
    /// Payouts.
    pub payouts: Vec<ExportedPayout>,
}

/// Opens everything there is of a user; `key_file` is the payout service's key.
pub async fn export(database: &db::Database, key_file: &Path, book: &BookName, user: &UserKey) -> Result<Export, Error> {
    let vault = Vault::open(key_file, false)?;
    let store = Store::open(database, &vault).await?;
    let (mut export, mut after) = (Export { beneficiaries: Vec::new(), payouts: Vec::new() }, After::START);
    loop {
        let page = store.beneficiaries(book, user, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = After { created_at_ms: last.created_at_ms, id: last.beneficiary_id };
        for row in &page {
            let holder = beneficiaries::unseal(&vault, book, row)?;
            let (beneficiary_id, created_at_ms) = (row.beneficiary_id.to_string(), row.created_at_ms);
            export.beneficiaries.push(ExportedBeneficiary { beneficiary_id, created_at_ms, holder });
        }
    }
    let mut after = After::START;
    loop {
        let page = store.payouts(book, user, None, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(export) };
        after = After { created_at_ms: last.created_at_ms, id: last.payout_id };
        for payout in page {
            let payout_key = PayoutKey { book: book.clone(), payout_id: payout.payout_id };
            let messages = store.messages(&vault, &payout_key).await?.into_iter().map(|message| ExportedMessage {
                direction: message.direction.to_owned(),
                kind: message.kind.to_owned(),
                at_ms: message.at_ms,
                body: String::from_utf8_lossy(&message.body).into_owned(),
            });
            export.payouts.push(ExportedPayout {
                payout_id: payout.payout_id.to_string(),
                beneficiary_id: payout.beneficiary_id.to_string(),
                currency_code: payout.amount.currency().code().to_owned(),
                minor_units: payout.amount.minor_units(),
                rail: payout.rail.name(),
                state: payout.state.name(),
                created_at_ms: payout.created_at_ms,
                bank_reason: payout.reason.clone(),
                messages: messages.collect(),
            });
        }
    }
}

/// What was erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Bank accounts with their holders' names.
    pub beneficiaries: u64,
    /// Messages to and from banks.
    pub messages: u64,
    /// Payouts whose bank's words went.
    pub payouts: u64,
}

/// Why nothing was erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseRefused {
    /// A payout needs its beneficiary until it is final.
    #[error("{0} payouts of the user are under way; erase once they are final")]
    UnderWay(i64),
    /// The tables.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Store {
    /// Erases what is personal of a user, all or nothing. Doing it twice changes nothing.
    pub async fn erase(&self, book: &BookName, user: &UserKey) -> Result<Erased, EraseRefused> {
        let mut tx = self.begin().await?;
        // Held until the end: a payout that is being requested holds its beneficiary too, so it is seen below, or finds none.
        run(&mut tx, "UPDATE beneficiary SET created_at_ms = created_at_ms WHERE book = $1 AND user_id = $2", book, user).await?;
        let under_way: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM payout WHERE book = $1 AND user_id = $2 AND phase NOT IN ('refused', 'settled', 'rejected')",
        )
        .bind(book.as_str().to_owned())
        .bind(user.as_str().to_owned())
        .fetch_one(&mut *tx)
        .await
        .map_err(store::Error::from)?;
        if under_way > 0 {
            return Err(EraseRefused::UnderWay(under_way));
        }
        let erased = Erased {
            beneficiaries: run(&mut tx, "DELETE FROM beneficiary WHERE book = $1 AND user_id = $2", book, user).await?,
            messages: run(
                &mut tx,
                "DELETE FROM bank_message WHERE book = $1 AND payout_id IN (SELECT payout_id FROM payout WHERE book = $1 AND user_id = $2)",
                book,
                user,
            )
            .await?,
            payouts: run(&mut tx, "UPDATE payout SET reason = '' WHERE book = $1 AND user_id = $2 AND reason <> ''", book, user).await?,
        };
        let notes = "UPDATE payout_step SET note = '' WHERE book = $1 AND payout_id IN
            (SELECT payout_id FROM payout WHERE book = $1 AND user_id = $2)";
        run(&mut tx, notes, book, user).await?;
        // Digests of names and accounts, which only this service's key could tell; a retry from before would record them anew.
        run(&mut tx, "DELETE FROM request WHERE book = $1 AND subject = $2 AND rpc = 'CreateBeneficiary'", book, user).await?;
        tx.commit().await.map_err(store::Error::from)?;
        Ok(erased)
    }
}

async fn run(tx: &mut sqlx::AnyConnection, sql: &'static str, book: &BookName, user: &UserKey) -> Result<u64, store::Error> {
    let query = sqlx::query(sql).bind(book.as_str().to_owned()).bind(user.as_str().to_owned());
    Ok(query.execute(tx).await?.rows_affected())
}
