//! What staff do about payouts: reviewers clear or block those that screening holds, and finance recalls a paid one.
use super::{StoryTelling, books};
use crate::installation::explained;
use api::payout::{
    DecideReviewRequest, ListReviewsRequest, Payout, PayoutRecall, PayoutReview, RecallPayoutRequest, ReviewDecision, ReviewKind,
    ReviewState,
};
use chart::Purpose;
use identity::Role;
use runtime::command::UntypedError;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Why a held payout is cleared.
const ANOTHER_PERSON: &str = "another person, born on another day";
/// Why money is blocked.
const SAME_PERSON: &str = "the listed person: name, birthday and passport agree";
/// Why a payout is recalled.
const PAID_TWICE: &str = "the creator was also paid by invoice";
/// The same as a code (`ExternalCancellationReason1Code`): a duplicate payment.
const DUPLICATE: &str = "DUPL";

/// How long blocking may take, and the pause between two looks.
const BLOCKED_MAX: Duration = Duration::from_secs(60);
const LOOK_DELAY: Duration = Duration::from_millis(100);

/// A review before and after it was decided.
#[derive(Debug, Clone)]
pub struct DecidedReview {
    /// While it was open: with the entries that the payee's name resembles.
    pub found: PayoutReview,
    /// Who decided what, and why.
    pub decided: PayoutReview,
}

/// A reviewer clears a payout that screening holds.
pub async fn clear(story: &StoryTelling, payout: &Payout) -> Result<DecidedReview, UntypedError> {
    let found = open(story, payout).await?;
    let decided = decide(story, &found, ReviewDecision::Clear, "reviewer-1", ANOTHER_PERSON).await?;
    Ok(DecidedReview { found, decided })
}

/// Two reviewers say that the payee is the listed person. Returns when the money is in blocked funds.
pub async fn block(story: &StoryTelling, payout: &Payout) -> Result<DecidedReview, UntypedError> {
    let found = open(story, payout).await?;
    decide(story, &found, ReviewDecision::TrueMatch, "reviewer-1", SAME_PERSON).await?;
    let decided = decide(story, &found, ReviewDecision::TrueMatch, "reviewer-2", SAME_PERSON).await?;
    let amount = payout.amount.clone().unwrap_or_default();
    let account = books::money_account(Purpose::BlockedFunds, &amount.currency_code);
    let until = Instant::now() + BLOCKED_MAX;
    while books::sums(&story.installation).await?.balance(&account) < amount.minor_units && Instant::now() < until {
        tokio::time::sleep(LOOK_DELAY).await;
    }
    Ok(DecidedReview { found, decided })
}

/// Finance asks for the money of a paid payout back. Returns the recall as it is then.
pub async fn recall(story: &StoryTelling, payout: &Payout) -> Result<PayoutRecall, UntypedError> {
    let token = story.installation.token("finance", Role::Finance)?;
    let request = RecallPayoutRequest {
        request_id: Uuid::now_v7().to_string(),
        payout_id: payout.payout_id.clone(),
        code: DUPLICATE.to_owned(),
        ..Default::default()
    };
    let answer = story.installation.payout().recall_payout(explained(request, &token, PAID_TWICE)?).await?.into_inner();
    Ok(answer.recall.ok_or("a requested recall is in the answer")?)
}

/// The review that holds a payout.
async fn open(story: &StoryTelling, payout: &Payout) -> Result<PayoutReview, UntypedError> {
    let token = story.installation.token("reviewer-1", Role::Finance)?;
    let request =
        ListReviewsRequest { state: ReviewState::Open.into(), kind: ReviewKind::Screening.into(), page_size: 200, ..Default::default() };
    let request = explained(request, &token, "demo: what screening holds")?;
    let reviews = story.installation.payout().list_reviews(request).await?.into_inner().reviews;
    Ok(reviews.into_iter().find(|review| review.payout_id == payout.payout_id).ok_or("no review holds the payout")?)
}

async fn decide(
    story: &StoryTelling,
    review: &PayoutReview,
    decision: ReviewDecision,
    who: &str,
    why: &str,
) -> Result<PayoutReview, UntypedError> {
    let token = story.installation.token(who, Role::Finance)?;
    let request = DecideReviewRequest {
        request_id: Uuid::now_v7().to_string(),
        review_id: review.review_id.clone(),
        decision: decision.into(),
        hash: review.hash.clone(),
        ..Default::default()
    };
    let answer = story.installation.payout().decide_review(explained(request, &token, why)?).await?.into_inner();
    Ok(answer.review.ok_or("a decided review is in the answer")?)
}
