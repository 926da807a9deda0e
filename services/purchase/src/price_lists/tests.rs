//! Which list is in force, and which sheets are not loaded.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

use super::*;
use crate::catalogue::dated::SheetCheck;

/// 00:00 of 1 December 2026, UTC.
const DECEMBER_MS: i64 = 1_796_083_200_000;
const DAY_MS: i64 = 86_400_000;

fn sheet(version: &str, head: &str, prices: &[(&str, &str)]) -> String {
    let row = |(price, from): &(&str, &str)| {
        format!(
            "\n[[price]]\nproduct_id = \"coins.70\"\nmarket = \"US\"\nchannel = \"stripe\"\ncoins = 70\ncurrency = \"USD\"\nprice = \"{price}\"\nvalid_from = \"{from}\"\n"
        )
    };
    format!("version = \"{version}\"\n{head}{}", prices.iter().map(row).collect::<String>())
}

fn list(text: &str) -> PackageCatalogue {
    PackageCatalogue::parse("test.toml", text).unwrap()
}

fn prices(configured: Option<&str>, loaded: &[(i64, &str)]) -> BookPrices {
    let sheets = (1..).zip(loaded).map(|(sheet_no, (effective_at_ms, text))| LoadedSheet {
        sheet_no,
        effective_at_ms: *effective_at_ms,
        list: list(text),
    });
    BookPrices { configured: configured.map(|text| Arc::new(list(text))), loaded: Arc::new(sheets.collect()) }
}

fn quoted(prices: &BookPrices, at_ms: i64) -> Option<i64> {
    let book = BookName::try_new("demo").unwrap();
    let wanted = Wanted { book: &book, channel: PriceChannel::Stripe, product_id: "coins.70", currency: None, at_ms };
    prices.quote(wanted).map(|quote| quote.package.price.minor_units())
}

#[test]
fn what_was_sold_before_a_sheet_began_keeps_its_price() {
    let (old, new) = (sheet("1", "", &[("0.74", "2026-01-01")]), sheet("2", "", &[("0.74", "2026-01-01"), ("0.80", "2026-12-01")]));
    let book = prices(Some(&old), &[(DECEMBER_MS, &new)]);
    assert_eq!([-1, 0, 1].map(|by| quoted(&book, DECEMBER_MS + by)), [Some(74), Some(80), Some(80)]);
    assert_eq!([-1, 0].map(|by| book.at(DECEMBER_MS + by).unwrap().version().to_owned()), ["1", "2"]);
}

#[test]
fn the_sheet_that_was_loaded_last_replaces_one_that_has_not_begun() {
    let version = |number: &str, price: &str| sheet(number, "", &[(price, "2026-01-01")]);
    let book = prices(None, &[(DECEMBER_MS + 30 * DAY_MS, &version("1", "1.00")), (DECEMBER_MS, &version("2", "2.00"))]);
    assert_eq!([0, 31].map(|days| quoted(&book, DECEMBER_MS + days * DAY_MS)), [Some(200), Some(200)]);
    // Nobody decided anything for the time before, but what was paid then is worth something.
    assert!(book.at(DECEMBER_MS - 1).is_none() && book.is_decided());
    assert_eq!(quoted(&book, DECEMBER_MS - 1), Some(100));
    assert!(!prices(None, &[]).is_decided());
}

#[test]
fn what_a_newer_sheet_no_longer_has_is_worth_what_it_was() {
    let other = sheet("2", "", &[("9.00", "2026-01-01")]).replace("coins.70", "coins.900");
    let book = prices(Some(&sheet("1", "", &[("0.74", "2026-01-01")])), &[(DECEMBER_MS, &other)]);
    assert_eq!(quoted(&book, DECEMBER_MS + DAY_MS), Some(74));
}

#[test]
fn a_product_is_sold_by_the_sheet_once_it_has_a_price_of_it() {
    let package =
        "[[package]]\nproduct_id = \"coins.70\"\nmarket = \"US\"\nchannel = \"web\"\ncoins = 70\ncurrency = \"USD\"\nprice = \"0.50\"\n";
    let withdrawn = "withdrawn = true\n";
    let both = list(&(sheet("1", "", &[("0.74", "2026-12-01"), ("0.74", "2026-12-03")]) + withdrawn + package));
    let book = BookName::try_new("demo").unwrap();
    let sold = |days: i64, market: Option<&str>| {
        let at_ms = DECEMBER_MS + days * DAY_MS;
        let wanted = Wanted { book: &book, channel: PriceChannel::Stripe, product_id: "coins.70", currency: None, at_ms };
        both.sold(wanted, market).map(|quote| quote.package.price.minor_units())
    };
    assert_eq!([-1, 0, 1, 2].map(|days| sold(days, None)), [Some(50), Some(74), Some(74), None]);
    assert_eq!((sold(0, Some("US")), sold(0, Some("JP"))), (Some(74), None));
}

/// The line and the beginning of what is wrong with a sheet that begins in December, in place of the list before.
fn refused(before: &str, text: &str) -> Option<String> {
    let check = match SheetCheck::new(text) {
        Ok(check) => check,
        Err(error) => return Some(error.to_string()),
    };
    let book = BookName::try_new("demo").unwrap();
    let begins = match check.begins(DECEMBER_MS) {
        Ok(begins) => begins,
        Err(error) => return Some(error.to_string()),
    };
    check.fault_for(&book, true, Some(&list(before)), begins).map(|error| error.to_string())
}

#[test]
fn a_sheet_that_changes_the_past_is_refused_with_its_line() {
    let tax = |points: u32, from: &str| {
        format!("\n[[tax]]\nmarket = \"US\"\nbasis_points = {points}\nvalid_from = \"{from}\"\nsource = \"invented\"\n")
    };
    let before = sheet("1", "", &[("0.74", "2026-01-01")]) + &tax(100, "2026-01-01");
    let good = sheet("2", "", &[("0.74", "2026-01-01"), ("0.80", "2026-12-01")]) + &tax(100, "2026-01-01") + &tax(200, "2026-12-01");
    assert_eq!(refused(&before, &good), None);
    // What the configured list says of other books is not this sheet's.
    let of_other = sheet("1", "", &[("5.00", "2026-01-01")]).replace("product_id", "book = \"other\"\nproduct_id");
    assert_eq!(refused(&(before.clone() + of_other.trim_start_matches("version = \"1\"\n")), &good), None);
    let says = |text: &str, line: usize, what: &str| {
        let why = refused(&before, text).unwrap_or_default();
        assert!(why.contains(&format!("line {line}:")) && why.contains(what), "{why}");
    };
    says(&good.replace("0.74", "0.75"), 3, "price coins.70, valid_from: is before the sheet begins on 2026-12-01");
    says(&good.replace("2026-12-01", "2026-11-30"), 12, "price coins.70, valid_from: is before");
    says(
        &(sheet("2", "", &[("0.80", "2026-12-01")]) + &tax(100, "2026-01-01")),
        1,
        "price coins.70 stripe from 2026-01-01: the list in force has it",
    );
    says(&good.replace("basis_points = 100", "basis_points = 50"), 21, "tax US, valid_from: is before");
    says(&sheet("2", "", &[("0.74", "2026-01-01")]), 1, "tax US from 2026-01-01: the list in force has it");
    says("version = \"2\"\n", 1, "it sells nothing");
    says(&good.replace("market = \"US\"\nchannel", "book = \"other\"\nmarket = \"US\"\nchannel"), 3, "book: the sheet is loaded for demo");
    says(crate::catalogue::EMBEDDED, 3, "built-in packages");
    says(&good.replace("\"2\"\n", "\"2\"\neffective_from = \"2026-11-30\"\n"), 2, "effective_from: is in the past");
    says(&good.replace("\"2\"\n", "\"2\"\neffective_from = \"soon\"\n"), 2, "effective_from: must be a day");
    says(&good.replace("\"2\"\n", "\"2\"\nunknown = 1\n"), 2, "unknown");
    says(&good.replace("\"0.80\"", "\"-0.80\""), 12, "price");
}

#[test]
fn a_sheet_begins_at_its_day_or_time_or_at_once() {
    let begins = |head: &str| SheetCheck::new(&sheet("1", head, &[("0.74", "2026-01-01")])).unwrap().begins(DECEMBER_MS).ok();
    assert_eq!(begins(""), Some(DECEMBER_MS));
    assert_eq!(begins("effective_from = \"2026-12-02\"\n"), Some(DECEMBER_MS + DAY_MS));
    assert_eq!(begins("effective_from = \"2026-12-02T02:00:00+01:00\"\n"), Some(DECEMBER_MS + DAY_MS + 3_600_000));
    assert_eq!(begins("effective_from = \"2026-11-30T23:59:59Z\"\n"), None);
}
