//! Unit tests of `banks::api`.

use super::content::content;

#[test]
fn answers_that_differ_in_ids_and_moments_only_have_the_same_content() {
    let one = br#"{"requestId":"1","payments":[{"paymentStatus":"PENDING","statusUpdatedAt":"2026-11-27T00:00:00Z","paymentId":"P"}]}"#;
    let other = br#"{"payments":[{"paymentId":"P","paymentStatus":"PENDING","statusUpdatedAt":"2026-11-28T00:00:00Z"}],"requestId":"2"}"#;
    assert_eq!(content(200, one), content(200, other));
    for different in [
        (404, one.to_vec()),
        (200, String::from_utf8_lossy(one).replace("PENDING", "REJECTED").into_bytes()),
        // Another payment of the bank's is another fact.
        (200, String::from_utf8_lossy(one).replace("\"P\"", "\"Q\"").into_bytes()),
        (200, b"garbage".to_vec()),
        (200, Vec::new()),
    ] {
        assert_ne!(content(200, one), content(different.0, &different.1));
    }
    assert_eq!(content(500, &[0xff, b'x']), "500 \u{fffd}x");
}
