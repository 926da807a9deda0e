//! Unit tests of `trace`.
use super::*;

const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn stored_work_continues_its_trace() {
    assert_eq!(current_traceparent(), None);
    let inside = with_traceparent("payout", Some(GOOD), async { current_traceparent() }).await;
    assert_eq!(inside.as_deref(), Some(GOOD));
}
