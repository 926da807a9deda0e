//! Deliveries: where events go, how they are signed, and what is wrong with them on command.

use super::{Desk, now_ms};
use crate::records::DueEvent;
use reqwest::Client;
use ring::hmac;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long the receiver may take to answer.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// The most copies of one event.
const COPIES_MAX: u32 = 5;
/// The most secrets of one endpoint.
const SECRETS_MAX: usize = 4;
/// Under which name the registration is stored.
pub const SETTING: &str = "webhook";

/// The body of `PUT /webhook`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookRegistration {
    /// `http://` and at most 500 characters.
    pub url: String,
    /// The secrets that sign: one, or two while one is replaced. The sandbox's own if there are none.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// How often each event is sent, 1 to 5. 1 if absent.
    #[serde(default = "one")]
    pub copies: u32,
    /// The newest of the waiting events comes first.
    #[serde(default)]
    pub reversed: bool,
    /// How many of the next events are lost.
    #[serde(default)]
    pub dropped: u32,
    /// Events wait until they are no longer held.
    #[serde(default)]
    pub held: bool,
}

const fn one() -> u32 {
    1
}

impl WebhookRegistration {
    /// Whether the processor can call it.
    pub fn is_callable(&self) -> bool {
        let parsed = reqwest::Url::parse(&self.url);
        let fits = self.url.len() <= 500 && parsed.is_ok_and(|url| url.scheme() == "http" && url.host().is_some());
        fits && (1..=COPIES_MAX).contains(&self.copies) && self.secrets.len() <= SECRETS_MAX
    }

    fn secrets(&self) -> Vec<&str> {
        if self.secrets.is_empty() { vec![super::TEST_WEBHOOK_SECRET] } else { self.secrets.iter().map(String::as_str).collect() }
    }
}

/// The header `stripe-signature` for a body: its time, and one `v1` for each secret.
#[must_use]
pub fn signature_header(secrets: &[&str], at_s: i64, body: &[u8]) -> String {
    let mut signed = format!("{at_s}.").into_bytes();
    signed.extend_from_slice(body);
    let v1 = secrets.iter().map(|secret| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), &signed);
        let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!(",v1={digits}")
    });
    format!("t={at_s}{}", v1.collect::<String>())
}

/// Delivers what is due until `shutdown`.
pub async fn run(desk: Desk, client: Client, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = desk.queued.notified() => {}
            () = tokio::time::sleep(desk.config.retry) => {}
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            delivered = deliver_due(&desk, &client) => if let Err(error) = delivered {
                tracing::error!(%error, "the sandbox's card processor can't read its events");
            },
        }
    }
}

async fn deliver_due(desk: &Desk, client: &Client) -> Result<(), sqlx::Error> {
    let Some(registration) = registration(desk).await?.filter(|registration| !registration.held) else { return Ok(()) };
    let mut events = desk.store.due_events(now_ms()).await?;
    if registration.reversed {
        events.reverse();
    }
    for event in &events {
        let mut arrived = true;
        for _ in 0..registration.copies {
            arrived &= call(client, &registration, event).await;
        }
        let again_ms = now_ms().saturating_add(money::time::millis(desk.config.retry));
        desk.store.note_attempt(&event.event_id, arrived, again_ms).await?;
    }
    Ok(())
}

/// Where events go; `None` before anybody has registered.
pub async fn registration(desk: &Desk) -> Result<Option<WebhookRegistration>, sqlx::Error> {
    Ok(desk.store.setting(SETTING).await?.and_then(|text| serde_json::from_str(&text).ok()))
}

async fn call(client: &Client, registration: &WebhookRegistration, event: &DueEvent) -> bool {
    let header = signature_header(&registration.secrets(), now_ms() / 1_000, event.body.as_bytes());
    let request = client.post(&registration.url).header("content-type", "application/json").header("stripe-signature", header);
    match request.body(event.body.clone()).send().await {
        Ok(answer) => answer.status().is_success(),
        Err(error) => {
            tracing::debug!(%error, "an event of the sandbox's card processor did not arrive");
            false
        }
    }
}
