//! Unit tests of `codes`.
use super::*;

#[test]
fn codes_lead_to_their_variants_and_back() {
    for (code, status, outcome) in &STATUSES {
        assert_eq!((&TransactionStatus::from_code(code), status.code(), status.outcome()), (status, *code, *outcome));
    }
    for (code, reason, words) in &REASONS {
        assert_eq!(
            (ReasonCode::from_code(code), ReasonCode::Known(*reason).code(), ReasonCode::Known(*reason).words()),
            (ReasonCode::Known(*reason), *code, *words)
        );
    }
}

#[test]
fn only_three_statuses_are_final() {
    let all = STATUSES.iter().filter(|(_, _, outcome)| matches!(outcome, StatusOutcome::Settled | StatusOutcome::Rejected));
    assert_eq!(all.map(|(code, _, _)| *code).collect::<Vec<_>>(), ["ACSC", "ACCC", "RJCT"]);
}

#[test]
fn unknown_codes_are_kept_and_mean_nothing() {
    let status = TransactionStatus::from_code("ZZZZ");
    assert_eq!((status.code(), status.outcome()), ("ZZZZ", StatusOutcome::Unclear));
    assert_eq!(ReasonCode::from_code("ZZ99").code(), "ZZ99");
}
