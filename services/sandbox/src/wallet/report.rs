//! Reports: where they go, and what is wrong with the deliveries on command.

use super::{Desk, now_ms};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long the seller may take to answer.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// The most copies of one report.
const COPIES_MAX: u32 = 5;
/// Under which name the registration is stored.
const REGISTRATION: &str = "registration";

/// The body of `PUT /webhook`. Before there is one, reports go to each trade's own address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportRegistration {
    /// `http://` and at most 500 characters; empty: each trade's own address.
    #[serde(default)]
    pub url: String,
    /// How often each is sent, 1 to 5. 1 if absent.
    #[serde(default = "one")]
    pub copies: u32,
    /// The newest of those that wait comes first.
    #[serde(default)]
    pub reversed: bool,
    /// How many of the next are lost.
    #[serde(default)]
    pub dropped: u32,
    /// They wait until they are no longer held.
    #[serde(default)]
    pub held: bool,
}

const fn one() -> u32 {
    1
}

impl ReportRegistration {
    pub(crate) fn is_callable(&self) -> bool {
        let is_address = || reqwest::Url::parse(&self.url).is_ok_and(|url| url.scheme() == "http" && url.host().is_some());
        (1..=COPIES_MAX).contains(&self.copies) && self.url.len() <= 500 && (self.url.is_empty() || is_address())
    }
}

/// A report as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletReport {
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: String,
}

pub(crate) async fn register(desk: &Desk, registration: &ReportRegistration) -> Result<(), sqlx::Error> {
    desk.store.set(REGISTRATION, &serde_json::json!(registration).to_string()).await?;
    desk.queued.notify_one();
    Ok(())
}

async fn registration(desk: &Desk) -> Result<ReportRegistration, sqlx::Error> {
    let kept = desk.store.setting(REGISTRATION).await?.and_then(|text| serde_json::from_str(&text).ok());
    let none = ReportRegistration { url: String::new(), copies: 1, reversed: false, dropped: 0, held: false };
    Ok(kept.unwrap_or(none))
}

/// Whether the next report is to be lost; uses up one.
pub(crate) async fn lose_one(desk: &Desk) -> Result<bool, sqlx::Error> {
    let mut registration = registration(desk).await?;
    if registration.dropped == 0 {
        return Ok(false);
    }
    registration.dropped -= 1;
    desk.store.set(REGISTRATION, &serde_json::json!(registration).to_string()).await?;
    Ok(true)
}

/// Delivers what is due until `shutdown`.
pub(crate) async fn run(desk: Desk, client: Client, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = desk.queued.notified() => {}
            () = tokio::time::sleep(desk.config.retry) => {}
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            delivered = deliver_due(&desk, &client) => if let Err(error) = delivered {
                tracing::error!(%error, "a pretend wallet can't read its events");
            },
        }
    }
}

async fn deliver_due(desk: &Desk, client: &Client) -> Result<(), sqlx::Error> {
    let registration = registration(desk).await?;
    if registration.held {
        return Ok(());
    }
    let mut events = desk.store.due_events(now_ms()).await?;
    if registration.reversed {
        events.reverse();
    }
    for event in &events {
        let content: Value = serde_json::from_str(&event.body).unwrap_or_default();
        let url = if registration.url.is_empty() { content["url"].as_str().unwrap_or_default() } else { &registration.url };
        let (key, mut taken) = (desk.reporting_key(&event.event_id).await?, true);
        for _ in 0..registration.copies {
            taken &= call(desk, client, url, (desk.brand.report)(&content, key)).await;
        }
        let again_ms = now_ms().saturating_add(money::time::millis(desk.config.retry));
        desk.store.note_attempt(&event.event_id, taken, again_ms).await?;
    }
    Ok(())
}

async fn call(desk: &Desk, client: &Client, url: &str, report: WalletReport) -> bool {
    let request = report.headers.into_iter().fold(client.post(url), |request, (name, value)| request.header(name, value));
    let Ok(answer) = request.body(report.body).send().await else { return false };
    let status = answer.status().as_u16();
    (desk.brand.is_taken)(status, &answer.text().await.unwrap_or_default())
}
