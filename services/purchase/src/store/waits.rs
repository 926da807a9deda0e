//! Rows that wait, and the longest that any rule lets them: beyond that, a clock was ahead when they were written.

use super::{Error, Store};
use db::{WaitingRows, waiting};

/// The longest waits that the options and rules of this service set, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryWaits {
    /// Of what is tried again.
    pub retry_ms: i64,
    /// Of a store's question, which is answered once more before its end, and of a bill with refunds that are on their way.
    pub question_ms: i64,
}

impl RetryWaits {
    fn rows(&self) -> [WaitingRows; 17] {
        let retried = |table, only| WaitingRows::work(table, "next_attempt_at_ms", only, self.retry_ms);
        // The conditions are those of the tables' indices.
        [
            retried("purchase", "state = 1"),
            retried("store_event", "state = 1"),
            retried("store_event", "state NOT IN (2, 3) AND state = 4"),
            retried("refund_fact", "state <> 2 AND state = 1"),
            retried("refund", "state < 3"),
            retried("viewer_debt", "is_open = 1"),
            retried("dispute_step", "state = 1"),
            retried("coin_hold", "state < 6 AND state IN (1, 2, 4)"),
            retried("refund_order", "state IN (2, 3, 4, 7)"),
            retried("store_outbox", "state = 2"),
            retried("receipt_token", "state = 1"),
            retried("store_settlement", "state = 1"),
            retried("settlement_posting", "state = 1 OR is_announced = 0"),
            // An owner's closure waits for days by its rule, so that the owner can take it back.
            retried("wallet_change", "state IN (2, 3, 4) AND waits_until_ms = 0"),
            WaitingRows::work("store_bill", "next_attempt_at_ms", "state = 1", self.question_ms),
            WaitingRows::work("store_order", "next_check_at_ms", "state IN (1, 2)", self.retry_ms),
            WaitingRows::work("store_question", "next_attempt_at_ms", "state = 1", self.question_ms),
        ]
    }
}

impl Store {
    /// Ends waits that are longer than any rule allows; of which tables, and how many of each.
    pub(crate) async fn end_impossible_waits(&self, longest: &RetryWaits, now_ms: i64) -> Result<Vec<(&'static str, u64)>, Error> {
        Ok(waiting::end_impossible(&self.pool, &longest.rows(), now_ms).await?)
    }
}
