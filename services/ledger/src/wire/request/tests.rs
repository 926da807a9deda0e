//! Unit tests of `wire::request`: what is taken can be kept and read again.
use super::*;
use crate::domain::event::{Body, Posting};
use uuid::Uuid;

const SCOPE: Scope<'_> = Scope { book: "demo", subject: "" };

fn widest() -> pb::PostRequest {
    let user = "u".repeat(64);
    let transfer = |at: i64| pb::Transfer {
        debit_account: "house/coins/issued".to_owned(),
        credit_account: format!("viewer/{user}/coins"),
        amount: at + 1,
        ..Default::default()
    };
    let guard = |at: usize| pb::Guard {
        key: format!("{at}{}", "k".repeat(GUARD_KEY_BYTES_MAX - 1)),
        operation: Some(pb::guard::Operation::CapAt(i64::MAX)),
    };
    pb::PostRequest {
        request_id: Uuid::from_u128(7).to_string(),
        kind: "test".to_owned(),
        transfers: (0..).map(transfer).take(LEGS_MAX).collect(),
        guards: (0..GUARDS_MAX).map(guard).collect(),
        effective_time: Some(Timestamp { seconds: 1, nanos: 0 }),
        ..Default::default()
    }
}

#[test]
fn the_widest_posting_without_fields_of_its_own_can_be_read_again() {
    let request = post(widest(), SCOPE).unwrap();
    let body = Body::Posting(Posting { kind: request.kind, fields: request.fields, ..Posting::default() });
    assert_eq!(codec::decode(&codec::encode(&body)), Ok(body));
}

#[test]
fn too_many_guards_or_transfers_are_malformed_whatever_fields_they_would_make() {
    let guards = vec![widest().guards[0].clone(); 10_000];
    assert!(matches!(post(pb::PostRequest { guards, ..widest() }, SCOPE), Err(Error::Malformed { field: "guards", .. })));
    let transfers = vec![widest().transfers[0].clone(); 10_000];
    assert!(matches!(post(pb::PostRequest { transfers, ..widest() }, SCOPE), Err(Error::Malformed { field: "transfers", .. })));
}

#[test]
fn sent_fields_are_bounded_by_what_was_sent() {
    let field = |at: usize, bytes| pb::RequestField { name: format!("f{at}"), value: "v".repeat(bytes) };
    let with = |fields| post(pb::PostRequest { request_fields: fields, ..widest() }, SCOPE);
    assert!(with((0..FIELDS_MAX).map(|at| field(at, 100)).collect()).is_ok());
    assert!(with((0..=FIELDS_MAX).map(|at| field(at, 1)).collect()).is_err());
    assert!(with((0..9).map(|at| field(at, 500)).collect()).is_err());
    assert!(with(vec![field(1, 1), field(1, 1)]).is_err());
}

#[test]
fn a_guard_key_that_one_database_cannot_hold_is_refused_by_both() {
    let guards = vec![pb::Guard { key: "k\0".to_owned(), operation: Some(pb::guard::Operation::CapAt(1)) }];
    assert!(matches!(post(pb::PostRequest { guards, ..widest() }, SCOPE), Err(Error::Malformed { field: "guards.key", .. })));
}
