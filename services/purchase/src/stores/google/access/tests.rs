//! Unit tests of `access`.
use super::*;
use axum::{Router, http::StatusCode, routing::post};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_token_server_that_fails_is_asked_once_for_all_who_wait() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let failing = post(async || {
        ASKED.fetch_add(1, Ordering::Relaxed);
        StatusCode::INTERNAL_SERVER_ERROR
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let account = ServiceAccountKey {
        client_email: "largesse@example.com".to_owned(),
        private_key_id: "key".to_owned(),
        private_key: sandbox::globalbank::TEST_CLIENT_KEY.to_owned(),
        token_uri: format!("http://{}/token", listener.local_addr().unwrap()),
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/token", failing)).await });
    let access = GoogleAccess::try_new(&account, http_client::local().build().unwrap()).unwrap();
    let answers = futures::future::join_all((0..10).map(|_| access.token(None))).await;
    assert!(answers.iter().all(Result::is_err));
    assert_eq!(ASKED.load(Ordering::Relaxed), 1);
    // Who comes later asks again.
    access.token(None).await.unwrap_err();
    assert_eq!(ASKED.load(Ordering::Relaxed), 2);
}
