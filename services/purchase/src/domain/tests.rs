//! What a receipt is worth.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

use proptest::prelude::*;

use super::*;
use crate::catalogue::PackageCatalogue;

fn transaction(quantity: i32, price: Option<(i64, &str)>) -> Transaction {
    Transaction {
        store: StoreKind::Apple,
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

fn states(transaction: &Transaction) -> Option<String> {
    stated_price(transaction, PackageCatalogue::embedded().unwrap().product("coins.us.app.70").unwrap())
}

#[test]
fn the_lists_price_counts_and_another_is_shown() {
    let value = worth(&transaction(3, Some((990, "USD"))), THIRTY).unwrap();
    assert_eq!((value.coins.get(), value.price.minor_units()), (210, 297));
    assert_eq!((value.commission.minor_units(), value.receivable().minor_units()), (89, 208));
    let unknown = |thousandths, currency: &str| Transaction {
        unknown_price: Some(UnknownPrice { thousandths, currency: currency.to_owned() }),
        ..transaction(2, None)
    };
    for (transaction, shown) in [
        (transaction(2, Some((990, "USD"))), None),
        (transaction(2, None), None),
        (transaction(2, Some((1_000, "USD"))), Some("1.000 USD")),
        (transaction(2, Some((0, "USD"))), Some("0.000 USD")),
        (transaction(2, Some((990, "EUR"))), Some("0.990 EUR")),
        (unknown(19_900, "XQQ"), Some("19.900 XQQ")),
        (unknown(0, "XQQ"), Some("0.000 XQQ")),
        (unknown(1, ""), Some("0.001 (no currency)")),
    ] {
        let value = worth(&transaction, THIRTY).unwrap();
        // A free purchase is no revenue.
        let booked = if shown.is_some_and(|shown| shown.starts_with("0.000")) { 0 } else { 198 };
        assert_eq!((value.coins.get(), value.price.minor_units(), value.price.currency().code()), (140, booked, "USD"), "{transaction:?}");
        assert_eq!(states(&transaction).as_deref(), shown, "{transaction:?}");
    }
}

#[test]
fn a_receipt_has_a_largest_price_whatever_its_currency() {
    for currency in ["USD", "JPY", "KWD"] {
        worth(&transaction(10, Some((1_000_000_000, currency))), THIRTY).unwrap();
        assert_eq!(worth(&transaction(10, Some((1_000_000_011, currency))), THIRTY), Err(OutOfRange), "{currency}");
    }
    let catalogue = PackageCatalogue::embedded().unwrap();
    let package = catalogue.product("coins.us.app.70").unwrap();
    let dear = Package { price: Money::try_new(package.price.currency(), RECEIPT_MINOR_UNITS_MAX).unwrap(), ..package.clone() };
    assert_eq!(value(&transaction(1, None), &dear, THIRTY).unwrap().price.minor_units(), RECEIPT_MINOR_UNITS_MAX);
    assert_eq!(value(&transaction(2, None), &dear, THIRTY), Err(OutOfRange));
    let rich = Package { coins: Coins::try_new(RECEIPT_COINS_MAX).unwrap(), ..package.clone() };
    assert_eq!(value(&transaction(2, None), &rich, THIRTY), Err(OutOfRange));
}

#[test]
fn included_tax_is_no_revenue() {
    let value = worth(&transaction(10, Some((990, "USD"))), SaleRates { commission: 3000, tax: 1000 }).unwrap();
    assert_eq!((value.tax.minor_units(), value.deferred().minor_units()), (90, 900));
    assert_eq!((value.commission.minor_units(), value.receivable().minor_units()), (270, 630));
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
        thousandths in 0..1_000_000_000_i64, quantity in 1..=10_i32, commission in 0..=10_000_u32, tax in 0..=10_000_u32
    ) {
        let value = worth(&transaction(quantity, Some((thousandths, "USD"))), SaleRates { commission, tax }).unwrap();
        let parts = value.tax.minor_units() + value.commission.minor_units() + value.receivable().minor_units();
        prop_assert_eq!(parts, value.price.minor_units());
        prop_assert!(value.receivable().minor_units() >= 0);
    }
}
