//! Reviews, blocked money and thresholds: protobuf to domain and back.

use super::{malformed, uuid};
use crate::{
    domain::{
        Payout,
        review::{OpenHit, ReviewKind, ReviewStanding, ScreeningFinding},
    },
    error::Error,
    review::{
        blocked::BlockedLicence,
        decide::{ReviewDecision, ReviewVerdict, StaffCaller},
    },
    store::{
        reviews::{BlockedRow, ReviewRow},
        thresholds::ThresholdRow,
    },
};
use api::payout as pb;
use jiff::civil::Date;
use money::{BookName, Money, RequestId, UserKey, text::is_plain};
use rpc::{Violations, page::PagedList, wire::timestamp_ms};
use tonic::Status;

/// Longest number of a licence, in characters.
const LICENCE_CHARS_MAX: usize = 64;
/// Longest hash that is read, in bytes; ours have 44.
const HASH_BYTES_MAX: usize = 128;

/// A review with what is shown of it.
pub struct ShownReview<'a> {
    /// The review.
    pub row: &'a ReviewRow,
    /// Its payout.
    pub payout: &'a Payout,
    /// What a decision names.
    pub hash: String,
    /// The hits, of a screening.
    pub finding: Option<ScreeningFinding>,
    /// The blocked money, of a true match.
    pub blocked: Option<BlockedRow>,
}

/// A client's id.
pub fn request_id(text: &str) -> Result<RequestId, Error> {
    super::request_id(text)
}

/// A creator; never the caller.
pub fn user(text: &str) -> Result<UserKey, Error> {
    UserKey::try_new(text).map_err(|error| malformed("user_id", error.must()))
}

/// What the caller saw.
pub fn hash(text: &str) -> Result<String, Error> {
    if (1..=HASH_BYTES_MAX).contains(&text.len()) { Ok(text.to_owned()) } else { Err(malformed("hash", "must be the hash of the review")) }
}

/// A threshold to propose.
pub fn threshold_asked(amount: Option<&api::r#type::Money>) -> Result<Money, Status> {
    let amount = amount.ok_or_else(|| malformed("threshold", "must be given"))?;
    let mut wrong = Violations::default();
    let currency = money::Currency::try_new(&amount.currency_code).map_err(|error| malformed("threshold.currency_code", error.must()));
    let currency = wrong.take(currency);
    if amount.minor_units < 1 {
        wrong.add(malformed("threshold.minor_units", "must be above zero").into());
    }
    let (Some(currency), 1..) = (currency, amount.minor_units) else { return Err(wrong.into_status()) };
    Ok(Money::try_new(currency, amount.minor_units).map_err(|error| malformed("threshold.minor_units", error.must()))?)
}

/// A state to filter by; none for any.
pub fn standing(state: i32) -> Result<Option<ReviewStanding>, Error> {
    let state = pb::ReviewState::try_from(state).map_err(|_| malformed("state", "must be one of the states that there are"))?;
    Ok(match state {
        pb::ReviewState::Unspecified => None,
        pb::ReviewState::Open => Some(ReviewStanding::Open),
        pb::ReviewState::Passed => Some(ReviewStanding::Passed),
        pb::ReviewState::Failed => Some(ReviewStanding::Failed),
    })
}

/// A kind to filter by; none for any.
pub fn kind(kind: i32) -> Result<Option<ReviewKind>, Error> {
    let kind = pb::ReviewKind::try_from(kind).map_err(|_| malformed("kind", "must be one of the kinds that there are"))?;
    Ok(match kind {
        pb::ReviewKind::Unspecified => None,
        pb::ReviewKind::Screening => Some(ReviewKind::Screening),
        pb::ReviewKind::Approval => Some(ReviewKind::Approval),
        pb::ReviewKind::Limit => Some(ReviewKind::Limit),
        pb::ReviewKind::Velocity => Some(ReviewKind::Velocity),
        pb::ReviewKind::FirstPayout => Some(ReviewKind::FirstPayout),
        pb::ReviewKind::Payee => Some(ReviewKind::Payee),
    })
}

/// A book's reviews, as a list to which page tokens are bound.
#[must_use]
pub fn list(book: &BookName, standing: Option<ReviewStanding>, kind: Option<ReviewKind>) -> PagedList {
    let filter = [standing.map_or("", ReviewStanding::name), kind.map_or("", ReviewKind::name)];
    PagedList::new("ListReviews", book.as_str(), &filter)
}

/// A decision; `wrong` has what is wrong with its sender.
pub fn decision(by: Option<StaffCaller>, request: &pb::DecideReviewRequest, mut wrong: Violations) -> Result<ReviewDecision, Status> {
    let review_id = wrong.take(uuid("review_id", &request.review_id));
    let verdict = match pb::ReviewDecision::try_from(request.decision) {
        Ok(pb::ReviewDecision::Clear) => Ok(ReviewVerdict::Clear),
        Ok(pb::ReviewDecision::Refuse) => Ok(ReviewVerdict::Refuse),
        Ok(pb::ReviewDecision::TrueMatch) => Ok(ReviewVerdict::TrueMatch),
        Ok(pb::ReviewDecision::Unspecified) | Err(_) => Err(malformed("decision", "must be one of the decisions that there are")),
    };
    let (verdict, hash) = (wrong.take(verdict), wrong.take(hash(&request.hash)));
    let (Some(by), Some(review_id), Some(verdict), Some(hash)) = (by, review_id, verdict, hash) else { return Err(wrong.into_status()) };
    Ok(ReviewDecision { by, review_id, verdict, hash })
}

/// A licence, not of a day after `today`; `wrong` has what is wrong with its sender.
pub fn licence(
    by: Option<StaffCaller>,
    request: &pb::UnblockPayoutRequest,
    today: Date,
    mut wrong: Violations,
) -> Result<BlockedLicence, Status> {
    let payout_id = wrong.take(uuid("payout_id", &request.payout_id));
    let number = &request.licence_number;
    let fits = (1..=LICENCE_CHARS_MAX).contains(&number.chars().count()) && is_plain(number) && number.trim() == number;
    if !fits {
        wrong.add(malformed("licence_number", "must be 1 to 64 printable characters without blank ends").into());
    }
    // In its one form, so that both people write the same.
    let date = request.licence_date.parse::<Date>().ok().filter(|date| date.to_string() == request.licence_date && *date <= today);
    if date.is_none() {
        wrong.add(malformed("licence_date", "must be a day such as 2027-01-15, not in the future").into());
    }
    let (Some(by), Some(payout_id), true, Some(date)) = (by, payout_id, fits, date) else { return Err(wrong.into_status()) };
    Ok(BlockedLicence { by, payout_id, number: number.clone(), date: date.to_string() })
}

fn hit(hit: &OpenHit) -> pb::ReviewHit {
    pb::ReviewHit {
        list: hit.list.clone(),
        edition_date: hit.edition.clone(),
        entry_id: i64::from(hit.entry),
        listed_name: hit.name.clone(),
        score_thousandths: i32::try_from(hit.score).unwrap_or(i32::MAX),
        band: hit.band.clone(),
        programs: hit.programs.clone(),
    }
}

/// Blocked money, for the staff.
#[must_use]
pub fn blocked(row: &BlockedRow) -> pb::BlockedPayout {
    pb::BlockedPayout {
        payout_id: row.payout_id.to_string(),
        block_time: Some(timestamp_ms(row.blocked_at_ms)),
        report_due_date: row.report_due.clone(),
        licence_number: row.licence_number.clone(),
        licence_date: row.licence_date.clone(),
        licence_recorded_by: row.licence_by.clone(),
        unblocked_by: row.unblocked_by.clone(),
    }
}

/// A review, for the staff.
#[must_use]
pub fn review(shown: &ShownReview<'_>) -> pb::PayoutReview {
    let (row, payout) = (shown.row, shown.payout);
    let kind = match row.kind {
        ReviewKind::Screening => pb::ReviewKind::Screening,
        ReviewKind::Approval => pb::ReviewKind::Approval,
        ReviewKind::Limit => pb::ReviewKind::Limit,
        ReviewKind::Velocity => pb::ReviewKind::Velocity,
        ReviewKind::FirstPayout => pb::ReviewKind::FirstPayout,
        ReviewKind::Payee => pb::ReviewKind::Payee,
    };
    let state = match row.standing {
        ReviewStanding::Open => pb::ReviewState::Open,
        ReviewStanding::Passed => pb::ReviewState::Passed,
        ReviewStanding::Failed => pb::ReviewState::Failed,
    };
    let moment = |at_ms: i64| (at_ms > 0).then(|| timestamp_ms(at_ms));
    let hits: Vec<pb::ReviewHit> = shown.finding.iter().flat_map(|finding| &finding.hits).map(hit).collect();
    pb::PayoutReview {
        review_id: row.review_id.to_string(),
        payout_id: row.payout_id.to_string(),
        user_id: payout.user.to_string(),
        beneficiary_id: payout.beneficiary_id.to_string(),
        amount: Some(rpc::wire::money(payout.amount)),
        kind: kind.into(),
        state: state.into(),
        detail: if row.kind == ReviewKind::Screening { String::new() } else { row.finding.clone() },
        hits,
        hash: shown.hash.clone(),
        proposed_by: row.proposed_by.clone(),
        decided_by: row.decided_by.clone(),
        reason: row.reason.clone(),
        create_time: moment(row.created_at_ms),
        decide_time: moment(row.decided_at_ms),
        due_time: moment(row.ends_at_ms),
        blocked: shown.blocked.as_ref().map(blocked),
    }
}

/// A threshold, for the staff.
#[must_use]
pub fn threshold(row: &ThresholdRow) -> pb::PayoutThreshold {
    pb::PayoutThreshold {
        threshold_id: row.threshold_id.to_string(),
        threshold: Some(rpc::wire::money(row.threshold)),
        proposed_by: row.proposed_by.clone(),
        propose_time: Some(timestamp_ms(row.proposed_at_ms)),
        approved_by: row.approved_by.clone(),
        approve_time: (row.approved_at_ms > 0).then(|| timestamp_ms(row.approved_at_ms)),
    }
}
