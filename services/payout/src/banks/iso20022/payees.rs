//! Payee verification as JSON, in the form of the interface between banks of the EPC's Verification of Payee scheme (`partyNameMatch`). That interface knows
//! IBANs only; an account of another kind is named by its canonical text, and its kind. What a bank offers its customers may differ from it: a bank is asked only
//! if its options say so.

use super::{ANSWER_BYTES_MAX, Iso20022Bank, name_of, read, why};
use crate::domain::{payee::PayeeDetails, payee_check::PayeeAnswer};
use accounts::{AddressField, AddressKind};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verified {
    /// `MTCH`, `CMTC`, `NMTC` or `NOAP`.
    party_name_match: String,
    /// The account's name; with `CMTC` only.
    #[serde(default)]
    matched_name: Option<String>,
}

impl Iso20022Bank {
    /// Asks once. Whatever is no answer in time has failed: the scheme has no word for it, and says "not possible" of accounts that can't be checked.
    pub(super) async fn verify(&self, payee: &PayeeDetails, time_out: Duration) -> PayeeAnswer {
        match self.verified(payee, time_out).await {
            Ok(verified) => verified,
            Err(why) => {
                tracing::warn!(
                    why,
                    "the bank did not verify a payee; whether payouts to it are reviewed is policy, until it is asked again"
                );
                PayeeAnswer::Failed
            }
        }
    }

    async fn verified(&self, payee: &PayeeDetails, time_out: Duration) -> Result<PayeeAnswer, String> {
        let url = self.url.join("payee-verifications").expect("the base is a checked URL");
        // A question changes nothing, so every one has an id of its own.
        let request = self.client.post(url).timeout(time_out).header("x-request-id", Uuid::now_v7().to_string());
        let request = request.header("content-type", "application/json").body(question(payee).to_string());
        let response = request.send().await.map_err(|error| why(&error).to_owned())?;
        let status = response.status();
        let (body, cut) = read(response, ANSWER_BYTES_MAX).await;
        match (cut, status) {
            (Some(why), _) => Err(why.to_owned()),
            (None, StatusCode::OK) => read_verified(&body).ok_or_else(|| "the answer is no verification of a payee".to_owned()),
            (None, status) => Err(format!("HTTP {}", status.as_u16())),
        }
    }
}

fn question(payee: &PayeeDetails) -> Value {
    let address = &payee.address;
    let account = match address.kind() {
        AddressKind::Iban => json!({ "iban": address.number() }),
        kind => json!({ "other": { "identification": address.canonical(), "schemeName": kind.name() } }),
    };
    let mut question = json!({ "party": { "name": name_of(payee) }, "partyAccount": account });
    if let Some(bic) = address.value(AddressField::Bic) {
        question["partyAgent"] = json!({ "financialInstitutionId": { "bicfi": bic } });
    }
    question
}

/// Reads an answer; `None` if it is none.
pub(crate) fn read_verified(body: &[u8]) -> Option<PayeeAnswer> {
    serde_json::from_slice(body).ok().map(answer)
}

fn answer(verified: Verified) -> PayeeAnswer {
    match (verified.party_name_match.as_str(), verified.matched_name) {
        ("MTCH", _) => PayeeAnswer::Match,
        ("CMTC", Some(name)) => PayeeAnswer::CloseMatch(name),
        // Without the account's name there is nothing to confirm, so a person looks at it.
        ("NMTC" | "CMTC", _) => PayeeAnswer::NoMatch,
        _ => PayeeAnswer::NotPossible,
    }
}

#[cfg(test)]
mod tests;
