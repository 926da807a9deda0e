//! Access tokens by client credentials with a signed assertion. One is kept until shortly before its end; callers who need a new one at the same time share it,
//! or why there is none, and none waits longer than for one request.

use crate::config::{ApiBankConfig, InvalidPayoutOption};
use bankapi::{
    RsaSigningKey,
    oauth::{AssertionTerms, BearerToken, TOKEN_BYTES_MAX, assertion, read_token, token_form},
};
use http_client::{SharedFetch, Unfetched};
use money::time::unix_ms;
use reqwest::{
    Client, Url,
    header::{self, HeaderValue},
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use uuid::Uuid;

/// How long a request for a token may take, and a caller waits for one. Nothing is sent to the bank meanwhile.
const TOKEN_TIME_OUT: Duration = Duration::from_secs(5);
/// How long an assertion is valid, in seconds: it is used at once, and clocks may differ by a minute.
const ASSERTION_SECONDS: i64 = 300;
/// The longest time before its end at which a token is no longer used: longer than a payment takes.
const RENEWAL_MAX: Duration = Duration::from_secs(60);
/// The most bytes of an answer with a token.
const ANSWER_BYTES_MAX: usize = 2 * TOKEN_BYTES_MAX;

/// The value of `Authorization`. `Debug` never prints it.
#[derive(Clone)]
pub struct ApiAccess {
    header: HeaderValue,
    /// Counts tokens, so that one that was refused is replaced only once.
    number: u64,
}

impl fmt::Debug for ApiAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiAccess(***, {})", self.number)
    }
}

impl ApiAccess {
    /// The header's value, marked as secret.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}

/// A token, and until when it is used; `None`: until it is refused.
#[derive(Debug, Clone)]
struct KeptToken {
    access: ApiAccess,
    until: Option<Instant>,
}

/// Gets tokens and keeps the last one.
pub struct TokenKeeper {
    source: Arc<ApiTokens>,
    kept: SharedFetch<KeptToken>,
}

/// Where tokens come from.
struct ApiTokens {
    client: Client,
    url: Url,
    config: ApiBankConfig,
    kid: String,
    key: RsaSigningKey,
    /// Tokens so far.
    count: AtomicU64,
}

impl fmt::Debug for TokenKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ApiTokens { url, kid, .. } = &*self.source;
        f.debug_struct("TokenKeeper").field("url", &url.as_str()).field("kid", kid).finish_non_exhaustive()
    }
}

impl TokenKeeper {
    /// Reads the key.
    pub fn try_new(client: Client, config: &ApiBankConfig) -> Result<Self, InvalidPayoutOption> {
        let url = Url::parse(&config.token_url);
        let url = url.map_err(|_| InvalidPayoutOption::Range { name: "a bank's api.token_url", bounds: "a URL" })?;
        let (key, kid) = (config.signing_key()?, config.key_id()?);
        let source = ApiTokens { client, url, config: config.clone(), kid, key, count: AtomicU64::new(0) };
        Ok(Self { source: Arc::new(source), kept: SharedFetch::default() })
    }

    /// A token that is not near its end. The error says why there is none, in words for operators; no payment was sent.
    pub async fn access(&self) -> Result<ApiAccess, String> {
        let now = Instant::now();
        self.kept_if(|token| token.until.is_none_or(|until| now < until)).await
    }

    /// Another token than one that the bank has refused.
    pub async fn renewed(&self, refused: &ApiAccess) -> Result<ApiAccess, String> {
        self.kept_if(|token| token.access.number != refused.number).await
    }

    async fn kept_if(&self, is_good: impl FnOnce(&KeptToken) -> bool) -> Result<ApiAccess, String> {
        let source = self.source.clone();
        let token = self.kept.get(is_good, TOKEN_TIME_OUT, || async move { source.token().await }).await;
        token.map(|token| token.access).map_err(|unfetched| match unfetched {
            Unfetched::Failed(why) => why,
            Unfetched::Late | Unfetched::BrokenOff => format!("no access token ({unfetched}); no payment was sent"),
        })
    }
}

impl ApiTokens {
    async fn token(&self) -> Result<KeptToken, String> {
        let asked = Instant::now();
        let token = self.ask().await?;
        let mut header =
            HeaderValue::from_str(&token.authorization()).map_err(|_| "the bank's access token fits into no header".to_owned())?;
        header.set_sensitive(true);
        let life = token.expires_in_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let until = life.and_then(|life| asked.checked_add(life - RENEWAL_MAX.min(life / 4)));
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(KeptToken { access: ApiAccess { header, number }, until })
    }

    async fn ask(&self) -> Result<BearerToken, String> {
        let jti = Uuid::now_v7().to_string();
        let terms = AssertionTerms {
            client_id: &self.config.client_id,
            // As configured: the bank compares it with its own.
            token_url: &self.config.token_url,
            kid: &self.kid,
            issued_at: unix_ms(SystemTime::now()) / 1_000,
            seconds: ASSERTION_SECONDS,
            jti: &jti,
        };
        let assertion = assertion(&terms, &self.key).map_err(|error| error.to_string())?;
        let mut form = token_form(&self.config.client_id, &assertion, &self.config.resource);
        if !self.config.scopes.is_empty() {
            // The one sign of scopes that a form can't have as it is.
            let scopes: Vec<String> = self.config.scopes.iter().map(|scope| scope.replace(':', "%3A")).collect();
            form.push_str(&format!("&scope={}", scopes.join("+")));
        }
        let request = self.client.post(self.url.clone()).timeout(TOKEN_TIME_OUT);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        let response = request.send().await.map_err(|error| {
            let why = super::super::iso20022::why(&error);
            format!("no access token ({why}); no payment was sent")
        })?;
        let status = response.status().as_u16();
        let body = http_client::read(response, ANSWER_BYTES_MAX).await;
        let body = body.map_err(|_| "no access token (its answer was too long or cut); no payment was sent".to_owned())?;
        read_token(status, &body).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests;
