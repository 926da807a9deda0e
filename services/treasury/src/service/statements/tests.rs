//! A file that is still being written when the token of whoever asked for it expires.
use super::*;
use std::{cell::Cell, time::Duration};

#[tokio::test]
async fn a_file_ends_with_an_error_once_the_token_has_expired() {
    let expires_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
    let parts = |count: u64| stream::iter((0..count).map(Ok::<u64, Status>));
    // The clock is at so many seconds before the end when the first part is ready, and goes on by one with each.
    let shown = async |count: u64, before: u64| {
        let second = Cell::new(1_000 - before);
        let now = || SystemTime::UNIX_EPOCH + Duration::from_secs(second.replace(second.get() + 1));
        while_valid(parts(count), expires_at, now).collect::<Vec<_>>().await
    };
    let whole = shown(5, 5).await;
    assert!(whole.iter().all(Result::is_ok) && whole.len() == 5, "{whole:?}");
    let cut = shown(5, 2).await;
    assert_eq!(cut.len(), 3, "two parts, and why there are no more: {cut:?}");
    let status = cut[2].as_ref().unwrap_err();
    assert_eq!((status.code(), rpc::facts(status)["token"].as_str()), (Code::Unauthenticated, "expired"));
    assert_eq!(shown(5, 0).await.len(), 1);
    // What fails by itself ends with its own error.
    let failing = stream::iter([Ok(1), Err(Status::internal("lost")), Ok(2)]);
    let failed = while_valid(failing, expires_at, || SystemTime::UNIX_EPOCH).collect::<Vec<_>>().await;
    assert_eq!((failed.len(), failed[1].as_ref().unwrap_err().code()), (2, Code::Internal));
}
