//! The sealed part of a beneficiary: JSON in two versions. Version 1 has no number, and holds an IBAN or a US account; rows of that form stay as they are.

use crate::{
    domain::payee::PayeeDetails,
    error::Error,
    store::{
        self,
        beneficiaries::{Beneficiary, sealed_for},
    },
    vault::{self, Vault},
};
use accounts::{
    AddressField as F, AddressKind, AddressRules, PayoutAddress, fields::FIELD_BYTES_MAX, holder::HolderAddress, rules::CharLimit,
};
use money::{BookName, UserKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The version that is written.
const VERSION: u32 = 2;
/// Fields of a postal address but for its lines.
const POSTAL: [F; 6] = [F::Street, F::Building, F::PostalCode, F::Town, F::Region, F::Country];
/// Fields of an account that name a bank, which is no secret.
const BANKS: [F; 7] = [F::Bic, F::RoutingNumber, F::SortCode, F::Ifsc, F::Bsb, F::BankCode, F::BranchCode];

/// The sealed part of a beneficiary, as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub struct SealedPayee {
    /// 0 for the first form, which had no number; 2.
    #[serde(default)]
    version: u32,
    /// Name of the account's holder.
    holder_name: String,
    /// [`AddressKind::name`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    kind: String,
    /// The address by [`F::name`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    account: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    postal: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    postal_lines: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tax_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder_name_kana: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purpose_code: Option<String>,
    /// Absent of a person, and of rows of older programs, which did not ask.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_company: bool,
    /// The name that the bank gave, while it is to be confirmed and after it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bank_holder_name: Option<String>,
    /// First form: the IBAN, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    iban: String,
    /// First form: ABA routing number, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    routing_number: String,
    /// First form: account number in the US, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    account_number: String,
}

/// Rules that every address fits that any rules have let through: what was recorded stays readable when limits become narrower.
fn widest() -> AddressRules {
    let mut rules = AddressRules { modulus: accounts::ModulusTable::default(), ..AddressRules::default() };
    let widen = |limit: &mut CharLimit| (limit.min, limit.max) = (1, FIELD_BYTES_MAX);
    for limit in [
        &mut rules.us_account,
        &mut rules.in_account,
        &mut rules.au_account,
        &mut rules.sg_account,
        &mut rules.hk_account,
        &mut rules.ca_account,
        &mut rules.br_account,
        &mut rules.email,
        &mut rules.pix_email,
        &mut rules.au_organisation,
        &mut rules.sg_vpa,
        &mut rules.paypal_id,
        &mut rules.venmo_handle,
    ] {
        widen(limit);
    }
    rules
}

impl SealedPayee {
    /// What is to be sealed of a new beneficiary.
    pub(super) fn of(details: &PayeeDetails) -> Self {
        let address = &details.address;
        let account = address.fields().into_iter().filter_map(|field| Some((field.name().to_owned(), address.value(field)?.to_owned())));
        let postal = details.postal.as_ref();
        let parts = POSTAL.into_iter().filter_map(|field| Some((field.name().to_owned(), postal?.value(field)?.to_owned())));
        Self {
            version: VERSION,
            holder_name: details.holder_name.clone(),
            kind: address.kind().name().to_owned(),
            account: account.collect(),
            postal: parts.collect(),
            postal_lines: postal.map(|postal| postal.lines().map(str::to_owned).collect()).unwrap_or_default(),
            tax_id: details.tax_id.clone(),
            holder_name_kana: details.holder_name_kana.clone(),
            purpose_code: details.purpose_code.clone(),
            is_company: details.is_company,
            bank_holder_name: None,
            iban: String::new(),
            routing_number: String::new(),
            account_number: String::new(),
        }
    }

    /// The same payee with another account; everything else stays as it is.
    pub(super) fn with_address(&self, address: PayoutAddress) -> Result<Self, Error> {
        let details = PayeeDetails { address, ..self.details()? };
        Ok(Self { bank_holder_name: self.bank_holder_name.clone(), ..Self::of(&details) })
    }

    /// Opens a row.
    pub fn open(vault: &Vault, book: &BookName, beneficiary: &Beneficiary) -> Result<Self, Error> {
        let plain = vault.unseal(&sealed_for(book, &beneficiary.user, beneficiary.beneficiary_id), &beneficiary.sealed)?;
        serde_json::from_slice(&plain).map_err(|_| Error::Vault(vault::Error::Sealed))
    }

    /// Whom an attempt pays, as it is kept with its first sending.
    pub(crate) fn as_sent(details: &PayeeDetails) -> Vec<u8> {
        serde_json::to_vec(&Self::of(details)).expect("texts and maps of texts are JSON")
    }

    /// Reads what [`Self::as_sent`] made.
    pub(crate) fn read_sent(plain: &[u8]) -> Result<PayeeDetails, Error> {
        let read: Self = serde_json::from_slice(plain).map_err(|_| Error::Vault(vault::Error::Sealed))?;
        read.details()
    }

    /// Seals it for a row.
    pub(super) fn seal(&self, vault: &Vault, book: &BookName, user: &UserKey, id: Uuid) -> Result<Vec<u8>, Error> {
        let plain = serde_json::to_vec(self).expect("texts and maps of texts are JSON");
        Ok(vault.seal(&sealed_for(book, user, id), &plain)?)
    }

    fn address(&self) -> Option<PayoutAddress> {
        let parse = |kind, given: &[(F, &str)]| PayoutAddress::parse(kind, given, &widest()).ok();
        match self.version {
            0 if !self.iban.is_empty() => parse(AddressKind::Iban, &[(F::Iban, &self.iban)]),
            0 => {
                let given = [(F::RoutingNumber, self.routing_number.as_str()), (F::AccountNumber, self.account_number.as_str())];
                parse(AddressKind::UsAccount, &given)
            }
            VERSION => {
                let named = |(name, value): (&String, &'_ String)| Some((F::from_name(name)?, value.clone()));
                let given: Vec<(F, String)> = self.account.iter().map(named).collect::<Option<_>>()?;
                let given: Vec<(F, &str)> = given.iter().map(|(field, value)| (*field, value.as_str())).collect();
                parse(AddressKind::from_name(&self.kind)?, &given)
            }
            _ => None,
        }
    }

    fn postal(&self) -> Option<Option<HolderAddress>> {
        if self.postal.is_empty() && self.postal_lines.is_empty() {
            return Some(None);
        }
        let mut given = Vec::new();
        for (name, value) in &self.postal {
            given.push((F::from_name(name)?, value.as_str()));
        }
        given.extend(self.postal_lines.iter().map(|line| (F::AddressLine, line.as_str())));
        HolderAddress::parse(&given).ok().map(Some)
    }

    /// The payee. Fails for a form of a newer program, and for an account that no rules let through.
    pub fn details(&self) -> Result<PayeeDetails, Error> {
        let (Some(address), Some(postal)) = (self.address(), self.postal()) else {
            return Err(store::Error::Row("account of a beneficiary").into());
        };
        Ok(PayeeDetails {
            holder_name: self.holder_name.clone(),
            address,
            postal,
            tax_id: self.tax_id.clone(),
            holder_name_kana: self.holder_name_kana.clone(),
            is_company: self.is_company,
            purpose_code: self.purpose_code.clone(),
        })
    }

    /// What identifies the person or the account, wherever it stands in a text.
    #[must_use]
    pub fn personal(&self) -> Vec<String> {
        let named = [self.tax_id.as_ref(), self.holder_name_kana.as_ref(), self.bank_holder_name.as_ref()].into_iter().flatten();
        // Kinds and types of accounts are words, and numbers of banks are nobody's; numbers and addresses of accounts are the person's.
        let of_bank = |name: &str| F::from_name(name).is_some_and(|field| BANKS.contains(&field));
        let account =
            self.account.iter().filter(|(name, value)| !of_bank(name) && value.contains(|c: char| c.is_ascii_digit() || c == '@'));
        let account = account.map(|(_, value)| value);
        let texts = [&self.holder_name, &self.iban, &self.account_number].into_iter().chain(named).chain(account).chain(&self.postal_lines);
        texts.filter(|text| !text.is_empty()).cloned().collect()
    }

    /// Everything that is stored, for the user's export: needs no valid account.
    #[must_use]
    pub fn exported(self) -> BTreeMap<String, serde_json::Value> {
        let mut fields = BTreeMap::new();
        let mut add = |name: &str, value: String| {
            if !value.is_empty() {
                fields.insert(name.to_owned(), value.into());
            }
        };
        add("holder_name", self.holder_name);
        add("kind", self.kind);
        add("iban", self.iban);
        add("routing_number", self.routing_number);
        add("account_number", self.account_number);
        self.account.into_iter().for_each(|(name, value)| add(&name, value));
        let others = [
            ("tax_id", self.tax_id),
            ("holder_name_kana", self.holder_name_kana),
            ("purpose_code", self.purpose_code),
            ("bank_holder_name", self.bank_holder_name),
        ];
        others.into_iter().for_each(|(name, value)| add(name, value.unwrap_or_default()));
        if self.is_company {
            fields.insert("is_company".to_owned(), true.into());
        }
        if !self.postal.is_empty() || !self.postal_lines.is_empty() {
            let mut postal: serde_json::Map<String, serde_json::Value> =
                self.postal.into_iter().map(|(name, value)| (name, value.into())).collect();
            postal.insert("lines".to_owned(), self.postal_lines.into());
            fields.insert("postal_address".to_owned(), postal.into());
        }
        fields
    }
}

/// Opens a beneficiary's sealed data.
pub fn unseal(vault: &Vault, book: &BookName, beneficiary: &Beneficiary) -> Result<PayeeDetails, Error> {
    SealedPayee::open(vault, book, beneficiary)?.details()
}

#[cfg(test)]
mod tests;
