//! What a store withdraws for disputes and gives back, as it is posted: independently of what the disputes do to coins and revenue, which is a refund once they are
//! lost.

use std::time::SystemTime;

use chart::PostingKind;
use chart::id::PlannedAttempt;
use ledger_client::takes_a_fresh_id;
use money::time::unix_ms;
use money::{BookName, Currency};
use uuid::Uuid;

use crate::error::Error;
use crate::lots::revenue::SignedMoney;
use crate::postings;
use crate::purchases::Purchases;
use crate::sweeper::put_off_ms;

/// A change of what is withdrawn for the disputes of a purchase. Amounts are minor units, less than nothing where they are given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeStep {
    /// The book.
    pub book: BookName,
    /// The purchase.
    pub purchase_id: Uuid,
    /// 1 and up.
    pub step_no: i64,
    /// Of the amounts.
    pub currency: Currency,
    /// What is withdrawn with this step.
    pub withdrawn: i64,
    /// What is charged with this step.
    pub fee: i64,
    /// What is withdrawn in all after it.
    pub withdrawn_total: i64,
    /// What is charged in all after it.
    pub fee_total: i64,
    /// Refusals of the ledger before it.
    pub attempt: i64,
    /// When it was planned last, in Unix milliseconds.
    pub planned_at_ms: i64,
    /// When it was planned first, in Unix milliseconds.
    pub created_at_ms: i64,
    /// How often it was tried in vain.
    pub tries: i64,
    /// The posting, once it is made.
    pub posting_id: String,
}

impl DisputeStep {
    /// Whether its numbers are such as postings can have.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        [self.withdrawn, self.fee].into_iter().all(|minor| SignedMoney::try_new(self.currency, minor).is_ok())
    }

    /// The request id of its posting.
    #[must_use]
    pub fn request(&self) -> Uuid {
        let planned = PlannedAttempt { number: self.step_no, attempt: self.attempt, planned_at_ms: self.planned_at_ms };
        chart::id::refund(&self.book, self.purchase_id, PostingKind::DisputeMoney, planned)
    }
}

impl Purchases {
    pub(super) async fn post_disputes(&self, (now, planned_at): (SystemTime, SystemTime), count_max: i64) -> Result<(), Error> {
        for step in self.store.due_dispute_steps(unix_ms(now), count_max).await? {
            let missing = || crate::store::Error::Damaged { purchase_id: step.purchase_id.to_string(), column: "dispute_step.purchase_id" };
            let purchase = self.store.purchase(&step.book, step.purchase_id).await?.ok_or_else(missing)?;
            match self.ledger.posting(&step.book, postings::disputed(&step, &purchase)).await {
                Ok(posting) => self.store.dispute_posted(&step, &posting.posting_id).await?,
                Err(not_posted) => {
                    tracing::warn!(purchase_id = %step.purchase_id, step_no = step.step_no, ?not_posted, "money of a dispute is not posted yet");
                    let again = takes_a_fresh_id(&not_posted, step.planned_at_ms, unix_ms(planned_at));
                    let attempt = if again { (step.attempt + 1, unix_ms(planned_at)) } else { (step.attempt, step.planned_at_ms) };
                    let next_attempt_at_ms = unix_ms(now).saturating_add(put_off_ms(step.tries));
                    self.store.put_off_dispute(&step, attempt, &not_posted.to_string(), next_attempt_at_ms).await?;
                }
            }
        }
        Ok(())
    }
}
