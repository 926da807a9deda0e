//! What an order is worth.
use super::*;
use money::{Coins, Currency};

fn money(code: &str, minor_units: i64) -> Money {
    Money::try_new(Currency::try_new(code).unwrap(), minor_units).unwrap()
}

fn package(minor_units: i64) -> Package {
    Package {
        product_id: "coins.us.web.70".to_owned(),
        market: "US".to_owned(),
        channel: Channel::Web,
        coins: Coins::try_new(70).unwrap(),
        price: money("USD", minor_units),
        withdrawn: false,
    }
}

#[test]
fn tax_is_part_of_the_price_and_its_remainder_counts_as_tax() {
    let sold = value(&package(1_000), 1_900).unwrap();
    assert_eq!((sold.deferred().minor_units(), sold.tax.minor_units(), sold.commission.minor_units()), (840, 160, 0));
    let free = value(&package(1_000), 0).unwrap();
    assert_eq!((free.deferred().minor_units(), free.tax.minor_units()), (1_000, 0));
    assert_eq!(value(&package(RECEIPT_MINOR_UNITS_MAX + 1), 0), Err(OutOfRange));
}
