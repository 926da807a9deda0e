//! Price lists.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

use super::*;
use crate::domain::Channel;

fn book() -> BookName {
    BookName::try_new("demo").unwrap()
}

#[test]
fn the_embedded_list_has_the_published_prices() {
    let catalogue = PackageCatalogue::embedded().unwrap();
    let us: Vec<(i64, i64)> = catalogue
        .offers(&book(), "US", 0)
        .unwrap()
        .iter()
        .map(|offer| offer.package)
        .filter(|package| package.channel == Channel::App)
        .map(|package| (package.coins.get(), package.price.minor_units()))
        .collect();
    assert_eq!(us, [(70, 99), (350, 499), (700, 999), (1400, 1999), (3500, 4999), (7000, 9999)]);
    let japan = catalogue.product("coins.jp.app.700").unwrap();
    assert_eq!((japan.price.minor_units(), japan.price.currency().code()), (1400, "JPY"));
    assert_eq!(catalogue.offers(&book(), "JP", 0).unwrap().len(), 6);
    assert!(catalogue.offers(&book(), "XX", 0).is_none());
}

#[test]
fn withdrawn_packages_are_not_listed_but_known() {
    let catalogue = PackageCatalogue::embedded().unwrap();
    assert!(catalogue.product("coins.us.app.65").unwrap().withdrawn);
    assert!(catalogue.offers(&book(), "US", 0).unwrap().iter().all(|offer| offer.package.product_id != "coins.us.app.65"));
}

#[test]
fn senseless_lists_are_refused() {
    let list = |line: &str| {
        let good = "product_id = \"p\"\nmarket = \"US\"\nchannel = \"app\"\ncoins = 5\ncurrency = \"USD\"\nprice = \"1.00\"\n";
        let (name, _) = line.split_once(' ').unwrap();
        let rest: String = good.lines().filter(|kept| !kept.starts_with(name)).map(|kept| format!("{kept}\n")).collect();
        PackageCatalogue::parse("packages.toml", &format!("version = \"1\"\n[[package]]\n{rest}{line}\n"))
    };
    list("coins = 6").unwrap();
    for wrong in [
        "coins = 0",
        "coins = -1",
        "coins = 9007199254740993",
        "price = \"0\"",
        "price = \"-1\"",
        "price = \"1.001\"",
        "currency = \"XXX\"",
        "market = \"usa\"",
        "channel = \"shop\"",
        "colour = \"red\"",
    ] {
        assert!(list(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_senseless_list_names_file_line_and_package() {
    let entry = |id: &str, coins: i64| {
        format!(
            "[[package]]\nproduct_id = \"{id}\"\nmarket = \"US\"\nchannel = \"app\"\ncoins = {coins}\ncurrency = \"USD\"\nprice = \"1.00\"\n"
        )
    };
    let told = |text: &str| PackageCatalogue::parse("packages.toml", text).unwrap_err().to_string();
    let twice = told(&format!("version = \"1\"\n{}{}", entry("p", 5), entry("p", 6)));
    assert_eq!(twice, "coin packages packages.toml, line 9: package p, product_id: is there twice");
    let nothing = told(&format!("version = \"1\"\n{}{}", entry("p", 5), entry("q", 0)));
    assert_eq!(nothing, "coin packages packages.toml, line 9: package q, coins and price: must be at least 1");
    assert_eq!(told("version = \"\"\npackage = []\n"), "coin packages packages.toml, line 1: version: must have 1 to 64 bytes");
    let missing = PackageCatalogue::load(Path::new("/nowhere/packages.toml")).unwrap_err().to_string();
    assert!(missing.starts_with("coin packages /nowhere/packages.toml: "), "{missing}");
}
