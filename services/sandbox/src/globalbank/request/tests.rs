//! Unit tests of requests.
use super::*;

/// A change of a good request, and the code and field that the bank answers with.
type WrongRequest = (fn(&mut Value), &'static str, &'static str);

fn today() -> Date {
    Date::new(2026, 11, 27).unwrap()
}

fn good() -> Value {
    json!({
        "requestedExecutionDate": "2026-11-27",
        "paymentIdentifiers": {"endToEndId": "E"},
        "value": {"currency": "USD", "amount": "12.30"},
        "transferType": "CREDIT",
        "paymentType": "RTP",
        "debtor": {"account": {"accountNumber": "5500001234"}},
        "debtorAgent": {"financialInstitutionIds": [{"id": "021000021", "idType": "USABA"}]},
        "creditor": {"name": "Ana", "account": {"accountNumber": "1"}},
    })
}

#[test]
fn what_is_wrong_is_named_with_code_and_field() {
    let code = |change: fn(&mut Value)| {
        let mut body = good();
        change(&mut body);
        read(body.to_string().as_bytes(), today())
            .map_or_else(|error| (error.code, error.field.unwrap_or_default()), |_| ("ok".to_owned(), ""))
    };
    assert_eq!(code(|_| {}).0, "ok");
    let cases: [WrongRequest; 16] = [
        (|body| body["surprise"] = json!(1), "10105", "$"),
        (|body| body["paymentIdentifiers"] = json!({}), "10001", "$.paymentIdentifiers.endToEndId"),
        (|body| body["paymentIdentifiers"]["endToEndId"] = json!(""), "10002", "$.paymentIdentifiers.endToEndId"),
        (|body| body["paymentIdentifiers"]["endToEndId"] = json!("x".repeat(129)), "10003", "$.paymentIdentifiers.endToEndId"),
        (|body| body["paymentIdentifiers"]["endToEndId"] = json!("a\u{0}b"), "10103", "$.paymentIdentifiers.endToEndId"),
        (|body| body["requestedExecutionDate"] = json!("2026-11-29"), "10102", "$.requestedExecutionDate"),
        (|body| body["requestedExecutionDate"] = json!("tomorrow"), "10103", "$.requestedExecutionDate"),
        (|body| body["transferType"] = json!("DEBIT"), "10104", "$.transferType"),
        (|body| body["paymentType"] = json!("CASH"), "10104", "$.paymentType"),
        (|body| body["value"]["amount"] = json!("-1"), "10103", "$.value.amount"),
        (|body| body["value"]["amount"] = json!(12.3), "10103", "$.value.amount"),
        (|body| body["value"]["amount"] = json!("0.00"), "10100", "$.value.amount"),
        (|body| body["value"]["amount"] = json!("1.001"), "10103", "$.value.amount"),
        (|body| body["value"]["amount"] = json!("99999999999999999999"), "10103", "$.value.amount"),
        (|body| body["debtor"]["account"]["accountNumber"] = json!("666"), "11002", "$.debtor.account.accountNumber"),
        (|body| body["creditor"]["account"] = json!({}), "10001", "$.creditor.account"),
    ];
    for (change, expected, field) in cases {
        assert_eq!(code(change), (expected.to_owned(), field));
    }
}

#[test]
fn bytes_that_are_no_request_are_refused() {
    for bytes in [&b""[..], b"[]", b"null", b"{", b"{\"a\":1,\"a\":2}", b"\xff", &[b'['; 10_000]] {
        assert!(read(bytes, today()).is_err());
    }
}
