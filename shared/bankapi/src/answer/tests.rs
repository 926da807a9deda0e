//! Unit tests of `answer`.
use super::*;

const TAKEN: &[u8] = br#"{"endToEndId":"E","paymentId":"P"}"#;

fn verdict(http_status: u16, body: &str) -> ErrorVerdict {
    match read_initiation(http_status, body.as_bytes()) {
        InitiationAnswer::Failed(failure) => failure.verdict,
        taken @ InitiationAnswer::Taken { .. } => panic!("{taken:?}"),
    }
}

fn coded(http_status: u16, codes: &[&str]) -> ErrorVerdict {
    let context: Vec<String> = codes.iter().map(|code| format!(r#"{{"code":"{code}","message":"words"}}"#)).collect();
    verdict(http_status, &format!(r#"{{"title":"t","httpStatus":{http_status},"context":[{}]}}"#, context.join(",")))
}

#[test]
fn each_of_the_three_successes_is_taken_and_a_duplicate_is_marked() {
    for status in [200, 201, 202] {
        let expected = InitiationAnswer::Taken { payment_id: "P".into(), end_to_end_id: "E".into(), duplicate: false };
        assert_eq!(read_initiation(status, TAKEN), expected);
    }
    let duplicate = read_initiation(202, br#"{"endToEndId":"E","paymentId":"P","duplicateRequest":true}"#);
    assert!(matches!(duplicate, InitiationAnswer::Taken { duplicate: true, .. }));
}

#[test]
fn a_success_that_can_not_be_read_is_unknown() {
    for body in
        ["", "{}", "<html>", r#"{"endToEndId":"E"}"#, r#"{"endToEndId":"E","paymentId":"P","duplicateRequest":"yes"}"#, "[]", "null"]
    {
        assert_eq!(verdict(202, body), ErrorVerdict::Unknown, "{body}");
    }
    for status in [100, 204, 301, 302, 500, 502, 504, 999] {
        assert_eq!(verdict(status, "{}"), ErrorVerdict::Unknown, "{status}");
    }
}

#[test]
fn codes_decide_by_their_ranges_up_to_both_ends() {
    let all = [
        (ErrorVerdict::Refused, vec!["10001", "10003", "10100", "10105", "10199", "11500", "11999"]),
        (ErrorVerdict::Operations, vec!["11000", "11499", "14000"]),
        (ErrorVerdict::KeyReused, vec!["10106"]),
        (ErrorVerdict::Concurrent, vec!["10107"]),
        (ErrorVerdict::LaterSameKey, vec!["12500", "12995", "12999"]),
        (
            ErrorVerdict::Unknown,
            vec!["10000", "10004", "10108", "12000", "12499", "13000", "13100", "15000", "99999", "1000", "100011", "abcde"],
        ),
    ];
    for (expected, codes) in all {
        for code in codes {
            assert_eq!(coded(400, &[code]), expected, "{code}");
        }
    }
}

#[test]
fn of_several_codes_the_most_cautious_counts() {
    assert_eq!(coded(400, &["10001", "15000"]), ErrorVerdict::Unknown);
    assert_eq!(coded(400, &["10107", "10001"]), ErrorVerdict::Concurrent);
    assert_eq!(coded(400, &["10001", "11002"]), ErrorVerdict::Operations);
    assert_eq!(coded(400, &[]), ErrorVerdict::Unknown);
}

#[test]
fn a_refusal_with_the_status_of_a_failure_proves_nothing() {
    assert_eq!(coded(500, &["10001"]), ErrorVerdict::Unknown);
    assert_eq!(coded(503, &["10001"]), ErrorVerdict::Unknown);
    assert_eq!(coded(503, &["12995"]), ErrorVerdict::LaterSameKey);
    assert_eq!(coded(504, &["12999"]), ErrorVerdict::Unknown);
    assert_eq!(verdict(503, "busy"), ErrorVerdict::Unknown);
    assert_eq!(verdict(429, ""), ErrorVerdict::LaterSameKey);
    assert_eq!(verdict(401, ""), ErrorVerdict::Operations);
    assert_eq!(coded(403, &["15000"]), ErrorVerdict::Operations);
}

#[test]
fn words_of_failures_say_what_to_do_and_hide_nothing_dangerous() {
    let body = "{\"context\":[{\"code\":\"10001\",\"message\":\"a\u{202e}b\"}]}";
    let InitiationAnswer::Failed(failure) = read_initiation(400, body.as_bytes()) else { panic!() };
    let expected = "the bank answered 400 with 10001 (a\\u202eb); it was not executed; change the payment before another attempt";
    assert_eq!(failure.words, expected);
}

#[test]
fn queries_find_lists_and_single_payments() {
    let one = r#"{"paymentId":"P","paymentStatus":"ACCEPTED","paymentIdentifiers":{"endToEndId":"E"}}"#;
    let QueryAnswer::Found(single) = read_query(200, one.as_bytes()) else { panic!() };
    let QueryAnswer::Found(listed) = read_query(200, format!(r#"{{"payments":[{one},{one}]}}"#).as_bytes()) else { panic!() };
    assert_eq!((single.len(), listed.len()), (1, 2));
    assert_eq!(read_query(404, b""), QueryAnswer::NotFound);
    for body in [r#"{"payments":[]}"#, "{}", "", r#"{"payments":[1]}"#] {
        assert!(matches!(read_query(200, body.as_bytes()), QueryAnswer::Failed(_)), "{body}");
    }
    let many = format!(r#"{{"payments":[{}]}}"#, vec![one; PAYMENTS_MAX + 1].join(","));
    assert!(matches!(read_query(200, many.as_bytes()), QueryAnswer::Failed(_)));
    assert!(matches!(read_query(500, one.as_bytes()), QueryAnswer::Failed(_)));
}
