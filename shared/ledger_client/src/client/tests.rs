//! Outcomes of batches.
use super::*;

#[test]
fn outcomes_keep_their_order() {
    let posted = PostResponse { posting: Some(Posting { posting_id: "p".to_owned(), ..Posting::default() }), replayed: false };
    let refusal = PostRefusal { code: 9, reason: "OVERFLOW".to_owned(), ..PostRefusal::default() };
    let outcomes =
        [Outcome::Refused(refusal), Outcome::Accepted(posted.clone())].map(|outcome| PostBatchOutcome { outcome: Some(outcome) });
    let read = fitting(2, outcomes.to_vec()).unwrap();
    assert_eq!(read[0].as_ref().unwrap_err().refusal().map(|refusal| &refusal.reason), Some(&LedgerReason::Overflow));
    assert_eq!(read[1].as_ref().unwrap(), &posted);
}

#[test]
fn an_answer_that_does_not_fit_is_not_guessed_at() {
    let reason = |not_posted: NotPosted| rpc::reason(&Status::from(not_posted));
    assert_eq!(reason(fitting(1, Vec::new()).unwrap_err()).as_deref(), Some("OUTCOME_UNKNOWN"));
    let empty = fitting(1, vec![PostBatchOutcome { outcome: None }]).unwrap().remove(0);
    assert_eq!(reason(empty.unwrap_err()).as_deref(), Some("OUTCOME_UNKNOWN"));
}

#[test]
fn a_refusal_in_a_batch_is_the_status_of_a_lone_call() {
    let metadata = [("needed".to_owned(), "30".to_owned())].into();
    let refusal = PostRefusal { code: 9, reason: "INSUFFICIENT_FUNDS".to_owned(), message: "INSUFFICIENT_FUNDS: no".to_owned(), metadata };
    let status = lone(refusal);
    assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "INSUFFICIENT_FUNDS: no"));
    assert_eq!(rpc::reason(&status).as_deref(), Some("INSUFFICIENT_FUNDS"));
    assert_eq!(rpc::facts(&status)["needed"], "30");
}
