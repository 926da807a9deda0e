//! Unit tests of what an answer proves.
use super::*;

#[test]
fn only_a_business_refusal_proves_that_nothing_was_done() {
    assert_eq!(read(br#"{"code":"10000","msg":"Success","trade_status":"TRADE_SUCCESS"}"#).unwrap()["trade_status"], "TRADE_SUCCESS");
    let refused = read(br#"{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"none"}"#);
    let message = "Business Failed none".to_owned();
    assert_eq!(refused, Err(AlipayFault::Refused { code: "ACQ.TRADE_NOT_EXIST".to_owned(), message }));
    for unknown in [
        &br#"{"code":"40004","sub_code":"ACQ.SYSTEM_ERROR"}"#[..],
        br#"{"code":"20000","msg":"Service Currently Unavailable","sub_code":"isp.unknow-error"}"#,
        br#"{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-signature"}"#,
        br#"{"code":"40006","msg":"Insufficient Permissions"}"#,
        br#"{"trade_status":"TRADE_SUCCESS"}"#,
        b"[]",
    ] {
        assert!(matches!(read(unknown), Err(AlipayFault::Later(_))), "{}", String::from_utf8_lossy(unknown));
    }
}
