//! What failures of calls prove.
use super::*;

#[test]
fn a_status_proves_what_stripe_says_it_proves() {
    let body = |text: &str| serde_json::from_str::<ErrorDocument>(text).unwrap_or_default().error;
    let refused = body(r#"{"error": {"type": "invalid_request_error", "code": "amount_too_small", "message": "too\n\u202esm\u200ball"}}"#);
    assert_eq!(fault(400, &refused), ApiFault::Refused("amount_too_small: toosmall".to_owned()));
    assert_eq!(fault(402, &body("{}")), ApiFault::Refused(": ".to_owned()));
    assert_eq!(fault(400, &body(r#"{"error": {"type": "idempotency_error"}}"#)), ApiFault::KeyReused);
    assert_eq!(fault(404, &body("not json")), ApiFault::NotFound);
    // Nothing was done for now, or nobody knows.
    for status in [301, 401, 403, 409, 424, 429, 500, 502, 503, 504] {
        assert!(matches!(fault(status, &refused), ApiFault::Later(_)), "{status}");
    }
}
