//! Unit tests of `tokens`.
use super::*;
use axum::{Router, http::StatusCode, routing::post};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    sync::atomic::{AtomicU32, Ordering},
};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_token_server_that_fails_is_asked_once_for_all_who_wait() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let failing = post(async || {
        ASKED.fetch_add(1, Ordering::Relaxed);
        StatusCode::INTERNAL_SERVER_ERROR
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let token_url = format!("http://{}/token", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/token", failing)).await });
    let dir = tempfile::tempdir().unwrap();
    let key_file = dir.path().join("client.pem");
    fs::write(&key_file, sandbox::globalbank::TEST_CLIENT_KEY).unwrap();
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
    let config = ApiBankConfig {
        client_id: "client".to_owned(),
        key_file,
        key_id: "key".to_owned(),
        token_url,
        resource: "payments".to_owned(),
        ..ApiBankConfig::default()
    };
    let keeper = TokenKeeper::try_new(http_client::local().build().unwrap(), &config).unwrap();
    let answers = futures::future::join_all((0..10).map(|_| keeper.access())).await;
    assert!(answers.iter().all(Result::is_err));
    assert_eq!(ASKED.load(Ordering::Relaxed), 1);
    // Who comes later asks again.
    keeper.access().await.unwrap_err();
    assert_eq!(ASKED.load(Ordering::Relaxed), 2);
}
