//! Callbacks: where they go and in which shape, and the task that delivers each until the peer answers with a 2xx.

use super::{
    desk::ApiDesk,
    now_ms,
    signing::CallbackSigner,
    store::{EVENTS_MAX, KeptEvent},
};
use crate::vault::moment;
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long the peer may take to answer.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// The most copies of one callback.
const COPIES_MAX: u32 = 5;

/// How a callback is built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegisteredShape {
    /// A CloudEvent, `specversion` 1.0.
    #[default]
    CloudEvents,
    /// `{"events": [...]}`: a beta of 2024.
    Events,
    /// `{"callbacks": [...]}`: the first version.
    Callbacks,
}

/// How a callback is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackSignature {
    /// Not at all, as behind mutual TLS.
    #[default]
    None,
    /// Headers `signature` (base64, ASN.1), `key-id` and `signing-algorithm` (`SHA256withECDSA`).
    Detached,
    /// Header `signature`: a JWS, ES256, without its payload.
    Jws,
}

/// The body of `PUT /callback`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackRegistration {
    /// `http://` and at most 500 characters.
    pub url: String,
    /// CloudEvents if absent.
    #[serde(default)]
    pub shape: RegisteredShape,
    /// Not signed if absent.
    #[serde(default)]
    pub signature: CallbackSignature,
    /// How often each callback is sent, 1 to 5. 1 if absent.
    #[serde(default = "one")]
    pub copies: u32,
    /// The newest of the waiting callbacks comes first.
    #[serde(default)]
    pub reversed: bool,
}

const fn one() -> u32 {
    1
}

impl CallbackRegistration {
    /// Whether the bank can call it.
    pub fn is_callable(&self) -> bool {
        let parsed = reqwest::Url::parse(&self.url);
        let fits = self.url.len() <= 500 && parsed.is_ok_and(|url| url.scheme() == "http" && url.host().is_some());
        fits && (1..=COPIES_MAX).contains(&self.copies)
    }

    fn body(&self, event: &KeptEvent) -> Value {
        let payment: Value = serde_json::from_str(&event.payload).unwrap_or_default();
        let at = moment(event.created_at_ms).to_string();
        match self.shape {
            RegisteredShape::CloudEvents => {
                json!({
                    "specversion": "1.0",
                    "id": event.event_id,
                    "time": at,
                    "type": format!("Payment.{}", payment["paymentStatus"].as_str().unwrap_or_default()),
                    "source": format!("payments/{}", payment["paymentId"].as_str().unwrap_or_default()),
                    "data": {"payments": [payment]},
                })
            }
            RegisteredShape::Events => {
                let mut beta = payment;
                beta["eventId"] = json!(event.event_id);
                beta["eventTimestamp"] = json!(at);
                json!({"events": [beta]})
            }
            RegisteredShape::Callbacks => {
                let errors = payment["exceptions"].as_array().map(|errors| {
                    let first = |error: &Value| json!({"errorCode": error["code"], "errorDescription": error["message"]});
                    errors.iter().map(first).collect::<Vec<_>>()
                });
                let mut first = json!({
                    "endToEndId": payment["paymentIdentifiers"]["endToEndId"],
                    "createDateTime": payment["statusUpdatedAt"],
                    "paymentStatus": payment["paymentStatus"],
                    "firmRootId": payment["paymentId"],
                });
                if let Some(errors) = errors {
                    first["exceptions"] = json!(errors);
                }
                json!({"callbacks": [first]})
            }
        }
    }
}

/// Delivers callbacks.
pub struct CallbackCaller {
    desk: ApiDesk,
    client: Client,
    signer: CallbackSigner,
    /// A stranger's key, which says that it is the bank's.
    forger: CallbackSigner,
    retry: Duration,
}

impl CallbackCaller {
    pub fn new(desk: ApiDesk, client: Client, signer: CallbackSigner, retry: Duration) -> Self {
        let forger = CallbackSigner::generate().called(signer.kid());
        Self { desk, client, signer, forger, retry }
    }

    /// Delivers what is due until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.desk.queued.notified() => {}
                () = tokio::time::sleep(self.retry) => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                delivered = self.deliver_due() => if let Err(error) = delivered {
                    tracing::error!(%error, "the sandbox's JSON bank can't read its callbacks");
                },
            }
        }
    }

    /// Rounds until one finds less than it could take; what fails is due later, so this ends.
    async fn deliver_due(&self) -> Result<(), sqlx::Error> {
        while self.deliver_round().await? == EVENTS_MAX {}
        Ok(())
    }

    /// Delivers what is due, at most [`EVENTS_MAX`], and says how many there were.
    async fn deliver_round(&self) -> Result<usize, sqlx::Error> {
        let mut events = self.desk.store().due_events(now_ms()).await?;
        if events.is_empty() {
            return Ok(0);
        }
        // Read after the callbacks: one that was queued after a change is delivered as the change says.
        let Some(registration) = self.desk.store().registration().await? else { return Ok(0) };
        let Ok(registration) = serde_json::from_str::<CallbackRegistration>(&registration) else { return Ok(0) };
        if registration.reversed {
            events.reverse();
        }
        for event in &events {
            let mut arrived = true;
            for _ in 0..registration.copies {
                arrived &= self.call(&registration, event).await;
            }
            let again_ms = now_ms().saturating_add(money::time::millis(self.retry)).saturating_add(1);
            // A forger does not insist.
            self.desk.store().note_attempt(&event.event_id, arrived || event.is_forged, again_ms).await?;
            self.desk.delivered.notify_waiters();
        }
        Ok(events.len())
    }

    async fn call(&self, registration: &CallbackRegistration, event: &KeptEvent) -> bool {
        let body = registration.body(event).to_string();
        let signer = if event.is_forged { &self.forger } else { &self.signer };
        let mut request = self.client.post(&registration.url).header("content-type", "application/json");
        request = match registration.signature {
            CallbackSignature::None => request,
            CallbackSignature::Detached => request
                .header("signature", signer.detached(body.as_bytes()))
                .header("key-id", self.signer.kid())
                .header("signing-algorithm", "SHA256withECDSA"),
            CallbackSignature::Jws => request.header("signature", signer.jws(body.as_bytes())),
        };
        match request.body(body).send().await {
            Ok(answer) => answer.status().is_success(),
            Err(error) => {
                tracing::debug!(%error, "a callback of the sandbox's JSON bank did not arrive");
                false
            }
        }
    }
}
