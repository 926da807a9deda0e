//! Unit tests of what a refusal proves.
use super::*;

#[test]
fn only_a_refused_request_proves_that_nothing_was_done() {
    let error = |code: &str| ErrorDocument { code: code.to_owned(), message: "words".to_owned() };
    for (status, word, code) in [
        (404, "ORDER_NOT_EXIST", ErrorCode::OrderNotExist),
        (400, "PARAM_ERROR", ErrorCode::Other),
        (400, "ORDERPAID", ErrorCode::Orderpaid),
        (403, "OUT_TRADE_NO_USED", ErrorCode::OutTradeNoUsed),
    ] {
        assert_eq!(fault(status, &error(word)), WechatFault::Refused { code, message: format!("{word}: words") });
    }
    let unknown =
        [(401, "SIGN_ERROR"), (403, "NO_AUTH"), (429, "FREQUENCY_LIMITED"), (500, "SYSTEM_ERROR"), (502, ""), (404, ""), (301, "X")];
    for (status, code) in unknown {
        assert!(matches!(fault(status, &error(code)), WechatFault::Later(_)), "{status} {code}");
    }
}
