//! ACH files of payouts: one batch of credits in each, to persons (PPD) or to companies (CCD), with the trace numbers that the payouts were given.

use super::super::connector::{PaymentOrder, UnwritableOrder};
use crate::{config::NachaBankConfig, domain::ach::is_filed_text};
use accounts::AddressField as F;
use bankfiles::nacha::{
    self, AMOUNT_CENTS_MAX, AccountKind, AchAccount, AchLineEnd,
    build::{AchBatchTerms, AchCredit, AchFileBuilder, AchFileTerms, CreditClass, CreditKind},
};
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

/// Longest name of a receiver, in characters.
const NAME_CHARS_MAX: usize = 22;
/// Longest name of the company that pays, in characters.
const COMPANY_CHARS_MAX: usize = 16;

/// An entry as it is kept with its payout until its file is built, and afterwards as evidence. Has no `Debug`: it names a person and an account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiledEntry {
    /// Its trace number, 15 digits.
    pub trace: String,
    /// Routing number of the receiver's bank.
    pub routing_number: String,
    /// The receiver's account.
    pub account_number: String,
    /// Whether that is a savings account; else it is a checking account.
    pub savings: bool,
    /// The amount in cents.
    pub cents: i64,
    /// The receiver's name.
    pub name: String,
    /// The receiver is a company, so that the entry is one of CCD and not of PPD.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_company: bool,
    /// The company on whose behalf it is paid, at most 16 characters: the batch's company name then. Empty: the account's owner.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub on_behalf_of: String,
}

/// What a file states of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// When it is made, on the bank's clock.
    pub created: DateTime,
    /// Which file of the day it is.
    pub modifier: char,
    /// The banking day on which it is to settle.
    pub effective: Date,
}

/// The entry of a payment, as JSON. Refuses what no file can have.
pub fn entry(order: &PaymentOrder<'_>) -> Result<String, UnwritableOrder> {
    let no = |what: &str| Err(UnwritableOrder(what.to_owned()));
    let address = &order.payee.address;
    let (Some(routing), Some(number)) = (address.value(F::RoutingNumber), address.value(F::AccountNumber)) else {
        return no("an account outside of the United States can't be paid by ACH");
    };
    let savings = match address.value(F::AccountType).map(str::to_ascii_lowercase).as_deref() {
        Some("checking") => false,
        Some("savings") => true,
        _ => return no("an ACH entry needs to know whether the account is checking or savings"),
    };
    let entry = FiledEntry {
        trace: order.reference.to_owned(),
        routing_number: routing.to_owned(),
        account_number: number.to_owned(),
        savings,
        cents: order.amount.minor_units(),
        name: order.payee.holder_name.clone(),
        is_company: order.payee.is_company,
        on_behalf_of: order.on_behalf_of.map_or_else(String::new, |entity| company_name(&entity.name)),
    };
    if order.amount.currency().code() != "USD" || !(1..=AMOUNT_CENTS_MAX).contains(&entry.cents) {
        return no("an ACH entry pays 0.01 to 99,999,999.99 USD");
    }
    if !is_filed_text(&entry.name) || entry.name.is_empty() || entry.name.len() > NAME_CHARS_MAX {
        return no("an ACH entry has room for a name of 22 letters without accents");
    }
    if entry.trace.len() != 15 || !entry.trace.bytes().all(|byte| byte.is_ascii_digit()) {
        return no("an ACH entry has a trace number of 15 digits");
    }
    Ok(serde_json::to_string(&entry).expect("texts and numbers are JSON"))
}

/// As much of a company's name as a batch has room for.
fn company_name(name: &str) -> String {
    name.chars().take(COMPANY_CHARS_MAX).collect::<String>().trim_end().to_owned()
}

/// The bytes of a file with these entries, which share a batch and which stand in the order of their trace numbers. The same input gives the same
/// bytes.
pub fn build(terms: &NachaBankConfig, new: &NewFile, entries: &[FiledEntry]) -> Result<Vec<u8>, String> {
    let mut entries: Vec<&FiledEntry> = entries.iter().collect();
    entries.sort_by(|one, other| one.trace.cmp(&other.trace));
    let refused = |error: nacha::AchInvalid| error.to_string();
    let mut builder = AchFileBuilder::try_new(&AchFileTerms {
        destination: terms.routing_number.clone(),
        origin: terms.sender().to_owned(),
        destination_name: terms.bank_name.clone(),
        origin_name: terms.company_name.clone(),
        reference: String::new(),
        created: new.created,
        modifier: new.modifier,
        line_end: AchLineEnd::Lf,
        odfi: terms.routing_number.clone(),
        first_sequence: 1,
    })
    .map_err(refused)?;
    let first = *entries.first().ok_or("a file has at least one entry")?;
    if !entries.iter().all(|entry| entry.shares_batch_with(first)) {
        return Err("a file has one batch, and a batch pays either persons or companies, on behalf of one company".to_owned());
    }
    let batch = AchBatchTerms {
        class: if first.is_company { CreditClass::Ccd } else { CreditClass::Ppd },
        // Receivers must know the name; the id is that of the account's owner, with whom the bank has the contract.
        company_name: if first.on_behalf_of.is_empty() { terms.company_name.clone() } else { first.on_behalf_of.clone() },
        discretionary: String::new(),
        company_id: terms.company_id.clone(),
        description: terms.description.clone(),
        descriptive_date: String::new(),
        effective: new.effective,
        offset: None,
    };
    let credits: Vec<AchCredit> = entries.iter().map(|entry| credit(entry)).collect();
    builder.add_batch(&batch, &credits).map_err(refused)?;
    let mut file = builder.build().map_err(refused)?;
    // The builder numbers entries from one on; a payout has had its number since it was submitted, and other files may have those in between.
    for (written, entry) in file.batches.iter_mut().flat_map(|batch| &mut batch.entries).zip(&entries) {
        written.trace.clone_from(&entry.trace);
    }
    nacha::write(&file).map_err(refused)
}

impl FiledEntry {
    /// Whether both can be in one batch: to persons, or to companies, on behalf of the same company.
    #[must_use]
    pub fn shares_batch_with(&self, other: &Self) -> bool {
        (self.is_company, &self.on_behalf_of) == (other.is_company, &other.on_behalf_of)
    }

    /// The receiver's account.
    #[must_use]
    pub fn account(&self) -> AchAccount {
        AchAccount {
            routing_number: self.routing_number.clone(),
            account_number: self.account_number.clone(),
            kind: if self.savings { AccountKind::Savings } else { AccountKind::Checking },
        }
    }
}

fn credit(entry: &FiledEntry) -> AchCredit {
    AchCredit {
        account: entry.account(),
        kind: CreditKind::Payment { cents: entry.cents },
        identification: entry.trace.clone(),
        name: entry.name.clone(),
        discretionary: String::new(),
        information: None,
    }
}
