//! The built-in card's facts, the choice of row by day, and errors that name the line.
use super::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn currency(code: &str) -> Currency {
    Currency::try_new(code).unwrap()
}

const HEAD: &str = "version = \"1\"\n[terms]\nwithholding_bps = 0\nmaturity_days = 0\nquote_ttl_minutes = 15\n";

fn no(text: &str) -> String {
    RateCard::parse("card.toml", text).unwrap_err().to_string()
}

#[test]
fn the_built_in_card_pays_half_a_cent_and_the_euro_of_the_day() {
    let card = RateCard::embedded();
    let per_diamond = |code, on| card.rate(currency(code), day(on)).map(|rate| rate.per_diamond);
    assert_eq!(per_diamond("USD", "2026-11-20"), Some(decimal("0.005")));
    assert_eq!(per_diamond("EUR", "2026-11-20"), Some((decimal("0.005") / decimal("1.1172")).round_dp(6)));
    assert_eq!(per_diamond("EUR", "2026-10-30"), Some(decimal("0.004475")));
    assert_eq!(per_diamond("EUR", "2026-10-29"), Some((decimal("0.005") / decimal("1.0956")).round_dp(6)));
    assert_eq!(per_diamond("EUR", "2024-01-01"), None);
    for (code, per_euro) in [("GBP", "0.83380"), ("BRL", "6.0692"), ("MXN", "21.1237")] {
        let crossed = (decimal("0.005") / decimal("1.1172") * decimal(per_euro)).round_dp(6);
        assert_eq!(per_diamond(code, "2026-11-20"), Some(crossed), "{code}");
    }
    assert_eq!(per_diamond("JPY", "2026-11-20"), None);
    assert_eq!(card.terms(), Terms { withholding_bps: 0, quote_ttl_minutes: 15 });
    assert_eq!(card.currencies().into_iter().map(|c| c.code().to_owned()).collect::<Vec<_>>(), ["BRL", "EUR", "GBP", "MXN", "USD"]);
}

#[test]
fn a_bad_card_names_file_line_and_key() {
    let row = |rate: &str| {
        format!(
            "{HEAD}[[rates]]\ncurrency = \"USD\"\nfrom = \"2024-01-01\"\n{rate}basis = \"b\"\nminimum_minor_units = 1\nfee_minor_units = 0\n"
        )
    };
    let bad = no(&row("per_diamond = \"-1\"\n"));
    assert!(bad.starts_with("rate card card.toml, line 6: per_diamond: must be above 0"), "{bad}");
    assert!(no(&row("per_diamond = \"0.5x\"\n")).contains("line 6: per_diamond: must be a decimal string"));
    assert!(no(&row("")).contains("per_diamond"));
    assert!(no(&row("per_diamond = \"1\"\nx = 1\n")).contains("line 10"), "{}", no(&row("per_diamond = \"1\"\nx = 1\n")));
    let twice = format!("{}{}", row("per_diamond = \"1\"\n"), row("per_diamond = \"1\"\n").replace(HEAD, ""));
    assert_eq!(no(&twice), "rate card card.toml, line 13: rates: USD from 2024-01-01 is there twice");
    assert!(no(&HEAD.replace("maturity_days = 0", "maturity_days = 7")).contains("line 2: maturity_days: must be 0"));
    assert!(no(&HEAD.replace("withholding_bps = 0", "withholding_bps = 10001")).contains("withholding_bps: must be 0 to 10000"));
    assert!(RateCard::load(Path::new("/nowhere/card.toml")).unwrap_err().to_string().starts_with("rate card /nowhere/card.toml: "));
}
