//! How Stripe counts amounts: in a smallest unit that is not always ISO 4217's.
//!
//! As of November 2026, from Stripe's page "Supported currencies" (docs.stripe.com/currencies, sections "Zero-decimal currencies", "Three-decimal currencies" and
//! "Special cases"), not checked against the interface itself.

use money::{Currency, Money};

/// Counted in whole units. ISK and UGX, which have no minor unit either, are not among them: they are counted in hundredths, which are 00. Some of them have a minor unit in ISO 4217 (MGA), of which nothing may be left.
const ZERO_DECIMAL: [&str; 15] = ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"];
/// Counted in thousandths, the last of which must be 0.
const THREE_DECIMAL: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];
/// Charged with two decimals, and paid out to us in whole units only: a price with hundredths could leave a rest in the balance.
const WHOLE_PAYOUTS: [&str; 2] = ["HUF", "TWD"];

/// Why an amount can't be charged through Stripe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{amount} {currency} can't be charged through Stripe: {why}")]
pub struct NotChargeable {
    amount: String,
    currency: String,
    why: &'static str,
}

/// Decimals with which Stripe counts a currency.
fn decimals(currency: Currency) -> u32 {
    let code = currency.code();
    if ZERO_DECIMAL.contains(&code) {
        0
    } else if THREE_DECIMAL.contains(&code) {
        3
    } else {
        2
    }
}

/// The amount as Stripe counts it.
pub fn charged(price: Money) -> Result<i64, NotChargeable> {
    let currency = price.currency();
    let no = |why| NotChargeable { amount: price.to_decimal().to_string(), currency: currency.code().to_owned(), why };
    let (ours, theirs) = (currency.minor_digits(), decimals(currency));
    let units = if theirs >= ours {
        price.minor_units().checked_mul(10_i64.pow(theirs - ours)).ok_or_else(|| no("it is too large"))?
    } else {
        let divisor = 10_i64.pow(ours - theirs);
        if price.minor_units() % divisor != 0 {
            return Err(no("Stripe takes whole units of this currency"));
        }
        price.minor_units() / divisor
    };
    match currency.code() {
        code if WHOLE_PAYOUTS.contains(&code) && units % 100 != 0 => Err(no("Stripe pays out whole units of this currency only")),
        code if THREE_DECIMAL.contains(&code) && units % 10 != 0 => Err(no("its last digit must be 0")),
        _ => Ok(units),
    }
}

/// The amount that Stripe counts so; `None` where it can't be expressed in our minor units. `code` is in lower case, as Stripe writes it.
#[must_use]
pub fn money(code: &str, units: i64) -> Option<Money> {
    let currency = Currency::try_new(&code.to_ascii_uppercase()).ok()?;
    let (ours, theirs) = (currency.minor_digits(), decimals(currency));
    let minor_units = if theirs > ours {
        let divisor = 10_i64.pow(theirs - ours);
        if units % divisor != 0 {
            return None;
        }
        units / divisor
    } else {
        units.checked_mul(10_i64.pow(ours - theirs))?
    };
    Money::try_new(currency, minor_units).ok()
}

#[cfg(test)]
mod tests;
