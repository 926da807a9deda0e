//! Which transfers can be requested at all.
use super::*;

fn name(text: &str) -> AccountName {
    AccountName::parse(text.to_owned()).unwrap()
}

fn asked(debit: &str, credit: &str) -> Result<NewTransfer, InvalidTransfer> {
    NewTransfer::try_new(name(debit), name(credit), Amount::try_new(1).unwrap())
}

#[test]
fn a_transfer_stays_within_one_unit() {
    for (debit, credit, why) in [
        ("viewer/u1/coins", "creator/c1/diamonds", "viewer/u1/coins is in COIN, creator/c1/diamonds in DIAMOND"),
        ("house/diamonds/issued", "house/coins/redeemed", "house/diamonds/issued is in DIAMOND, house/coins/redeemed in COIN"),
        ("house/treasury/USD", "house/treasury/EUR", "house/treasury/USD is in USD, house/treasury/EUR in EUR"),
    ] {
        let refused = asked(debit, credit).unwrap_err();
        assert!(matches!(refused, InvalidTransfer::UnitMismatch { .. }));
        assert_eq!(refused.to_string(), why);
    }
}

#[test]
fn an_account_gives_nothing_to_itself() {
    for account in ["viewer/u1/coins", "creator/c1/payable/USD", "house/coins/issued"] {
        assert_eq!(asked(account, account).unwrap_err(), InvalidTransfer::SameAccount);
    }
    assert_eq!(InvalidTransfer::SameAccount.to_string(), "debit and credit account are the same");
}

#[test]
fn what_can_be_asked_is_what_was_named() {
    let transfer = asked("viewer/u1/coins", "viewer/u2/coins").unwrap();
    assert_eq!((transfer.accounts.debit().text.as_str(), transfer.accounts.credit().text.as_str()), ("viewer/u1/coins", "viewer/u2/coins"));
    assert_eq!(transfer.accounts.unit(), Unit::Coin);
}
