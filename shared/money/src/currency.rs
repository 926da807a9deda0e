//! ISO 4217 currencies and amounts of them in minor units.

use crate::{AMOUNT_MAX, Error};
use rust_decimal::{Decimal, RoundingStrategy};
use std::fmt;

/// Currencies whose minor unit is not a hundredth (ISO 4217 list one).
const NO_DIGITS: [&str; 16] =
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF"];
const NO_DIGITS_MORE: [&str; 1] = ["XPF"];
const THREE_DIGITS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// Currencies with hundredths that are in use.
const TWO_DIGITS: [&str; 130] = [
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BMD", "BND", "BOB", "BRL", "BSD", "BTN",
    "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR",
    "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES",
    "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR",
    "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON",
    "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS",
    "TMT", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "UYU", "UZS", "VES", "WST", "XCD", "YER", "ZAR", "ZMW",
];

/// A currency of ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Takes an alphabetic code in upper case that is in use.
    pub fn try_new(code: &str) -> Result<Self, Error> {
        const FORM: Error = Error::Form { what: "currency", form: "an ISO 4217 code in use, in upper case" };
        let bytes: [u8; 3] = code.as_bytes().try_into().map_err(|_| FORM)?;
        let known = [&NO_DIGITS[..], &NO_DIGITS_MORE, &THREE_DIGITS, &TWO_DIGITS].iter().any(|list| list.contains(&code));
        known.then_some(Self(bytes)).ok_or(FORM)
    }

    /// Three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("try_new took it from a str of ASCII letters")
    }

    /// Decimal digits of the minor unit: 2 for USD, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn minor_digits(&self) -> u32 {
        if THREE_DIGITS.contains(&self.code()) {
            3
        } else if NO_DIGITS.contains(&self.code()) || NO_DIGITS_MORE.contains(&self.code()) {
            0
        } else {
            2
        }
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

/// Who keeps what a minor unit can't express.
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

    /// From whole currency units, rounded as told to the minor unit. Refuses negative and too large amounts.
    pub fn from_decimal(currency: Currency, value: Decimal, rounding: Rounding) -> Result<Self, Error> {
        const FORM: Error = Error::Form { what: "money", form: "a decimal from 0 to 2^53 minor units" };
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
