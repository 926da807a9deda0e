//! The clock of a ledger: the system's, or one that tests set by hand.

use crate::domain::Micros;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

pub mod skew;

/// Where a ledger's time comes from.
#[derive(Debug, Clone, Default)]
pub enum LedgerClock {
    /// The system's.
    #[default]
    System,
    /// Microseconds since the Unix epoch, as last sent.
    Manual(watch::Receiver<Micros>),
}

/// The longest single sleep, so that a change of the system clock is noticed.
const SLEEP_MAX: Duration = Duration::from_secs(10);

impl LedgerClock {
    /// Microseconds since the Unix epoch.
    #[must_use]
    pub fn now(&self) -> Micros {
        match self {
            Self::System => money::time::unix_us(SystemTime::now()),
            Self::Manual(time) => *time.borrow(),
        }
    }

    /// Returns once the clock has reached `time`.
    pub async fn until(&self, time: Micros) {
        match self {
            Self::System => loop {
                let left = u64::try_from(time.saturating_sub(self.now())).unwrap_or_default();
                if left == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_micros(left).min(SLEEP_MAX)).await;
            },
            Self::Manual(now) => {
                if now.clone().wait_for(|now| *now >= time).await.is_err() {
                    // The sender is gone: the clock never moves again.
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}
