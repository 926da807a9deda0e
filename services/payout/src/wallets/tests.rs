//! Unit tests of `wallets`.
use super::*;

#[test]
fn the_built_in_figures_are_read_and_every_wallet_has_a_bank_beside_it() {
    let figures = WalletFigures::built_in();
    let day: Date = "2026-11-27".parse().unwrap();
    let applying = figures.on(day);
    let ids: Vec<&str> = applying.iter().map(|(wallet, _)| wallet.id.as_str()).collect();
    assert_eq!(ids, ["paypal-us", "paypal-cross-border"]);
    assert!(figures.on("2025-12-31".parse().unwrap()).is_empty(), "no figure is older");
    for (wallet, bank) in applying {
        assert_eq!(wallet.currency, bank.currency);
        assert!(wallet.origin.as_of <= day && wallet.days.low > Decimal::ZERO);
    }
}

#[test]
fn a_newer_record_applies_from_its_day_on() {
    let newer = BUILT_IN.replace("[[bank]]", "").len();
    assert!(newer < BUILT_IN.len());
    let wallet = BUILT_IN.split("[[wallet]]").nth(1).unwrap();
    let later = wallet.replace("2026-01-01", "2027-03-01").replace("fixed = \"0.25\"", "fixed = \"0.30\"");
    let figures = WalletFigures::read(&format!("{BUILT_IN}\n[[wallet]]{later}")).unwrap();
    let fixed = |day: &str| figures.on(day.parse().unwrap())[0].0.fee.low.fixed.to_string();
    assert_eq!((fixed("2027-02-28"), fixed("2027-03-01")), ("0.25".to_owned(), "0.30".to_owned()));
    assert_eq!(figures.on("2027-03-01".parse().unwrap()).len(), 2, "of one wallet one record applies");
}

#[test]
fn wrong_figures_are_refused_whole() {
    for (right, wrong) in [
        ("fixed = \"0.25\"", "fixed = \"-0.25\""),
        ("fixed = \"0.25\"", "fixed = \"99999999999999999999\""),
        ("fixed = \"0.25\"", "fixed = \"0.1234567\""),
        ("fixed = \"0.25\"", "fixed = \"x\""),
        ("fixed = \"0.25\"", "fixd = \"0.25\""),
        ("least = \"0.25\", most = \"25\"", "least = \"26\", most = \"25\""),
        ("low = \"1\", typical = \"2\", high = \"3\"", "low = \"2\", typical = \"1\", high = \"3\""),
        ("low = \"1\", typical = \"2\", high = \"3\"", "low = \"1\", typical = \"2\""),
        ("currency = \"USD\"", "currency = \"usd\""),
        ("as_of = \"2026-11-26\"", "as_of = \"26.11.2026\""),
        ("confidence = \"S\"", "confidence = \"Q\""),
        ("[[bank]]", "[[banks]]"),
    ] {
        assert!(BUILT_IN.contains(right), "{right}");
        let text = BUILT_IN.replacen(right, wrong, 1);
        let error = WalletFigures::read(&text).expect_err(wrong);
        assert!(error.to_string().contains("nothing of the file is used"), "{error}");
    }
    for text in ["", "wallet = 1", "[[wallet]]", "\u{0}"] {
        WalletFigures::read(text).unwrap_err();
    }
}
