//! ID tokens: proof for a client of OpenID Connect that a person has just signed in (OpenID Connect Core 1.0, section 3.1.3.7).
//!
//! An ID token says who signed in and gives no right to call anything. It is signed by the same keys as access tokens, so what tells the two apart is checked
//! here: the audience, which is the client, and the type.
use super::{IssuerKeys, Verifier, instant, is_type};
use crate::{Error, algorithm::Algorithm, principal::CLOCK_SKEW_MAX};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use money::UserKey;
use ring::digest::{SHA256, SHA512, digest};
use serde_json::{Map, Value};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

#[cfg(test)]
mod tests;

/// What the client that asked for a login knows of it.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedLogin<'a> {
    /// The issuer that was asked.
    pub issuer: &'a str,
    /// The client's id there.
    pub client_id: &'a str,
    /// The value that the client sent along, which no other login has.
    pub nonce: &'a str,
    /// The access token that came with the ID token.
    pub access_token: &'a str,
    /// How long ago the person may have authenticated; `None` if the client did not ask for a limit.
    pub age_max: Option<Duration>,
}

/// A person who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The person's key, mapped as in access tokens of the same issuer.
    pub subject: UserKey,
    /// The token's `iss`.
    pub issuer: Arc<str>,
    /// When the person authenticated. `None`: the issuer did not say.
    pub auth_time: Option<SystemTime>,
    /// How the person authenticated (`acr`), in the issuer's words; empty if it did not say.
    pub acr: String,
}

impl Verifier {
    /// Who signed in, according to an ID token. If the token names an unknown key, the issuer's keys are read again first.
    pub async fn verify_login(&self, token: &str, expected: &ExpectedLogin<'_>, now: SystemTime) -> Result<Login, Error> {
        let trusted = self.trusted(token)?;
        if trusted.issuer.issuer != expected.issuer {
            return Err(Error::Audience);
        }
        match trusted.login(token, expected, now) {
            Err(Error::UnknownKey | Error::KeysUnavailable) => {
                Box::pin(self.look_soon(trusted)).await;
                trusted.login(token, expected, now)
            }
            outcome => outcome,
        }
    }

    /// Whether tokens of this issuer are accepted.
    #[must_use]
    pub fn trusts(&self, issuer: &str) -> bool {
        self.issuers.iter().any(|trusted| trusted.issuer.issuer == issuer)
    }
}

impl IssuerKeys {
    fn login(&self, token: &str, expected: &ExpectedLogin<'_>, now: SystemTime) -> Result<Login, Error> {
        let (algorithm, claims) = self.signed(token, expected.client_id, is_id_token)?;
        self.valid_until(&claims, now)?;
        if instant(&claims, "iat")?.ok_or(Error::Claim("iat"))? > now + CLOCK_SKEW_MAX {
            return Err(Error::NotYetValid);
        }
        let text = |name: &'static str| match claims.get(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or(Error::Claim(name)),
        };
        if text("nonce")? != Some(expected.nonce) {
            return Err(Error::Claim("nonce"));
        }
        // A token for several audiences must say which of them asked for it.
        match text("azp")? {
            Some(party) if party == expected.client_id => {}
            None if is_for_one(&claims) => {}
            Some(_) | None => return Err(Error::Claim("azp")),
        }
        // Optional in the code flow; a token that has it must belong to the access token.
        if text("at_hash")?.is_some_and(|hash| hash != half_hash(algorithm, expected.access_token)) {
            return Err(Error::Claim("at_hash"));
        }
        let auth_time = instant(&claims, "auth_time")?;
        if let Some(age_max) = expected.age_max {
            let latest = auth_time.ok_or(Error::Claim("auth_time"))? + age_max + CLOCK_SKEW_MAX;
            if now > latest {
                return Err(Error::Claim("auth_time"));
            }
        }
        let acr = text("acr")?.unwrap_or_default().to_owned();
        Ok(Login { subject: self.subject(&claims)?, issuer: self.name.clone(), auth_time, acr })
    }
}

/// Access tokens that say so (RFC 9068) are none.
fn is_id_token(typ: Option<&str>) -> bool {
    is_type(typ, &["jwt"])
}

fn is_for_one(claims: &Map<String, Value>) -> bool {
    claims.get("aud").is_some_and(|audience| audience.is_string() || audience.as_array().is_some_and(|all| all.len() == 1))
}

/// The left half of a token's hash, by the hash of the algorithm of the ID token; Ed25519 uses SHA-512 (RFC 8032 section 5.1).
fn half_hash(algorithm: Algorithm, token: &str) -> String {
    let hash = match algorithm {
        Algorithm::ES256 | Algorithm::RS256 => digest(&SHA256, token.as_bytes()),
        Algorithm::EdDSA => digest(&SHA512, token.as_bytes()),
    };
    let bytes = hash.as_ref();
    BASE64_URL_SAFE_NO_PAD.encode(&bytes[..bytes.len() / 2])
}
