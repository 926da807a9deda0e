//! When something that could not be done is tried again.

use std::time::Duration;

use money::time::millis;

/// The delay before the next attempt for a purchase that could not be credited: doubled each time, up to an hour. Somebody has to thaw a wallet, and
/// nobody needs that noticed to the minute.
const PUT_OFF: Duration = Duration::from_secs(30);
pub(crate) const PUT_OFF_MAX: Duration = Duration::from_secs(3_600);

/// The same for what usually waits for something of ours that takes seconds, such as a refund on its way: it is looked at again soon, and then as seldom.
const SOON: Duration = Duration::from_secs(1);

/// The delay of a purchase or of a notification after this many failed tries.
pub(crate) fn put_off_ms(tries: i64) -> i64 {
    doubled(PUT_OFF, tries)
}

/// The delay of a wallet that is closed or merged after this many failed tries.
pub(crate) fn soon_ms(tries: i64) -> i64 {
    doubled(SOON, tries)
}

fn doubled(first: Duration, tries: i64) -> i64 {
    const DOUBLINGS_MAX: u32 = 12;
    let doublings = u32::try_from(tries).unwrap_or(DOUBLINGS_MAX).min(DOUBLINGS_MAX);
    millis(first.saturating_mul(1 << doublings).min(PUT_OFF_MAX))
}

#[cfg(test)]
mod tests;
