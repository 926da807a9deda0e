//! A payout of unknown outcome that people end, because the bank's answers never will.

use super::{Payout, PayoutPhase};

/// Our own reason code of a payout that people found was not executed: words only, so that it is not tried over another rail by itself.
const IN_WORDS: &str = "NARR";

money::named! {
    /// What people found.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum ResolvedOutcome {
        /// The bank has paid.
        Paid = "paid",
        /// The bank has not paid and never will.
        NotExecuted = "not_executed",
    }
}

impl Payout {
    /// Ends as two people have found, due at once. What the bank said before is kept, and what it says later changes nothing.
    #[must_use]
    pub fn resolved(mut self, outcome: ResolvedOutcome, now_ms: i64) -> Self {
        assert!(self.phase == PayoutPhase::Unknown, "people decide only what nobody else knows");
        self.bank_time_ms = now_ms - self.first_sent_at_ms;
        match outcome {
            ResolvedOutcome::Paid => self.enter(PayoutPhase::Settling, now_ms),
            ResolvedOutcome::NotExecuted => {
                self.sendings = self.sendings.all_not_found();
                self.reason_code = IN_WORDS.to_owned();
                self.reason = "the bank did not execute it".to_owned();
                self.enter(PayoutPhase::Returning, now_ms)
            }
        }
    }
}
