//! The longest that anything here waits by itself: what would wait longer was written while a clock was ahead, and is due at once.

use crate::{
    purchases::Purchases,
    retry::PUT_OFF_MAX,
    store::{Error, waits::RetryWaits},
};
use money::time::{is_waiting, millis, unix_ms};
use std::time::{Duration, SystemTime};

/// The longest that a store may ask us to wait before the next try.
const ASKED_TO_WAIT: Duration = Duration::from_secs(86_400);

impl Purchases {
    /// Ends waits that are longer than any rule allows; of which tables, and how many rows of each.
    pub(crate) async fn end_impossible_waits(&self, now: SystemTime) -> Result<Vec<(&'static str, u64)>, Error> {
        let retry_ms = millis(PUT_OFF_MAX).max(self.sweep_after_ms).max(self.orders.check_after_ms);
        let longest = RetryWaits { retry_ms, question_ms: retry_ms.max(millis(ASKED_TO_WAIT)) };
        self.store.end_impossible_waits(&longest, unix_ms(now)).await
    }

    /// Whether it is not time yet for a look at what stores list.
    pub(crate) fn rests(&self, next_ms: i64, now_ms: i64) -> bool {
        is_waiting(next_ms, now_ms, self.look_interval_ms.max(millis(ASKED_TO_WAIT)))
    }
}
