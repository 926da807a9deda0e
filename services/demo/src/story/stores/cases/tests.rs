//! Unit tests of the arithmetic, with results that were worked out by hand.
use super::{CASES, CaseCount};
use api::{purchase::CoinPackage, r#type::Money};

#[test]
fn each_case_comes_to_what_was_worked_out_by_hand() {
    let numbers = |price, coins, refunded, refunded_coins, taken, owed, kept, deferred| CaseCount {
        price,
        coins,
        refunded,
        refunded_coins,
        taken,
        owed,
        kept,
        deferred,
    };
    let sold = [
        ("USD", 499, 350),
        ("USD", 99, 70),
        ("USD", 1_480, 1_400),
        ("USD", 74, 70),
        ("CNY", 4_480, 630),
        ("CNY", 4_480, 630),
        ("CNY", 4_480, 630),
    ];
    let expected = [
        // 149 cents of commission, of which 104 go back; 213 of 499 cents were deferred for the 150 coins that were there.
        numbers(499, 350, 349, 245, 150, 95, 45, 286),
        numbers(297, 210, 99, 70, 70, 0, 60, 198),
        numbers(1_480, 1_400, 1_110, 1_050, 1_050, 0, 0, 370),
        numbers(74, 70, 74, 70, 20, 50, 1_500, 53),
        numbers(4_480, 630, 2_000, 281, 281, 0, 0, 2_482),
        numbers(4_480, 630, 4_480, 630, 630, 0, 0, 0),
        // Half of it is left.
        numbers(4_480, 630, 2_240, 315, 315, 0, 0, 2_240),
    ];
    for ((plan, (currency, minor_units, coins)), expected) in CASES.iter().zip(sold).zip(expected) {
        let price = Some(Money { currency_code: currency.to_owned(), minor_units });
        let package = CoinPackage { product_id: plan.product_id.to_owned(), coins, price, ..Default::default() };
        assert_eq!(plan.count(&package).unwrap(), expected, "{}", plan.user);
    }
}
