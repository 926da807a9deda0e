//! Unit tests of `wire::request`: accepted requests can be stored and read again.
use super::*;
use crate::domain::event::{Body, Posting};
use tonic::Status;

/// The field that the answer names first.
fn field(asked: Result<BookRequest, Error>) -> String {
    rpc::facts(&Status::from(asked.unwrap_err()))["field"].clone()
}

const SCOPE: IdScope<'_> = IdScope { book: "demo", subject: "" };

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
    assert_eq!(field(post(pb::PostRequest { guards, ..widest() }, SCOPE)), "guards");
    let transfers = vec![widest().transfers[0].clone(); 10_000];
    assert_eq!(field(post(pb::PostRequest { transfers, ..widest() }, SCOPE)), "transfers");
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
    assert_eq!(field(post(pb::PostRequest { guards, ..widest() }, SCOPE)), "guards.key");
}

#[test]
fn guards_are_kept_in_a_form_that_never_changes() {
    use pb::guard::Operation::{AdvanceTo, CapAt, CompareAndSet};
    let guards = [CompareAndSet(pb::CompareAndSet { expected: -1, next: 2 }), AdvanceTo(5), CapAt(7)];
    let guards = guards.into_iter().zip(0..).map(|(operation, at)| pb::Guard { key: format!("k{at}"), operation: Some(operation) });
    let request =
        post(pb::PostRequest { guards: guards.collect(), transfers: Vec::new(), effective_time: None, ..widest() }, SCOPE).unwrap();
    // As stored in journals of years ago.
    let kept = [
        ("guards[0]", "k0 Some(CompareAndSet(CompareAndSet { expected: -1, next: 2 }))"),
        ("guards[1]", "k1 Some(AdvanceTo(5))"),
        ("guards[2]", "k2 Some(CapAt(7))"),
        ("kind", "test"),
    ];
    assert_eq!(*request.fields, kept.map(|(name, value)| (name.to_owned(), value.to_owned())));
    // No field is made from the Debug output of a generated type.
    assert!(!include_str!("../request.rs").contains(":?}"));
}

/// A posting of 100 coins to one account per leg, with these details.
fn with(legs: Vec<pb::Transfer>) -> Result<BookRequest, Error> {
    let leg = |leg: pb::Transfer| pb::Transfer {
        debit_account: "viewer/u1/coins".to_owned(),
        credit_account: if leg.credit_account.is_empty() { "house/coins/redeemed".to_owned() } else { leg.credit_account },
        amount: if leg.rest_of == 0 { 100 } else { leg.amount },
        ..leg
    };
    post(pb::PostRequest { transfers: legs.into_iter().map(leg).collect(), guards: Vec::new(), ..widest() }, SCOPE)
}

#[test]
fn transfers_that_make_no_sense_are_malformed() {
    let up_to = || pb::Transfer { up_to: true, ..Default::default() };
    let rest = |rest_of| pb::Transfer { rest_of, ..Default::default() };
    assert_eq!(field(with(vec![pb::Transfer { allow_debt: true, ..up_to() }])), "transfers.up_to");
    // No earlier transfer, itself, a later one, one without `up_to`, a negative index.
    for (legs, at) in [(vec![], 1), (vec![up_to()], 2), (vec![up_to()], 3), (vec![Default::default()], 1), (vec![up_to()], -1)] {
        assert_eq!(field(with([legs, vec![rest(at)]].concat())), "transfers.rest_of", "{at}");
    }
    assert_eq!(field(with(vec![up_to(), rest(1), rest(1)])), "transfers.rest_of");
    assert_eq!(field(with(vec![up_to(), pb::Transfer { amount: 5, ..rest(1) }])), "transfers.amount");
    let end = Some(Timestamp { seconds: 1, nanos: 0 });
    assert_eq!(field(with(vec![pb::Transfer { expire_time: end, ..Default::default() }])), "transfers.expire_time");
    let strange = Some(Timestamp { seconds: i64::MAX, nanos: 0 });
    assert_eq!(field(with(vec![pb::Transfer { pending: true, expire_time: strange, ..Default::default() }])), "transfers.expire_time");
    // The rest of a rest, and of a hold, are allowed.
    let chained = with(vec![up_to(), pb::Transfer { up_to: true, ..rest(1) }, pb::Transfer { pending: true, ..rest(2) }]).unwrap();
    let Action::Post { transfers, .. } = chained.action else { panic!("no posting") };
    assert_eq!(transfers.iter().map(|t| (t.rest_of, t.amount.get())).collect::<Vec<_>>(), [(None, 100), (Some(0), 100), (Some(1), 100)]);
}

#[test]
fn everything_a_transfer_says_is_compared_on_retry() {
    let legs = [
        pb::Transfer::default(),
        pb::Transfer { up_to: true, ..Default::default() },
        pb::Transfer { pending: true, ..Default::default() },
        pb::Transfer { pending: true, expire_time: Some(Timestamp { seconds: 9, nanos: 0 }), ..Default::default() },
        pb::Transfer { pending: true, expire_time: Some(Timestamp { seconds: 9, nanos: 1000 }), ..Default::default() },
    ];
    let fields: Vec<RequestFields> = legs.into_iter().map(|leg| with(vec![leg]).unwrap().fields).collect();
    for (at, one) in fields.iter().enumerate() {
        assert!(fields[at + 1..].iter().all(|other| other != one), "{one:?}");
    }
}

#[test]
fn accounts_that_no_transfer_can_be_between_are_malformed_in_the_words_of_the_rule() {
    let message = |credit: &str| {
        let asked = with(vec![pb::Transfer { credit_account: credit.to_owned(), ..Default::default() }]);
        Status::from(asked.unwrap_err()).message().to_owned()
    };
    let says = |why: &str| format!("MALFORMED: must be between two accounts of one unit: {why} (field=transfers)");
    assert_eq!(message("viewer/u1/coins"), says("debit and credit account are the same"));
    assert_eq!(message("creator/c1/diamonds"), says("viewer/u1/coins is in COIN, creator/c1/diamonds in DIAMOND"));
    // Before anything else that is wrong with it.
    let worse = pb::Transfer { credit_account: "viewer/u1/coins".to_owned(), allow_debt: true, up_to: true, ..Default::default() };
    assert_eq!(field(with(vec![worse])), "transfers");
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let sent = pb::PostRequest {
        request_id: "x".to_owned(),
        kind: "No".to_owned(),
        transfers: vec![pb::Transfer::default()],
        guards: vec![pb::Guard::default()],
        refusal: "no".to_owned(),
        effective_time: Some(Timestamp { seconds: 0, nanos: -1 }),
        ..Default::default()
    };
    let status = Status::from(post(sent, SCOPE).unwrap_err());
    let violations = rpc::violations(&status);
    let fields: Vec<_> = violations.iter().map(|(field, _)| field.as_str()).collect();
    let transfer = ["transfers.debit_account", "transfers.credit_account"];
    assert_eq!(fields, [&["request_id", "effective_time", "kind"][..], &transfer, &["guards.key", "refusal"]].concat());
    assert!(violations.iter().all(|(_, why)| why.starts_with("must ")), "{violations:?}");
}
