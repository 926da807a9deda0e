//! Codes, each redeemed once, and the tokens that they are redeemed for.
use super::{AUDIENCE, CLIENT_ID, SandboxPerson};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, SHA512, digest},
    rand::{SecureRandom as _, SystemRandom},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How long a code is valid, in milliseconds; a browser redeems it at once.
const CODE_MS: i64 = 60_000;
/// The most codes that wait to be redeemed.
const CODES_MAX: usize = 1_000;
/// How long tokens are valid, in seconds: a working day, because there is no refreshing here.
pub(super) const TOKEN_SECONDS: i64 = 36_000;

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
    now_ms: fn() -> i64,
    codes: Mutex<HashMap<String, GivenCode>>,
}

impl LoginDesk {
    pub(super) fn try_new(issuer: String, now_ms: fn() -> i64) -> Option<Self> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).ok()?;
        let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).ok()?;
        let key_id = URL_SAFE_NO_PAD.encode(&digest(&SHA256, key.public_key().as_ref()).as_ref()[..12]);
        Some(Self { issuer, key, key_id, now_ms, codes: Mutex::default() })
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
        if field("grant_type") != "authorization_code" {
            return Err(("unsupported_grant_type", "authorization_code is the only one"));
        }
        if field("client_id") != CLIENT_ID {
            return Err(("invalid_client", "there is one client, largesse-console, and it has no secret"));
        }
        let now = (self.now_ms)();
        let given = self.codes().remove(field("code")).filter(|given| given.given_ms + CODE_MS > now);
        let given = given.ok_or(("invalid_grant", "the code is unknown, used or expired"))?;
        if field("redirect_uri") != given.request.redirect_uri {
            return Err(("invalid_grant", "the code was given for another redirect_uri"));
        }
        let verifier = digest(&SHA256, field("code_verifier").as_bytes());
        if URL_SAFE_NO_PAD.encode(verifier) != given.request.challenge {
            return Err(("invalid_grant", "the code_verifier does not belong to the code_challenge"));
        }
        Ok(self.tokens(&given, now / 1_000))
    }

    fn tokens(&self, given: &GivenCode, now: i64) -> Value {
        let GivenCode { request, person, given_ms } = given;
        let until = now + TOKEN_SECONDS;
        let access = self.sign(
            "at+jwt",
            &json!({"iss": self.issuer, "aud": AUDIENCE, "client_id": CLIENT_ID, "sub": person.subject, "role": person.role, "books": ["*"],
                "iat": now, "exp": until, "auth_time": given_ms / 1_000, "jti": random()}),
        );
        let hash = digest(&SHA512, access.as_bytes());
        let id = self.sign(
            "JWT",
            &json!({"iss": self.issuer, "aud": CLIENT_ID, "azp": CLIENT_ID, "sub": person.subject, "name": person.name, "nonce": request.nonce,
                "iat": now, "exp": until, "auth_time": given_ms / 1_000, "acr": "sandbox",
                "at_hash": URL_SAFE_NO_PAD.encode(&hash.as_ref()[..32])}),
        );
        json!({"access_token": access, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "id_token": id, "scope": "openid"})
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

/// 32 random bytes as text.
fn random() -> Option<String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}
