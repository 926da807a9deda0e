//! Signatures: Stripe's, old ones, others' and none.
use super::*;
use proptest::prelude::*;

/// What `openssl dgst -sha256 -hmac whsec_test` prints for `1700000000.{"id":"evt_1"}`.
const KNOWN: &str = "c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925";
const BODY: &[u8] = br#"{"id":"evt_1"}"#;
const AT: i64 = 1_700_000_000;

#[test]
fn the_header_of_the_documentation_is_read() {
    let header = format!("t={AT},v1={KNOWN},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39");
    assert_eq!(check(&["whsec_other", "whsec_test"], Some(&header), BODY, AT), Ok(1));
    // While secrets change, the header has one signature for each.
    let both = format!("t={AT},v1={},v1={KNOWN}", "00".repeat(32));
    assert_eq!(check(&["whsec_test"], Some(&both), BODY, AT + TOLERANCE_S), Ok(0));
}

#[test]
fn what_is_old_other_or_malformed_is_refused() {
    let good = format!("t={AT},v1={KNOWN}");
    let check = |header: &str, body: &[u8], now_s| check(&["whsec_test"], Some(header), body, now_s);
    for now_s in [AT + TOLERANCE_S + 1, AT - TOLERANCE_S - 1, 0, i64::MAX] {
        assert_eq!(check(&good, BODY, now_s), Err(Unsigned::Time));
    }
    assert_eq!(check(&good, br#"{"id":"evt_2"}"#, AT), Err(Unsigned::Signature));
    assert_eq!(check(&good.replace("v1", "v0"), BODY, AT), Err(Unsigned::Header));
    assert_eq!(check(&good.replace("1700000000", "1700000001"), BODY, AT), Err(Unsigned::Signature));
    for header in ["", "t=", "v1=00", "t=1700000000", "t=-1,v1=00", "t=1,v1=zz", "=,=", "t=99999999999999999999,v1=00"] {
        assert_eq!(check(header, BODY, AT), Err(Unsigned::Header), "{header}");
    }
    assert_eq!(super::check(&["whsec_test"], None, BODY, AT), Err(Unsigned::Header));
    assert_eq!(super::check(&[], Some(&good), BODY, AT), Err(Unsigned::Signature));
}

proptest! {
    #[test]
    fn any_header_is_an_answer(header in ".{0,300}", now_s in any::<i64>()) {
        prop_assert!(check(&["whsec_test"], Some(&header), BODY, now_s).is_err());
    }
}
