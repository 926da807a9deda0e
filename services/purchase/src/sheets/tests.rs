//! Price sheets: which row is in force, and what is wrong with a file.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

use super::*;
use crate::catalogue::{PackageCatalogue, diff};

const SHEET: &str = r#"
version = "2026-11"

[[price]]
product_id = "coins.700"
market = "US"
channel = "app_store"
coins = 650
bonus_coins = 50
currency = "USD"
price = "9.99"
valid_from = "2026-01-01"

[[price]]
product_id = "coins.700"
market = "US"
channel = "app_store"
coins = 650
currency = "USD"
price = "10.99"
valid_from = "2026-11-01"

[[price]]
product_id = "coins.700"
book = "acme-jp"
market = "JP"
channel = "app_store"
entity = "acme-jp"
coins = 700
currency = "JPY"
price = "1400"
valid_from = "2026-01-01"

[[price]]
product_id = "coins.700"
market = "US"
channel = "stripe"
coins = 700
currency = "USD"
price = "7.40"
valid_from = "2026-01-01"

[[tax]]
market = "JP"
basis_points = 1000
valid_from = "2019-10-01"
source = "consumption tax"

[[commission]]
market = "*"
channel = "app_store"
basis_points = 3000
valid_from = "2020-01-01"
source = "agreement"

[[commission]]
market = "US"
channel = "app_store"
basis_points = 1500
valid_from = "2026-06-01"
source = "small business programme"
"#;

fn at(day: &str) -> i64 {
    money::time::day_start(day.parse().unwrap()).as_millisecond()
}

fn quoted(list: &PackageCatalogue, book: &str, channel: PriceChannel, currency: &str, day: &str) -> Option<(i64, i64, i64, String)> {
    let (book, currency) = (BookName::try_new(book).unwrap(), Currency::try_new(currency).ok());
    let wanted = Wanted { book: &book, channel, product_id: "coins.700", currency, at_ms: at(day) };
    list.quote(wanted).map(|quote| (quote.package.coins.get(), quote.bonus.get(), quote.package.price.minor_units(), quote.entity))
}

#[test]
fn a_sale_has_the_price_of_its_day_channel_book_and_currency() {
    let list = PackageCatalogue::parse("sheet.toml", SHEET).unwrap();
    let main = || "main".to_owned();
    assert_eq!(quoted(&list, "acme-us", PriceChannel::AppStore, "USD", "2026-10-31"), Some((700, 50, 999, main())));
    assert_eq!(quoted(&list, "acme-us", PriceChannel::AppStore, "USD", "2026-11-01"), Some((650, 0, 1_099, main())));
    assert_eq!(quoted(&list, "acme-us", PriceChannel::AppStore, "USD", "2020-11-01"), Some((700, 50, 999, main())), "it was paid for");
    assert_eq!(quoted(&list, "acme-jp", PriceChannel::AppStore, "JPY", "2026-11-01"), Some((700, 0, 1_400, "acme-jp".to_owned())));
    assert_eq!(quoted(&list, "acme-us", PriceChannel::AppStore, "JPY", "2026-11-01"), Some((650, 0, 1_099, main())), "to be flagged");
    assert_eq!(quoted(&list, "acme-us", PriceChannel::Stripe, "USD", "2026-11-01"), Some((700, 0, 740, main())));
    assert_eq!(quoted(&list, "acme-us", PriceChannel::Alipay, "USD", "2026-11-01"), None);
}

#[test]
fn rates_are_those_of_market_channel_and_day() {
    let list = PackageCatalogue::parse("sheet.toml", SHEET).unwrap();
    let rates = |market, channel, day| {
        let found = list.rates(market, channel, at(day), SaleRates { commission: 1, tax: 2 });
        (found.commission, found.tax)
    };
    assert_eq!(rates("US", PriceChannel::AppStore, "2026-05-31"), (3_000, 2));
    assert_eq!(rates("US", PriceChannel::AppStore, "2026-06-01"), (1_500, 2));
    assert_eq!(rates("JP", PriceChannel::AppStore, "2026-06-01"), (3_000, 1_000));
    assert_eq!(rates("JP", PriceChannel::AppStore, "2019-01-01"), (1, 2), "before every row");
    assert_eq!(rates("US", PriceChannel::Stripe, "2026-06-01"), (1, 2));
}

#[test]
fn a_market_lists_what_is_sold_today() {
    let list = PackageCatalogue::parse("sheet.toml", SHEET).unwrap();
    let listed = |book: &str, market: &str, day: &str| -> Option<Vec<(i64, Option<PriceChannel>)>> {
        let book = BookName::try_new(book).unwrap();
        let offers = list.offers(&book, market, at(day))?;
        Some(offers.iter().map(|offer| (offer.package.price.minor_units(), offer.channel)).collect())
    };
    let (store, web) = (Some(PriceChannel::AppStore), Some(PriceChannel::Stripe));
    assert_eq!(listed("acme-us", "US", "2026-10-31"), Some(vec![(999, store), (740, web)]));
    assert_eq!(listed("acme-us", "US", "2026-11-01"), Some(vec![(1_099, store), (740, web)]));
    assert_eq!(listed("acme-us", "US", "2025-11-01"), Some(Vec::new()));
    assert_eq!((listed("acme-jp", "JP", "2026-11-01"), listed("acme-us", "JP", "2026-11-01")), (Some(vec![(1_400, store)]), None));
    assert!(!list.is_built_in());
}

#[test]
fn every_problem_of_a_file_is_said_with_its_line() {
    let bad = SHEET
        .replace("channel = \"stripe\"", "channel = \"cash\"")
        .replace("valid_from = \"2026-11-01\"", "valid_from = \"2026-01-01\"")
        .replace("source = \"agreement\"", "source = \" \"")
        .replace("entity = \"acme-jp\"", "entity = \"ACME\"");
    let faults: Vec<String> = PackageCatalogue::faults("sheet.toml", &bad).iter().map(ToString::to_string).collect();
    let expected = [
        "coin packages sheet.toml, line 14: price coins.700, valid_from: there is a row for the same day and currency, of market US",
        "coin packages sheet.toml, line 23: price coins.700, entity: must match [a-z0-9-]{1,32}",
        "coin packages sheet.toml, line 34: price coins.700, channel: must be one of app_store, google_play, stripe, alipay, wechat_pay",
        "coin packages sheet.toml, line 49: commission *, source: must say in 1 to 500 bytes where the rate comes from",
    ];
    assert_eq!(faults, expected);
    assert_eq!(PackageCatalogue::faults("sheet.toml", SHEET).len(), 0);
}

#[test]
fn a_diff_names_every_row_that_changes() {
    let old = PackageCatalogue::parse("old.toml", SHEET).unwrap();
    let new = SHEET.replace("price = \"7.40\"", "price = \"7.50\"").replace("basis_points = 1500", "basis_points = 0");
    let new = new.replace("valid_from = \"2019-10-01\"", "valid_from = \"2026-10-01\"");
    let lines = diff(&old, &PackageCatalogue::parse("new.toml", &new).unwrap());
    let expected = [
        "changed commission US app_store from 2026-06-01: 1500 basis points (small business programme) -> 0 basis points (small business programme)",
        "changed price coins.700 US stripe from 2026-01-01: 700 coins for 7.40 USD in US by web, sold by main -> 700 coins for 7.50 USD in US by web, sold by main",
        "removed tax JP any channel from 2019-10-01: 1000 basis points (consumption tax)",
        "added   tax JP any channel from 2026-10-01: 1000 basis points (consumption tax)",
    ];
    assert_eq!(lines, expected);
    assert!(diff(&old, &old).is_empty());
}
