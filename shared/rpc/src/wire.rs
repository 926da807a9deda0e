//! Values as every contract has them.
use money::Money;
use prost_types::Timestamp;

/// Nanoseconds of a millisecond and of a microsecond.
const NANOS_OF_MS: i64 = 1_000_000;
const NANOS_OF_US: i64 = 1_000;

/// A moment in Unix milliseconds.
#[must_use]
pub fn timestamp_ms(unix_ms: i64) -> Timestamp {
    timestamp(unix_ms, 1_000, NANOS_OF_MS)
}

/// A moment in Unix microseconds.
#[must_use]
pub fn timestamp_us(unix_us: i64) -> Timestamp {
    timestamp(unix_us, 1_000_000, NANOS_OF_US)
}

fn timestamp(moment: i64, of_second: i64, nanos: i64) -> Timestamp {
    let nanos = i32::try_from(moment.rem_euclid(of_second) * nanos).expect("less than a second of nanoseconds fits");
    Timestamp { seconds: moment.div_euclid(of_second), nanos }
}

/// An amount of money.
#[must_use]
pub fn money(money: Money) -> api::r#type::Money {
    api::r#type::Money { currency_code: money.currency().code().to_owned(), minor_units: money.minor_units() }
}

#[cfg(test)]
mod tests;
