//! A stored refusal gives the same answer again.
use super::*;

#[test]
fn a_refusal_is_told_again_word_for_word() {
    let facts = [("needed", "30".to_owned()), ("available", "12".to_owned())];
    let first = StickyRefusal::new(Code::FailedPrecondition, "INSUFFICIENT_FUNDS", "30 needed (of coins), 12 available", &facts);
    let again = StickyRefusal::from_bytes(&first.to_bytes()).unwrap();
    let (first, again) = (first.status(), again.status());
    assert_eq!((first.code(), first.message(), rpc_facts(&first)), (again.code(), again.message(), rpc_facts(&again)));
    assert!(
        first.message().starts_with("INSUFFICIENT_FUNDS: 30 needed (of coins), 12 available (available=12, needed=30)"),
        "{}",
        first.message()
    );
}

fn rpc_facts(status: &Status) -> BTreeMap<String, String> {
    errors::facts(status).into_iter().collect()
}

#[test]
fn what_the_program_before_kept_for_payouts_still_reads() {
    let kept = br#"{"code":9,"reason":"AMOUNT_TOO_LARGE","message":"above the rail's limit","facts":{}}"#;
    assert_eq!(
        StickyRefusal::from_bytes(kept),
        Some(StickyRefusal::new(Code::FailedPrecondition, "AMOUNT_TOO_LARGE", "above the rail's limit", &[]))
    );
    for other in [&b""[..], b"RECEIPT_CHAIN\nno", b"{", &[8, 9, 18, 1, 65]] {
        assert_eq!(StickyRefusal::from_bytes(other), None);
    }
}
