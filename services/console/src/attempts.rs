//! How often one address may try to sign in.
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// The time over which attempts are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses that are counted at once; beyond that all others share what is left of none.
const ADDRESSES_MAX: usize = 10_000;

/// Counts attempts per address.
pub(crate) struct Attempts {
    max: u32,
    counted: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

impl Attempts {
    /// At most `max` in a minute; 0 for no limit.
    pub(crate) fn new(max: u32) -> Self {
        Self { max, counted: Mutex::default() }
    }

    /// Counts an attempt, or says how long to wait.
    pub(crate) fn count(&self, address: IpAddr) -> Result<(), Duration> {
        if self.max == 0 {
            return Ok(());
        }
        let now = Instant::now();
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() >= ADDRESSES_MAX {
            counted.retain(|_, (since, _)| *since + WINDOW > now);
            if counted.len() >= ADDRESSES_MAX && !counted.contains_key(&address) {
                return Err(WINDOW);
            }
        }
        let (since, attempts) = counted.entry(address).or_insert((now, 0));
        if *since + WINDOW <= now {
            (*since, *attempts) = (now, 0);
        }
        if *attempts >= self.max {
            return Err((*since + WINDOW).saturating_duration_since(now));
        }
        *attempts += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! Unit tests of the limit, on a clock that stands still.
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_minute_has_so_many_attempts_for_each_address() {
        let attempts = Attempts::new(2);
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        assert!(attempts.count(one).is_ok() && attempts.count(one).is_ok());
        assert_eq!(attempts.count(one), Err(WINDOW));
        assert!(attempts.count(other).is_ok());
        tokio::time::advance(WINDOW).await;
        assert!(attempts.count(one).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_are_bounded() {
        let attempts = Attempts::new(1);
        for number in 0..20_000_u32 {
            let _ = attempts.count(IpAddr::from(number.to_be_bytes()));
        }
        assert!(attempts.counted.lock().unwrap().len() <= ADDRESSES_MAX);
    }
}
