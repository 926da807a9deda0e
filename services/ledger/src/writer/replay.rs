//! Answers a retry with the first answer: read from the store after the commit that might contain it.

use super::ReplayJob;
use crate::{
    answer::{AnswerResult, BookAnswer},
    book::submission::Job,
    domain::{
        event::{Body, Event},
        request::{BookRequest, RequestFields},
    },
    error::Error,
    store::{IdMeaning, Store},
};
use chart::imported::IMPORTED_ID;
use std::sync::Arc;

pub(super) async fn answer(store: Arc<dyn Store>, book: i64, replays: Vec<ReplayJob>) {
    for ReplayJob { job: Job { request, reply, .. }, known } in replays {
        reply.send(first_answer(&*store, book, &request, known).await);
    }
}

async fn first_answer(store: &dyn Store, book: i64, request: &BookRequest, known: IdMeaning) -> AnswerResult {
    let fields = &request.fields;
    match known {
        IdMeaning::Refusal(row) => {
            same(fields, &row.fields)?;
            Err(Error::Refused(row.told))
        }
        IdMeaning::Event(seq) => {
            let event = store.events(book, seq, 1).await?.into_iter().next().map(|stored| stored.event);
            let event = event.filter(|event| event.seq == seq).ok_or(Error::OutcomeUnknown)?;
            match &event.body {
                Body::Posting(posting) if request.historical => same(&as_first(fields, &posting.fields), &posting.fields)?,
                Body::Posting(posting) => same(fields, &posting.fields)?,
                Body::AccountStateSet { fields: first, .. } | Body::LimitSet { fields: first, .. } => same(fields, first)?,
                Body::AccountOpened { .. } | Body::HoldExpired => {}
            }
            told(store, book, event).await
        }
    }
}

async fn told(store: &dyn Store, book: i64, event: Event) -> AnswerResult {
    // An expired hold is shown to readers as a posting, but it was nobody's request.
    if !matches!(event.body, Body::Posting(_)) {
        return Ok(BookAnswer::Done);
    }
    let posted = crate::read::named(store, book, event).await?;
    Ok(posted.map_or(BookAnswer::Done, |posted| BookAnswer::Posted { posted: Box::new(posted), replayed: true }))
}

/// An import's fields as the program that imported it first would have kept them: older versions did not mark it.
fn as_first(sent: &RequestFields, first: &RequestFields) -> RequestFields {
    if first.iter().any(|(name, _)| name == IMPORTED_ID) {
        return sent.clone();
    }
    RequestFields::new(sent.iter().filter(|(name, _)| name != IMPORTED_ID).cloned().collect())
}

/// Names the fields in which a retry differs from the first request. Both are sorted by name.
fn same(sent: &RequestFields, first: &RequestFields) -> Result<(), Error> {
    if sent == first {
        return Ok(());
    }
    let differs = |(name, value): &&(String, String), others: &RequestFields| !others.iter().any(|(n, v)| n == name && v == value);
    let sent_only = sent.iter().filter(|field| differs(field, first));
    let first_only = first.iter().filter(|field| differs(field, sent));
    let mut differing: Vec<String> = sent_only.chain(first_only).map(|(name, _)| name.clone()).collect();
    differing.sort_unstable();
    differing.dedup();
    Err(Error::RequestIdReused { differing })
}
