//! Unit tests of the texts that are signed.
use super::*;
use proptest::prelude::*;

#[test]
fn parameters_are_signed_in_the_order_of_their_names() {
    let parameters = read_form(b"b=2+2&sign=x&a=%26%3D&sign_type=RSA2").unwrap();
    assert_eq!(content(&parameters, &["sign", "sign_type"]), "a=&=&b=2 2");
    assert_eq!(content(&parameters, &["sign"]), "a=&=&b=2 2&sign_type=RSA2");
    assert_eq!(read_form(form(&parameters).as_bytes()), Some(parameters));
    for wrong in [&b"a=1&a=2"[..], b"\xff=1"] {
        assert_eq!(read_form(wrong), None);
    }
}

#[test]
fn an_answer_is_its_raw_members_each_once() {
    let answer = br#" {"alipay_trade_query_response": {"code":"10000","note":"}\"{ \u4e2d"} , "n":1.0,"sign":"abc"} "#;
    let found = members(answer).unwrap();
    let shown: Vec<_> = found.iter().map(|(name, raw)| (name.as_str(), std::str::from_utf8(raw).unwrap())).collect();
    let first = r#"{"code":"10000","note":"}\"{ \u4e2d"}"#;
    assert_eq!(shown, [("alipay_trade_query_response", first), ("n", "1.0"), ("sign", "\"abc\"")]);
    assert_eq!(members(b"{}"), Some(vec![]));
    for wrong in [
        &br#"{"a":1,"a":2}"#[..],
        br#"{"a":1,"\u0061":2}"#,
        br#"{"a":1}x"#,
        br#"{"a":1"#,
        br#"{"a" 1}"#,
        br#"{"a":1,}"#,
        b"[]",
        b"",
        b"null",
    ] {
        assert_eq!(members(wrong), None, "{}", String::from_utf8_lossy(wrong));
    }
}

proptest! {
    #[test]
    fn whatever_comes_is_read_as_serde_reads_it_or_not_at_all(body in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = read_form(&body);
        if let Some(found) = members(&body) {
            let whole: serde_json::Value = serde_json::from_slice(&body).unwrap();
            prop_assert_eq!(whole.as_object().unwrap().len(), found.len());
        }
    }
}
