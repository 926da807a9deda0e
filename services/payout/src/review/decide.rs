//! What people decide of reviews: cleared, refused, a true match by two, and the approval of a payout above the threshold.

use super::ReviewRefusal;
use crate::{
    beneficiaries::unseal,
    domain::{
        Payout, PayoutKey, PayoutPhase,
        review::{ReviewKind, ReviewStanding, ScreeningFinding},
    },
    error::Error,
    payouts::Payouts,
    store::{
        self,
        beneficiaries::{self, Beneficiary},
        payouts,
        reviews::{self, ReviewRow},
        screening::{self, ClearedBy},
    },
};
use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use jiff::tz::TimeZone;
use money::{
    BookName, RequestId, UserKey,
    time::{moment_ms, unix_ms},
};
use sqlx::AnyConnection;
use std::time::SystemTime;
use uuid::Uuid;

/// The RPCs' names in the table of requests.
const DECIDE: &str = "DecideReview";
const APPROVE: &str = "ApprovePayout";
/// Tries against other writers of the payout's row.
const TRIES_MAX: usize = 16;
/// The zone whose day counts as the day of the blocking, for the report's last day.
const REPORT_ZONE: &str = "America/New_York";

/// What a reviewer decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReviewVerdict {
    /// The payout may go on.
    Clear,
    /// It is refused.
    Refuse,
    /// The person paid is the listed one.
    TrueMatch,
}

impl ReviewVerdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Refuse => "refuse",
            Self::TrueMatch => "true_match",
        }
    }
}

/// A member of the staff who does something.
#[derive(Debug, Clone)]
pub struct StaffCaller {
    /// The book.
    pub book: BookName,
    /// The member of the staff, or the service.
    pub subject: UserKey,
    /// The client's id.
    pub request_id: RequestId,
    /// The reason given with the call; empty for a service.
    pub reason: String,
}

impl StaffCaller {
    /// The scope of the request's id.
    pub(crate) fn key(&self, rpc: &'static str) -> RequestKey<'_> {
        RequestKey { book: &self.book, subject: &self.subject, rpc, request_id: &self.request_id }
    }
}

/// A decision of a review.
#[derive(Debug, Clone)]
pub struct ReviewDecision {
    /// Who decides.
    pub by: StaffCaller,
    /// The review.
    pub review_id: Uuid,
    /// The decision.
    pub verdict: ReviewVerdict,
    /// The review's hash, as the caller saw it.
    pub hash: String,
}

/// Begins a request of the staff: true if it was answered before.
pub(crate) async fn begin(tx: &mut AnyConnection, key: RequestKey<'_>, fields: &SentFields, now: SystemTime) -> Result<bool, Error> {
    match requests::begin(tx, key, fields, now).await? {
        RequestStanding::Reused { differing } => Err(Error::Reused(differing)),
        RequestStanding::Replay(_) => Ok(true),
        RequestStanding::New | RequestStanding::Unfinished { .. } => Ok(false),
    }
}

/// Ends a request of the staff.
pub(crate) async fn finish(tx: &mut AnyConnection, key: RequestKey<'_>, now: SystemTime) -> Result<(), Error> {
    requests::finish(tx, key, &KeptAnswer::done(), now).await?;
    Ok(())
}

impl Payouts {
    /// Decides a review; true when the request was answered before.
    pub async fn decide_review(&self, decision: &ReviewDecision, now: SystemTime) -> Result<bool, Error> {
        let fields =
            SentFields::new().with("review_id", decision.review_id).with("decision", decision.verdict.name()).with("hash", &decision.hash);
        self.decided(decision, DECIDE, &fields, now).await
    }

    /// Approves a payout above the threshold; true when the request was answered before.
    pub async fn approve_payout(&self, by: StaffCaller, payout_id: Uuid, hash: String, now: SystemTime) -> Result<bool, Error> {
        let fields = SentFields::new().with("payout_id", payout_id).with("hash", &hash);
        let review_id = ReviewKind::Approval.review_id(payout_id);
        let decision = ReviewDecision { by, review_id, verdict: ReviewVerdict::Clear, hash };
        self.decided(&decision, APPROVE, &fields, now).await
    }

    async fn decided(&self, decision: &ReviewDecision, rpc: &'static str, fields: &SentFields, now: SystemTime) -> Result<bool, Error> {
        let key = decision.by.key(rpc);
        for _ in 0..TRIES_MAX {
            let mut tx = self.store.begin().await?;
            if begin(&mut tx, key, fields, now).await? {
                return Ok(true);
            }
            let row = reviews::get(&mut tx, &decision.by.book, decision.review_id).await?.ok_or(ReviewRefusal::ReviewUnknown)?;
            let payout_key = PayoutKey { book: decision.by.book.clone(), payout_id: row.payout_id };
            let payout = payouts::get(&mut tx, &payout_key).await?.ok_or(ReviewRefusal::ReviewUnknown)?;
            self.check_decision(&mut tx, decision, rpc, &row, &payout).await?;
            let (row, next) = self.outcome(&mut tx, decision, row, payout, now).await?;
            let saved = match next {
                Some(next) => payouts::update(&mut tx, next, None).await?.is_some(),
                None => true,
            };
            let saved = saved && reviews::save(&mut tx, &decision.by.book, &row).await?;
            if !saved {
                tx.rollback().await?;
                continue;
            }
            finish(&mut tx, key, now).await?;
            tx.commit().await?;
            self.tell(row.payout_id);
            self.wake.notify_one();
            return Ok(false);
        }
        Err(Error::HoldUnknown)
    }

    /// Refuses what can't be decided, in the contract's order.
    async fn check_decision(
        &self,
        tx: &mut AnyConnection,
        decision: &ReviewDecision,
        rpc: &'static str,
        row: &ReviewRow,
        payout: &Payout,
    ) -> Result<(), Error> {
        if row.standing != ReviewStanding::Open || payout.phase != PayoutPhase::Review {
            return Err(ReviewRefusal::ReviewClosed.into());
        }
        let fits = match decision.verdict {
            ReviewVerdict::Clear => (row.kind == ReviewKind::Approval) == (rpc == APPROVE),
            ReviewVerdict::Refuse => row.kind != ReviewKind::Screening,
            ReviewVerdict::TrueMatch => row.kind == ReviewKind::Screening,
        };
        if !fits {
            return Err(ReviewRefusal::DecisionUnfit { kind: row.kind.name() }.into());
        }
        // By the same connection: a second one might never come, because those who have the others wait for this transaction.
        let beneficiary = beneficiaries::get(tx, &payout.book, payout.beneficiary_id).await?.ok_or(store::Error::Row("beneficiary"))?;
        if self.hash_with(payout, row, &beneficiary)? != decision.hash {
            return Err(ReviewRefusal::ReviewChanged.into());
        }
        // Whoever proposed a true match can't confirm it, but may be convinced of the contrary; nobody decides about money of their own.
        let proposed = decision.verdict == ReviewVerdict::TrueMatch && row.proposed_by == decision.by.subject.as_str();
        if proposed || decision.by.subject == payout.user {
            return Err(ReviewRefusal::SecondPersonNeeded.into());
        }
        Ok(())
    }

    /// The hash of a review as payout and beneficiary are now.
    pub(crate) async fn current_hash(&self, payout: &Payout, row: &ReviewRow) -> Result<String, Error> {
        self.hash_with(payout, row, &self.beneficiary_of(payout).await?)
    }

    fn hash_with(&self, payout: &Payout, row: &ReviewRow, beneficiary: &Beneficiary) -> Result<String, Error> {
        let payee = unseal(&self.vault, &payout.book, beneficiary)?;
        Ok(self.review_hash(payout, beneficiary, &payee, row.kind, &row.finding))
    }

    /// The review after the decision, and the payout if that changes it. The creator sees no step, but for the end of a payout that is refused.
    async fn outcome(
        &self,
        tx: &mut AnyConnection,
        decision: &ReviewDecision,
        mut row: ReviewRow,
        payout: Payout,
        now: SystemTime,
    ) -> Result<(ReviewRow, Option<Payout>), Error> {
        let (now_ms, by) = (unix_ms(now), &decision.by);
        if decision.verdict == ReviewVerdict::TrueMatch && row.proposed_by.is_empty() {
            row.proposed_by = by.subject.to_string();
            return Ok((row, None));
        }
        row.hash.clone_from(&decision.hash);
        row.decided_by = by.subject.to_string();
        row.decided_at_ms = now_ms;
        row.reason.clone_from(&by.reason);
        row.standing = if decision.verdict == ReviewVerdict::Clear { ReviewStanding::Passed } else { ReviewStanding::Failed };
        let next = match decision.verdict {
            ReviewVerdict::Clear => {
                self.remember_cleared(tx, &row, &payout, by, now_ms).await?;
                // The worker finds out whether it was the last one.
                Payout { due_at_ms: now_ms, ..payout }
            }
            ReviewVerdict::Refuse => payout.cancelling(now_ms),
            ReviewVerdict::TrueMatch if is_rejected(&row) => payout.cancelling(now_ms),
            ReviewVerdict::TrueMatch => {
                reviews::block(tx, &payout.key(), now_ms, &self.report_due(now)).await?;
                payout.blocking(now_ms)
            }
        };
        Ok((row, Some(next)))
    }

    async fn remember_cleared(
        &self,
        tx: &mut AnyConnection,
        row: &ReviewRow,
        payout: &Payout,
        by: &StaffCaller,
        now_ms: i64,
    ) -> Result<(), Error> {
        let Some(finding) = finding(row) else { return Ok(()) };
        let by = ClearedBy { subject: by.subject.as_str(), reason: &by.reason, at_ms: now_ms };
        for hit in &finding.hits {
            screening::clear(tx, &payout.book, payout.beneficiary_id, hit, &finding.subject_digest, by).await?;
        }
        Ok(())
    }

    /// The last day on which money that is blocked now may be reported. Where the calendar has a gap, that many days of any kind: too early, and never too late.
    fn report_due(&self, now: SystemTime) -> String {
        let options = &self.config.screening;
        let zone = TimeZone::get(REPORT_ZONE).unwrap_or(TimeZone::UTC);
        let day = moment_ms(unix_ms(now)).to_zoned(zone).date();
        let calendars = self.banks.facts().book.calendars();
        let due = calendars.add_business_days(Some(&options.report_calendar), day, options.report_business_days);
        due.unwrap_or_else(|gap| {
            tracing::error!(calendar = options.report_calendar, %gap, "the day of a report can't be counted in business days");
            day.saturating_add(jiff::Span::new().days(i64::from(options.report_business_days.min(366))))
        })
        .to_string()
    }
}

/// The hits of a screening.
#[must_use]
pub fn finding(row: &ReviewRow) -> Option<ScreeningFinding> {
    serde_json::from_str(&row.finding).ok().filter(|_| row.kind == ReviewKind::Screening)
}

/// Whether a payment to every listed party that was found is refused, and not blocked.
fn is_rejected(row: &ReviewRow) -> bool {
    finding(row).is_some_and(|finding| !finding.hits.is_empty() && finding.hits.iter().all(|hit| hit.is_rejected))
}
