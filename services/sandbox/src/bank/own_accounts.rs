//! Our own accounts at the bank, from which payments are made: one per currency, each of the kind that its country has.

use accounts::{AddressField as F, AddressKind as K, AddressRules, PayoutAddress};
use iso20022::pain001::{AccountId, Party};
use money::Currency;

/// The account of an own currency.
struct OwnAccount {
    currency: &'static str,
    kind: K,
    fields: &'static [(F, &'static str)],
}

const fn own(currency: &'static str, kind: K, fields: &'static [(F, &'static str)]) -> OwnAccount {
    OwnAccount { currency, kind, fields }
}

/// Invented numbers with valid check digits.
const OWN_ACCOUNTS: [OwnAccount; 11] = [
    own("USD", K::UsAccount, &[(F::RoutingNumber, "021000021"), (F::AccountNumber, "4400001234")]),
    own("EUR", K::Iban, &[(F::Iban, "DE89370400440532013000")]),
    own("GBP", K::UkAccount, &[(F::SortCode, "200000"), (F::AccountNumber, "44001234")]),
    own(
        "BRL",
        K::PixAccount,
        &[(F::Ispb, "99999004"), (F::BranchCode, "0001"), (F::AccountType, "current"), (F::AccountNumber, "4400001234")],
    ),
    own("MXN", K::Clabe, &[(F::Clabe, "646180990000123452")]),
    own("SGD", K::SingaporeAccount, &[(F::Bic, "SANDSGSG"), (F::AccountNumber, "4400001234")]),
    own("HKD", K::HongKongAccount, &[(F::BankCode, "999"), (F::AccountNumber, "440001234")]),
    own("INR", K::IndianAccount, &[(F::Ifsc, "SAND0000001"), (F::AccountNumber, "44000012345")]),
    own("JPY", K::Zengin, &[(F::BankCode, "9999"), (F::BranchCode, "001"), (F::AccountType, "current"), (F::AccountNumber, "4401234")]),
    own("AUD", K::AustralianAccount, &[(F::Bsb, "999001"), (F::AccountNumber, "440001234")]),
    own("CAD", K::CanadianAccount, &[(F::RoutingNumber, "099900001"), (F::AccountNumber, "4401234")]),
];

/// The currencies of our accounts.
#[must_use]
pub fn own_currencies() -> Vec<Currency> {
    OWN_ACCOUNTS.iter().filter_map(|own| Currency::try_new(own.currency).ok()).collect()
}

/// Our own account in a currency; for currencies without one, the IBAN of the account in euros.
#[must_use]
pub fn own_account(currency: Currency) -> PayoutAddress {
    let known = OWN_ACCOUNTS.iter().find(|own| own.currency == currency.code());
    let OwnAccount { kind, fields, .. } = known.unwrap_or(&OWN_ACCOUNTS[1]);
    PayoutAddress::parse(*kind, fields, &AddressRules::default()).expect("a constant that a test checks")
}

/// The account in messages.
pub fn own_account_id(currency: Currency) -> AccountId {
    Party::paid_to("", &own_account(currency), None, None).account.expect("every kind of address is an account in messages")
}

#[cfg(test)]
mod tests;
