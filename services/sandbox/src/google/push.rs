//! Real-time developer notifications as Pub/Sub pushes them: the notification in base64, under a bearer token of the push account's.

use super::{Error, PUSH_ACCOUNT, PUSH_AUDIENCE, SandboxGooglePlay, now_ms};
use bankapi::oauth::signed_jwt;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// A delivery that takes longer counts as failed.
pub(super) const DELIVERY_TIMEOUT: Duration = Duration::from_secs(20);
/// The id of the key that signs.
pub(super) const PUSH_KEY_ID: &str = "sandbox-push-key";
/// How long a token is valid, in seconds.
const TOKEN_SECONDS: i64 = 3_600;
/// The most copies of one delivery.
const COPIES_MAX: u32 = 16;

/// Where notifications of purchases go on their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlaySubscription {
    /// The receiver; nothing is announced while it is empty.
    pub url: String,
    /// Who the tokens are for.
    pub audience: String,
    /// How often each is delivered, all at once.
    pub copies: u32,
    /// They are kept until a delivery is ordered.
    pub held: bool,
}

impl Default for PlaySubscription {
    fn default() -> Self {
        Self { url: String::new(), audience: PUSH_AUDIENCE.to_owned(), copies: 1, held: false }
    }
}

/// A notification, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlayPush {
    /// The notification: `DeveloperNotification`, any JSON.
    pub notification: Value,
    /// Pub/Sub's id of the message; a new one if empty.
    pub message_id: String,
    /// The receiver; the subscription's if empty.
    pub url: String,
    /// Who the token is for; the subscription's if empty.
    pub audience: String,
    /// The account of the token.
    pub email: String,
    /// The issuer of the token.
    pub issuer: String,
    /// Whether the token says that the e-mail is the account's.
    pub email_verified: bool,
    /// The token has ended.
    pub expired: bool,
    /// Signed by a stranger.
    pub forged: bool,
    /// How often it is delivered, all at once.
    pub copies: u32,
}

impl Default for PlayPush {
    fn default() -> Self {
        Self {
            notification: Value::Null,
            message_id: String::new(),
            url: String::new(),
            audience: String::new(),
            email: PUSH_ACCOUNT.to_owned(),
            issuer: "https://accounts.google.com".to_owned(),
            email_verified: true,
            expired: false,
            forged: false,
            copies: 1,
        }
    }
}

/// What Pub/Sub sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedPush {
    /// The header `Authorization`.
    pub authorization: String,
    /// The body.
    pub body: String,
    /// The message's id.
    pub message_id: String,
}

/// What became of a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PushedNotification {
    /// The message's id.
    pub message_id: String,
    /// The HTTP status of each delivery; 0 where none came.
    pub answers: Vec<u16>,
}

impl PlayPush {
    /// `DeveloperNotification` about an app.
    #[must_use]
    pub fn about(package_name: &str, field: &str, content: Value) -> Self {
        let notification = json!({"version": "1.0", "packageName": package_name, "eventTimeMillis": now_ms().to_string(), field: content});
        Self { notification, ..Self::default() }
    }
}

impl SandboxGooglePlay {
    /// Signs a notification.
    pub fn signed(&self, push: &PlayPush) -> Result<SignedPush, Error> {
        let audience = if push.audience.is_empty() { self.memory().subscription.audience.clone() } else { push.audience.clone() };
        let issued = now_ms() / 1_000 - if push.expired { 2 * TOKEN_SECONDS } else { 0 };
        let claims = json!({
            "iss": push.issuer,
            "aud": audience,
            "azp": "100000000000000000001",
            "sub": "100000000000000000001",
            "email": push.email,
            "email_verified": push.email_verified,
            "iat": issued,
            "exp": issued + TOKEN_SECONDS,
        });
        let key = if push.forged { &self.shared.service_key } else { &self.shared.push_key };
        let token = signed_jwt(PUSH_KEY_ID, &claims, key)?;
        let new_id = || format!("{}", Uuid::new_v4().as_u128() % 100_000_000_000_000_000);
        let message_id = if push.message_id.is_empty() { new_id() } else { push.message_id.clone() };
        let body = json!({
            "message": {
                "data": STANDARD.encode(push.notification.to_string()),
                "messageId": message_id,
                "message_id": message_id,
                "publishTime": jiff::Timestamp::now().to_string(),
            },
            "subscription": "projects/sandbox/subscriptions/play",
        });
        Ok(SignedPush { authorization: format!("Bearer {token}"), body: body.to_string(), message_id })
    }

    /// Signs a notification and delivers it.
    pub async fn push(&self, push: &PlayPush) -> Result<PushedNotification, Error> {
        let url = if push.url.is_empty() { self.memory().subscription.url.clone() } else { push.url.clone() };
        let url = reqwest::Url::parse(&url).map_err(|_| Error::Asked("url: http:// with a host, here or in the subscription"))?;
        if !(1..=COPIES_MAX).contains(&push.copies) {
            return Err(Error::Asked("copies: 1 to 16"));
        }
        let signed = self.signed(push)?;
        let mut sent = tokio::task::JoinSet::new();
        for _ in 0..push.copies {
            let call = self.shared.client.post(url.clone()).header("authorization", &signed.authorization);
            let call = call.header("content-type", "application/json").body(signed.body.clone());
            sent.spawn(async move { call.send().await.map_or(0, |answer| answer.status().as_u16()) });
        }
        Ok(PushedNotification { message_id: signed.message_id, answers: sent.join_all().await })
    }

    /// Sets where notifications go on their own.
    pub fn subscribe(&self, subscription: PlaySubscription) {
        self.memory().subscription = subscription;
    }

    /// Announces a change, if anybody subscribed. One that is not taken waits for the next delivery, as Pub/Sub repeats it.
    pub(super) async fn announce(&self, push: PlayPush) -> Result<(), Error> {
        let subscription = self.memory().subscription.clone();
        if subscription.url.is_empty() {
            return Ok(());
        }
        self.memory().queue.push(PlayPush { copies: subscription.copies, ..push });
        if !subscription.held {
            self.deliver(false).await?;
        }
        Ok(())
    }

    /// Delivers what waits, from the first or from the last; keeps what is not taken.
    pub async fn deliver(&self, reversed: bool) -> Result<Vec<PushedNotification>, Error> {
        let mut waiting = std::mem::take(&mut self.memory().queue);
        if reversed {
            waiting.reverse();
        }
        let mut delivered = Vec::new();
        for push in waiting {
            // The same message in each delivery.
            let push = if push.message_id.is_empty() { PlayPush { message_id: self.signed(&push)?.message_id, ..push } } else { push };
            let answer = self.push(&push).await?;
            if !answer.answers.iter().any(|status| (200..300).contains(status)) {
                self.memory().queue.push(push);
            }
            delivered.push(answer);
        }
        Ok(delivered)
    }
}
