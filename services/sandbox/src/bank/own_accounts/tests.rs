//! Unit tests of own accounts.
use super::*;

#[test]
fn every_own_account_is_valid_and_of_its_currency() {
    for currency in own_currencies() {
        let account = own_account(currency);
        assert!(account.currency().is_none_or(|own| own == currency), "{}", currency.code());
        assert!(!own_account_id(currency).number().is_empty());
    }
    assert_eq!(own_currencies().len(), OWN_ACCOUNTS.len());
}
