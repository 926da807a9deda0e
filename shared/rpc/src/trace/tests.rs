//! Unit tests of `trace`.
use super::*;

const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn stored_work_continues_its_trace() {
    assert_eq!(current_traceparent(), None);
    let inside = with_traceparent("payout", Some(GOOD), async { current_traceparent() }).await;
    assert_eq!(inside.as_deref(), Some(GOOD));
}

#[test]
fn a_state_is_of_its_parent_and_bounded() {
    let headers = |parent: &str, states: &[&str]| {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_str(parent).unwrap());
        for state in states {
            headers.append(TRACESTATE, HeaderValue::from_str(state).unwrap());
        }
        headers
    };
    let read = |headers: HeaderMap| {
        let parent = TraceParent::parse(headers[TRACEPARENT].to_str().unwrap());
        state(&CallSpan { recorded: None, arrived: None, timed: None, parent }, &headers)
    };
    assert_eq!(read(headers(GOOD, &["a=1", "b=2"])).as_deref(), Some("a=1,b=2"));
    assert_eq!(read(headers(GOOD, &[])), None);
    // Without a parent it belongs to no trace.
    assert_eq!(read(headers("00-nonsense", &["a=1"])), None);
    let (most, more) = ("a".repeat(STATE_BYTES_MAX), "a".repeat(STATE_BYTES_MAX + 1));
    assert_eq!(read(headers(GOOD, &[&most])).map(|state| state.len()), Some(STATE_BYTES_MAX));
    assert_eq!(read(headers(GOOD, &[&more])), None);
    let mut binary = headers(GOOD, &["a=1"]);
    binary.append(TRACESTATE, HeaderValue::from_bytes(b"\xff").unwrap());
    assert_eq!(read(binary), None);
}
