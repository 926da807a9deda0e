//! Unit tests of `news`.
use super::*;
use serde_json::{Value, json};

fn told(body: &Value) -> Result<Vec<CallbackNews>, String> {
    read(body.to_string().as_bytes())
}

fn payment(id: &str, status: &str) -> Value {
    json!({"paymentId": "b", "paymentStatus": status, "paymentIdentifiers": {"endToEndId": id}})
}

#[test]
fn every_shape_names_its_payments_and_what_came_back() {
    let payments = json!([payment("a", "COMPLETED"), payment("b", "RETURNED")]);
    let event = json!({"specversion": "1.0", "id": "1", "time": "2026-11-26T10:00:00Z", "type": "x", "data": {"payments": payments}});
    assert_eq!(told(&event), Ok(vec![CallbackNews::Payment("a".to_owned()), CallbackNews::Returned("b".to_owned())]));
    let mut beta = payment("a", "REJECTED");
    beta["eventId"] = json!("1");
    assert_eq!(told(&json!({"events": [beta]})), Ok(vec![CallbackNews::Payment("a".to_owned())]));
    let first = json!({"endToEndId": "a", "firmRootId": "b", "paymentStatus": "RETURNED", "createDateTime": "2026-11-26T10:00:00Z"});
    assert_eq!(told(&json!({"callbacks": [first]})), Ok(vec![CallbackNews::Returned("a".to_owned())]));
}

#[test]
fn what_names_no_payment_of_ours_or_is_broken_goes_to_people() {
    let unnamed = json!({"callbacks": [{"firmRootId": "b", "paymentStatus": "COMPLETED"}]});
    assert!(told(&unnamed).unwrap_err().contains("the bank's ids only"));
    for broken in [json!({}), json!({"events": []}), json!({"events": [], "data": {}}), json!([1])] {
        assert!(told(&broken).is_err(), "{broken}");
    }
}
