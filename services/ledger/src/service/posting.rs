//! RPCs that post.

use super::{BookCall, Service, uuid};
use crate::{
    answer::{AnswerResult, BookAnswer},
    domain::request::{Action, BookRequest},
    error::Error,
    read::NamedPosting,
    wire::{self, malformed},
};
use api::ledger as pb;
use money::Amount;
use rpc::Violations;
use tonic::{Request, Status};

pub(super) fn posting(outcome: AnswerResult) -> Result<(pb::Posting, bool), Error> {
    told(outcome, wire::posting)
}

fn told(outcome: AnswerResult, tell: fn(NamedPosting) -> pb::Posting) -> Result<(pb::Posting, bool), Error> {
    match outcome? {
        BookAnswer::Posted { posted, replayed } => Ok((tell(*posted), replayed)),
        BookAnswer::Done => Err(Error::OutcomeUnknown),
    }
}

fn transfer_no(no: i64) -> Result<i64, Error> {
    if no > 0 { Ok(no) } else { Err(malformed("transfer_no", "must be 1 or more")) }
}

/// Posts many, each with its own outcome. A malformed item is refused by itself and does not affect the rest.
pub(super) async fn batch(
    place: &BookCall,
    sent: Vec<pb::PostRequest>,
    tell: fn(NamedPosting) -> pb::Posting,
    read: impl Fn(pb::PostRequest) -> Result<BookRequest, Error>,
) -> Result<Vec<pb::PostBatchOutcome>, Status> {
    if sent.is_empty() || sent.len() > wire::BATCH_MAX {
        return Err(malformed("posts", format!("must have 1 to {} posts", wire::BATCH_MAX)).into());
    }
    let mut asked = Vec::with_capacity(sent.len());
    let mut wrong: Vec<Option<Error>> = Vec::with_capacity(sent.len());
    for post in sent {
        let here = post.book.is_empty() || post.book == place.book.as_str();
        match if here { read(post) } else { Err(malformed("posts.book", "must be the batch's or empty")) } {
            Ok(item) => {
                asked.push(item);
                wrong.push(None);
            }
            Err(error) => wrong.push(Some(error)),
        }
    }
    let mut outcomes = place.handle.submit_many(asked).await?;
    // If every item was refused because another process writes, the call as a whole fails: a proxy can then look for the writer.
    if let Some(at) = outcomes.iter().position(|outcome| matches!(outcome, Err(Error::NotTheWriter(_))))
        && outcomes.iter().all(|outcome| matches!(outcome, Err(Error::NotTheWriter(_))))
        && let Err(error) = outcomes.swap_remove(at)
    {
        return Err(error.into());
    }
    let mut outcomes = outcomes.into_iter();
    let outcomes = wrong.into_iter().map(|wrong| {
        let outcome = match wrong {
            Some(error) => Err(error),
            None => outcomes.next().unwrap_or(Err(Error::OutcomeUnknown)),
        };
        let outcome = match told(outcome, tell) {
            Ok((posting, replayed)) => pb::post_batch_outcome::Outcome::Accepted(pb::PostResponse { posting: Some(posting), replayed }),
            Err(error) => pb::post_batch_outcome::Outcome::Refused(wire::batch_refusal(error)),
        };
        pb::PostBatchOutcome { outcome: Some(outcome) }
    });
    Ok(outcomes.collect())
}

impl Service {
    pub(super) async fn post(&self, request: Request<pb::PostRequest>) -> Result<pb::PostResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let asked = wire::post(request.into_inner(), place.scope())?;
        let asked = place.rights.for_request(&place.handle, &asked).await?.post(asked)?;
        let (posting, replayed) = posting(place.handle.submit(asked).await)?;
        Ok(pb::PostResponse { posting: Some(posting), replayed })
    }

    pub(super) async fn post_batch(&self, request: Request<pb::PostBatchRequest>) -> Result<pb::PostBatchResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let pb::PostBatchRequest { posts, brief, .. } = request.into_inner();
        let tell = if brief { wire::brief_posting } else { wire::posting };
        let outcomes =
            batch(&place, posts, tell, |post| wire::post(post, place.scope()).and_then(|asked| place.rights.post(asked))).await?;
        // Everything is committed by now, perhaps long ago: an answer too large for the caller would be the same on every retry.
        Ok(wire::readable(pb::PostBatchResponse { outcomes, brief }))
    }

    pub(super) async fn post_pending(&self, request: Request<pb::PostPendingRequest>) -> Result<pb::PostPendingResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        let mut wrong = Violations::default();
        let id = wrong.take(wire::event_id(&sent.request_id, wire::POST_PENDING, place.scope()));
        let no = wrong.take(transfer_no(sent.transfer_no));
        let amount = wrong.take(match sent.amount {
            0 => Ok(None),
            amount => Amount::try_new(amount).map(Some).map_err(|why| malformed("amount", why.must())),
        });
        let own = || vec![("amount".to_owned(), sent.amount.to_string()), ("transfer_no".to_owned(), sent.transfer_no.to_string())];
        let (fields, kind) = (wrong.take(wire::fields(sent.request_fields, own)), wrong.take(wire::kind(sent.kind)));
        let (Some(id), Some(transfer_no), Some(amount), Some(fields), Some(kind)) = (id, no, amount, fields, kind) else {
            return Err(wrong.into_status());
        };
        let action = Action::PostPending { transfer_no, amount };
        let asked = BookRequest { dry_run: sent.dry_run, ..BookRequest::new(id, fields, kind, action) };
        let asked = place.rights.resolve(&place.handle, asked).await?;
        let (posting, replayed) = posting(place.handle.submit(asked).await)?;
        Ok(pb::PostPendingResponse { posting: Some(posting), replayed })
    }

    pub(super) async fn void_pending(&self, request: Request<pb::VoidPendingRequest>) -> Result<pb::VoidPendingResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        let mut wrong = Violations::default();
        let id = wrong.take(wire::event_id(&sent.request_id, chart::id::VOID_PENDING, place.scope()));
        let no = wrong.take(transfer_no(sent.transfer_no));
        let own = || wire::void_fields(sent.transfer_no, &sent.guards);
        let fields = wrong.take(wire::fields(sent.request_fields, own));
        let (kind, guards) = (wrong.take(wire::kind(sent.kind)), wrong.take(wire::adding_guards(sent.guards.clone())));
        let (Some(id), Some(transfer_no), Some(fields), Some(kind), Some(guards)) = (id, no, fields, kind, guards) else {
            return Err(wrong.into_status());
        };
        let action = Action::VoidPending { transfer_no, guards };
        let asked = BookRequest { dry_run: sent.dry_run, ..BookRequest::new(id, fields, kind, action) };
        let asked = place.rights.resolve(&place.handle, asked).await?;
        let (posting, replayed) = posting(place.handle.submit(asked).await)?;
        Ok(pb::VoidPendingResponse { posting: Some(posting), replayed })
    }

    pub(super) async fn reverse(&self, request: Request<pb::ReverseRequest>) -> Result<pb::ReverseResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        let mut wrong = Violations::default();
        let id = wrong.take(wire::event_id(&sent.request_id, chart::id::REVERSE, place.scope()));
        let source = wrong.take(uuid(&sent.posting_id, "posting_id"));
        let named = source.unwrap_or_default().to_string();
        let own = || vec![("allow_debt".to_owned(), sent.allow_debt.to_string()), ("posting_id".to_owned(), named)];
        let (fields, kind) = (wrong.take(wire::fields(sent.request_fields, own)), wrong.take(wire::kind(sent.kind)));
        let (Some(id), Some(source), Some(fields), Some(kind)) = (id, source, fields, kind) else { return Err(wrong.into_status()) };
        let action = Action::Reverse { posting: source, allow_debt: sent.allow_debt };
        let asked = BookRequest { dry_run: sent.dry_run, ..BookRequest::new(id, fields, kind, action) };
        let asked = place.rights.for_request(&place.handle, &asked).await?.reverse(&place.handle, asked).await?;
        let (posting, replayed) = posting(place.handle.submit(asked).await)?;
        Ok(pb::ReverseResponse { posting: Some(posting), replayed })
    }
}
