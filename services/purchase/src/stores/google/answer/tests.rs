//! What Google says about a purchase, in all its forms.
use super::*;
use serde_json::{Value, json};

fn receipt() -> GoogleReceipt {
    GoogleReceipt { package_name: "com.example".to_owned(), product_id: "coins_700".to_owned(), purchase_token: "token".to_owned() }
}

fn paid() -> Value {
    json!({
        "orderId": "GPA.1",
        "purchaseStateContext": {"purchaseState": "PURCHASED"},
        "purchaseCompletionTime": "2026-08-15T12:00:00Z",
        "productLineItem": [{"productId": "coins_700", "productOfferDetails": {"quantity": 3}}],
    })
}

fn read(value: &Value) -> ProductPurchase {
    ProductPurchase::read(value.to_string().as_bytes()).unwrap()
}

#[test]
fn a_paid_purchase_is_a_sale_with_a_deadline() {
    let purchase = read(&paid());
    assert_eq!(purchase.standing(), PurchaseStanding::Paid);
    let sale = purchase.sale("com.example", &receipt()).unwrap();
    let bought = sale.transaction;
    assert_eq!((bought.transaction_id.as_str(), bought.quantity, bought.environment.as_str()), ("GPA.1", 3, "Production"));
    assert_eq!(bought.app_account_token, None);
    assert_eq!(sale.acknowledge_by_ms, Some(bought.purchased_at_ms + 259_200_000));
    assert_eq!(purchase.check_environment(BookKind::Test).unwrap_err().refusal, ReceiptRefusal::Environment);
    assert!(purchase.check_environment(BookKind::Live).is_ok());
}

#[test]
fn a_purchase_without_an_order_is_named_by_its_token_and_a_strange_account_is_nobodys() {
    let mut value = paid();
    value["orderId"] = Value::Null;
    value["obfuscatedExternalAccountId"] = json!("sha256-of-user-id");
    value["testPurchaseContext"] = json!({});
    let purchase = read(&value);
    let bought = purchase.sale("com.example", &receipt()).unwrap().transaction;
    assert!(bought.transaction_id.starts_with("token-") && bought.transaction_id.len() == 70, "{}", bought.transaction_id);
    assert_eq!((bought.app_account_token, bought.environment.as_str()), (Some(Uuid::nil()), "Test"));
    assert_eq!(purchase.check_environment(BookKind::Live).unwrap_err().refusal, ReceiptRefusal::Environment);
}

#[test]
fn what_is_not_as_it_must_be_is_refused() {
    let changed = |pointer: &str, to: Value| {
        let mut value = paid();
        *value.pointer_mut(pointer).unwrap() = to;
        let purchase = read(&value);
        let checked = purchase.check_product("coins_700");
        checked.and_then(|()| purchase.sale("com.example", &receipt()).map(drop)).unwrap_err().refusal
    };
    assert_eq!(changed("/productLineItem/0/productId", json!("coins_1")), ReceiptRefusal::Unknown);
    assert_eq!(changed("/productLineItem", json!([])), ReceiptRefusal::Type);
    assert_eq!(changed("/productLineItem/0/productOfferDetails/quantity", json!(0)), ReceiptRefusal::Quantity);
    assert_eq!(changed("/productLineItem/0/productOfferDetails/quantity", json!(11)), ReceiptRefusal::Quantity);
    assert_eq!(changed("/orderId", json!("")), ReceiptRefusal::Malformed);
    assert_eq!(changed("/purchaseCompletionTime", json!("soon")), ReceiptRefusal::Malformed);
}

#[test]
fn only_the_word_for_paid_is_paid() {
    for (word, standing) in [
        ("PENDING", PurchaseStanding::Pending),
        ("CANCELLED", PurchaseStanding::Cancelled),
        ("PURCHASE_STATE_UNSPECIFIED", PurchaseStanding::Unknown),
        ("", PurchaseStanding::Unknown),
    ] {
        let mut value = paid();
        value["purchaseStateContext"]["purchaseState"] = json!(word);
        assert_eq!(read(&value).standing(), standing, "{word}");
    }
    assert_eq!(read(&json!({})).standing(), PurchaseStanding::Unknown);
    for hostile in ["", "[]", "1", "{\"productLineItem\": 1}", "{\"orderId\": {}}"] {
        assert!(ProductPurchase::read(hostile.as_bytes()).is_none(), "{hostile}");
    }
}
