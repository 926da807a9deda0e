//! Unit tests of `callback`.
use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn payment(id: &str) -> Value {
    json!({
        "paymentId": id,
        "paymentStatus": "COMPLETED",
        "paymentSubStatus": "DELIVERED_TO_RECIPIENT",
        "statusUpdatedAt": "2026-11-20T16:22:15.900Z",
        "paymentIdentifiers": {"endToEndId": format!("E-{id}")},
    })
}

fn cloud_event_of(payments: &[Value]) -> Value {
    json!({"specversion": "1.0", "id": "EV", "time": "2026-11-20T16:22:16Z", "type": "anything", "source": "x", "data": {"payments": payments}})
}

fn read(value: &Value) -> Result<BankCallback, ApiReadError> {
    read_callback(value.to_string().as_bytes())
}

#[test]
fn one_to_fifty_payments_are_read_each_with_its_own_key() {
    let many: Vec<Value> = (0..PAYMENTS_MAX).map(|index| payment(&format!("P{index}"))).collect();
    let callback = read(&cloud_event_of(&many)).unwrap();
    let keys: std::collections::BTreeSet<_> = callback.items.iter().map(|item| &item.dedup_key).collect();
    assert_eq!((callback.items.len(), keys.len()), (PAYMENTS_MAX, PAYMENTS_MAX));
    let more: Vec<Value> = (0..=PAYMENTS_MAX).map(|index| payment(&format!("P{index}"))).collect();
    assert!(read(&cloud_event_of(&more)).is_err());
    assert!(read(&cloud_event_of(&[])).is_err());
}

#[test]
fn both_spellings_of_the_version_are_read_and_no_other() {
    for (version, fits) in [("1.0", true), ("1.0.0", true), ("1", false), ("2.0", false), ("", false)] {
        let mut event = cloud_event_of(&[payment("P")]);
        event["specversion"] = json!(version);
        assert_eq!(read(&event).is_ok(), fits, "{version}");
    }
}

#[test]
fn the_type_of_an_event_decides_nothing() {
    let mut event = cloud_event_of(&[payment("P")]);
    let first = read(&event).unwrap();
    event["type"] = json!("Payment.Rejected");
    assert_eq!(read(&event).unwrap(), first);
}

#[test]
fn older_shapes_are_read_by_their_form() {
    let beta = json!({"events": [{"eventId": "X", "eventTimestamp": "2026-07-19T11:06:28.230Z", "paymentId": "P", "paymentType": "RTP",
        "paymentIdentifiers": {"endToEndId": "E"}, "paymentStatus": "REJECTED", "paymentSubStatus": "REJECTED"}]});
    let callback = read(&beta).unwrap();
    assert_eq!((callback.shape, callback.items[0].dedup_key.as_str()), (CallbackShape::Events, "event:X"));
    assert_eq!(callback.items[0].status.updated_at.unwrap().to_string(), "2026-07-19T11:06:28.23Z");
    let first = json!({"callbacks": [{"endToEndId": "E", "firmRootId": "F", "createDateTime": "2026-07-27T07:41:54.773Z",
        "paymentStatus": "REJECTED", "exceptions": [{"errorCode": "10004", "errorDescription": "date"}]}]});
    let callback = read(&first).unwrap();
    assert_eq!(callback.shape, CallbackShape::Callbacks);
    assert_eq!((callback.items[0].status.payment_id.as_deref(), callback.items[0].status.exceptions.len()), (Some("F"), 1));
}

#[test]
fn first_version_keys_are_equal_only_for_the_same_news() {
    let key = |end_to_end_id: &str, root: &str, status: &str| {
        let callback = json!({"callbacks": [{"endToEndId": end_to_end_id, "firmRootId": root, "paymentStatus": status,
            "createDateTime": "2026-07-27T07:41:54.773Z"}]});
        read(&callback).unwrap().items[0].dedup_key.clone()
    };
    assert_eq!(key("E", "F", "COMPLETED"), key("E", "F", "COMPLETED"));
    assert_ne!(key("E", "F", "COMPLETED"), key("E", "F", "RETURNED"));
    assert_ne!(key("E:1:F", "G", "X"), key("E", "1:F:G", "X"));
}

#[test]
fn callbacks_of_no_or_of_two_shapes_are_refused() {
    for body in [
        json!({}),
        json!([]),
        json!({"data": 1, "specversion": "1.0", "id": "x"}),
        json!({"data": {}, "specversion": "1.0", "id": "x"}),
        json!({"events": []}),
        json!({"callbacks": {}}),
        json!({"callbacks": [{}]}),
        json!({"callbacks": [{"paymentStatus": "COMPLETED"}]}),
        json!({"events": [{"paymentStatus": "COMPLETED", "paymentId": "P"}]}),
        json!({"events": [{"eventId": "x", "paymentStatus": "COMPLETED"}]}),
        json!({"specversion": "1.0", "data": {"payments": [payment("P")]}}),
    ] {
        assert!(read(&body).is_err(), "{body}");
    }
    let mut both = cloud_event_of(&[payment("P")]);
    both["events"] = json!([{"eventId": "X", "paymentId": "P", "paymentStatus": "REJECTED"}]);
    assert!(read(&both).unwrap_err().to_string().contains("exactly one"));
}

#[test]
fn one_bad_payment_refuses_the_callback_and_is_named() {
    let mut bad = payment("P2");
    bad["paymentStatus"] = json!(7);
    let error = read(&cloud_event_of(&[payment("P1"), bad])).unwrap_err();
    assert_eq!(error.to_string(), "data.payments[1].paymentStatus must be a text of 1 to 512 characters");
}

/// Every case of the samples, written after the description and the pages.
#[test]
fn every_sample_is_read() {
    let Some(root) = std::env::var_os("LARGESSE_REFERENCE_DATA") else {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
        return;
    };
    let bytes = std::fs::read(std::path::PathBuf::from(root).join("bank/jpm/webhooks.SYNTHETIC.json")).unwrap();
    let samples: Value = serde_json::from_slice(&bytes).unwrap();
    let mut read_samples = Vec::new();
    for (name, sample) in samples.as_object().unwrap().iter().filter(|(_, sample)| sample.is_object()) {
        let callback = read(sample).unwrap_or_else(|error| panic!("{name}: {error}"));
        let item = &callback.items[0];
        read_samples.push((name.as_str(), callback.shape, item.status.status.clone(), callback.items.len()));
        assert!(item.status.end_to_end_id.is_some() && item.status.updated_at.is_some(), "{name}");
    }
    assert_eq!(read_samples.len(), 9);
    let has = |name: &str, shape: CallbackShape, status: &str, items: usize| {
        assert!(
            read_samples.iter().any(|sample| (sample.0, sample.1, sample.2.as_str(), sample.3) == (name, shape, status, items)),
            "{name}"
        );
    };
    has("rejected", CallbackShape::CloudEvent, "REJECTED", 1);
    has("two_payments_one_event", CallbackShape::CloudEvent, "COMPLETED", 2);
    has("v1_rejected", CallbackShape::Callbacks, "REJECTED", 1);
    has("v2_beta_2024_shape", CallbackShape::Events, "REJECTED", 1);
}

proptest! {
    #[test]
    fn mutated_callbacks_never_panic(at in 0..600usize, byte in any::<u8>(), cut in 0..600usize) {
        let mut bytes = cloud_event_of(&[payment("P"), payment("Q")]).to_string().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = read_callback(&bytes);
        bytes.truncate(cut % bytes.len());
        prop_assert!(read_callback(&bytes).is_err());
    }
}
