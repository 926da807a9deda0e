//! Whether an account is the holder's: what banks answer, what becomes of that, and whether the account may be paid.

use accounts::holder::HolderName;
use money::time::millis;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longest pause between two questions.
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(86_400);

money::named! {
    /// The result of a payee verification (`PayeeCheck` in the contract).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum PayeeStanding {
        /// No bank can be asked.
        NotPossible = "not_possible",
        /// To be asked, or being asked.
        Pending = "pending",
        /// The name is the account's.
        Match = "match",
        /// The name is close to the account's; the owner must confirm the bank's.
        CloseMatch = "close_match",
        /// The account has another holder.
        NoMatch = "no_match",
        /// The owner has confirmed the bank's name.
        Confirmed = "confirmed",
    }
}

/// What becomes of payouts to accounts whose bank can't be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UncheckedPayees {
    /// They are paid.
    Allow,
    /// The first one is reviewed.
    Review,
}

/// How a bank is asked again that gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayeeRetries {
    /// How long after the first question the second one follows; every other one waits four times as long as the one before.
    pub delay: Duration,
    /// After so many questions without an answer the verification is not possible.
    pub tries_max: u32,
}

impl PayeeRetries {
    /// When the next question follows, after so many in vain. `None`: none does.
    #[must_use]
    pub fn next_ms(self, tries: i64, now_ms: i64) -> Option<i64> {
        let before = u32::try_from(tries.max(1) - 1).ok()?;
        let delay = self.delay.saturating_mul(4_u32.saturating_pow(before)).min(PAUSE_MAX.max(self.delay));
        (tries < i64::from(self.tries_max)).then(|| now_ms.saturating_add(millis(delay)))
    }
}

/// Whether an account may be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usable {
    /// It may.
    Yes,
    /// Once its owner has confirmed the name that the bank gave.
    NeedsConfirmation,
    /// Once a person of the staff has looked at the first payout. Also while the bank is being asked.
    NeedsReview,
    /// Never again.
    Deleted,
}

/// A bank's answer about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayeeAnswer {
    /// It does not check such accounts.
    NotPossible,
    /// It could not be asked, or gave no answer.
    Failed,
    /// Nobody was asked: to be done later.
    Later,
    /// The name is the account's.
    Match,
    /// The account's name is this one, which is close. Unbounded and unchecked: it is the bank's.
    CloseMatch(String),
    /// The account has another holder, whom the bank does not name.
    NoMatch,
}

/// What an answer makes of a beneficiary that waits for one: its standing, and the bank's name if that is to be confirmed. `None`: it continues to wait. A
/// name that can't be shown can't be confirmed, so it counts as another holder's.
#[must_use]
pub fn decide(answer: &PayeeAnswer) -> Option<(PayeeStanding, Option<String>)> {
    Some(match answer {
        PayeeAnswer::Later | PayeeAnswer::Failed => return None,
        PayeeAnswer::NotPossible => (PayeeStanding::NotPossible, None),
        PayeeAnswer::Match => (PayeeStanding::Match, None),
        PayeeAnswer::NoMatch => (PayeeStanding::NoMatch, None),
        PayeeAnswer::CloseMatch(name) => match HolderName::parse(name) {
            Ok(name) => (PayeeStanding::CloseMatch, Some(name.as_str().to_owned())),
            Err(_) => (PayeeStanding::NoMatch, None),
        },
    })
}

#[cfg(test)]
mod tests;
