//! Export of a user's personal data, for the user. Its erasure: [`crate::store::erasure`].

use crate::{
    beneficiaries::sealed::SealedPayee,
    domain::PayoutKey,
    error::Error,
    store::{PageStart, Store, payouts::ListedPayouts},
    vault::Vault,
};
use money::{BookName, UserKey};
use rpc::wire::TimeRange;
use serde::Serialize;
use std::{collections::BTreeMap, path::Path};

/// Beneficiaries and payouts of one read.
const PAGE: i64 = 500;

/// A bank account as its owner entered it.
#[derive(Serialize)]
pub struct ExportedBeneficiary {
    /// The id of the beneficiary.
    pub beneficiary_id: String,
    /// When it was recorded, in Unix milliseconds.
    pub created_at_ms: i64,
    /// When its owner deleted it, in Unix milliseconds; 0: not deleted.
    pub deleted_at_ms: i64,
    /// What the bank says of the holder's name.
    pub payee_check: &'static str,
    /// Name, account and everything else that was entered, by field.
    #[serde(flatten)]
    pub payee: BTreeMap<String, serde_json::Value>,
}

/// A message to or from a bank.
#[derive(Serialize)]
pub struct ExportedMessage {
    /// `sent` or `received`.
    pub direction: String,
    /// The kind of the message.
    pub kind: String,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// How many times it was sent or received with this content.
    pub times: i64,
    /// As sent over the wire.
    pub body: String,
}

/// A payout.
#[derive(Serialize)]
pub struct ExportedPayout {
    /// The id of the payout.
    pub payout_id: String,
    /// The beneficiary paid to.
    pub beneficiary_id: String,
    /// ISO 4217.
    pub currency_code: String,
    /// In the currency's smallest part.
    pub minor_units: i64,
    /// The rail over which it was paid, or tried last.
    pub rail: String,
    /// The payout's state.
    pub state: &'static str,
    /// Unix milliseconds.
    pub created_at_ms: i64,
    /// The bank's reason in words.
    pub bank_reason: String,
    /// Every message about it.
    pub messages: Vec<ExportedMessage>,
}

/// All data of a user.
#[derive(Serialize)]
pub struct Export {
    /// Bank accounts.
    pub beneficiaries: Vec<ExportedBeneficiary>,
    /// Payouts.
    pub payouts: Vec<ExportedPayout>,
}

/// Exports all data of a user; `key_file` is the payout service's key.
pub async fn export(database: &db::Database, key_file: &Path, book: &BookName, user: &UserKey) -> Result<Export, Error> {
    let vault = Vault::open(key_file, false)?;
    let store = Store::open(database, &vault).await?;
    let (mut export, mut after) = (Export { beneficiaries: Vec::new(), payouts: Vec::new() }, PageStart::NEWEST);
    loop {
        let page = store.beneficiaries(book, user, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = PageStart { created_at_ms: last.created_at_ms, id: last.beneficiary_id };
        for row in &page {
            export.beneficiaries.push(ExportedBeneficiary {
                beneficiary_id: row.beneficiary_id.to_string(),
                created_at_ms: row.created_at_ms,
                deleted_at_ms: row.deleted_at_ms,
                payee_check: row.payee_check.name(),
                payee: SealedPayee::open(&vault, book, row)?.exported(),
            });
        }
    }
    let mut after = PageStart::NEWEST;
    loop {
        let page = store.payouts(book, user, ListedPayouts { state: None, created: TimeRange::ANY, after, limit: PAGE }).await?;
        let Some(last) = page.last() else { return Ok(export) };
        after = PageStart { created_at_ms: last.created_at_ms, id: last.payout_id };
        for payout in page {
            let payout_key = PayoutKey { book: book.clone(), payout_id: payout.payout_id };
            let messages = store.messages(&vault, &payout_key).await?.into_iter().map(|message| ExportedMessage {
                direction: message.direction.to_owned(),
                kind: message.kind.to_owned(),
                at_ms: message.at_ms,
                times: message.times,
                body: String::from_utf8_lossy(&message.body).into_owned(),
            });
            export.payouts.push(ExportedPayout {
                payout_id: payout.payout_id.to_string(),
                beneficiary_id: payout.beneficiary_id.to_string(),
                currency_code: payout.amount.currency().code().to_owned(),
                minor_units: payout.amount.minor_units(),
                rail: payout.attempt.rail.clone(),
                state: payout.state.name(),
                created_at_ms: payout.created_at_ms,
                bank_reason: payout.reason.clone(),
                messages: messages.collect(),
            });
        }
    }
}
