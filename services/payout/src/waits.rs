//! The longest that anything here waits by itself, by the options and the rules: what would wait longer was written while a clock was ahead, and is due at once.

use crate::{
    ach::{self, files},
    domain::{own_transfer, payee_check},
    drive::now_ms,
    liquidity,
    payouts::Payouts,
    store::{Error, waits::LongestWaits},
};
use money::time::millis;
use std::time::Duration;

impl Payouts {
    /// Ends waits that are longer than any rule allows; of which tables, and how many rows of each.
    pub async fn end_impossible_waits(&self) -> Result<Vec<(&'static str, u64)>, Error> {
        self.store.end_impossible_waits(&self.longest_waits(), now_ms()).await
    }

    fn longest_waits(&self) -> LongestWaits {
        let config = &self.config;
        let answered = config.lease.saturating_add(self.banks.longest_time_out());
        let retried = config.policy.retry_delay_max.max(config.lease);
        let polls = self.banks.all().iter().filter_map(|bank| bank.files()).map(|files| files.terms().poll).max().unwrap_or_default();
        let longest = |waits: &[Duration]| millis(waits.iter().copied().max().unwrap_or_default());
        LongestWaits {
            payout_ms: longest(&[answered, retried, ach::REST, liquidity::BEHIND]),
            return_ms: longest(&[retried]),
            recall_ms: longest(&[retried, config.returns.recall_ask_delay_max]),
            file_ms: longest(&[files::UPLOAD_TIME_OUT.saturating_add(config.lease), files::PAUSE_MAX, polls]),
            callback_ms: longest(&[retried, config.poll_delay]),
            payee_ms: longest(&[payee_check::PAUSE_MAX, config.payee_retry_delay]),
            own_transfer_ms: longest(&[answered, Duration::from_millis(own_transfer::ACCEPTED_ASK_MS.unsigned_abs())]),
        }
    }
}
