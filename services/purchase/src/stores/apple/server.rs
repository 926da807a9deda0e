//! The App Store Server API (version 1.19): requests to the App Store, each with a token of its own for the app that it is about.

use std::path::Path;
use std::time::{Duration, SystemTime};

use bankapi::P256SigningKey;
use bankapi::oauth::es256_jwt;
use chart::BookKind;
use money::time::unix_ms;
use reqwest::header::{AUTHORIZATION, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};
use serde_json::{Value, json};

use crate::config::Config;
use crate::questions::answer::{AnswerEnd, NotAnswered, Preference, RefundAnswer};

/// How long a request may take.
const TIME_OUT: Duration = Duration::from_secs(10);
/// Who the tokens are for.
const AUDIENCE: &str = "appstoreconnect-v1";
/// How long a token is valid, in seconds: it is used at once, and clocks may differ by a minute. The App Store takes an hour at most.
const TOKEN_SECONDS: i64 = 300;
/// The most bytes of an answer: a page has 20 signed notifications or transactions.
const ANSWER_BYTES_MAX: usize = bankapi::json::DOCUMENT_BYTES_MAX;

/// The App Store's servers for one kind of book.
#[derive(Debug)]
pub(super) struct AppStoreServer {
    base: Url,
    client: Client,
    issuer_id: String,
    key_id: String,
    key: P256SigningKey,
}

/// A request to the App Store Server API.
pub(super) struct ServerCall<'a> {
    /// Its method.
    pub(super) method: Method,
    /// Its path under `/inApps`.
    pub(super) segments: &'a [&'a str],
    /// The place in a list, with the name of its parameter; an empty place is that of the first page.
    pub(super) place: Option<(&'a str, &'a str)>,
}

/// What the App Store answers.
#[derive(Debug)]
pub(super) struct ServerAnswer {
    /// The HTTP status.
    pub(super) status: StatusCode,
    /// Its JSON; null without one.
    pub(super) body: Value,
    /// When the next request would be answered, in Unix milliseconds; 0 if it does not say.
    pub(super) retry_at_ms: i64,
}

/// The servers for LIVE and TEST books, where a key is configured.
pub(super) fn load(config: &Config) -> Result<[Option<AppStoreServer>; 2], String> {
    let (options, mut servers) = (&config.apple, [None, None]);
    if !options.private_key.as_os_str().is_empty() {
        let shown = options.private_key.display();
        let pem = std::fs::read(&options.private_key).map_err(|error| format!("apple.private_key: {shown}: {error}"))?;
        for (at, url) in [&options.api_url, &options.sandbox_api_url].into_iter().enumerate() {
            servers[at] = Some(AppStoreServer::try_new(url, &options.issuer_id, &options.key_id, &pem, &options.ca)?);
        }
    }
    if let Some(pretend) = &config.sandbox_apple {
        let pem = pretend.private_key.as_bytes();
        servers[1] = Some(AppStoreServer::try_new(&pretend.api_url, &pretend.issuer_id, &pretend.key_id, pem, Path::new(""))?);
    }
    Ok(servers)
}

impl AppStoreServer {
    fn try_new(base: &str, issuer_id: &str, key_id: &str, pem: &[u8], ca: &Path) -> Result<Self, String> {
        let base: Url = base.parse().map_err(|_| format!("apple.api_url: {base} is not an address"))?;
        if base.cannot_be_a_base() {
            return Err(format!("apple.api_url: {base} is not an address with a host"));
        }
        let client = http_client::builder(ca).map_err(|error| format!("apple.ca: {error}"))?;
        let client = client.timeout(TIME_OUT).build().map_err(|error| format!("apple.ca: {error}"))?;
        // Never with the content: it is a key.
        let key = P256SigningKey::from_pem(pem).map_err(|error| format!("apple.private_key: {error}"))?;
        Ok(Self { base, client, issuer_id: issuer_id.to_owned(), key_id: key_id.to_owned(), key })
    }

    /// Sends a request about an app.
    pub(super) async fn answer(
        &self,
        bundle_id: &str,
        ServerCall { method, segments, place }: ServerCall<'_>,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<ServerAnswer, NotAnswered> {
        let of_all = |why: String| NotAnswered { why, for_all: true, retry_at_ms: 0 };
        let now = unix_ms(SystemTime::now()) / 1_000;
        let claims = json!({"iss": self.issuer_id, "iat": now, "exp": now + TOKEN_SECONDS, "aud": AUDIENCE, "bid": bundle_id});
        let token = es256_jwt(&self.key_id, &claims, &self.key).map_err(|error| of_all(error.to_string()))?;
        let mut url = self.base.clone();
        let mut path = url.path_segments_mut().expect("a base address");
        // Each segment is encoded: an id can't lead elsewhere.
        path.pop_if_empty().extend(["inApps"]).extend(segments);
        drop(path);
        if let Some((parameter, token)) = place.filter(|(_, token)| !token.is_empty()) {
            url.query_pairs_mut().append_pair(parameter, token);
        }
        let request = with(self.client.request(method, url).header(AUTHORIZATION, format!("Bearer {token}")));
        let response = request.send().await;
        let response = response.map_err(|error| of_all(format!("the App Store can't be reached: {}", error.without_url())))?;
        let status = response.status();
        let retry_at_ms = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
        let body = http_client::read(response, ANSWER_BYTES_MAX).await;
        let body = body.map_err(|_| of_all("the App Store's answer was too long or cut".to_owned()))?;
        let body = bankapi::json::parse(&body).unwrap_or(Value::Null);
        Ok(ServerAnswer { status, body, retry_at_ms })
    }

    /// `PUT /inApps/v2/transactions/consumption/{transactionId}`. May be repeated: the last one counts.
    pub(super) async fn send_consumption(
        &self,
        bundle_id: &str,
        transaction_id: &str,
        answer: &RefundAnswer,
    ) -> Result<AnswerEnd, NotAnswered> {
        let mut information = json!({
            "customerConsented": true,
            "sampleContentProvided": answer.sample_content_provided,
            "deliveryStatus": answer.delivery.word(),
        });
        if let Some(milliunits) = answer.consumed_milliunits {
            information["consumptionPercentage"] = json!(milliunits);
        }
        if answer.preference != Preference::Unstated {
            information["refundPreference"] = json!(answer.preference.word());
        }
        let segments = ["v2", "transactions", "consumption", transaction_id];
        let said = self
            .answer(bundle_id, ServerCall { method: Method::PUT, segments: &segments, place: None }, |request| request.json(&information))
            .await?;
        match said.status {
            status if status.is_success() => Ok(AnswerEnd::Taken),
            // Wrong as it is, or about nothing that the App Store knows: the same again would be answered the same.
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => Ok(AnswerEnd::Refused(said.shown())),
            _ => Err(said.unavailable()),
        }
    }
}

impl ServerAnswer {
    /// An answer that decides nothing: another key, too many requests, or a failure there.
    pub(super) fn unavailable(&self) -> NotAnswered {
        NotAnswered { why: self.shown(), for_all: true, retry_at_ms: self.retry_at_ms }
    }

    /// Apple's code of an error; 0 without one.
    pub(super) fn code(&self) -> i64 {
        self.body["errorCode"].as_i64().unwrap_or(0)
    }

    /// What it says, for staff.
    fn shown(&self) -> String {
        let message = money::text::shown(self.body["errorMessage"].as_str().unwrap_or_default());
        let message: String = message.chars().take(200).collect();
        format!("the App Store answered {} ({}): {message}", self.status.as_u16(), self.code())
    }
}

/// Where the servers for this kind of book are in what [`load`] returns.
pub(super) fn place(kind: BookKind) -> usize {
    match kind {
        BookKind::Live => 0,
        BookKind::Test => 1,
    }
}
