//! Codes, each redeemed once, and the tokens that they are redeemed for.
use super::{
    AUDIENCE, CLIENT_ID, Config, SandboxPerson,
    renewal::{RenewableLogin, Renewals, random},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, SHA512, digest},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// How long a code is valid, in milliseconds; a browser redeems it at once.
const CODE_MS: i64 = 60_000;
/// The most codes that wait to be redeemed.
const CODES_MAX: usize = 1_000;

const NO_RANDOMNESS: (&str, &str) = ("server_error", "the system gives no randomness");

/// What a client asked for, as it said it in the browser's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LoginRequest {
    pub(super) redirect_uri: String,
    pub(super) state: String,
    pub(super) nonce: String,
    /// The PKCE challenge, by S256.
    pub(super) challenge: String,
}

/// A code that waits.
struct GivenCode {
    request: LoginRequest,
    person: SandboxPerson,
    given_ms: i64,
}

/// Gives codes to browsers and tokens to the client.
pub(super) struct LoginDesk {
    issuer: String,
    key: Ed25519KeyPair,
    key_id: String,
    config: Config,
    now_ms: fn() -> i64,
    codes: Mutex<HashMap<String, GivenCode>>,
    renewals: Renewals,
    signed_in: AtomicU64,
    renewed: AtomicU64,
}

impl LoginDesk {
    pub(super) fn try_new(issuer: String, config: Config, now_ms: fn() -> i64) -> Option<Self> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).ok()?;
        let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).ok()?;
        let key_id = URL_SAFE_NO_PAD.encode(&digest(&SHA256, key.public_key().as_ref()).as_ref()[..12]);
        Some(Self {
            issuer,
            key,
            key_id,
            config,
            now_ms,
            codes: Mutex::default(),
            renewals: Renewals::default(),
            signed_in: AtomicU64::new(0),
            renewed: AtomicU64::new(0),
        })
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The key set (RFC 8037 section 2).
    pub(super) fn keys(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.key.public_key());
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.key_id, "use": "sig", "alg": "EdDSA"}]})
    }

    /// A code for `person`. `None`: too many wait.
    pub(super) fn give(&self, request: LoginRequest, person: SandboxPerson) -> Option<String> {
        let code = random()?;
        let now = (self.now_ms)();
        let mut codes = self.codes();
        codes.retain(|_, given| given.given_ms + CODE_MS > now);
        if codes.len() >= CODES_MAX {
            return None;
        }
        codes.insert(code.clone(), GivenCode { request, person, given_ms: now });
        Some(code)
    }

    /// The answer to a request for tokens, or the error of RFC 6749 section 5.2 and why. A code that is used wrongly is used up.
    pub(super) fn redeem(&self, form: &HashMap<String, String>) -> Result<Value, (&'static str, &'static str)> {
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        if field("client_id") != CLIENT_ID {
            return Err(("invalid_client", "there is one client, largesse-console, and it has no secret"));
        }
        let now = (self.now_ms)();
        match field("grant_type") {
            "authorization_code" => {}
            "refresh_token" => {
                let login = self.renewals.redeem(field("refresh_token"), now);
                let login = login.ok_or(("invalid_grant", "the refresh token is unknown, used or expired"))?;
                self.renewed.fetch_add(1, Ordering::Relaxed);
                return self.tokens(login, None, now);
            }
            _ => return Err(("unsupported_grant_type", "there are authorization_code and refresh_token")),
        }
        let given = self.codes().remove(field("code")).filter(|given| given.given_ms + CODE_MS > now);
        let given = given.ok_or(("invalid_grant", "the code is unknown, used or expired"))?;
        if field("redirect_uri") != given.request.redirect_uri {
            return Err(("invalid_grant", "the code was given for another redirect_uri"));
        }
        let verifier = digest(&SHA256, field("code_verifier").as_bytes());
        if URL_SAFE_NO_PAD.encode(verifier) != given.request.challenge {
            return Err(("invalid_grant", "the code_verifier does not belong to the code_challenge"));
        }
        self.signed_in.fetch_add(1, Ordering::Relaxed);
        let login = RenewableLogin::begun(given.person, given.given_ms).ok_or(NO_RANDOMNESS)?;
        self.tokens(login, Some(&given.request.nonce), now)
    }

    /// How often people signed in, and how often their tokens were renewed, since the start.
    pub(super) fn activity(&self) -> Value {
        json!({"signed_in": self.signed_in.load(Ordering::Relaxed), "renewed": self.renewed.load(Ordering::Relaxed)})
    }

    /// Tokens of a login. A nonce is in the first ones only.
    fn tokens(&self, login: RenewableLogin, nonce: Option<&str>, now_ms: i64) -> Result<Value, (&'static str, &'static str)> {
        let (person, valid) = (login.person, i64::from(self.config.token_seconds));
        let auth_time = login.begun_ms / 1_000 - i64::from(self.config.login_age_seconds);
        let (now, until) = (now_ms / 1_000, now_ms / 1_000 + valid);
        let access = self.sign(
            "at+jwt",
            &json!({"iss": self.issuer, "aud": AUDIENCE, "client_id": CLIENT_ID, "sub": person.subject, "role": person.role, "books": ["*"],
                "iat": now, "exp": until, "auth_time": auth_time, "jti": random()}),
        );
        let hash = digest(&SHA512, access.as_bytes());
        let mut claims = json!({"iss": self.issuer, "aud": CLIENT_ID, "azp": CLIENT_ID, "sub": person.subject, "name": person.name,
            "iat": now, "exp": until, "auth_time": auth_time, "acr": "sandbox", "at_hash": URL_SAFE_NO_PAD.encode(&hash.as_ref()[..32])});
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        let id = self.sign("JWT", &claims);
        let refresh = self.renewals.give(login, now_ms).ok_or(NO_RANDOMNESS)?;
        Ok(json!({"access_token": access, "token_type": "Bearer", "expires_in": valid, "id_token": id, "refresh_token": refresh,
            "scope": "openid"}))
    }

    fn sign(&self, typ: &str, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&json!({"alg": "EdDSA", "typ": typ, "kid": self.key_id})), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn codes(&self) -> MutexGuard<'_, HashMap<String, GivenCode>> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
