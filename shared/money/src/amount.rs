//! Whole amounts of one unit. Coins can't be passed where diamonds are wanted, and nothing wraps.

use crate::Error;

/// The largest amount of one transfer: 2^53, so that every client, JavaScript included, reads it exactly.
pub const AMOUNT_MAX: i64 = 1 << 53;

/// What one transfer moves: 1 to [`AMOUNT_MAX`], in the unit of the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    /// Refuses anything but 1 to 2^53.
    pub const fn try_new(value: i64) -> Result<Self, Error> {
        if value < 1 || value > AMOUNT_MAX {
            return Err(Error::Range { what: "amount", bounds: "1 to 2^53", got: value as i128 });
        }
        Ok(Self(value))
    }

    /// The number, in the unit of the accounts.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// `None` above 2^53 or for less than one.
    #[must_use]
    pub fn checked_mul(self, times: i64) -> Option<Self> {
        self.0.checked_mul(times).and_then(|value| Self::try_new(value).ok())
    }
}

/// Whole coins, 0 to 2^53.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Coins(i64);

/// Whole diamonds, 0 to 2^53.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Diamonds(i64);

const fn in_range(value: i64, what: &'static str) -> Result<i64, Error> {
    if value < 0 || value > AMOUNT_MAX {
        return Err(Error::Range { what, bounds: "0 to 2^53", got: value as i128 });
    }
    Ok(value)
}

impl Coins {
    /// No coins.
    pub const ZERO: Self = Self(0);

    /// Refuses anything but 0 to 2^53.
    pub const fn try_new(value: i64) -> Result<Self, Error> {
        match in_range(value, "coins") {
            Ok(value) => Ok(Self(value)),
            Err(error) => Err(error),
        }
    }

    /// Whole coins.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// `None` above 2^53.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(|value| Self::try_new(value).ok())
    }

    /// `None` below zero.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).and_then(|value| Self::try_new(value).ok())
    }

    /// `None` above 2^53 or for a negative factor.
    #[must_use]
    pub fn checked_mul(self, times: i64) -> Option<Self> {
        self.0.checked_mul(times).and_then(|value| Self::try_new(value).ok())
    }
}

impl Diamonds {
    /// No diamonds.
    pub const ZERO: Self = Self(0);

    /// Refuses anything but 0 to 2^53.
    pub const fn try_new(value: i64) -> Result<Self, Error> {
        match in_range(value, "diamonds") {
            Ok(value) => Ok(Self(value)),
            Err(error) => Err(error),
        }
    }

    /// Whole diamonds.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// `None` above 2^53.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(|value| Self::try_new(value).ok())
    }

    /// `None` below zero.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).and_then(|value| Self::try_new(value).ok())
    }

    /// `None` above 2^53 or for a negative factor.
    #[must_use]
    pub fn checked_mul(self, times: i64) -> Option<Self> {
        self.0.checked_mul(times).and_then(|value| Self::try_new(value).ok())
    }
}

#[cfg(test)]
mod tests;
