//! The accounts a user may have: found by name, without reading all accounts of a book.
use crate::Account;
use money::{Currency, UserKey};

/// All currencies: a user may have been paid in any.
fn currencies() -> impl Iterator<Item = Currency> {
    let letters = || b'A'..=b'Z';
    let codes = letters().flat_map(move |a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])));
    codes.filter_map(|code| Currency::try_new(std::str::from_utf8(&code).ok()?).ok())
}

/// Names of all accounts that may be this user's.
#[must_use]
pub fn names_of(user: &UserKey) -> Vec<String> {
    let plain = [Account::viewer_coins(user), Account::viewer_debt(user), Account::creator_diamonds(user)];
    let mut names: Vec<String> = plain.iter().map(Account::name).collect();
    names.push(format!("agency/{user}/diamonds"));
    for currency in currencies() {
        names.push(Account::creator_payable(user, currency).name());
        names.push(format!("agency/{user}/payable/{currency}"));
    }
    names
}

#[cfg(test)]
mod tests;
