//! Accounts by a bank's code and a number, in the countries where no check digit covers both, and Mexico's CLABE, where one does.

use crate::{
    AccountType, AddressField, HiddenText,
    fields::{FieldReader, is_digits},
    rules::CharLimit,
};

mod australia;
mod brazil;
mod canada;
mod hong_kong;
mod india;
mod japan;
mod mexico;
mod singapore;

pub use australia::AustralianAccount;
pub use brazil::PixAccount;
pub use canada::CanadianAccount;
pub use hong_kong::HongKongAccount;
pub use india::{IndianAccount, UpiId};
pub use japan::ZenginAccount;
pub use mexico::Clabe;
pub use singapore::SingaporeAccount;

/// Digits of a number within a limit; hyphens and blanks are left out, zeros in front stay.
fn number(reader: &mut FieldReader, limit: &CharLimit) -> Option<HiddenText> {
    let fits = |text: &str| is_digits(text, limit.min..=limit.max);
    reader.compact(AddressField::AccountNumber, &['-'], format!("be {} digits", limit.range()), fits).map(HiddenText::new)
}

fn digits(reader: &mut FieldReader, field: AddressField, count: usize) -> Option<HiddenText> {
    reader.compact(field, &['-'], format!("be {count} digits"), |text| is_digits(text, count..=count)).map(HiddenText::new)
}

/// The account type that a kind of address calls by one of these names, in upper case.
fn account_type(reader: &mut FieldReader, names: &[(&str, AccountType)], form: &'static str) -> Option<AccountType> {
    let given = reader.required(AddressField::AccountType)?.to_ascii_uppercase();
    let known = names.iter().find(|(name, _)| *name == given).map(|(_, known)| *known);
    if known.is_none() {
        reader.fault(AddressField::AccountType, form);
    }
    known
}

#[cfg(test)]
mod tests;
