//! How large answers get, and what a brief one includes.
use super::*;
use crate::{domain::event::LEGS_MAX, wire::BATCH_MAX};
use pb::post_batch_outcome::Outcome;
use prost_types::Timestamp;

const LONG: &str = "house/accrued_creator_liability_with_a_name_longer_than_any_of_the_chart_of_accounts/COIN";

/// An account with every field as large as it gets.
fn account() -> pb::Account {
    pb::Account {
        account: LONG.to_owned(),
        unit: "DIAMOND".to_owned(),
        state: pb::AccountState::Closed.into(),
        debits_must_not_exceed_credits: true,
        debits_posted: i64::MAX,
        credits_posted: i64::MAX,
        debits_pending: i64::MAX,
        credits_pending: i64::MAX,
        balance: -1,
        available: -1,
        balance_seq: i64::MAX,
        limits: Vec::new(),
    }
}

fn largest() -> pb::Posting {
    let transfer = pb::PostedTransfer {
        debit_account: LONG.to_owned(),
        credit_account: LONG.to_owned(),
        amount: i64::MAX,
        unit: "DIAMOND".to_owned(),
        debit_after: Some(account()),
        credit_after: Some(account()),
        transfer_no: i64::MAX,
        pending: true,
        released: true,
    };
    let time = || Some(Timestamp { seconds: 253_402_300_799, nanos: 999_999_000 });
    pb::Posting {
        posting_id: uuid::Uuid::max().to_string(),
        seq: i64::MAX,
        kind: "k".repeat(64),
        transfers: vec![transfer; LEGS_MAX],
        guards: Vec::new(),
        request_fields: vec![pb::RequestField { name: "n".repeat(64), value: "v".repeat(4_000) }],
        commit_time: time(),
        effective_time: time(),
    }
}

fn batch(of: usize, posting: &pb::Posting) -> pb::PostBatchResponse {
    let accepted = Outcome::Accepted(pb::PostResponse { posting: Some(posting.clone()), replayed: true });
    pb::PostBatchResponse { outcomes: vec![pb::PostBatchOutcome { outcome: Some(accepted) }; of], brief: false }
}

#[test]
fn the_largest_batch_there_can_be_is_answered_with_what_every_client_reads() {
    let full = batch(BATCH_MAX, &largest());
    assert!(full.encoded_len() > rpc::MESSAGE_BYTES_MAX, "{}", full.encoded_len());
    let told = readable(full);
    assert!(told.brief);
    assert!(told.encoded_len() <= rpc::ANSWER_BYTES_MAX, "{}", told.encoded_len());
    let Some(Outcome::Accepted(first)) = &told.outcomes[0].outcome else { panic!("{:?}", told.outcomes[0]) };
    let posting = first.posting.as_ref().unwrap();
    assert_eq!((first.replayed, posting.posting_id.as_str(), posting.transfers.len()), (true, largest().posting_id.as_str(), LEGS_MAX));
    assert_eq!((posting.transfers[0].amount, posting.transfers[0].debit_after.as_ref().unwrap().balance), (i64::MAX, -1));
}

#[test]
fn a_batch_of_refusals_is_answered_with_what_every_client_reads() {
    let differing = (0..32).map(|at| format!("{at:064}")).collect();
    let guard = KeptRefusal {
        reason: "GUARD_MISMATCH".to_owned(),
        facts: vec![("guard".to_owned(), "g".repeat(256)), ("expected".to_owned(), i64::MIN.to_string())],
    };
    let own = KeptRefusal { reason: "R".repeat(64), facts: vec![("detail".to_owned(), "d".repeat(512))] };
    for error in [Error::RequestIdReused { differing }, Error::Refused(guard), Error::Refused(own)] {
        let outcome = pb::PostBatchOutcome { outcome: Some(Outcome::Refused(batch_refusal(error))) };
        let told = readable(pb::PostBatchResponse { outcomes: vec![outcome; BATCH_MAX], brief: false });
        assert!(told.encoded_len() <= rpc::ANSWER_BYTES_MAX, "{}: {:?}", told.encoded_len(), told.outcomes[0]);
    }
}

#[test]
fn what_can_be_read_is_told_in_full() {
    let full = batch(10, &largest());
    assert_eq!(readable(full.clone()), full);
}
