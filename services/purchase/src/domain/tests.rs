//! What a receipt is worth.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

use proptest::prelude::*;

use super::*;
use crate::catalogue::PackageCatalogue;

fn transaction(quantity: i32, price: Option<(i64, &str)>) -> Transaction {
    Transaction {
        environment: "Sandbox".to_owned(),
        bundle_id: "b".to_owned(),
        transaction_id: "1".to_owned(),
        product_id: "coins.us.app.70".to_owned(),
        quantity,
        price: price.map(|(thousandths, currency)| (thousandths, Currency::try_new(currency).unwrap())),
        unknown_price: None,
        app_account_token: None,
        purchased_at_ms: 0,
    }
}

fn worth(transaction: &Transaction, rates: SaleRates) -> Result<ReceiptValue, OutOfRange> {
    let catalogue = PackageCatalogue::embedded().unwrap();
    value(transaction, catalogue.product("coins.us.app.70").unwrap(), rates)
}

const THIRTY: SaleRates = SaleRates { commission: 3000, tax: 0 };

#[test]
fn the_receipts_price_counts_and_else_the_lists() {
    let value = worth(&transaction(3, Some((990, "USD"))), THIRTY).unwrap();
    assert_eq!((value.coins.get(), value.price.minor_units()), (210, 297));
    assert_eq!((value.commission.minor_units(), value.receivable().minor_units()), (89, 208));
    let yen = worth(&transaction(1, Some((140_000, "JPY"))), THIRTY).unwrap();
    assert_eq!((yen.price.minor_units(), yen.price.currency().code()), (140, "JPY"));
    let silent = worth(&transaction(2, None), THIRTY).unwrap();
    assert_eq!(silent.price.minor_units(), 198);
}

#[test]
fn a_price_in_an_unknown_currency_is_shown_and_the_lists_counts() {
    let priced = |thousandths, currency: &str| Transaction {
        unknown_price: Some(UnknownPrice { thousandths, currency: currency.to_owned() }),
        ..transaction(2, None)
    };
    let value = worth(&priced(19_900, "XQQ"), THIRTY).unwrap();
    assert_eq!((value.coins.get(), value.price.minor_units(), value.price.currency().code()), (140, 198, "USD"));
    let free = worth(&priced(0, "XQQ"), THIRTY).unwrap();
    assert_eq!((free.coins.get(), free.price.minor_units()), (140, 0));
    for (thousandths, currency, shown) in [(19_900, "XQQ", "19.900 XQQ"), (1, "", "0.001 (no currency)")] {
        assert_eq!(UnknownPrice { thousandths, currency: currency.to_owned() }.shown(), shown);
    }
}

#[test]
fn included_tax_is_no_revenue() {
    let value = worth(&transaction(1, Some((110_000, "JPY"))), SaleRates { commission: 3000, tax: 1000 }).unwrap();
    assert_eq!((value.tax.minor_units(), value.deferred().minor_units()), (10, 100));
    assert_eq!((value.commission.minor_units(), value.receivable().minor_units()), (30, 70));
}

#[test]
fn absurd_prices_are_refused() {
    for thousandths in [-1_000, i64::MAX, i64::MIN] {
        assert_eq!(worth(&transaction(1, Some((thousandths, "USD"))), THIRTY), Err(OutOfRange));
    }
}

proptest! {
    #[test]
    fn a_sale_splits_without_remainder(
        thousandths in 0..9_000_000_000_000_i64, quantity in 1..=10_i32, commission in 0..=10_000_u32, tax in 0..=10_000_u32
    ) {
        let value = worth(&transaction(quantity, Some((thousandths, "USD"))), SaleRates { commission, tax }).unwrap();
        let parts = value.tax.minor_units() + value.commission.minor_units() + value.receivable().minor_units();
        prop_assert_eq!(parts, value.price.minor_units());
        prop_assert!(value.receivable().minor_units() >= 0);
    }
}
