//! Unit tests of `codes`.
use super::*;

#[test]
fn codes_lead_to_their_variants_and_back() {
    for (code, status, outcome) in &STATUSES {
        assert_eq!((&TransactionStatus::from_code(code), status.code(), status.outcome()), (status, *code, *outcome));
    }
    for (code, reason, words) in &REASONS {
        assert_eq!(
            (Reason::from_code(code), Reason::Known(*reason).code(), Reason::Known(*reason).words()),
            (Reason::Known(*reason), *code, *words)
        );
    }
}

#[test]
fn only_three_statuses_are_final() {
    let all = STATUSES.iter().filter(|(_, _, outcome)| matches!(outcome, Outcome::Settled | Outcome::Rejected));
    assert_eq!(all.map(|(code, _, _)| *code).collect::<Vec<_>>(), ["ACSC", "ACCC", "RJCT"]);
}

#[test]
fn unknown_codes_are_kept_and_mean_nothing() {
    let status = TransactionStatus::from_code("ZZZZ");
    assert_eq!((status.code(), status.outcome()), ("ZZZZ", Outcome::Unclear));
    assert_eq!(Reason::from_code("ZZ99").code(), "ZZ99");
}
