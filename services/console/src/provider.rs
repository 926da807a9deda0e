//! The issuer where staff sign in: what it publishes of itself (OpenID Connect Discovery 1.0), where a login begins, and codes redeemed for tokens (RFC 6749,
//! with PKCE, RFC 7636). What the tokens are worth is for `identity::Verifier` to say.
use crate::{
    Config, Error,
    config::check_address,
    seal::{Seal, hash, secret},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use http_client::{KeptBounds, KeptValue};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, ExtraTokenFields, HttpRequest,
    HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, StandardRevocableToken,
    StandardTokenResponse, TokenResponse as _, TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType},
};
use reqwest::{Client, StatusCode};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

#[cfg(test)]
mod tests;

/// How long the issuer may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of its answers.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// What it publishes of itself is read again every hour, and used for a day while it can't be read; after a failure it is left alone for a second.
const DISCOVERY: KeptBounds =
    KeptBounds { age_max: Duration::from_secs(86_400), reread: Duration::from_secs(3_600), retry: Duration::from_secs(1) };
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// What is used of an issuer's document.
#[derive(Debug, Clone, Deserialize)]
struct PublishedIssuer {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    end_session_endpoint: Option<String>,
}

/// The field that OpenID Connect adds to an answer with tokens.
#[derive(Debug, Serialize, Deserialize)]
struct IdTokenField {
    id_token: Option<String>,
}

impl ExtraTokenFields for IdTokenField {}

type LoginTokens = StandardTokenResponse<IdTokenField, BasicTokenType>;
type LoginClient = oauth2::Client<
    BasicErrorResponse,
    LoginTokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// A login that has begun, sealed in the browser's cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BegunLogin {
    /// Comes back with the code; it binds the answer to this browser.
    pub(crate) state: String,
    pub(crate) nonce: String,
    pkce_verifier: String,
    /// The page that the person wanted.
    pub(crate) then: String,
    /// Until when it may be finished, in milliseconds since the Unix epoch.
    pub(crate) until_ms: i64,
    /// Of a login that is repeated to approve something: how long ago the person may have authenticated, in seconds.
    pub(crate) age_max_s: Option<u64>,
}

/// What a login is for.
#[derive(Debug)]
pub(crate) struct WantedLogin {
    /// The page that the person wanted.
    pub(crate) then: String,
    /// Whether they must authenticate even if the issuer still knows them, and how long ago that may be when they are back.
    pub(crate) age_max: Option<Duration>,
}

/// The tokens of a finished login, not checked yet.
pub(crate) struct UncheckedTokens {
    pub(crate) access: String,
    pub(crate) id: String,
    /// Renews them, where the issuer gives one.
    pub(crate) refresh: Option<String>,
}

/// The tokens of a renewed login, not checked yet.
pub(crate) struct RenewedTokens {
    pub(crate) access: String,
    /// Issuers need not send it again (OpenID Connect Core 1.0, section 12.2).
    pub(crate) id: Option<String>,
    /// Replaces the one that was used; without one that goes on working.
    pub(crate) refresh: Option<String>,
}

/// Why a login went wrong at the issuer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
    #[error("the issuer of logins can't be reached or answers wrongly: {0}")]
    Issuer(String),
    #[error("the issuer refused what it was asked for: {0}")]
    Refused(String),
    #[error("the system gives no randomness")]
    Randomness,
}

/// The request to the issuer failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct FailedRequest(String);

/// The issuer, and the console as its client.
pub(crate) struct LoginProvider {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    secret: Option<ClientSecret>,
    redirect: RedirectUrl,
    scopes: Vec<String>,
    http: Client,
    published: KeptValue<Arc<PublishedIssuer>>,
    cookie_seal: Seal,
}

impl LoginProvider {
    /// Reads the client's secret; nothing is fetched yet.
    pub(crate) fn try_new(config: &Config, base_url: &str) -> Result<Self, Error> {
        let redirect =
            RedirectUrl::new(format!("{base_url}/console/callback")).map_err(|error| Error::option("base_url", error.to_string()))?;
        let secret = config.client_secret().map_err(|why| Error::option("client_secret_file", why))?.map(ClientSecret::new);
        let wrong = |why: String| Error::option("issuer_ca", why);
        let http = http_client::builder(&config.issuer_ca).map_err(|error| wrong(error.to_string()))?;
        let http = http.timeout(ANSWER_TIMEOUT).build().map_err(|error| wrong(error.to_string()))?;
        let key = crate::seal::secret().ok_or(Error::Randomness)?;
        Ok(Self {
            issuer: config.issuer.clone(),
            client_id: config.client_id.clone(),
            secret,
            redirect,
            scopes: config.scopes.clone(),
            http,
            published: KeptValue::new(DISCOVERY),
            cookie_seal: Seal::new(&hash("largesse console login", &key)),
        })
    }

    /// Where the browser goes to sign in, and what to keep for its return.
    pub(crate) async fn begin(&self, wanted: WantedLogin, until_ms: i64) -> Result<(String, BegunLogin), ProviderError> {
        let client = self.client(&*self.published().await?)?;
        let random = || secret().ok_or(ProviderError::Randomness);
        let age_max_s = wanted.age_max.map(|age| age.as_secs());
        let begun = BegunLogin { state: random()?, nonce: random()?, pkce_verifier: random()?, then: wanted.then, until_ms, age_max_s };
        let verifier = PkceCodeVerifier::new(begun.pkce_verifier.clone());
        let state = begun.state.clone();
        let request = client.authorize_url(move || CsrfToken::new(state)).add_scope(Scope::new("openid".to_owned()));
        let request = request.add_scopes(self.scopes.iter().cloned().map(Scope::new));
        let request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        let mut request = request.add_extra_param("nonce", &begun.nonce);
        if let Some(age_max_s) = age_max_s {
            // Core 1.0, section 3.1.2.1: issuers that do not ask again still say how long ago it was.
            request = request.add_extra_param("prompt", "login").add_extra_param("max_age", age_max_s.to_string());
        }
        let (url, _) = request.url();
        Ok((url.into(), begun))
    }

    /// Redeems the code of a login that came back.
    pub(crate) async fn redeem(&self, code: String, begun: &BegunLogin) -> Result<UncheckedTokens, ProviderError> {
        let client = self.client(&*self.published().await?)?;
        let verifier = PkceCodeVerifier::new(begun.pkce_verifier.clone());
        let send = |request: HttpRequest| send(self.http.clone(), request);
        let answer = client.exchange_code(AuthorizationCode::new(code)).set_pkce_verifier(verifier).request_async(&send).await;
        let RenewedTokens { access, id, refresh } = given(answer)?;
        let id = id.ok_or_else(|| ProviderError::Issuer("its answer has no id_token".to_owned()))?;
        Ok(UncheckedTokens { access, id, refresh })
    }

    /// Renews the tokens of a login (RFC 6749, section 6).
    pub(crate) async fn renew(&self, refresh: String) -> Result<RenewedTokens, ProviderError> {
        let client = self.client(&*self.published().await?)?;
        let send = |request: HttpRequest| send(self.http.clone(), request);
        given(client.exchange_refresh_token(&RefreshToken::new(refresh)).request_async(&send).await)
    }

    /// Where a person signs out of the issuer, if it has such a page.
    pub(crate) async fn end_session(&self) -> Option<String> {
        self.published().await.ok()?.end_session_endpoint.clone()
    }

    /// A begun login as the value of a cookie, which only this process opens.
    pub(crate) fn sealed(&self, begun: &BegunLogin) -> Result<String, ProviderError> {
        let text = serde_json::to_string(begun).map_err(|error| ProviderError::Issuer(error.to_string()))?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(self.cookie_seal.seal(&text).ok_or(ProviderError::Randomness)?))
    }

    /// The begun login in a cookie, if this process sealed it and it is not too old.
    pub(crate) fn opened(&self, cookie: &str, now_ms: i64) -> Option<BegunLogin> {
        let text = self.cookie_seal.open(&BASE64_URL_SAFE_NO_PAD.decode(cookie).ok()?)?;
        serde_json::from_str(&text).ok().filter(|begun: &BegunLogin| now_ms < begun.until_ms)
    }

    fn client(&self, published: &PublishedIssuer) -> Result<LoginClient, ProviderError> {
        let wrong = |error: oauth2::url::ParseError| ProviderError::Issuer(error.to_string());
        let client = oauth2::Client::new(ClientId::new(self.client_id.clone()))
            .set_auth_uri(AuthUrl::new(published.authorization_endpoint.clone()).map_err(wrong)?)
            .set_token_uri(TokenUrl::new(published.token_endpoint.clone()).map_err(wrong)?)
            .set_redirect_uri(self.redirect.clone());
        Ok(match &self.secret {
            Some(secret) => client.set_client_secret(secret.clone()),
            None => client.set_auth_type(oauth2::AuthType::RequestBody),
        })
    }

    /// What the issuer publishes: as it was read within the hour, or else read now, or else as it was known before.
    async fn published(&self) -> Result<Arc<PublishedIssuer>, ProviderError> {
        let read = || published(self.http.clone(), self.issuer.clone());
        match self.published.reread(read).await {
            Ok(published) => Ok(published),
            Err(_) => self.published.get(read).await.map_err(ProviderError::Issuer),
        }
    }
}

/// The tokens of an answer.
fn given(answer: Result<LoginTokens, RequestTokenError<FailedRequest, BasicErrorResponse>>) -> Result<RenewedTokens, ProviderError> {
    let tokens = answer.map_err(|error| match error {
        RequestTokenError::ServerResponse(refusal) => ProviderError::Refused(refusal.error().to_string()),
        // Its text may contain what the issuer sent, which may be a token.
        RequestTokenError::Parse(..) => ProviderError::Issuer("its answer can't be read".to_owned()),
        other => ProviderError::Issuer(identity::error::chain(&other)),
    })?;
    let refresh = tokens.refresh_token().map(|token| token.secret().clone());
    Ok(RenewedTokens { access: tokens.access_token().secret().clone(), id: tokens.extra_fields().id_token.clone(), refresh })
}

/// Reads what an issuer publishes of itself.
async fn published(http: Client, issuer: String) -> Result<Arc<PublishedIssuer>, String> {
    let address = format!("{}{WELL_KNOWN}", issuer.trim_end_matches('/'));
    let answer = http.get(&address).send().await.map_err(|error| identity::error::chain(&error))?;
    if answer.status() != StatusCode::OK {
        return Err(format!("{address} answered {}", answer.status()));
    }
    let body = http_client::read(answer, ANSWER_BYTES_MAX).await.map_err(|error| error.to_string())?;
    let published: PublishedIssuer = serde_json::from_slice(&body).map_err(|error| format!("{address}: {error}"))?;
    // Discovery 1.0, section 4.3: another issuer's document proves nothing.
    if published.issuer != issuer {
        return Err(format!("{address} is the document of another issuer"));
    }
    let ends = [Some(&published.authorization_endpoint), Some(&published.token_endpoint), published.end_session_endpoint.as_ref()];
    for address in ends.into_iter().flatten() {
        check_address(address).map_err(|why| format!("{address}: {why}"))?;
    }
    Ok(Arc::new(published))
}

/// Sends a request of the library with the house's client.
async fn send(http: Client, request: HttpRequest) -> Result<HttpResponse, FailedRequest> {
    let failed = |error: &dyn std::error::Error| FailedRequest(identity::error::chain(error));
    let (parts, body) = request.into_parts();
    let request = http.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
    let answer = request.send().await.map_err(|error| failed(&error))?;
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    *response.body_mut() = http_client::read(answer, ANSWER_BYTES_MAX).await.map_err(|error| failed(&error))?.to_vec();
    Ok(response)
}
