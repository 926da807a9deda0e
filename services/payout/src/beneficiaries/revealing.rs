//! What staff are shown in clear of an account: one part of one record. That somebody asked, and why, is in the audit log before this runs.
use super::sealed::SealedPayee;
use crate::{
    error::{Error, PayoutRefusal},
    payouts::Payouts,
};
use money::{BookName, UserKey};
use serde_json::Value;
use uuid::Uuid;

/// A part of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayeePart {
    /// What identifies the account.
    Account,
    /// The holder's name.
    HolderName,
    /// The holder's name as the bank gave it.
    BankHolderName,
    /// The holder's postal address.
    PostalAddress,
    /// The holder's tax id.
    TaxId,
}

impl PayeePart {
    /// Its name in refusals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::HolderName => "holder_name",
            Self::BankHolderName => "bank_holder_name",
            Self::PostalAddress => "postal_address",
            Self::TaxId => "tax_id",
        }
    }

    /// The part to which a stored field belongs; `None` for what says nothing of a person. A field that is not known here is the account's, which is shown to
    /// nobody who did not ask for it.
    fn of(field: &str) -> Option<Self> {
        Some(match field {
            "kind" | "purpose_code" | "is_company" => return None,
            "holder_name" | "holder_name_kana" => Self::HolderName,
            "bank_holder_name" => Self::BankHolderName,
            "postal_address" => Self::PostalAddress,
            "tax_id" => Self::TaxId,
            _ => Self::Account,
        })
    }
}

/// The fields of a value: of an address its own, lines in their order.
fn fields(name: String, value: Value) -> Vec<(String, String)> {
    match value {
        Value::String(text) => vec![(name, text)],
        Value::Array(all) => all.into_iter().flat_map(|value| fields(name.clone(), value)).collect(),
        Value::Object(all) => all.into_iter().flat_map(|(name, value)| fields(name, value)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

impl Payouts {
    /// One part of a record of this user: names of fields and their values. Another user's record is answered as if there were none.
    pub async fn revealed(&self, book: &BookName, user: &UserKey, id: Uuid, part: PayeePart) -> Result<Vec<(String, String)>, Error> {
        let row = self.store.beneficiary(book, id).await?.filter(|row| row.user == *user).ok_or(PayoutRefusal::BeneficiaryUnknown)?;
        let stored = SealedPayee::open(&self.vault, book, &row)?.exported();
        let shown = stored.into_iter().filter(|(name, _)| PayeePart::of(name) == Some(part));
        let found: Vec<(String, String)> = shown.flat_map(|(name, value)| fields(name, value)).collect();
        if found.is_empty() { Err(PayoutRefusal::PartEmpty { part: part.name() }.into()) } else { Ok(found) }
    }
}
