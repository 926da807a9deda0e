//! The RPCs of reviews: authenticate, decode, call, encode.

use super::decide::{StaffCaller, finding};
use crate::{
    domain::{PayoutKey, debit::UnexplainedDebit},
    error::Error,
    payouts::Payouts,
    store::{
        ach_listing::ListedFiles,
        debits::ListedDebits,
        reviews::{ListedReviews, ReviewRow},
    },
    wire::{self, review::ShownReview},
};
use api::payout as pb;
use money::BookName;
use rpc::{Violations, page, wire::TimeRange};
use std::time::SystemTime;
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// Candidates that are shown with an unexplained debit.
const CANDIDATES_SHOWN_MAX: i64 = 100;

/// Who calls, with the reason given; a service gives none.
struct CallOfStaff<T> {
    caller: rpc::Caller,
    reason: String,
    request: T,
}

impl<T> CallOfStaff<T> {
    fn read(request: Request<T>) -> Result<Self, Status> {
        let caller = rpc::caller(&request)?;
        let reason = caller.reason.as_ref().map(ToString::to_string).unwrap_or_default();
        Ok(Self { caller, reason, request: request.into_inner() })
    }

    fn by(&self, wrong: &mut Violations, book: &str, request_id: &str) -> Option<StaffCaller> {
        let (book, request_id) = (wrong.take(self.caller.book(book)), wrong.take(wire::review::request_id(request_id)));
        let (book, request_id) = (book?, request_id?);
        Some(StaffCaller { book, subject: self.caller.principal.subject.clone(), request_id, reason: self.reason.clone() })
    }
}

async fn shown(payouts: &Payouts, book: &BookName, row: &ReviewRow) -> Result<pb::PayoutReview, Error> {
    let payout_key = PayoutKey { book: book.clone(), payout_id: row.payout_id };
    let payout = payouts.store.payout(&payout_key).await?.ok_or(Error::PayoutUnknown(row.payout_id))?;
    // Of a decided one: what was decided about. One whose payee can't be read is listed without a hash, so nobody can decide it, and the others are listed.
    let hash = if row.hash.is_empty() { payouts.current_hash(&payout, row).await } else { Ok(row.hash.clone()) };
    let hash = hash.unwrap_or_else(|error| {
        tracing::error!(%error, payout_id = %row.payout_id, "a review can't be decided: its payee can't be read");
        String::new()
    });
    let blocked = payouts.store.blocked_payout(&payout_key).await?.filter(|_| row.kind == super::ReviewKind::Screening);
    Ok(wire::review::review(&ShownReview { row, payout: &payout, hash, finding: finding(row), blocked }))
}

async fn shown_by_id(payouts: &Payouts, book: &BookName, review_id: Uuid) -> Result<pb::PayoutReview, Error> {
    let row = payouts.store.review(book, review_id).await?.ok_or(super::ReviewRefusal::ReviewUnknown)?;
    shown(payouts, book, &row).await
}

/// ListReviews.
pub async fn list(payouts: &Payouts, request: Request<pb::ListReviewsRequest>) -> Result<Response<pb::ListReviewsResponse>, Status> {
    let CallOfStaff { caller, request, .. } = CallOfStaff::read(request)?;
    let mut wrong = Violations::default();
    let book = wrong.take(caller.book(&request.book));
    let standing = wrong.take(wire::review::standing(request.state));
    let kind = wrong.take(wire::review::kind(request.kind));
    let size = wrong.take(wire::page_size(request.page_size));
    let (Some(book), Some(standing), Some(kind), Some(size)) = (book, standing, kind, size) else { return Err(wrong.into_status()) };
    let list = wire::review::list(&book, standing, kind);
    let listed = ListedReviews { standing, kind, after: wire::after(&list, &request.page_token)?, limit: page::rows_to_read(size) };
    let mut rows = Vec::new();
    for row in payouts.store.reviews(&book, listed).await.map_err(Error::from)? {
        rows.push((shown(payouts, &book, &row).await?, (row.created_at_ms, row.review_id)));
    }
    let (reviews, next_page_token) = list.cut_to_fit(rows, size);
    Ok(Response::new(pb::ListReviewsResponse { reviews, next_page_token }))
}

/// DecideReview.
pub async fn decide(payouts: &Payouts, request: Request<pb::DecideReviewRequest>) -> Result<Response<pb::DecideReviewResponse>, Status> {
    let call = CallOfStaff::read(request)?;
    let mut wrong = Violations::default();
    let by = call.by(&mut wrong, &call.request.book, &call.request.request_id);
    let decision = wire::review::decision(by, &call.request, wrong)?;
    let replayed = payouts.store.settled(payouts.decide_review(&decision, SystemTime::now())).await?;
    let review = Some(shown_by_id(payouts, &decision.by.book, decision.review_id).await?);
    Ok(Response::new(pb::DecideReviewResponse { review, replayed }))
}

/// ApprovePayout.
pub async fn approve(payouts: &Payouts, request: Request<pb::ApprovePayoutRequest>) -> Result<Response<pb::ApprovePayoutResponse>, Status> {
    let call = CallOfStaff::read(request)?;
    let mut wrong = Violations::default();
    let by = call.by(&mut wrong, &call.request.book, &call.request.request_id);
    let payout_id = wrong.take(wire::uuid("payout_id", &call.request.payout_id));
    let hash = wrong.take(wire::review::hash(&call.request.hash));
    let (Some(by), Some(payout_id), Some(hash)) = (by, payout_id, hash) else { return Err(wrong.into_status()) };
    let book = by.book.clone();
    let replayed = payouts.store.settled(payouts.approve_payout(by, payout_id, hash, SystemTime::now())).await?;
    let review = Some(shown_by_id(payouts, &book, super::ReviewKind::Approval.review_id(payout_id)).await?);
    Ok(Response::new(pb::ApprovePayoutResponse { review, replayed }))
}

/// UnblockPayout.
pub async fn unblock(payouts: &Payouts, request: Request<pb::UnblockPayoutRequest>) -> Result<Response<pb::UnblockPayoutResponse>, Status> {
    let (call, now) = (CallOfStaff::read(request)?, SystemTime::now());
    let mut wrong = Violations::default();
    let by = call.by(&mut wrong, &call.request.book, &call.request.request_id);
    let licence = wire::review::licence(by, &call.request, crate::beneficiaries::day_of(now), wrong)?;
    let replayed = payouts.store.settled(payouts.unblock_payout(&licence, now)).await?;
    let payout_key = PayoutKey { book: licence.by.book.clone(), payout_id: licence.payout_id };
    let row = payouts.store.blocked_payout(&payout_key).await.map_err(Error::from)?;
    Ok(Response::new(pb::UnblockPayoutResponse { blocked: row.as_ref().map(wire::review::blocked), replayed }))
}

/// ResolvePayout.
pub async fn resolve(payouts: &Payouts, request: Request<pb::ResolvePayoutRequest>) -> Result<Response<pb::ResolvePayoutResponse>, Status> {
    let call = CallOfStaff::read(request)?;
    let mut wrong = Violations::default();
    let by = call.by(&mut wrong, &call.request.book, &call.request.request_id);
    let found = wire::resolution::found(by, &call.request, wrong)?;
    let replayed = payouts.store.settled(payouts.resolve_payout(&found, SystemTime::now())).await?;
    let row = payouts.store.resolution(&found.payout_key).await.map_err(Error::from)?;
    let resolution = row.as_ref().map(|row| wire::resolution::resolution(&found.payout_key, row));
    Ok(Response::new(pb::ResolvePayoutResponse { resolution, replayed }))
}

/// ResolveAchFile.
pub async fn resolve_file(
    payouts: &Payouts,
    request: Request<pb::ResolveAchFileRequest>,
) -> Result<Response<pb::ResolveAchFileResponse>, Status> {
    let call = CallOfStaff::read(request)?;
    let mut wrong = Violations::default();
    let by = call.by(&mut wrong, &call.request.book, &call.request.request_id);
    let found = wire::resolution::found_file(by, &call.request, wrong)?;
    let books = &call.caller.principal.books;
    let replayed = payouts.store.settled(payouts.resolve_file(&found, &|book| books.covers(book), SystemTime::now())).await?;
    let file = payouts.store.ach_file(&found.bank, &found.file_name).await.map_err(Error::from)?;
    let row = payouts.store.file_finding(&found.bank, &found.file_name).await.map_err(Error::from)?;
    let resolution = file.zip(row).map(|(file, row)| wire::resolution::file_resolution(&file, &row));
    Ok(Response::new(pb::ResolveAchFileResponse { resolution, replayed }))
}

/// ListAchFiles.
pub async fn list_files(
    payouts: &Payouts,
    request: Request<pb::ListAchFilesRequest>,
) -> Result<Response<pb::ListAchFilesResponse>, Status> {
    let CallOfStaff { caller, request, .. } = CallOfStaff::read(request)?;
    let mut wrong = Violations::default();
    let (book, size) = (wrong.take(caller.book(&request.book)), wrong.take(wire::page_size(request.page_size)));
    let built = wrong.take(TimeRange::read(["created_from", "created_until"], request.created_from, request.created_until));
    let (Some(book), Some(size), Some(built)) = (book, size, built) else { return Err(wrong.into_status()) };
    let list = wire::ach::files_list(&book, request.in_doubt_only, &request.bank, built);
    let after = wire::after(&list, &request.page_token)?;
    let (in_doubt_only, bank, limit) = (request.in_doubt_only, request.bank.as_str(), page::rows_to_read(size));
    let mut rows =
        payouts.store.listed_files(&book, &ListedFiles { in_doubt_only, bank, built, after, limit }).await.map_err(Error::from)?;
    let next_page_token = list.cut(&mut rows, size, |(file, _)| (file.built_at_ms, file.page_id()));
    let mut files = Vec::with_capacity(rows.len());
    for (file, of_book) in &rows {
        let found = payouts.store.file_finding(&file.bank, &file.file_name).await.map_err(Error::from)?;
        files.push(wire::ach::file(file, *of_book, found.as_ref()));
    }
    Ok(Response::new(pb::ListAchFilesResponse { files, next_page_token }))
}

/// ListUnexplainedDebits.
pub async fn list_debits(
    payouts: &Payouts,
    request: Request<pb::ListUnexplainedDebitsRequest>,
) -> Result<Response<pb::ListUnexplainedDebitsResponse>, Status> {
    let CallOfStaff { caller, request, .. } = CallOfStaff::read(request)?;
    let mut wrong = Violations::default();
    let (book, size) = (wrong.take(caller.book(&request.book)), wrong.take(wire::page_size(request.page_size)));
    let standing = wrong.take(wire::debit::filter(request.state));
    let found = wrong.take(TimeRange::read(["created_from", "created_until"], request.created_from, request.created_until));
    let (Some(book), Some(size), Some(standing), Some(found)) = (book, size, standing, found) else { return Err(wrong.into_status()) };
    let list = wire::debit::debits_list(&book, standing, found);
    let listed = ListedDebits { standing, found, after: wire::after(&list, &request.page_token)?, limit: page::rows_to_read(size) };
    let mut rows = Vec::new();
    for debit in payouts.store.listed_debits(&book, listed).await.map_err(Error::from)? {
        let place = (debit.found_at_ms, debit.debit_id);
        rows.push((shown_debit(payouts, &book, &debit).await?, place));
    }
    let (debits, next_page_token) = list.cut_to_fit(rows, size);
    Ok(Response::new(pb::ListUnexplainedDebitsResponse { debits, next_page_token }))
}

async fn shown_debit(payouts: &Payouts, book: &BookName, debit: &UnexplainedDebit) -> Result<pb::UnexplainedDebit, Error> {
    let ids = payouts.store.candidates_of(debit.debit_id, book, CANDIDATES_SHOWN_MAX).await?;
    let mut candidates = payouts.store.recorded(&ids).await?;
    candidates.retain(|candidate| candidate.book == *book);
    candidates.sort_by_key(|candidate| candidate.payout_id);
    Ok(wire::debit::debit(debit, &candidates))
}

/// ResolveUnexplainedDebit.
pub async fn resolve_debit(
    payouts: &Payouts,
    request: Request<pb::ResolveUnexplainedDebitRequest>,
) -> Result<Response<pb::ResolveUnexplainedDebitResponse>, Status> {
    let call = CallOfStaff::read(request)?;
    let mut wrong = Violations::default();
    let by = call.by(&mut wrong, &call.request.book, &call.request.request_id);
    let found = wire::debit::found(by, &call.request, wrong)?;
    let books = &call.caller.principal.books;
    let replayed = payouts.store.settled(payouts.resolve_debit(&found, &|book| books.covers(book), SystemTime::now())).await?;
    let debit = match payouts.store.debit(found.debit_id).await.map_err(Error::from)? {
        Some((debit, _)) => Some(shown_debit(payouts, &found.by.book, &debit).await?),
        None => None,
    };
    Ok(Response::new(pb::ResolveUnexplainedDebitResponse { debit, replayed }))
}

/// SetPayoutTier.
pub async fn set_tier(
    payouts: &Payouts,
    request: Request<pb::SetPayoutTierRequest>,
) -> Result<Response<pb::SetPayoutTierResponse>, Status> {
    let call = CallOfStaff::read(request)?;
    let mut wrong = Violations::default();
    let by = call.by(&mut wrong, &call.request.book, &call.request.request_id);
    let user = wrong.take(wire::review::user(&call.request.user_id));
    let (Some(by), Some(user)) = (by, user) else { return Err(wrong.into_status()) };
    let replayed = payouts.store.settled(payouts.set_tier(&by, &user, &call.request.tier, SystemTime::now())).await?;
    let tier = payouts.store.tier(&by.book, &user).await.map_err(Error::from)?.unwrap_or_default();
    Ok(Response::new(pb::SetPayoutTierResponse { tier, replayed }))
}

/// ProposePayoutThreshold.
pub async fn propose_threshold(
    payouts: &Payouts,
    request: Request<pb::ProposePayoutThresholdRequest>,
) -> Result<Response<pb::ProposePayoutThresholdResponse>, Status> {
    let call = CallOfStaff::read(request)?;
    let mut wrong = Violations::default();
    let by = call.by(&mut wrong, &call.request.book, &call.request.request_id);
    let threshold = wrong.take(wire::review::threshold_asked(call.request.threshold.as_ref()));
    let (Some(by), Some(threshold)) = (by, threshold) else { return Err(wrong.into_status()) };
    let (row, replayed) = payouts.store.settled(payouts.propose_threshold(&by, threshold, SystemTime::now())).await?;
    Ok(Response::new(pb::ProposePayoutThresholdResponse { threshold: Some(wire::review::threshold(&row)), replayed }))
}

/// ApprovePayoutThreshold.
pub async fn approve_threshold(
    payouts: &Payouts,
    request: Request<pb::ApprovePayoutThresholdRequest>,
) -> Result<Response<pb::ApprovePayoutThresholdResponse>, Status> {
    let call = CallOfStaff::read(request)?;
    let mut wrong = Violations::default();
    let by = call.by(&mut wrong, &call.request.book, &call.request.request_id);
    let id = wrong.take(wire::uuid("threshold_id", &call.request.threshold_id));
    let (Some(by), Some(id)) = (by, id) else { return Err(wrong.into_status()) };
    let (row, replayed) = payouts.store.settled(payouts.approve_threshold(&by, id, SystemTime::now())).await?;
    Ok(Response::new(pb::ApprovePayoutThresholdResponse { threshold: Some(wire::review::threshold(&row)), replayed }))
}
