//! Unit tests of `recall`.
use super::*;

const POLICY: RetryPolicy = RetryPolicy { retry_delay_ms: 100, retry_delay_max_ms: 5_000, clock_skew_ms: 0, sends_max: 1 };

pub(crate) fn recall() -> PayoutRecall {
    PayoutRecall {
        recall_id: Uuid::from_u128(5),
        book: BookName::try_new("app-us").unwrap(),
        payout_id: Uuid::from_u128(7),
        bank: "sandbox".to_owned(),
        end_to_end_id: Uuid::from_u128(7).simple().to_string(),
        message_id: "m-1".to_owned(),
        requested_by: "ana".to_owned(),
        code: "DUPL".to_owned(),
        state: RecallState::Requested,
        answer_code: String::new(),
        note: String::new(),
        repaid_by: String::new(),
        sends: 1,
        tries: 0,
        due_at_ms: 0,
        expires_at_ms: 100_000,
        requested_at_ms: 0,
        ended_at_ms: 0,
        fee: RecallFee::agreed(150, CostBearer::Creator),
        version: 1,
    }
}

fn accepted() -> RecallReply {
    RecallReply::Accepted { repaid_by: "N-1".to_owned() }
}

fn refused() -> RecallReply {
    RecallReply::Refused { code: "CUST".to_owned(), words: "no".to_owned() }
}

#[test]
fn a_decided_recall_stays_as_it_was_decided_first() {
    let yes = recall().answered(accepted(), 1_000, &POLICY);
    assert_eq!((yes.state, yes.repaid_by.as_str(), yes.due_at_ms, yes.ended_at_ms), (RecallState::Accepted, "N-1", NEVER_MS, 1_000));
    assert_eq!(yes.clone().answered(refused(), 2_000, &POLICY), yes);
    let no = recall().answered(refused(), 1_000, &POLICY);
    assert_eq!((no.state, no.answer_code.as_str()), (RecallState::Refused, "CUST"));
    assert_eq!(no.clone().answered(accepted(), 2_000, &POLICY), no);
}

#[test]
fn an_open_recall_is_asked_for_after_ever_longer_pauses_but_not_past_its_end() {
    let once = recall().answered(RecallReply::Pending, 1_000, &POLICY);
    let twice = once.clone().answered(RecallReply::Lost("no answer".to_owned()), 2_000, &POLICY);
    assert_eq!((once.due_at_ms, twice.due_at_ms), (1_100, 2_200));
    let late = PayoutRecall { tries: 20, ..twice }.answered(RecallReply::Pending, 99_000, &POLICY);
    assert_eq!(late.due_at_ms, 100_000);
}

#[test]
fn a_recall_that_the_bank_never_got_is_sent_again_under_its_id() {
    let lost = recall().answered(RecallReply::NotFound, 1_000, &POLICY);
    assert_eq!((lost.sends, lost.state, lost.assignment_id()), (0, RecallState::Requested, recall().assignment_id()));
}

#[test]
fn an_answer_after_the_end_counts_and_silence_after_it_asks_no_more() {
    let over = recall().expired(100_000);
    assert_eq!((over.state, over.due_at_ms), (RecallState::Expired, NEVER_MS));
    assert_eq!(over.clone().answered(RecallReply::Pending, 110_000, &POLICY).due_at_ms, NEVER_MS);
    assert_eq!(over.answered(accepted(), 120_000, &POLICY).state, RecallState::Accepted);
}

#[test]
fn a_fee_is_incurred_once_by_an_answer_and_falls_to_the_house_if_the_creator_cant_bear_it() {
    for nothing in [RecallReply::Lost(String::new()), RecallReply::NotFound, RecallReply::Unsupported] {
        let asked = recall().answered(nothing.clone(), 5_000, &POLICY);
        assert_eq!((asked.fee.key, asked.fee.due_at_ms), (Uuid::nil(), NEVER_MS), "{nothing:?}");
    }
    let pending = recall().answered(RecallReply::Pending, 5_000, &POLICY);
    assert!(!pending.fee.key.is_nil() && pending.fee.due_at_ms == 5_000);
    let accepted = pending.clone().answered(RecallReply::Accepted { repaid_by: String::new() }, 9_000, &POLICY);
    assert_eq!(accepted.fee, pending.fee, "it is charged once");
    let id = pending.recall_id;
    let refused = pending.fee.clone().refused(id, 6_000, &POLICY);
    assert_eq!((refused.bearer, refused.due_at_ms), (CostBearer::House, 6_000));
    assert_ne!(refused.key, pending.fee.key);
    let later = refused.clone().refused(id, 7_000, &POLICY);
    assert!(later.bearer == CostBearer::House && later.due_at_ms > 7_000 && later.key != refused.key);
    let free = PayoutRecall { fee: RecallFee::agreed(0, CostBearer::House), ..recall() }.answered(RecallReply::Pending, 5_000, &POLICY);
    assert_eq!(free.fee.due_at_ms, NEVER_MS);
}
