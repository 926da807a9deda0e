//! The handlers of events of stores that wait for a person.

use std::time::SystemTime;

use api::purchase::{
    self as pb, EndStoreEventRequest, EndStoreEventResponse, ListStoreEventsRequest, ListStoreEventsResponse, StoreCase as WireCase,
};
use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use money::{BookName, RequestId, UserKey};
use rpc::page::{InvalidPageToken, PagedList};
use rpc::wire::timestamp_ms;
use rpc::{Violations, page};
use tonic::{Request, Response, Status};

use crate::domain::StoreKind;
use crate::domain::event::EventState;
use crate::error::Error;
use crate::purchases::Purchases;
use crate::store::cases::{self, StoreCase, StoreCaseFilter};
use crate::stores::ID_BYTES_MAX;
use crate::wire::{
    self,
    checkout::{named_store, store_kind},
};

/// Name under which request ids are kept.
const END: &str = "EndStoreEvent";
/// Longest note, in bytes.
const NOTE_BYTES_MAX: usize = 500;

fn state(of: EventState) -> pb::StoreEventState {
    match of {
        EventState::New => pb::StoreEventState::New,
        EventState::Kept => pb::StoreEventState::Kept,
        EventState::Noted => pb::StoreEventState::Noted,
        EventState::WaitsForRefunds => pb::StoreEventState::WaitsForRefunds,
        EventState::WaitsForStaff => pb::StoreEventState::WaitsForStaff,
        EventState::Unknown => pb::StoreEventState::Unknown,
        EventState::Ownerless => pb::StoreEventState::Ownerless,
        EventState::Refused => pb::StoreEventState::Refused,
        EventState::Ended => pb::StoreEventState::Ended,
    }
}

fn wire(case: &StoreCase) -> WireCase {
    let event = &case.event;
    WireCase {
        store_kind: store_kind(event.store).into(),
        event_id: event.event_id.clone(),
        kind: event.kind.clone(),
        subtype: event.subtype.clone(),
        state: state(event.state).into(),
        bundle_id: event.bundle_id.clone(),
        transaction_id: event.transaction_id.clone(),
        note: case.note.clone(),
        report_time: (event.signed_at_ms > 0).then(|| timestamp_ms(event.signed_at_ms)),
        receive_time: Some(timestamp_ms(case.received_at_ms)),
    }
}

/// The state that a request names; none for any in which an event waits.
fn named_state(number: i32) -> Result<Option<EventState>, Status> {
    let wrong = || rpc::malformed("state", "must be one of the states in which an event waits for something else than being read");
    let named = pb::StoreEventState::try_from(number).map_err(|_| wrong())?;
    if named == pb::StoreEventState::Unspecified {
        return Ok(None);
    }
    let waits = |of: &EventState| !of.is_over() && *of != EventState::New;
    EventState::ALL.into_iter().find(|of| state(*of) == named).filter(waits).map(Some).ok_or_else(wrong)
}

pub(super) async fn list(
    purchases: &Purchases,
    request: Request<ListStoreEventsRequest>,
) -> Result<Response<ListStoreEventsResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let book = wrong.take(caller.book(&request.book));
    let store = wrong.take(named_store(request.store_kind));
    let state = wrong.take(named_state(request.state));
    let size = wrong.take(wire::page_size(request.page_size));
    let (Some(book), Some(store), Some(state), Some(size)) = (book, store, state, size) else { return Err(wrong.into_status()) };
    let filter = [store.map_or("", StoreKind::as_str), state.map_or("", EventState::name)];
    let list = PagedList::new("ListStoreEvents", book.as_str(), &filter);
    let after = list.position(&request.page_token).map_err(|InvalidPageToken| Error::PageToken)?;
    let found = purchases.store.cases(&book, StoreCaseFilter { store, state }, after, page::rows_to_read(size)).await;
    let mut found = found.map_err(Error::from)?;
    let next_page_token = list.cut(&mut found, size, StoreCase::place);
    Ok(Response::new(ListStoreEventsResponse { events: found.iter().map(wire).collect(), next_page_token }))
}

pub(super) async fn end(purchases: &Purchases, request: Request<EndStoreEventRequest>) -> Result<Response<EndStoreEventResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let request_id = wrong.take(RequestId::parse(&request.request_id).map_err(|error| rpc::malformed("request_id", &error.must())));
    let book = wrong.take(caller.book(&request.book));
    let must = || rpc::malformed("store_kind", "must be given");
    let store = wrong.take(named_store(request.store_kind).and_then(|store| store.ok_or_else(must)));
    let within = |text: &str, most: usize| (1..=most).contains(&text.len()) && money::text::is_plain(text);
    for (field, fits, must) in [
        ("event_id", within(&request.event_id, ID_BYTES_MAX), "must have 1 to 255 bytes and no control characters"),
        ("note", within(&request.note, NOTE_BYTES_MAX), "must have 1 to 500 bytes and no control characters"),
    ] {
        if !fits {
            wrong.add(rpc::malformed(field, must));
        }
    }
    let is_whole = within(&request.event_id, ID_BYTES_MAX) && within(&request.note, NOTE_BYTES_MAX);
    let (Some(request_id), Some(book), Some(store), true) = (request_id, book, store, is_whole) else { return Err(wrong.into_status()) };
    let (case, replayed) = ended(purchases, &book, &caller.principal.subject, &request_id, store, &request).await?;
    Ok(Response::new(EndStoreEventResponse { event: Some(wire(&case)), replayed }))
}

async fn ended(
    purchases: &Purchases,
    book: &BookName,
    subject: &UserKey,
    request_id: &RequestId,
    store: StoreKind,
    asked: &EndStoreEventRequest,
) -> Result<(StoreCase, bool), Error> {
    let now = SystemTime::now();
    let key = RequestKey { book, subject, rpc: END, request_id };
    let fields = SentFields::new().with("store_kind", asked.store_kind).with("event_id", &asked.event_id).with("note", &asked.note);
    let event_id = asked.event_id.as_str();
    let unknown = || Error::StoreEventUnknown(asked.event_id.clone());
    let mut tx = purchases.store.begin().await?;
    let replayed = match requests::begin(&mut tx, key, &fields, now).await.map_err(crate::store::Error::from)? {
        RequestStanding::Reused { differing } => return Err(Error::RequestIdReused { differing }),
        RequestStanding::Replay(_) => true,
        RequestStanding::New | RequestStanding::Unfinished { .. } => {
            let found = cases::find(&mut tx, book, store, event_id).await?.ok_or_else(unknown)?;
            if !cases::end(&mut tx, store, event_id, &format!("ended: {}", asked.note)).await? {
                return Err(Error::StoreEventNotWaiting { event_id: asked.event_id.clone(), state: found.event.state.name() });
            }
            let outcome = KeptAnswer::done();
            requests::finish(&mut tx, key, &outcome, now).await.map_err(crate::store::Error::from)?;
            false
        }
    };
    let case = cases::find(&mut tx, book, store, event_id).await?.ok_or_else(unknown)?;
    tx.commit().await.map_err(crate::store::Error::from)?;
    Ok((case, replayed))
}
