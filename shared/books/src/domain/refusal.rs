//! The refusals of a book, in their order of precedence. Each is stored under the request's id, so that it stays the answer.

use super::{
    event::EXPIRY_MAX,
    limit::{Window, rfc3339},
};
use std::sync::Arc;
use uuid::Uuid;

/// Why a request was refused. Listed in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The calling service's own rule.
    Caller {
        /// UPPER_SNAKE.
        reason: String,
        /// Facts for people.
        detail: String,
    },
    /// A hold must end after now and within [`EXPIRY_MAX`].
    ExpiryOutOfRange {
        /// The requested expiry, in microseconds since the Unix epoch.
        expire_time: i64,
        /// The book's time, which never decreases: after a clock was set back it is ahead of the clock.
        now: i64,
    },
    /// A hold on money in flight to a bank must not expire.
    ExpiryForbidden {
        /// The account that receives.
        account: Arc<str>,
    },
    /// No such hold.
    PendingUnknown {
        /// The number of the transfer, as in the request.
        transfer_no: i64,
    },
    /// The hold was posted or released before.
    PendingResolved {
        /// The number of the transfer, as in the request.
        transfer_no: i64,
    },
    /// The hold has expired.
    PendingExpired {
        /// The number of the transfer, as in the request.
        transfer_no: i64,
    },
    /// More than the hold has.
    PendingExceeded {
        /// The amount of the hold.
        held: i64,
        /// The amount requested.
        wanted: i64,
    },
    /// No such posting.
    PostingUnknown {
        /// The id of the posting, as in the request.
        posting: Uuid,
    },
    /// The posting was reversed before.
    AlreadyReversed {
        /// The id of the posting, as in the request.
        posting: Uuid,
    },
    /// Holds, their resolutions and postings without transfers can't be reversed.
    NotReversible {
        /// The id of the posting, as in the request.
        posting: Uuid,
    },
    /// No such account.
    AccountUnknown {
        /// The name of the account.
        account: Arc<str>,
    },
    /// The account is frozen.
    AccountFrozen {
        /// The name of the account.
        account: Arc<str>,
    },
    /// The account is closed.
    AccountClosed {
        /// The name of the account.
        account: Arc<str>,
    },
    /// The company's own accounts are never closed, nor what viewers owe it: payments in flight, and refunds, could not end without them.
    HouseAccount {
        /// The name of the account.
        account: Arc<str>,
    },
    /// Only an empty account can be closed.
    AccountNotEmpty {
        /// The name of the account.
        account: Arc<str>,
        /// Its balance.
        balance: i64,
        /// What open holds will take from it, and bring to it.
        pending: (i64, i64),
    },
    /// Payments of the account are in flight, and may be returned to it.
    AccountInFlight {
        /// The name of the account.
        account: Arc<str>,
        /// The number of its payments in flight.
        count: i64,
    },
    /// The guard has another value.
    GuardMismatch {
        /// The guard's key.
        key: String,
        /// The value expected.
        expected: i64,
        /// The value it has.
        actual: i64,
    },
    /// The guard would pass its cap.
    GuardCapped {
        /// The guard's key.
        key: String,
        /// Its cap.
        cap: i64,
        /// The value requested.
        wanted: i64,
    },
    /// The viewer owes coins, and spends none until they are paid.
    CoinsOwed {
        /// The name of the account of coins.
        account: Arc<str>,
        /// How many are owed.
        owed: i64,
    },
    /// More would leave the account than its window allows.
    LimitExceeded {
        /// The account's name.
        account: Arc<str>,
        /// The kind of window.
        window: Window,
        /// What may leave in the window.
        limit: i64,
        /// What has left in the window.
        used: i64,
        /// What the posting takes.
        needed: i128,
        /// When the next window begins, in microseconds since the Unix epoch.
        resets_at: i64,
    },
    /// A counter or an amount would leave its range.
    Overflow,
    /// The account has too little available.
    InsufficientFunds {
        /// The account's name.
        account: Arc<str>,
        /// What the transfer takes.
        needed: i64,
        /// The amount available.
        available: i64,
    },
}

/// A refusal as stored and reported: a reason and its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRefusal {
    /// UPPER_SNAKE.
    pub reason: String,
    /// Names and values.
    pub facts: Vec<(String, String)>,
}

impl Refusal {
    /// The stored form of the refusal.
    #[must_use]
    pub fn kept(&self) -> KeptRefusal {
        let kept = |reason: &str, facts: &[(&str, String)]| KeptRefusal {
            reason: reason.to_owned(),
            facts: facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        };
        match self {
            Self::Caller { reason, detail } if detail.is_empty() => kept(reason, &[]),
            Self::Caller { reason, detail } => kept(reason, &[("detail", detail.clone())]),
            Self::ExpiryOutOfRange { expire_time, now } => kept(
                "EXPIRY_OUT_OF_RANGE",
                &[
                    ("expire_time_us", expire_time.to_string()),
                    ("ledger_time", rfc3339(*now)),
                    ("latest", rfc3339(now.saturating_add(EXPIRY_MAX))),
                ],
            ),
            Self::ExpiryForbidden { account } => kept("EXPIRY_FORBIDDEN", &[("account", account.to_string())]),
            Self::PendingUnknown { transfer_no } => kept("PENDING_UNKNOWN", &[("transfer_no", transfer_no.to_string())]),
            Self::PendingResolved { transfer_no } => kept("PENDING_RESOLVED", &[("transfer_no", transfer_no.to_string())]),
            Self::PendingExpired { transfer_no } => kept("PENDING_EXPIRED", &[("transfer_no", transfer_no.to_string())]),
            Self::PendingExceeded { held, wanted } => {
                kept("PENDING_EXCEEDED", &[("held", held.to_string()), ("wanted", wanted.to_string())])
            }
            Self::PostingUnknown { posting } => kept("POSTING_UNKNOWN", &[("posting_id", posting.to_string())]),
            Self::AlreadyReversed { posting } => kept("ALREADY_REVERSED", &[("posting_id", posting.to_string())]),
            Self::NotReversible { posting } => kept("NOT_REVERSIBLE", &[("posting_id", posting.to_string())]),
            Self::AccountUnknown { account } => kept("ACCOUNT_UNKNOWN", &[("account", account.to_string())]),
            Self::AccountFrozen { account } => kept("ACCOUNT_FROZEN", &[("account", account.to_string())]),
            Self::AccountClosed { account } => kept("ACCOUNT_CLOSED", &[("account", account.to_string())]),
            Self::HouseAccount { account } => kept("HOUSE_ACCOUNT", &[("account", account.to_string())]),
            Self::AccountNotEmpty { account, balance, pending: (debits, credits) } => kept(
                "ACCOUNT_NOT_EMPTY",
                &[
                    ("account", account.to_string()),
                    ("balance", balance.to_string()),
                    ("debits_pending", debits.to_string()),
                    ("credits_pending", credits.to_string()),
                ],
            ),
            Self::AccountInFlight { account, count } => {
                kept("ACCOUNT_IN_FLIGHT", &[("account", account.to_string()), ("in_flight", count.to_string())])
            }
            Self::GuardMismatch { key, expected, actual } => {
                kept("GUARD_MISMATCH", &[("guard", key.clone()), ("expected", expected.to_string()), ("actual", actual.to_string())])
            }
            Self::GuardCapped { key, cap, wanted } => {
                kept("GUARD_CAPPED", &[("guard", key.clone()), ("cap", cap.to_string()), ("wanted", wanted.to_string())])
            }
            Self::CoinsOwed { account, owed } => kept("COINS_OWED", &[("account", account.to_string()), ("owed", owed.to_string())]),
            Self::LimitExceeded { account, window, limit, used, needed, resets_at } => kept(
                "LIMIT_EXCEEDED",
                &[
                    ("account", account.to_string()),
                    ("window", window.name().to_owned()),
                    ("limit", limit.to_string()),
                    ("used", used.to_string()),
                    ("needed", needed.to_string()),
                    ("resets_at", rfc3339(*resets_at)),
                ],
            ),
            Self::Overflow => kept("OVERFLOW", &[]),
            Self::InsufficientFunds { account, needed, available } => kept(
                "INSUFFICIENT_FUNDS",
                &[("account", account.to_string()), ("needed", needed.to_string()), ("available", available.to_string())],
            ),
        }
    }
}
