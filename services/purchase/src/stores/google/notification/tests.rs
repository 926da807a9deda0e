//! Notifications in all their forms.
use super::*;
use serde_json::json;

fn book() -> BookName {
    BookName::try_new("test-us").unwrap()
}

fn pushed(notification: &Value) -> Vec<u8> {
    json!({"message": {"data": STANDARD.encode(notification.to_string()), "messageId": "7"}, "subscription": "s"}).to_string().into_bytes()
}

fn event(field: &str, content: Value) -> Result<StoreEvent, RefusedReceipt> {
    let notification = json!({"version": "1.0", "packageName": "com.example", "eventTimeMillis": "17", field: content});
    PushedMessage::read(&pushed(&notification)).unwrap().into_event(book())
}

#[test]
fn each_kind_has_its_state() {
    let product = |of_type: Value| json!({"notificationType": of_type, "purchaseToken": "t", "sku": "coins_700"});
    let voided = |of: i32| json!({"purchaseToken": "t", "orderId": "GPA.1", "productType": of, "refundType": 2});
    for (field, content, state, subtype) in [
        ("oneTimeProductNotification", product(json!(1)), EventState::New, "1"),
        ("oneTimeProductNotification", product(json!("2")), EventState::New, "2"),
        ("oneTimeProductNotification", product(json!(3)), EventState::Unknown, "3"),
        ("voidedPurchaseNotification", voided(2), EventState::WaitsForRefunds, "2"),
        ("voidedPurchaseNotification", voided(1), EventState::Noted, "2"),
        ("pendingRefundReviewNotification", json!({"orderId": "GPA.1", "refundReason": 7}), EventState::WaitsForRefunds, "7"),
        ("testNotification", json!({}), EventState::Noted, ""),
        ("subscriptionNotification", json!({}), EventState::Noted, ""),
        ("coinsFellNotification", json!({}), EventState::Unknown, ""),
        ("other", json!({}), EventState::Unknown, ""),
    ] {
        let event = event(field, content).unwrap();
        assert_eq!((event.state, event.subtype.as_str(), event.signed_at_ms), (state, subtype, 17), "{field}");
    }
    let sale = event("oneTimeProductNotification", product(json!(1))).unwrap();
    let expected = GoogleReceipt { package_name: "com.example".into(), product_id: "coins_700".into(), purchase_token: "t".into() };
    assert_eq!(receipt(&sale.payload), Some(expected));
}

#[test]
fn what_is_none_is_not_read_and_what_lacks_its_parts_is_refused() {
    let nested = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    for body in
        ["", "{}", "[]", r#"{"message": {"data": "!", "messageId": "1"}}"#, r#"{"message": {"data": "MQ==", "messageId": "1"}}"#, &nested]
    {
        assert!(PushedMessage::read(body.as_bytes()).is_none(), "{}", &body[..body.len().min(40)]);
    }
    assert!(PushedMessage::read(&pushed(&json!({"packageName": 1}))).is_none());
    for (field, content) in [
        ("oneTimeProductNotification", json!({})),
        ("oneTimeProductNotification", json!({"notificationType": 1, "sku": "a"})),
        ("oneTimeProductNotification", json!({"notificationType": 1, "sku": "", "purchaseToken": "t"})),
        ("oneTimeProductNotification", json!({"notificationType": 1, "sku": "a", "purchaseToken": "a b"})),
        ("voidedPurchaseNotification", json!({"refundType": 1})),
        ("voidedPurchaseNotification", json!({"orderId": "GPA.1"})),
    ] {
        assert!(event(field, content.clone()).is_err(), "{field}: {content}");
    }
}

#[test]
fn a_page_of_voided_purchases_leads_to_the_next() {
    let void = |more: Value| {
        let mut void = json!({"purchaseToken": "t", "orderId": "GPA.1", "voidedTimeMillis": "5"});
        void.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        void
    };
    let page = json!({"voidedPurchases": [void(json!({})), void(json!({"voidedQuantity": 2})), {"purchaseToken": "x"}], "tokenPagination": {"nextPageToken": "n"}});
    let read = VoidedPage::read(page.to_string().as_bytes(), "com.example", &book()).unwrap();
    let shown: Vec<_> = read.events.iter().map(|event| (event.event_id.as_str(), event.subtype.as_str())).collect();
    assert_eq!(shown, [("voided/GPA.1/5/0", "1"), ("voided/GPA.1/5/2", "2")]);
    assert_eq!(read.next.as_deref(), Some("n"));
    assert_eq!(VoidedPage::read(b"{}", "com.example", &book()).unwrap(), VoidedPage { events: Vec::new(), next: None });
    assert!(VoidedPage::read(b"no", "com.example", &book()).is_none());
}
