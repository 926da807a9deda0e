//! Payee verification: whether the bank says that an account belongs to the person whom its owner named, and whether the account may be paid.

use super::sealed::SealedPayee;
use crate::{
    banks::payees::{PayeeQuestion, PayeeVerifier},
    domain::payee_check::{PayeeAnswer, PayeeRetries, PayeeStanding, UncheckedPayees, Usable, decide},
    error::Error,
    store::{Store, beneficiaries::Beneficiary},
    vault::Vault,
};
use money::{
    BookName,
    time::{millis, moment_ms, unix_ms},
};
use std::time::SystemTime;
use uuid::Uuid;

/// Rows of one round.
const PAGE: i64 = 100;
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
    book: &BookName,
    id: Uuid,
    now: SystemTime,
) -> Result<Option<Beneficiary>, Error> {
    let waits = |row: &Beneficiary| row.payee_check == PayeeStanding::Pending && !row.is_deleted();
    let Some(row) = store.beneficiary(book, id).await? else { return Ok(None) };
    if waits(&row) {
        let mut payee = SealedPayee::open(vault, book, &row)?;
        let details = payee.details()?;
        let at = moment_ms(unix_ms(now));
        let answer = asking.verifier.ask(PayeeQuestion { book, currency: row.currency, payee: &details, at }).await;
        let tries = row.payee_tries.saturating_add(i64::from(answer == PayeeAnswer::Failed));
        let next_ms = asking.retries.next_ms(tries, unix_ms(now));
        let decided = match (decide(&answer), next_ms) {
            (None, Some(due_at_ms)) => {
                store.postpone_payee_check(book, &row, tries, due_at_ms).await?;
                None
            }
            (None, None) => Some((PayeeStanding::NotPossible, None)),
            (decided, _) => decided,
        };
        if let Some((standing, bank_holder_name)) = decided {
            payee.bank_holder_name = bank_holder_name;
            let sealed = payee.seal(vault, book, &row.user, id)?;
            store.record_payee_check(book, &row, standing, &sealed, unix_ms(now)).await?;
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
        match verify(store, vault, asking, &book, row.beneficiary_id, now).await {
            Ok(verified) => answered += u64::from(verified.is_some_and(|row| row.payee_check != PayeeStanding::Pending)),
            Err(error) => {
                tracing::warn!(beneficiary_id = %row.beneficiary_id, %error, "the payee of a beneficiary can't be checked; trying again later");
                let due_at_ms = unix_ms(now).saturating_add(millis(asking.retries.delay));
                store.postpone_payee_check(&book, &row, row.payee_tries, due_at_ms).await?;
            }
        }
    }
    Ok((answered, more))
}

#[cfg(test)]
mod tests;
