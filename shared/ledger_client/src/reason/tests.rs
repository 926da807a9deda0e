//! Names are unique and read back.
use super::*;
use std::collections::BTreeSet;

#[test]
fn every_reason_reads_back_from_its_name() {
    let names: BTreeSet<&str> = LedgerReason::ALL.iter().map(|reason| reason.row().name).collect();
    assert_eq!(names.len(), LedgerReason::ALL.len());
    for reason in LedgerReason::ALL {
        assert_eq!(LedgerReason::parse(reason.name(), Code::Unavailable), Some(reason));
    }
}

#[test]
fn a_name_that_nobody_knows_is_a_rule_only_where_its_code_says_so() {
    let own = LedgerReason::Callers("GIFT_UNKNOWN".to_owned());
    assert_eq!(LedgerReason::parse("GIFT_UNKNOWN", Code::FailedPrecondition), Some(own));
    // A newer ledger may have reasons that this program does not know; only a rule's refusal is final.
    assert_eq!(LedgerReason::parse("SOMETHING_NEW", Code::Unavailable), None);
    assert_eq!(LedgerReason::parse("SOMETHING_NEW", Code::InvalidArgument), None);
}

#[test]
fn only_what_was_refused_needs_a_fresh_id() {
    for reason in LedgerReason::ALL {
        let row = reason.row();
        assert_eq!(row.proof == Proof::Refused, row.retry != Retry::SameId, "{reason:?}");
    }
}
