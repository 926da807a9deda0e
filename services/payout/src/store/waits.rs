//! Rows that wait, and the longest that any rule lets them: beyond that, a clock was ahead when they were written.

use super::{Error, Store};
use db::{WaitingRows, waiting};

/// The longest that opening hours and holidays let a payment wait for its rail, in milliseconds.
const RAIL_CLOSED_MS: i64 = 14 * 86_400_000;

/// The longest waits that the options and rules of this service set, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongestWaits {
    /// Of a payout, for anything but people and the opening of a rail.
    pub payout_ms: i64,
    /// Of money that came back, and of fees of recalls.
    pub return_ms: i64,
    /// Of a request for money back.
    pub recall_ms: i64,
    /// Of a file for a bank.
    pub file_ms: i64,
    /// Of a bank's callback.
    pub callback_ms: i64,
    /// Of a question whose an account is.
    pub payee_ms: i64,
    /// Of a question about a transfer between our own accounts.
    pub own_transfer_ms: i64,
}

impl LongestWaits {
    /// What waits for people or until a day that a rule names is left alone: it may wait for long, and for nobody but them.
    fn rows(&self) -> [WaitingRows; 11] {
        let driven = "phase NOT IN ('review', 'returnable', 'refused', 'settled', 'rejected', 'cancelled', 'blocked', 'unblocked') AND due_at_ms <> starts_at_ms";
        let opening = "phase IN ('queued', 'intent') AND due_at_ms = starts_at_ms";
        [
            WaitingRows::work("payout", "due_at_ms", driven, self.payout_ms).counted_in("version"),
            WaitingRows::work("payout", "due_at_ms", opening, RAIL_CLOSED_MS).counted_in("version"),
            WaitingRows::work("payout_return", "due_at_ms", "1 = 1", self.return_ms).counted_in("version"),
            WaitingRows::work("payout_recall", "due_at_ms", "1 = 1", self.recall_ms).counted_in("version"),
            WaitingRows::work("payout_recall", "fee_due_at_ms", "1 = 1", self.return_ms).counted_in("version"),
            WaitingRows::work("ach_file", "due_at_ms", "state IN ('built', 'sent')", self.file_ms).counted_in("version"),
            WaitingRows::work("bank_inbox", "due_at_ms", "state = 'new'", self.callback_ms),
            WaitingRows::work("beneficiary", "payee_due_at_ms", "payee_check = 'pending' AND deleted_at_ms = 0", self.payee_ms),
            WaitingRows::work("own_transfer", "ask_at_ms", "state IN ('sent', 'accepted')", self.own_transfer_ms),
            // Times from which waits are counted: a payment was given to the next file, and a line was claimed by a process that may have crashed.
            WaitingRows::work("ach_entry", "given_at_ms", "file_name = ''", 0),
            WaitingRows::work("payout_run_item", "claimed_at_ms", "state IN ('pending', 'starting')", 0),
        ]
    }
}

impl Store {
    /// Ends waits that are longer than any rule allows; of which tables, and how many of each.
    pub async fn end_impossible_waits(&self, longest: &LongestWaits, now_ms: i64) -> Result<Vec<(&'static str, u64)>, Error> {
        Ok(waiting::end_impossible(self.pool(), &longest.rows(), now_ms).await?)
    }
}
