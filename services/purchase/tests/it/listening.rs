//! The HTTP listener of the purchase service, where stores report.

use sandbox::store::StoreNotification;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::fixture::Fixture;

pub struct Listening {
    url: String,
    server: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Listening {
    pub async fn start(fixture: &Fixture) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/store", listener.local_addr().unwrap());
        // Below a route of the listener's own, as the program serves them.
        let routes = axum::Router::new().route_service("/webhooks/{*path}", fixture.service.webhooks().into_service());
        Self { url, server: tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() }) }
    }

    /// Where a store reports.
    pub fn of(&self, store: &str) -> String {
        format!("{}/{store}", self.url)
    }

    pub async fn body(&self, store: &str, body: String) -> u16 {
        let client = http_client::local().build().unwrap();
        client.post(self.of(store)).body(body).send().await.unwrap().status().as_u16()
    }

    pub async fn payload(&self, signed_payload: &str) -> u16 {
        self.body("apple", json!({ "signedPayload": signed_payload }).to_string()).await
    }

    pub async fn say(&self, fixture: &Fixture, said: &StoreNotification) -> u16 {
        self.payload(&fixture.store.notification(said).unwrap().signed_payload).await
    }
}
