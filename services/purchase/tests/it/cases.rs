//! What stores reported and a person has to act on: listed in pages, ended once, deleted when it is over for long enough and nothing needs it.

use std::time::{Duration, SystemTime};

use api::purchase::{EndStoreEventRequest, EndStoreEventResponse, ListStoreEventsRequest, StoreCase, StoreEventState, StoreKind};
use identity::Role;
use sandbox::store::StoreNotification;
use testbed::Storage;

use crate::fixture::{self, BOOK, Fixture, new_id, reason};
use crate::listening::Listening;
use crate::notified::{kept, later, sale};
use crate::refunds::{about, bought, settle};

async fn both() -> [Fixture; 2] {
    [fixture::on(Storage::sqlite()).await, fixture::on(Storage::postgres()).await]
}

async fn page(fixture: &Fixture, asked: ListStoreEventsRequest) -> Result<(Vec<StoreCase>, String), tonic::Status> {
    let answer = fixture.client().list_store_events(fixture.with_role("helper", Role::Support, BOOK, asked)).await?.into_inner();
    Ok((answer.events, answer.next_page_token))
}

pub async fn listed(fixture: &Fixture, state: StoreEventState) -> Vec<StoreCase> {
    let asked = ListStoreEventsRequest { state: state.into(), ..Default::default() };
    page(fixture, asked).await.unwrap().0
}

fn ending(case: &StoreCase) -> EndStoreEventRequest {
    EndStoreEventRequest {
        request_id: new_id(),
        store_kind: case.store_kind,
        event_id: case.event_id.clone(),
        note: "called the parent".to_owned(),
        ..Default::default()
    }
}

async fn end(fixture: &Fixture, role: Role, message: EndStoreEventRequest) -> Result<EndStoreEventResponse, tonic::Status> {
    fixture.client().end_store_event(fixture.with_role("helper", role, BOOK, message)).await.map(tonic::Response::into_inner)
}

/// What the program reads itself, what is not there, and who may not.
async fn only_what_waits_is_ended(fixture: &Fixture, waiting: &StoreCase) {
    let refund = listed(fixture, StoreEventState::WaitsForRefunds).await.remove(0);
    assert_eq!(reason(end(fixture, Role::Support, ending(&refund)).await), "STORE_EVENT_NOT_WAITING");
    let strange = EndStoreEventRequest { event_id: "nobodys".to_owned(), ..ending(waiting) };
    assert_eq!(reason(end(fixture, Role::Support, strange).await), "STORE_EVENT_UNKNOWN");
    let of_another = EndStoreEventRequest { store_kind: StoreKind::Google.into(), ..ending(waiting) };
    assert_eq!(reason(end(fixture, Role::Support, of_another).await), "STORE_EVENT_UNKNOWN");
    assert_eq!(reason(end(fixture, Role::Viewer, ending(waiting)).await), "PERMISSION_DENIED");
    assert_eq!(reason(end(fixture, Role::Auditor, ending(waiting)).await), "PERMISSION_DENIED");
    for wrong in [
        EndStoreEventRequest { note: String::new(), ..ending(waiting) },
        EndStoreEventRequest { note: "x".repeat(501), ..ending(waiting) },
        EndStoreEventRequest { event_id: String::new(), ..ending(waiting) },
        EndStoreEventRequest { store_kind: 0, ..ending(waiting) },
        EndStoreEventRequest { store_kind: 99, ..ending(waiting) },
    ] {
        assert_eq!(reason(end(fixture, Role::Support, wrong).await), "MALFORMED");
    }
}

#[tokio::test]
async fn what_waits_is_listed_in_pages_and_ended_once() {
    for fixture in both().await {
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let said = sale(&fixture, "ann").await;
        let kinds = ["RESCIND_CONSENT", "EXTERNAL_PURCHASE_TOKEN", "COINS_FELL_FROM_THE_SKY", "CONSUMPTION_REQUEST", "REVOKE", "TEST"];
        for kind in kinds.iter().chain(&kinds[..3]) {
            assert_eq!(http.say(&fixture, &StoreNotification { notification_type: (*kind).to_owned(), ..said.clone() }).await, 200);
        }
        // All in one millisecond, which a page divides.
        sqlx::query("UPDATE store_event SET received_at_ms = 1000").execute(&fixture.pool().await).await.unwrap();
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let asked = ListStoreEventsRequest { page_size: 2, page_token: token, ..Default::default() };
            let (events, next) = page(&fixture, asked).await.unwrap();
            seen.extend(events.into_iter().map(|event| event.event_id));
            token = next;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen.len(), 7, "REVOKE and TEST are over");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 7, "each once");
        assert_eq!(listed(&fixture, StoreEventState::Unknown).await.len(), 2);
        let of_google = ListStoreEventsRequest { store_kind: StoreKind::Google.into(), ..Default::default() };
        assert!(page(&fixture, of_google).await.unwrap().0.is_empty());
        let waiting = listed(&fixture, StoreEventState::WaitsForStaff).await;
        assert_eq!(waiting.len(), 4);
        let request = ending(&waiting[0]);
        for replayed in [false, true] {
            let answer = end(&fixture, Role::Support, request.clone()).await.unwrap();
            let event = answer.event.unwrap();
            assert_eq!(
                (answer.replayed, event.state(), event.note.as_str()),
                (replayed, StoreEventState::Ended, "ended: called the parent")
            );
        }
        assert_eq!(
            reason(end(&fixture, Role::Support, EndStoreEventRequest { note: "x".to_owned(), ..request }).await),
            "REQUEST_ID_REUSED"
        );
        assert_eq!(reason(end(&fixture, Role::Support, ending(&waiting[0])).await), "STORE_EVENT_NOT_WAITING");
        assert_eq!(listed(&fixture, StoreEventState::WaitsForStaff).await.len(), 3);
        only_what_waits_is_ended(&fixture, &waiting[1]).await;
        for wrong in [StoreEventState::New, StoreEventState::Kept, StoreEventState::Ended] {
            assert_eq!(reason(page(&fixture, ListStoreEventsRequest { state: wrong.into(), ..Default::default() }).await), "MALFORMED");
        }
        let token = ListStoreEventsRequest { page_token: "x".to_owned(), ..Default::default() };
        assert_eq!(reason(page(&fixture, token).await), "PAGE_TOKEN");
        // A repeated delivery is still the same event.
        assert!(kept(&fixture).await.iter().any(|(.., note)| note == "ended: called the parent"));
    }
}

/// The kinds that are left of what the store said, in order.
async fn left(fixture: &Fixture) -> Vec<String> {
    let mut kinds: Vec<String> = kept(fixture).await.into_iter().map(|(kind, ..)| kind).collect();
    kinds.sort();
    kinds
}

#[tokio::test]
async fn what_is_over_is_deleted_in_time_and_what_anything_needs_is_not() {
    for fixture in both().await {
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let (done, _) = bought(&fixture, "ann").await;
        let (open, _) = bought(&fixture, "bob").await;
        for said in [&done, &open] {
            for kind in ["ONE_TIME_CHARGE", "REFUND_DECLINED"] {
                assert_eq!(http.say(&fixture, &about(said, kind, 0)).await, 200);
            }
        }
        let (other, _) = bought(&fixture, "cat").await;
        assert_eq!(http.say(&fixture, &about(&other, "ONE_TIME_CHARGE", 0)).await, 200);
        // This refund has no sale, and waits for it.
        let strange = StoreNotification { transaction_id: "77".to_owned(), ..about(&done, "REFUND", 0) };
        assert_eq!(http.say(&fixture, &strange).await, 200);
        for said in [&open, &done] {
            assert_eq!(http.say(&fixture, &about(said, "COINS_FELL_FROM_THE_SKY", 0)).await, 200);
        }
        let of_ann = |case: &StoreCase| case.transaction_id == done.transaction_id;
        let unknown = listed(&fixture, StoreEventState::Unknown).await.into_iter().find(of_ann).unwrap();
        fixture.service.sweep(later()).await.unwrap();
        settle(&fixture).await;
        let before = left(&fixture).await;
        fixture.service.sweep(later()).await.unwrap();
        assert_eq!(left(&fixture).await, before, "nothing is old");
        let long = SystemTime::now() + Duration::from_secs(401 * 86_400);
        fixture.service.sweep(long).await.unwrap();
        fixture.service.sweep(long).await.unwrap();
        let strange_kind = "COINS_FELL_FROM_THE_SKY";
        let needed = [strange_kind, strange_kind, "ONE_TIME_CHARGE", "ONE_TIME_CHARGE", "REFUND", "REFUND_DECLINED", "REFUND_DECLINED"];
        assert_eq!(left(&fixture).await, needed, "what waits needs what was said of its transaction, and of a refund without a sale");
        let payload = "SELECT payload FROM store_event WHERE event_id = $1";
        let payload: String = sqlx::query_scalar(payload).bind(&unknown.event_id).fetch_one(&fixture.pool().await).await.unwrap();
        assert_eq!(payload, "", "what nobody reads names nobody after that time");
        // Ended, it is over, and what was said of its transaction goes as well.
        let request = fixture.with_role("helper", Role::Support, BOOK, ending(&unknown));
        fixture.client().end_store_event(request).await.unwrap();
        fixture.service.sweep(long).await.unwrap();
        assert_eq!(left(&fixture).await, [strange_kind, "ONE_TIME_CHARGE", "REFUND", "REFUND_DECLINED"]);
        // The same notification once more is read again, and changes nothing.
        assert_eq!(http.say(&fixture, &about(&done, "ONE_TIME_CHARGE", 0)).await, 200);
        fixture.service.sweep(later()).await.unwrap();
        assert_eq!(fixture.coins("ann").await, 70);
    }
}
