//! Access tokens by client credentials with a signed assertion (RFC 7523 section 2.2): the form that is sent, the answer that is read, and, for the pretend
//! bank, the check of an assertion. The call itself is the connector's.

use crate::{
    ApiReadError, BankKeySet, P256SigningKey, RsaSigningKey, UnverifiedCallback,
    json::{ApiNode, parse},
    keys::UnusableKey,
    verify::{JwsPayload, checked_jws},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;

/// The kind of assertion that the form names.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest time for which an assertion may be valid, in seconds: it is used at once.
pub const ASSERTION_SECONDS_MAX: i64 = 600;
/// How far the clocks of both sides may differ, in seconds.
pub const CLOCK_SKEW_SECONDS: i64 = 60;
/// The longest access token that is read, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8_192;
/// The longest form that is read, in bytes.
pub const FORM_BYTES_MAX: usize = 16_384;

/// What stays as it is in a form.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What an assertion says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertionTerms<'a> {
    /// Issuer and subject.
    pub client_id: &'a str,
    /// Audience: the address that the form is sent to.
    pub token_url: &'a str,
    /// See [`crate::keys::certificate_kid`].
    pub kid: &'a str,
    /// Unix time in seconds.
    pub issued_at: i64,
    /// How long it is valid, 1 to [`ASSERTION_SECONDS_MAX`] seconds.
    pub seconds: i64,
    /// Never used before, such as a UUID.
    pub jti: &'a str,
}

/// The signed assertion: a JWT, RS256.
pub fn assertion(terms: &AssertionTerms<'_>, key: &RsaSigningKey) -> Result<String, UnusableKey> {
    let seconds = terms.seconds.clamp(1, ASSERTION_SECONDS_MAX);
    let claims = serde_json::json!({
        "iss": terms.client_id,
        "sub": terms.client_id,
        "aud": terms.token_url,
        "iat": terms.issued_at,
        "exp": terms.issued_at.saturating_add(seconds),
        "jti": terms.jti,
    });
    signed_jwt(terms.kid, &claims, key)
}

/// A JWT (RFC 7519) with these claims, signed with RS256; `kid` names the key.
pub fn signed_jwt(kid: &str, claims: &serde_json::Value, key: &RsaSigningKey) -> Result<String, UnusableKey> {
    jwt("RS256", kid, claims, |message| key.sign(message))
}

/// The same, signed with ES256.
pub fn es256_jwt(kid: &str, claims: &serde_json::Value, key: &P256SigningKey) -> Result<String, UnusableKey> {
    jwt("ES256", kid, claims, |message| key.sign(message))
}

fn jwt(
    algorithm: &str,
    kid: &str,
    claims: &serde_json::Value,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, UnusableKey>,
) -> Result<String, UnusableKey> {
    let header = serde_json::json!({"alg": algorithm, "typ": "JWT", "kid": kid});
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(claims));
    let signature = sign(message.as_bytes())?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The body of the request for a token, `application/x-www-form-urlencoded`. `resource` names what the token is for.
#[must_use]
pub fn token_form(client_id: &str, assertion: &str, resource: &str) -> String {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", client_id),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
        ("resource", resource),
    ];
    let encoded = fields.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, PLAIN)));
    encoded.join("&")
}

/// An access token. `Debug` never prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken {
    token: String,
    /// How long it is valid, in seconds from the answer. None: the bank doesn't say; ask again when it is refused.
    pub expires_in_seconds: Option<u32>,
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BearerToken(***, {:?})", self.expires_in_seconds)
    }
}

impl BearerToken {
    /// The value of the header `Authorization`.
    #[must_use]
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

/// Why there is no token. No payment was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoToken {
    /// The bank refused the assertion: check client id, certificate, clock and audience.
    #[error("the bank refused the assertion ({code}); no payment was sent: check client id, key, clock and audience")]
    Refused {
        /// The OAuth2 error, such as `invalid_client`.
        code: String,
    },
    /// The bank did not answer as it should; the same may work later with a new assertion.
    #[error(
        "the bank answered the request for a token with {http_status} and nothing that can be read; no payment was sent: try again later"
    )]
    Unreadable {
        /// The answer's status.
        http_status: u16,
    },
}

/// Reads the answer to the request for a token.
pub fn read_token(http_status: u16, body: &[u8]) -> Result<BearerToken, NoToken> {
    let unreadable = NoToken::Unreadable { http_status };
    let Ok(document) = parse(body) else { return Err(unreadable) };
    let Ok(node) = ApiNode::root(&document) else { return Err(unreadable) };
    if http_status != 200 {
        let code = node.text("error").ok().flatten().ok_or(unreadable)?;
        return Err(NoToken::Refused { code: money::text::shown(&code).chars().take(64).collect() });
    }
    let is_bearer = node.text("token_type").is_ok_and(|kind| kind.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer")));
    let token = node.value("access_token").and_then(serde_json::Value::as_str);
    // Nothing that could end the header that it is sent in.
    let token = token.filter(|token| (1..=TOKEN_BYTES_MAX).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic()));
    let seconds = match node.value("expires_in") {
        None => Some(None),
        Some(value) => value.as_u64().and_then(|seconds| u32::try_from(seconds).ok()).map(Some),
    };
    match (token, seconds) {
        (Some(token), Some(expires_in_seconds)) if is_bearer => Ok(BearerToken { token: token.to_owned(), expires_in_seconds }),
        _ => Err(unreadable),
    }
}

/// What a good assertion says, for a bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedAssertion {
    /// The client that signed it.
    pub client_id: String,
    /// To be remembered until `expires_at`, so that nobody uses the assertion again.
    pub jti: String,
    /// Unix time in seconds.
    pub expires_at: i64,
    /// What the token is to be for.
    pub resource: String,
}

/// Why a bank gives no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedAssertion {
    /// The form lacks a field or has another value.
    #[error("the form's {0} is missing, given twice, or not as it must be")]
    Form(&'static str),
    /// The signature is not the client's.
    #[error("the assertion's signature: {0}")]
    Signature(#[from] UnverifiedCallback),
    /// A claim is missing or wrong, such as another audience.
    #[error("the assertion's {0} is missing or wrong")]
    Claim(&'static str),
}

/// The bank's side: checks the form of [`token_form`] against the keys of the client that it names. Whether the `jti` is new is left to the caller.
pub fn check_form(
    form: &[u8],
    keys_of: impl Fn(&str) -> Option<BankKeySet>,
    token_url: &str,
    now: i64,
) -> Result<CheckedAssertion, RefusedAssertion> {
    let fields = form_fields(form).ok_or(RefusedAssertion::Form("body"))?;
    let field = |name: &'static str| {
        let mut found = fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let value = found.next().filter(|value| !value.is_empty());
        if found.next().is_some() { None } else { value }.ok_or(RefusedAssertion::Form(name))
    };
    if field("grant_type")? != "client_credentials" {
        return Err(RefusedAssertion::Form("grant_type"));
    }
    if field("client_assertion_type")? != ASSERTION_TYPE {
        return Err(RefusedAssertion::Form("client_assertion_type"));
    }
    let (client_id, resource) = (field("client_id")?.to_owned(), field("resource")?.to_owned());
    let keys = keys_of(&client_id).ok_or(RefusedAssertion::Form("client_id"))?;
    let parts: Vec<&str> = field("client_assertion")?.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { return Err(RefusedAssertion::Form("client_assertion")) };
    checked_jws(&keys, header, JwsPayload::Encoded(claims), signature)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| RefusedAssertion::Form("client_assertion"))?;
    let (jti, expires_at) = check_claims(&claims, &client_id, token_url, now)?;
    Ok(CheckedAssertion { client_id, jti, expires_at, resource })
}

fn check_claims(claims: &[u8], client_id: &str, token_url: &str, now: i64) -> Result<(String, i64), RefusedAssertion> {
    let claim = RefusedAssertion::Claim;
    let unreadable = |_: ApiReadError| claim("payload");
    let document = parse(claims).map_err(unreadable)?;
    let node = ApiNode::root(&document).map_err(unreadable)?;
    for (name, expected) in [("iss", client_id), ("sub", client_id), ("aud", token_url)] {
        if node.text(name).ok().flatten().as_deref() != Some(expected) {
            return Err(claim(name));
        }
    }
    let time = |name: &'static str| node.value(name).and_then(serde_json::Value::as_i64).ok_or(claim(name));
    let (issued, expires) = (time("iat")?, time("exp")?);
    if issued > now.saturating_add(CLOCK_SKEW_SECONDS) {
        return Err(claim("iat"));
    }
    let valid = expires.saturating_sub(issued);
    if expires <= now.saturating_sub(CLOCK_SKEW_SECONDS) || !(1..=ASSERTION_SECONDS_MAX).contains(&valid) {
        return Err(claim("exp"));
    }
    let jti = node.text("jti").ok().flatten().ok_or(claim("jti"))?;
    Ok((jti, expires))
}

/// Names and values of a form, decoded; `None` if it is none or too long.
#[must_use]
pub fn form_fields(form: &[u8]) -> Option<Vec<(String, String)>> {
    let text = std::str::from_utf8(form).ok().filter(|text| text.len() <= FORM_BYTES_MAX)?;
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    text.split('&').map(|pair| pair.split_once('=').and_then(|(name, value)| Some((decoded(name)?, decoded(value)?)))).collect()
}

#[cfg(test)]
mod tests;
