//! Unit tests of what is known of an issuer that goes away.
use super::*;
use axum::{Json, Router, routing::get};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::TcpListener;

#[tokio::test]
async fn what_an_issuer_published_is_used_while_it_is_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let at = |path: &str| format!("{issuer}{path}");
    let document = json!({"issuer": issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token")});
    let is_away = Arc::new(AtomicBool::new(false));
    let answered = is_away.clone();
    let answer = async move || match answered.load(Ordering::Relaxed) {
        true => Err(StatusCode::SERVICE_UNAVAILABLE),
        false => Ok(Json(document)),
    };
    tokio::spawn(axum::serve(listener, Router::new().route(WELL_KNOWN, get(answer))).into_future());
    let config = Config { issuer: issuer.clone(), client_id: "c".to_owned(), ..Config::default() };
    let provider = LoginProvider::try_new(&config, "https://money.example").unwrap();
    let begin = async |provider: &LoginProvider| {
        provider.begin(WantedLogin { then: "/".to_owned(), age_max: None }, 1).await.map(|(url, _)| url.starts_with(&issuer))
    };
    assert!(begin(&provider).await.unwrap());
    is_away.store(true, Ordering::Relaxed);
    tokio::time::pause();
    for _ in 0..5 {
        tokio::time::advance(Duration::from_secs(4 * 3_600)).await;
        assert!(begin(&provider).await.unwrap(), "nobody has to wait for it to come back");
    }
    // After a day nothing is known of it any more, and nothing was of one that never answered.
    tokio::time::advance(Duration::from_secs(5 * 3_600)).await;
    let stale = begin(&provider).await;
    assert!(matches!(stale, Err(ProviderError::Issuer(_))), "{stale:?}");
}
