//! The rule for every reason, at both ends of its time.
use super::*;
use crate::{answer::classify, reason::Proof};
use tonic::Code;

const PLANNED_MS: i64 = 1_795_827_700_000;

fn after(reason: &LedgerReason, ms: i64) -> bool {
    let not_posted = classify(rpc::errors::refused_as(Code::FailedPrecondition, reason.name(), "no", &[]));
    let now_ms = PLANNED_MS.saturating_add(ms);
    let is_old = ms > IN_FLIGHT_MAX_MS || *reason != LedgerReason::RequestIdTime;
    assert_eq!(is_final(&not_posted, PLANNED_MS, now_ms), reason.row().proof == Proof::Refused && is_old, "{reason:?} after {ms} ms");
    takes_a_fresh_id(&not_posted, PLANNED_MS, now_ms)
}

#[test]
fn every_reason_follows_the_table_and_one_for_the_time_waits_until_nothing_is_in_flight() {
    for reason in LedgerReason::ALL {
        let is_fresh = reason.row().retry == Retry::FreshId;
        for ms in [i64::MIN / 2, -300_000, 0, IN_FLIGHT_MAX_MS] {
            assert_eq!(after(&reason, ms), is_fresh && reason != LedgerReason::RequestIdTime, "{reason:?} after {ms} ms");
        }
        assert_eq!(after(&reason, IN_FLIGHT_MAX_MS + 1), is_fresh, "{reason:?}");
    }
}

#[test]
fn an_id_says_itself_when_it_was_planned() {
    let id = uuid::Builder::from_unix_timestamp_millis(PLANNED_MS.unsigned_abs(), &[7; 10]).into_uuid();
    let refused = |reason: &LedgerReason| classify(rpc::errors::refused_as(Code::FailedPrecondition, reason.name(), "no", &[]));
    let (untimely, frozen) = (refused(&LedgerReason::RequestIdTime), refused(&LedgerReason::AccountFrozen));
    assert!(!is_final_under(id, &untimely, PLANNED_MS + IN_FLIGHT_MAX_MS));
    assert!(is_final_under(id, &untimely, PLANNED_MS + IN_FLIGHT_MAX_MS + 1));
    assert!(is_final_under(id, &frozen, PLANNED_MS));
    assert!(!is_final_under(id, &NotPosted::lost("no answer"), i64::MAX));
    assert!(is_final_under(Uuid::nil(), &untimely, PLANNED_MS));
}

#[test]
fn what_may_be_posted_keeps_its_id() {
    assert!(!takes_a_fresh_id(&NotPosted::lost("no answer"), PLANNED_MS, i64::MAX));
    assert!(!takes_a_fresh_id(&classify(tonic::Status::unavailable("away")), i64::MIN, i64::MAX));
}
