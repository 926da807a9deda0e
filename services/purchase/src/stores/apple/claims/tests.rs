//! Unit tests of the claims shown of a refused receipt.
use super::*;
use proptest::prelude::*;
use serde_json::json;

fn jws(payload: &Value) -> String {
    format!("e30.{}.e30", URL_SAFE_NO_PAD.encode(payload.to_string()))
}

#[test]
fn what_can_be_read_is_shown_and_the_rest_left_empty() {
    let whole = json!({"environment": "Sandbox", "bundleId": "b", "transactionId": "1", "productId": "p", "quantity": 99});
    let claims = read(&jws(&whole));
    assert_eq!((claims.environment.as_str(), claims.bundle_id.as_str()), ("Sandbox", "b"));
    assert_eq!((claims.transaction_id.as_str(), claims.product_id.as_str()), ("1", "p"));
    for odd in [json!({"transactionId": 1}), json!({"transactionId": "9".repeat(256)}), json!({"transactionId": "a\u{0}b"}), json!([])] {
        assert_eq!(read(&jws(&odd)), ReceiptClaims::default(), "{odd}");
    }
    for nothing in ["", ".", "a.b.c", "..."] {
        assert_eq!(read(nothing), ReceiptClaims::default());
    }
}

proptest! {
    #[test]
    fn hostile_receipts_claim_nothing_that_hurts(text in "\\PC{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&text);
        let claims = read(&format!("a.{}.b", URL_SAFE_NO_PAD.encode(bytes)));
        prop_assert!(claims.transaction_id.len() <= ID_BYTES_MAX);
    }
}
