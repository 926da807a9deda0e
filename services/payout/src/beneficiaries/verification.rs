//! Payee verification: whether the bank says that an account belongs to the person whom its owner named, and whether the account may be paid.

use super::{PayeeDetails, sealed::SealedPayee};
use crate::{
    error::Error,
    store::{Store, beneficiaries::Beneficiary},
    vault::Vault,
};
use accounts::holder::HolderName;
use futures::future::BoxFuture;
use jiff::Timestamp;
use money::{
    BookName, Currency,
    time::{millis, unix_ms},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// Rows of one round.
const PAGE: i64 = 100;
/// Longest pause between two questions.
const PAUSE_MAX: Duration = Duration::from_secs(86_400);

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

/// Whether a payout to the account may be requested, by the verification of its payee. The caller decides whether a review is still needed: it is only before
/// the first payout.
#[must_use]
pub fn usable(beneficiary: &Beneficiary, policy: UncheckedPayees) -> Usable {
    if beneficiary.is_deleted() {
        return Usable::Deleted;
    }
    // Nobody knows whose it is, as long as the bank does not answer; a payout does not wait for days.
    let standing = if beneficiary.is_asked_again() { PayeeStanding::NotPossible } else { beneficiary.payee_check };
    match (standing, policy) {
        (PayeeStanding::Match | PayeeStanding::Confirmed, _) | (PayeeStanding::NotPossible, UncheckedPayees::Allow) => Usable::Yes,
        (PayeeStanding::CloseMatch, _) => Usable::NeedsConfirmation,
        (PayeeStanding::NoMatch | PayeeStanding::Pending, _) | (PayeeStanding::NotPossible, UncheckedPayees::Review) => Usable::NeedsReview,
    }
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

/// Whose account is to be verified.
#[derive(Clone, Copy)]
pub struct PayeeQuestion<'a> {
    /// The beneficiary's book, which says whether a real bank may be asked.
    pub book: &'a BookName,
    /// The currency in which the account is paid.
    pub currency: Currency,
    /// Account and holder.
    pub payee: &'a PayeeDetails,
    /// Now: the records of rails are dated.
    pub at: Timestamp,
}

/// Somebody who knows whose an account is: the banks ([`crate::banks::payees::BankVerifier`]). Without one, every verification is not possible.
pub trait PayeeVerifier: Send + Sync {
    /// Asks whose the account is. Changes nothing, so it may be asked again.
    fn ask<'a>(&'a self, question: PayeeQuestion<'a>) -> BoxFuture<'a, PayeeAnswer>;
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

/// Who is asked, and how often.
#[derive(Clone, Copy)]
pub struct PayeeAsking<'a> {
    /// Who is asked.
    pub verifier: &'a dyn PayeeVerifier,
    /// How often.
    pub retries: PayeeRetries,
}

/// Asks about a beneficiary that waits for its verification, and records the answer, or when it is asked about again. Returns its row after that. `None`: it is
/// not there any more. Two that ask at the same time both get an answer, and the first one is recorded.
pub async fn verify(
    store: &Store,
    vault: &Vault,
    asking: PayeeAsking<'_>,
    (book, id): (&BookName, Uuid),
    now: SystemTime,
) -> Result<Option<Beneficiary>, Error> {
    let waits = |row: &Beneficiary| row.payee_check == PayeeStanding::Pending && !row.is_deleted();
    let Some(row) = store.beneficiary(book, id).await? else { return Ok(None) };
    if waits(&row) {
        let mut payee = SealedPayee::open(vault, book, &row)?;
        let details = payee.details()?;
        let at = Timestamp::from_millisecond(unix_ms(now)).unwrap_or_default();
        let answer = asking.verifier.ask(PayeeQuestion { book, currency: row.currency, payee: &details, at }).await;
        let tries = row.payee_tries.saturating_add(i64::from(answer == PayeeAnswer::Failed));
        let next_ms = asking.retries.next_ms(tries, unix_ms(now));
        let decided = match (decide(&answer), next_ms) {
            (None, Some(due_at_ms)) => {
                store.postpone_payee_check(book, &row, (tries, due_at_ms)).await?;
                None
            }
            (None, None) => Some((PayeeStanding::NotPossible, None)),
            (decided, _) => decided,
        };
        if let Some((standing, bank_holder_name)) = decided {
            payee.bank_holder_name = bank_holder_name;
            let sealed = payee.seal(vault, book, &row.user, id)?;
            store.record_payee_check(book, &row, (standing, &sealed), unix_ms(now)).await?;
            // A payout that waits for this goes on.
            store.wake_reviews(book, id, unix_ms(now)).await?;
        }
    }
    Ok(store.beneficiary(book, id).await?)
}

/// Asks about the beneficiaries that are due, such as those whose bank gave no answer or whose call ended before it; returns how many have an answer now, and
/// whether more may be due. One that can't be asked about does not hold up the others: the log names it.
pub async fn verify_waiting(store: &Store, vault: &Vault, asking: PayeeAsking<'_>, now: SystemTime) -> Result<(u64, bool), Error> {
    let (page, mut answered) = (store.waiting_beneficiaries(unix_ms(now), PAGE).await?, 0);
    let more = i64::try_from(page.len()).is_ok_and(|rows| rows == PAGE);
    for (book, row) in page {
        match verify(store, vault, asking, (&book, row.beneficiary_id), now).await {
            Ok(verified) => answered += u64::from(verified.is_some_and(|row| row.payee_check != PayeeStanding::Pending)),
            Err(error) => {
                tracing::warn!(beneficiary_id = %row.beneficiary_id, %error, "the payee of a beneficiary can't be checked; trying again later");
                let due_at_ms = unix_ms(now).saturating_add(millis(asking.retries.delay));
                store.postpone_payee_check(&book, &row, (row.payee_tries, due_at_ms)).await?;
            }
        }
    }
    Ok((answered, more))
}

#[cfg(test)]
mod tests;
