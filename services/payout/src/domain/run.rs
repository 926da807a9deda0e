//! Runs of payouts: their states, the hash that an approval is bound to, and how fast items may be requested.

use money::{BookName, Money};
use ring::digest::{SHA256, digest};
use std::fmt::Write as _;
use uuid::Uuid;

/// Most lines of a run.
pub const RUN_LINES_MAX: i64 = 100_000;
/// Lines that are stored, checked, hashed or requested at once: memory is bounded by it.
pub const RUN_PAGE: usize = 1_000;
/// Bad lines that are named.
pub const FAULTS_SHOWN_MAX: usize = 100;

money::named! {
    /// How far a run is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum RunState {
        /// More lines are awaited.
        Open = "open",
        /// Its lines are collected or checked.
        Checking = "checking",
        /// A line is bad: nothing is held. Final.
        Refused = "refused",
        /// Another person approves it.
        AwaitingApproval = "awaiting_approval",
        /// Its payouts are requested.
        Running = "running",
        /// Every item has ended. Final.
        Done = "done",
        /// A person rejected it before it was approved. Final.
        Rejected = "rejected",
        /// Nobody approved it in time. Final.
        Expired = "expired",
    }
}

money::named! {
    /// How far an item is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum RunItemState {
        /// Its payout was not requested.
        Pending = "pending",
        /// A process is requesting it.
        Starting = "starting",
        /// It was requested, and its money held.
        Started = "started",
        /// It was refused. Final.
        Refused = "refused",
        /// Cancelled before it was requested. Final.
        Cancelled = "cancelled",
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutRun {
    /// Its book.
    pub book: BookName,
    /// Derived from the request's id.
    pub run_id: Uuid,
    /// The request that began it.
    pub request_id: Uuid,
    /// Who began it.
    pub created_by: String,
    /// How far it is.
    pub state: RunState,
    /// All creators with at least this much; none: of lines.
    pub above: Option<Money>,
    /// The last user whose beneficiaries were collected.
    pub collected_to: String,
    /// Whether all were collected.
    pub collected: bool,
    /// Lines stored.
    pub lines: i64,
    /// Lines checked.
    pub checked: i64,
    /// Bad lines.
    pub faults: i64,
    /// Why the run as a whole is refused; empty: it is not.
    pub problem: String,
    /// Over the lines checked so far.
    pub lines_hash: String,
    /// Who approved it; empty: nobody.
    pub approved_by: String,
    /// When, in Unix milliseconds; 0: not yet.
    pub approved_at_ms: i64,
    /// Who rejected it; empty: nobody.
    pub rejected_by: String,
    /// When every line was found good, in Unix milliseconds; 0: not yet, or an older program checked it.
    pub checked_at_ms: i64,
    /// Unix milliseconds.
    pub created_at_ms: i64,
    /// When its last item ended, it was rejected, or it expired, in Unix milliseconds; 0: not yet.
    pub ended_at_ms: i64,
    /// Incremented by every write.
    pub version: i64,
}

impl PayoutRun {
    /// When it expires if approvals are given so long, in Unix milliseconds; none if it is not one that waits for people.
    #[must_use]
    pub fn expires_at_ms(&self, expiry_ms: i64) -> Option<i64> {
        let waits = matches!(self.state, RunState::Open | RunState::AwaitingApproval);
        (waits && expiry_ms > 0).then(|| self.checked_at_ms.max(self.created_at_ms).saturating_add(expiry_ms))
    }
}

/// A line of a run and what became of it. The texts are as they were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunItem {
    /// From 1.
    pub line_no: i64,
    /// The creator's key.
    pub user: String,
    /// Id of the beneficiary.
    pub beneficiary_id: String,
    /// ISO 4217.
    pub currency: String,
    /// The amount.
    pub minor_units: i64,
    /// How far it is.
    pub state: RunItemState,
    /// When a process last began to request it, in Unix milliseconds.
    pub claimed_at_ms: i64,
    /// Its payout; empty: none yet.
    pub payout_id: String,
    /// Why it is bad, or was refused; empty: neither.
    pub reason: String,
}

impl PayoutRun {
    /// The request id of an item's payout: it follows from run and line, so that after a crash the same payout is found. Its time is the approval's, because an id
    /// must not be older than a week when it is used first.
    #[must_use]
    pub fn item_request_id(&self, line_no: i64) -> Uuid {
        chart::id::payout_step_key(self.run_id, "run.item", line_no, self.approved_at_ms)
    }
}

/// The hash of all lines up to and with `item`, from the one before it (empty before the first): 64 hexadecimal digits.
#[must_use]
pub fn chained_hash(before: &str, item: &RunItem) -> String {
    let line = format!("{before}\n{}\n{}\n{}\n{}\n{}\n", item.line_no, item.user, item.beneficiary_id, item.currency, item.minor_units);
    let mut text = String::with_capacity(64);
    for byte in digest(&SHA256, line.as_bytes()).as_ref() {
        write!(text, "{byte:02x}").expect("a string takes every text");
    }
    text
}

/// How fast items are requested: so many a second, and never more at once than came together in a second.
#[derive(Debug, Clone)]
pub struct ItemPace {
    per_second: i64,
    /// Thousandths of items that may be requested.
    saved: i64,
    at_ms: i64,
}

impl ItemPace {
    /// A pace that begins now with nothing saved, so that restarts do not add items. 0: not limited.
    #[must_use]
    pub fn new(per_second: u32, now_ms: i64) -> Self {
        Self { per_second: per_second.into(), saved: 0, at_ms: now_ms }
    }

    /// How many of `wanted` items may be requested now; they are counted as requested.
    pub fn grant(&mut self, now_ms: i64, wanted: usize) -> usize {
        if self.per_second == 0 {
            return wanted;
        }
        let elapsed_ms = now_ms.saturating_sub(self.at_ms).clamp(0, 1_000);
        self.at_ms = now_ms.max(self.at_ms);
        // A second's worth and the rest of an item: rounding loses nothing.
        let most = self.per_second.saturating_mul(1_000).saturating_add(999);
        self.saved = self.saved.saturating_add(elapsed_ms.saturating_mul(self.per_second)).min(most);
        let granted = (self.saved / 1_000).min(i64::try_from(wanted).unwrap_or(i64::MAX));
        self.saved -= granted * 1_000;
        usize::try_from(granted).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
