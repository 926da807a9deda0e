//! Unit tests of the requests made from a recording's lines.
use super::*;

fn line(changes: &str) -> String {
    let base = r#"{"msg":"m1","room":"r1","from_user":"u1","to_user":"c1","gift_id":5655,"group_id":7,"repeat_count":3,"repeat_end":0,"combo":true}"#;
    let mut event: serde_json::Value = serde_json::from_str(base).unwrap();
    let changes: serde_json::Value = serde_json::from_str(changes).unwrap();
    event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    event.to_string()
}

#[test]
fn a_bad_line_is_named_and_nothing_is_guessed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for bad in
        ["{", "[]", &line(r#"{"repeat_count":0}"#), &line(r#"{"from_user":"a b"}"#), &line(r#"{"msg":""}"#), &line(r#"{"gift_id":"x"}"#)]
    {
        std::fs::write(file.path(), format!("{}\n\n{bad}\n", line("{}"))).unwrap();
        let error = read(file.path()).unwrap_err().to_string();
        assert!(error.contains(":3: "), "{error}");
    }
    std::fs::write(file.path(), "").unwrap();
    assert!(read(file.path()).unwrap().is_empty());
}

#[test]
fn costs_do_not_depend_on_order_or_repetition() {
    let event = |changes: &str| parse(&line(changes)).unwrap();
    let taps = [
        event(r#"{"msg":"a","repeat_count":2}"#),
        event(r#"{"msg":"b","repeat_count":5}"#),
        event(r#"{"msg":"c","repeat_count":5,"repeat_end":1}"#),
        event(r#"{"msg":"d","combo":false,"group_id":0,"repeat_count":2}"#),
    ];
    let prices = HashMap::from([(5655, 3)]);
    let mut doubled: Vec<RecordedEvent> = taps.iter().chain(&taps).cloned().collect();
    assert_eq!(costs(&doubled, &prices)["u1"], 21);
    doubled.reverse();
    assert_eq!(costs(&doubled, &prices)["u1"], 21);
    assert_eq!(taps[0].request(), taps[0].request());
    assert_ne!(taps[0].request().request_id, taps[1].request().request_id);
}
