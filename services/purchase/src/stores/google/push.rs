//! Whether Pub/Sub pushed a notification: a bearer token (OpenID Connect) for our audience, of the configured account, signed by Google.

use crate::config::GoogleOptions;
use crate::domain::refusal::ReceiptRefusal;
use crate::stores::NotTaken;
use crate::stores::receipt::RefusedReceipt;
use axum::http::{HeaderMap, header::AUTHORIZATION};
use bankapi::{BankKeySet, CallbackHeaders, CallbackVerifier, UnverifiedCallback};
use http_client::{KeptBounds, KeptValue};
use reqwest::{Client, Url};
use serde::Deserialize;
use std::time::Duration;

/// Who issues the tokens, in both of its spellings.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];
/// How far the clocks of both sides may differ, in seconds.
const CLOCK_SKEW_SECONDS: i64 = 60;
/// The oldest keys that are used; Google changes them every few days and announces new ones a day before.
const AGE_MAX: Duration = Duration::from_secs(3_600);
/// The youngest keys that are read again because a token names another one: whoever sends tokens must not decide how often Google is asked.
const REREAD: Duration = Duration::from_secs(30);
/// The longest key set that is read, in bytes.
const SET_BYTES_MAX: usize = 64 * 1024;

/// What a token must say.
#[derive(Deserialize)]
struct PushClaims {
    iss: String,
    aud: String,
    exp: i64,
    #[serde(default)]
    iat: i64,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_verified: bool,
}

/// Checks pushes.
#[derive(Debug)]
pub(super) struct PushChecker {
    audience: String,
    email: String,
    keys_url: Url,
    client: Client,
    known: KeptValue<CallbackVerifier>,
}

impl PushChecker {
    pub(super) fn try_new(options: &GoogleOptions, client: Client) -> Result<Self, String> {
        Ok(Self {
            audience: options.push_audience.clone(),
            email: options.push_email.clone(),
            keys_url: options.push_keys_url.parse().map_err(|_| "not an address".to_owned())?,
            client,
            known: KeptValue::new(KeptBounds {
                age_max: AGE_MAX,
                reread: REREAD,
                retry: Duration::from_secs(options.push_keys_retry_s.into()),
            }),
        })
    }

    /// Checks the token of a push as of `now`, in Unix seconds.
    pub(super) async fn check(&self, headers: &HeaderMap, now: i64) -> Result<(), NotTaken> {
        let refused = |why: &str| NotTaken::Refused(RefusedReceipt::new(ReceiptRefusal::Signature, why));
        let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
        let token = token.ok_or_else(|| refused("the push has no bearer token"))?;
        let claims = self.verified(token).await?;
        let claims: PushClaims = serde_json::from_slice(&claims).map_err(|_| refused("the push's token lacks a claim"))?;
        if !ISSUERS.contains(&claims.iss.as_str()) {
            return Err(refused("the push's token is another issuer's"));
        }
        if claims.aud != self.audience {
            return Err(refused("the push's token is for another audience"));
        }
        if !claims.email_verified || claims.email != self.email {
            return Err(refused("the push's token is another account's"));
        }
        if claims.exp <= now.saturating_sub(CLOCK_SKEW_SECONDS) || claims.iat > now.saturating_add(CLOCK_SKEW_SECONDS) {
            return Err(refused("the push's token has ended or has yet to begin"));
        }
        Ok(())
    }

    async fn verified(&self, token: &str) -> Result<Vec<u8>, NotTaken> {
        let check =
            |verifier: CallbackVerifier| verifier.verify(CallbackHeaders::default(), token.as_bytes()).map(|claims| claims.into_owned());
        let read = || read_keys(self.client.clone(), self.keys_url.clone());
        let unread = |why| NotTaken::Later(format!("the keys of pushes can't be read: {why}"));
        let checked = match check(self.known.get(read).await.map_err(unread)?) {
            // Google may have a new key.
            Err(UnverifiedCallback::UnknownKey) => check(self.known.reread(read).await.map_err(unread)?),
            checked => checked,
        };
        checked.map_err(|why| NotTaken::Refused(RefusedReceipt::new(ReceiptRefusal::Signature, why.to_string())))
    }
}

/// What pushes are checked by, read now.
async fn read_keys(client: Client, keys_url: Url) -> Result<CallbackVerifier, String> {
    let response = client.get(keys_url).send().await.map_err(|error| error.without_url().to_string())?;
    if !response.status().is_success() {
        return Err(format!("HTTP {}", response.status().as_u16()));
    }
    let set = http_client::read(response, SET_BYTES_MAX).await.map_err(|error| error.to_string())?;
    BankKeySet::read(&set).map(CallbackVerifier::Jws).map_err(|error| error.to_string())
}
