//! What stores pay back of purchases. A store's statement is kept as a fact, in whatever order it comes; all facts of a transaction together say what is paid back of
//! it ([`fact`]); and the difference from what was posted for it before is the next step ([`step`]).
//!
//! A step takes the coins out of the viewer's wallet, of the purchase's own lot first and then of others, and what is not there is the viewer's debt. Of a purchase whose
//! coins are in suspense it takes those that are there for sure, and leaves the others to staff. Once the coin lots have read that posting they know which of the
//! purchase's coins were spent, and the step's money follows. A step that is taken back does the opposite. Each posting's request is recorded before it is sent, so a
//! crash repeats it and never adds one.
//!
//! What a store withdraws while its buyer's bank disputes a payment, and gives back if the dispute is won, is posted beside that; a dispute that is lost is a refund out
//! of what was withdrawn.
//!
//! Coins of a refund on its way, or of a dispute, are held ([`hold`]) until it is decided, at most until a date.
//!
//! - `read`: notifications as facts. `apply`: facts as steps. `plan`: which coins a step takes. `post`: the postings of a step, and of disputes. `debts`: coins that come to a
//!   wallet pay for its owner's debt. [`dispute`]: what is withdrawn for disputes. `holding`: the postings of holds.

mod apply;
mod debts;
pub mod dispute;
pub mod fact;
pub mod hold;
mod holding;
mod plan;
mod post;
mod read;
pub mod step;

use std::time::SystemTime;

use crate::error::Error;
use crate::purchases::Purchases;

/// Attempts of one posting in one run: the ledger may refuse one because the wallet changed, and one because the debt did.
const ATTEMPTS_MAX: usize = 5;

impl Purchases {
    /// Applies what stores said of refunds, posts what follows from it, and lets coins pay for debts; at most `count_max` of each.
    pub(crate) async fn settle_refunds(&self, now: SystemTime, count_max: i64) -> Result<(), Error> {
        self.read_refund_events(now, count_max).await?;
        // The ids of postings carry the time at which they are planned, which the ledger compares with its clock: that is the present, whatever is due.
        let planned_at = SystemTime::now();
        self.apply_refunds(now, planned_at, count_max).await?;
        self.post_disputes(now, planned_at, count_max).await?;
        self.post_steps(now, planned_at, count_max).await?;
        self.keep_holds(now, planned_at, count_max).await?;
        self.settle_debts(now, planned_at, count_max).await
    }
}
