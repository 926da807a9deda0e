//! ISO 4217 currencies and amounts of them in minor units.

use crate::{AMOUNT_MAX, Error};
use rust_decimal::{Decimal, RoundingStrategy};
use std::fmt;

/// Codes that our source no longer lists for payments but that are still accepted, because books may have amounts in them. The lev became the euro
/// in 2026; ISO 4217 still lists VES beside VED; UYI is an index used in contracts.
const STILL_TAKEN: [&str; 3] = ["BGN", "UYI", "VES"];

/// A currency of ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Accepts an alphabetic code in upper case that is in use.
    pub fn try_new(code: &str) -> Result<Self, Error> {
        const FORM: Error = Error::Form { what: "currency", form: "be an ISO 4217 code in use, in upper case" };
        let bytes: [u8; 3] = code.as_bytes().try_into().map_err(|_| FORM)?;
        let listed = iso_currency::Currency::from_code(code).filter(|listed| listed.exponent().is_some()).ok_or(FORM)?;
        // Precious metals, codes for tests and units of account are special; funds and withdrawn codes are not used for payments.
        let paid_in = !(listed.is_special() || listed.is_fund() || listed.is_superseded().is_some());
        if paid_in || STILL_TAKEN.contains(&code) { Ok(Self(bytes)) } else { Err(FORM) }
    }

    /// The three letters of its code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("try_new took it from a str of ASCII letters")
    }

    /// Decimal digits of the minor unit: 2 for USD, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn minor_digits(&self) -> u32 {
        let digits = iso_currency::Currency::from_code(self.code()).and_then(iso_currency::Currency::exponent);
        u32::from(digits.expect("try_new took it for having a minor unit"))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of one currency, 0 to 2^53 minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    currency: Currency,
    minor_units: i64,
}

/// Who keeps the fraction that a minor unit can't express.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero: the payer keeps the remainder.
    Down,
    /// To the nearest minor unit, halves away from zero.
    HalfUp,
}

impl Money {
    /// Refuses anything but 0 to 2^53 minor units.
    pub fn try_new(currency: Currency, minor_units: i64) -> Result<Self, Error> {
        if !(0..=AMOUNT_MAX).contains(&minor_units) {
            return Err(Error::Range { what: "money", bounds: "0 to 2^53 minor units", got: i128::from(minor_units) });
        }
        Ok(Self { currency, minor_units })
    }

    /// Its currency.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Whole minor units.
    #[must_use]
    pub fn minor_units(&self) -> i64 {
        self.minor_units
    }

    /// In whole currency units with the currency's digits: 12.30 for 1230 US cents.
    #[must_use]
    pub fn to_decimal(&self) -> Decimal {
        Decimal::new(self.minor_units, self.currency.minor_digits())
    }

    /// From whole currency units, rounded to the minor unit as `rounding` says. Refuses negative and too large amounts.
    pub fn from_decimal(currency: Currency, value: Decimal, rounding: Rounding) -> Result<Self, Error> {
        const FORM: Error = Error::Form { what: "money", form: "be a decimal from 0 to 2^53 minor units" };
        let strategy = match rounding {
            Rounding::Down => RoundingStrategy::ToZero,
            Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
        };
        let scale = Decimal::from(10_i64.pow(currency.minor_digits()));
        let minor = value.checked_mul(scale).ok_or(FORM)?.round_dp_with_strategy(0, strategy);
        Self::try_new(currency, i64::try_from(minor).map_err(|_| FORM)?)
    }

    /// `None` for another currency or above the range.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.same(other)?;
        Self::try_new(self.currency, self.minor_units.checked_add(other.minor_units)?).ok()
    }

    /// `None` for another currency or below zero.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.same(other)?;
        Self::try_new(self.currency, self.minor_units.checked_sub(other.minor_units)?).ok()
    }

    fn same(self, other: Self) -> Option<()> {
        (self.currency == other.currency).then_some(())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests;
