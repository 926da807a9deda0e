//! The line between stores and the service: everything is taken as its receiver takes it, and kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::{Router, extract::Path, extract::State, routing::post};
use purchase::domain::StoreKind;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A report that takes longer was never made.
const ARRIVAL_MAX: Duration = Duration::from_secs(120);

#[derive(Clone)]
struct LineBodies {
    bodies: Arc<Mutex<BTreeMap<String, Vec<String>>>>,
    arrivals: Arc<watch::Sender<u64>>,
}

pub struct KeptLine {
    url: String,
    kept: LineBodies,
    server: JoinHandle<()>,
}

impl Drop for KeptLine {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn keep(State(kept): State<LineBodies>, Path(store): Path<String>, body: String) -> &'static str {
    let answer = if store == "alipay" { "success" } else { "" };
    kept.bodies.lock().unwrap().entry(store).or_default().push(body);
    kept.arrivals.send_modify(|arrivals| *arrivals += 1);
    answer
}

impl KeptLine {
    pub async fn start() -> Self {
        let listener = super::listener().await;
        let url = format!("http://{}", listener.local_addr().unwrap());
        let kept = LineBodies { bodies: Arc::default(), arrivals: Arc::new(watch::Sender::new(0)) };
        let routes = Router::new().route("/{store}", post(keep)).with_state(kept.clone());
        Self { url, kept, server: tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() }) }
    }

    /// Where a store reports.
    pub fn of(&self, store: StoreKind) -> String {
        format!("{}/{}", self.url, store.as_str())
    }

    /// Waits for so many reports of a store, and takes them.
    pub async fn take(&self, store: StoreKind, count: usize) -> Vec<String> {
        let mut arrivals = self.kept.arrivals.subscribe();
        let taken = async {
            loop {
                if let Some(bodies) = self.kept.bodies.lock().unwrap().get_mut(store.as_str())
                    && bodies.len() >= count
                {
                    return bodies.drain(..count).collect();
                }
                if count == 0 {
                    return Vec::new();
                }
                arrivals.changed().await.unwrap();
            }
        };
        let taken = tokio::time::timeout(ARRIVAL_MAX, taken).await;
        taken.unwrap_or_else(|_| panic!("{} did not report {count} times", store.as_str()))
    }
}
