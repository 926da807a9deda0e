//! Access tokens of a service account (RFC 7523 section 2.1). One is kept until shortly before its end; requests that need a new one at the same time share it, or
//! why there is none, and none waits longer than for one request.

use crate::config::ServiceAccountKey;
use bankapi::{
    RsaSigningKey,
    oauth::{BearerToken, TOKEN_BYTES_MAX, read_token, signed_jwt},
};
use http_client::{SharedFetch, Unfetched};
use money::time::unix_ms;
use reqwest::{Client, Url, header::CONTENT_TYPE};
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

/// What a token is asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/androidpublisher";
/// The grant, as a form has it.
const GRANT: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
/// How long an assertion is valid, in seconds: it is used at once, and clocks may differ by a minute.
const ASSERTION_SECONDS: i64 = 300;
/// How long before its end a token is no longer used: longer than a request takes.
const RENEWAL: Duration = Duration::from_secs(60);
/// How long a token is used whose end is not stated.
const UNSTATED: Duration = Duration::from_secs(300);
/// How long a caller waits for one: as long as the client does for an answer.
const WAIT: Duration = Duration::from_secs(10);
/// The most bytes of an answer with a token.
const ANSWER_BYTES_MAX: usize = 2 * TOKEN_BYTES_MAX;

/// A token, and until when it is used.
#[derive(Debug, Clone)]
struct GoogleToken {
    token: BearerToken,
    until: Instant,
}

/// Gets tokens and keeps the last one.
#[derive(Debug)]
pub(super) struct GoogleAccess {
    source: Arc<GoogleTokens>,
    kept: SharedFetch<GoogleToken>,
}

/// Where tokens come from.
#[derive(Debug)]
struct GoogleTokens {
    client: Client,
    url: Url,
    /// The address as it was given: one that was parsed may have another slash.
    audience: String,
    account: String,
    key_id: String,
    key: RsaSigningKey,
}

impl GoogleAccess {
    pub(super) fn try_new(account: &ServiceAccountKey, client: Client) -> Result<Self, String> {
        let source = GoogleTokens {
            client,
            url: account.token_uri.parse().map_err(|_| "its token_uri is no address".to_owned())?,
            audience: account.token_uri.clone(),
            account: account.client_email.clone(),
            key_id: account.private_key_id.clone(),
            key: RsaSigningKey::from_pem(account.private_key.as_bytes()).map_err(|error| error.to_string())?,
        };
        Ok(Self { source: Arc::new(source), kept: SharedFetch::default() })
    }

    /// A token; another one than `refused`.
    pub(super) async fn token(&self, refused: Option<&BearerToken>) -> Result<BearerToken, String> {
        let (source, now) = (self.source.clone(), Instant::now());
        let is_good = |kept: &GoogleToken| kept.until > now && Some(&kept.token) != refused;
        let token = self.kept.get(is_good, WAIT, || async move { source.token().await }).await;
        token.map(|kept| kept.token).map_err(|unfetched| match unfetched {
            Unfetched::Failed(why) => why,
            Unfetched::Late | Unfetched::BrokenOff => format!("no access token: {unfetched}"),
        })
    }
}

impl GoogleTokens {
    async fn token(&self) -> Result<GoogleToken, String> {
        let asked_at = Instant::now();
        let token = self.ask().await?;
        let lifetime = token.expires_in_seconds.map_or(UNSTATED, |seconds| Duration::from_secs(seconds.into()));
        Ok(GoogleToken { token, until: asked_at + lifetime.saturating_sub(RENEWAL) })
    }

    async fn ask(&self) -> Result<BearerToken, String> {
        let now = unix_ms(SystemTime::now()) / 1_000;
        let claims = serde_json::json!({
            "iss": self.account,
            "scope": SCOPE,
            "aud": self.audience,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        });
        let assertion = signed_jwt(&self.key_id, &claims, &self.key).map_err(|error| error.to_string())?;
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        // An assertion has only characters that a form leaves as they are.
        let response = request.body(format!("grant_type={GRANT}&assertion={assertion}")).send().await;
        let response = response.map_err(|error| format!("no access token: {}", error.without_url()))?;
        let status = response.status().as_u16();
        let body = http_client::read(response, ANSWER_BYTES_MAX).await.map_err(|error| format!("no access token: {error}"))?;
        read_token(status, &body).map_err(|_| format!("no access token: HTTP {status}; check account, key and clock"))
    }
}

#[cfg(test)]
mod tests;
