//! Notifications of change: the payment was posted, and a bank says which data must be changed before the next one, within six banking
//! days.

use super::model::AchAnswer;
use super::routing::{is_digits, is_routing_number};
use super::transaction::{AccountKind, TransactionCode};
use serde::Serialize;

/// What a change code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ChangeCode {
    /// `C01` and so on.
    pub code: &'static str,
    /// What was wrong.
    pub meaning: &'static str,
    /// What its receiver does.
    pub action: &'static str,
    /// Whether it is the refusal of a notification of change, which an originator's bank sends.
    pub refusal: bool,
    /// Where the corrected data has what: field, first character from 0, and number of characters.
    pub layout: &'static [CorrectedPlace],
}

/// A field that a notification of change replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedField {
    /// Nine digits.
    RoutingNumber,
    /// 17 characters.
    AccountNumber,
    /// Two digits, which name checking or savings.
    TransactionCode,
    /// 22 characters.
    Name,
    /// 22 characters.
    Identification,
    /// Identification of the receiving bank of an IAT entry, 34 characters.
    ReceivingBank,
}

/// Where a field is in corrected data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CorrectedPlace {
    /// The field.
    pub field: ChangedField,
    /// Its first character, from 0.
    pub from: usize,
    /// The most characters that it has.
    pub length: usize,
}

use ChangedField::{AccountNumber, Identification, Name, ReceivingBank, RoutingNumber, TransactionCode as Code};

const UPDATE: &str = "Update the beneficiary before the next payment.";
const FIX: &str = "Correct how entries are made; the beneficiary stays as it is.";
const REFUSED: &str = "Our bank refused the notification; the bank that sent it may correct it.";

const fn at(field: ChangedField, from: usize, length: usize) -> CorrectedPlace {
    CorrectedPlace { field, from, length }
}

const fn change(code: &'static str, layout: &'static [CorrectedPlace], action: &'static str, meaning: &'static str) -> ChangeCode {
    ChangeCode { code, meaning, action, refusal: code.as_bytes()[1] == b'6', layout }
}

/// Every change code.
pub const CHANGE_CODES: [ChangeCode; 20] = [
    change("C01", &[at(AccountNumber, 0, 17)], UPDATE, "account number"),
    change("C02", &[at(RoutingNumber, 0, 9)], UPDATE, "routing number"),
    change("C03", &[at(RoutingNumber, 0, 9), at(AccountNumber, 12, 17)], UPDATE, "routing number and account number"),
    change(
        "C04",
        &[at(Name, 0, 22)],
        "Review before changing anything: the name is identity data. Nacha discourages the code.",
        "name of the receiver",
    ),
    change("C05", &[at(Code, 0, 2)], UPDATE, "transaction code: checking instead of savings, or the reverse"),
    change("C06", &[at(AccountNumber, 0, 17), at(Code, 20, 2)], UPDATE, "account number and transaction code"),
    change(
        "C07",
        &[at(RoutingNumber, 0, 9), at(AccountNumber, 9, 17), at(Code, 26, 2)],
        UPDATE,
        "routing number, account number and transaction code",
    ),
    change("C08", &[at(ReceivingBank, 0, 34)], UPDATE, "identification of the receiving bank of an IAT entry"),
    change("C09", &[at(Identification, 0, 22)], UPDATE, "identification number of the receiver"),
    change("C13", &[], FIX, "form of an addenda record"),
    change("C14", &[], FIX, "class: the entry should have been IAT"),
    change("C61", &[], REFUSED, "refused: the notification went to the wrong bank"),
    change("C62", &[], REFUSED, "refused: the trace number is wrong"),
    change("C63", &[], REFUSED, "refused: the company identification is wrong"),
    change("C64", &[], REFUSED, "refused: the identification number is wrong"),
    change("C65", &[], REFUSED, "refused: the corrected data has a wrong form"),
    change("C66", &[], REFUSED, "refused: the discretionary data is wrong"),
    change("C67", &[], REFUSED, "refused: the routing number is not that of the entry"),
    change("C68", &[], REFUSED, "refused: the account number is not that of the entry"),
    change("C69", &[], REFUSED, "refused: the transaction code is wrong"),
];

/// The meaning of a code such as `C01`; `None` if there is no such code.
#[must_use]
pub fn change_code(code: &str) -> Option<&'static ChangeCode> {
    CHANGE_CODES.iter().find(|change| change.code == code)
}

/// An account as an entry names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct AchAccount {
    /// Nine digits.
    pub routing_number: String,
    /// At most 17 characters.
    pub account_number: String,
    /// Checking or savings, for payouts.
    pub kind: AccountKind,
}

/// What a notification of change says is right. Fields that it doesn't name are `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct AccountChange {
    /// Nine digits, with the right check digit.
    pub routing_number: Option<String>,
    /// 1 to 17 characters.
    pub account_number: Option<String>,
    /// From the transaction code.
    pub kind: Option<AccountKind>,
    /// Never applied without a review.
    pub name: Option<String>,
    /// Identification number of the receiver.
    pub identification: Option<String>,
    /// Identification of the receiving bank of an IAT entry.
    pub receiving_bank: Option<String>,
}

impl AccountChange {
    /// The account with what the notification changes of it. Name, identification and foreign bank are not part of an account.
    #[must_use]
    pub fn apply(&self, account: &AchAccount) -> AchAccount {
        AchAccount {
            routing_number: self.routing_number.clone().unwrap_or_else(|| account.routing_number.clone()),
            account_number: self.account_number.clone().unwrap_or_else(|| account.account_number.clone()),
            kind: self.kind.unwrap_or(account.kind),
        }
    }

    /// The corrected data that says this with a code; `None` if a field of the code's layout is missing.
    #[must_use]
    pub fn corrected_data(&self, code: &ChangeCode) -> Option<String> {
        let mut data = String::new();
        for CorrectedPlace { field, from, length } in code.layout {
            let text = match field {
                RoutingNumber => self.routing_number.clone(),
                AccountNumber => self.account_number.clone(),
                Code => self.kind.and_then(credit_code),
                Name => self.name.clone(),
                Identification => self.identification.clone(),
                ReceivingBank => self.receiving_bank.clone(),
            };
            let text = text.filter(|text| !text.is_empty() && text.len() <= *length && text.is_ascii())?;
            data = format!("{data:<from$}{text}");
        }
        Some(data)
    }
}

fn credit_code(kind: AccountKind) -> Option<String> {
    let code = TransactionCode::new(kind, super::AchDirection::Credit, super::EntryPurpose::Live)?;
    Some(code.code().to_string())
}

impl ChangeCode {
    /// Reads corrected data. Says which field is missing or wrong; the data itself is not repeated, because it is personal.
    pub fn read(&self, corrected_data: &str) -> Result<AccountChange, String> {
        let wrong = |what: &str| Err(format!("corrected data of {} must have {what}", self.code));
        if !corrected_data.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return wrong("printable ASCII characters only");
        }
        let mut change = AccountChange::default();
        for CorrectedPlace { field, from, length } in self.layout {
            let end = corrected_data.len().min(from + length);
            let text = corrected_data.get(*from..end).unwrap_or_default().trim_matches(' ');
            match field {
                RoutingNumber if !is_routing_number(text) => return wrong("nine digits of a routing number, with the right check digit"),
                RoutingNumber => change.routing_number = Some(text.to_owned()),
                _ if text.is_empty() => return wrong(&format!("a text at position {}", from + 1)),
                AccountNumber if text.contains(' ') => return wrong("an account number without blanks inside"),
                AccountNumber => change.account_number = Some(text.to_owned()),
                Code => {
                    let code = if is_digits(text, 2) { text.parse().ok() } else { None };
                    let Some(code) = code.and_then(TransactionCode::from_code) else { return wrong("a transaction code") };
                    change.kind = Some(code.account());
                }
                Name => change.name = Some(text.to_owned()),
                Identification => change.identification = Some(text.to_owned()),
                ReceivingBank => change.receiving_bank = Some(text.to_owned()),
            }
        }
        Ok(change)
    }
}

impl AchAnswer {
    /// What a notification of change (addenda 98) says is right. Says why if its code is unknown or a refusal, or if its data is wrong.
    pub fn account_change(&self) -> Result<AccountChange, String> {
        let Some(code) = change_code(&self.code) else { return Err(format!("{} is no change code", self.code)) };
        if code.refusal {
            return Err(format!("{} refuses a notification of change and corrects nothing", code.code));
        }
        // Position 36 of the record is the data's first character. Domestic data ends at 64; what follows is not part of it.
        let length = if code.code == "C08" { 34 } else { 29 };
        code.read(self.information.get(..length).unwrap_or(&self.information))
    }
}

#[cfg(test)]
mod tests;
