//! The ledger's refusals as people write them.
use ledger_client::{LedgerReason, LedgerRefusal};
use money::{Currency, Money};

/// A refusal with its numbers, as people write them.
pub(crate) fn in_words(refusal: &LedgerRefusal) -> String {
    let account = refusal.fact("account");
    let unit = chart::account::form(&account).map(|form| form.unit.to_string()).unwrap_or_default();
    match (&refusal.reason, refusal.fact("needed").parse(), refusal.fact("available").parse()) {
        (LedgerReason::InsufficientFunds, Ok(needed), Ok(available)) if !unit.is_empty() => {
            format!("{} needed, {} available in {account}", amount(&unit, needed), amount(&unit, available))
        }
        _ => refusal.to_string(),
    }
}

fn amount(unit: &str, number: i64) -> String {
    let money = Currency::try_new(unit).ok().and_then(|currency| Money::try_new(currency, number.saturating_abs()).ok());
    let sign = if number < 0 { "-" } else { "" };
    money.map_or_else(|| format!("{number} {unit}"), |money| format!("{sign}{} {unit}", money.to_decimal()))
}

#[cfg(test)]
mod tests {
    //! Unit tests of amounts in words.
    use super::*;

    #[test]
    fn amounts_are_named_with_their_unit() {
        for (unit, number, text) in [("USD", 3_500, "35.00 USD"), ("USD", -1, "-0.01 USD"), ("JPY", 5, "5 JPY"), ("COIN", -7, "-7 COIN")] {
            assert_eq!(amount(unit, number), text);
        }
    }
}
