//! Tests of `account`.
#![allow(clippy::unwrap_used)]
use super::*;
use chart::Purpose;

#[test]
fn a_line_of_the_trial_balance_is_known_by_its_name() {
    let usd = Currency::try_new("USD").unwrap();
    let house = |purpose| LedgerAccount::Money(AccountClass::House(purpose), usd);
    for (name, unit, account) in [
        ("creator/*/payable/USD", "USD", LedgerAccount::Money(AccountClass::CreatorPayable, usd)),
        ("house/bank_cash/USD", "USD", house(Purpose::BankCash)),
        ("house/acme/bank_cash/one/USD", "USD", house(Purpose::BankCash)),
        ("house/acme/revenue/USD", "USD", house(Purpose::Revenue)),
        ("viewer/*/coins", "COIN", LedgerAccount::Memo(Unit::Coin)),
        ("house/diamonds/issued", "DIAMOND", LedgerAccount::Memo(Unit::Diamond)),
        ("between/acme/USD", "USD", LedgerAccount::Between(usd)),
        ("house/future/USD", "USD", LedgerAccount::Unknown),
        ("house/bank_cash/EUR", "USD", LedgerAccount::Unknown),
        ("house/bank_cash/USD", "GOLD", LedgerAccount::Unknown),
    ] {
        assert_eq!(LedgerAccount::parse(name, unit), account, "{name}");
    }
    assert_eq!(entity("house/acme/revenue/USD"), "acme");
    assert_eq!(entity("house/revenue/USD"), "main");
    assert_eq!(entity("creator/u1/payable/USD"), "main");
}
