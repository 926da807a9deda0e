//! Signed tokens: JWT (RFC 7519) with Ed25519 (RFC 8037), made and checked here only.
use crate::{
    Books, Error, Principal, Role,
    keys::{KeyPair, PublicKey},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use money::{BookName, UserKey};
use serde::{Deserialize, Serialize};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

mod cache;
#[cfg(test)]
mod tests;

/// Who makes tokens for this house.
pub const ISSUER: &str = "largesse";
/// Whom they are made for.
pub const AUDIENCE: &str = "largesse";
/// Longest token read, in bytes: a signature is checked over all of it, so a caller must not choose how long that takes.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// How far the issuer's clock may run ahead of ours before a fresh token is refused as not yet valid.
const CLOCK_SKEW_MAX: Duration = Duration::from_secs(30);
/// Written in `books` for every book.
const ALL_BOOKS: &str = "*";

/// What a token is to say.
#[derive(Debug, Clone)]
pub struct Grant {
    /// `sub`.
    pub subject: UserKey,
    /// `role`.
    pub role: Role,
    /// `app`; empty for none.
    pub app: String,
    /// `books`.
    pub books: Books,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    role: Role,
    #[serde(default)]
    app: String,
    books: Vec<String>,
    iat: u64,
    nbf: u64,
    exp: u64,
}

/// Signs tokens with the installation's key.
pub struct Issuer {
    key: EncodingKey,
    public: PublicKey,
}

impl Issuer {
    /// Loads the key under `dir`, or makes one there.
    pub fn load_or_create(dir: &Path) -> Result<Self, Error> {
        Ok(Self::from_keys(&KeyPair::load_or_create(dir)?))
    }

    /// Signs with `keys`.
    pub fn from_keys(keys: &KeyPair) -> Self {
        Self { key: EncodingKey::from_ed_der(&keys.pkcs8_der), public: keys.public }
    }

    /// The key that checks what this issuer signs.
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// A token that says `grant`, good from now on for `ttl`.
    pub fn issue(&self, grant: &Grant, ttl: Duration) -> Result<String, Error> {
        self.issue_at(grant, SystemTime::now(), ttl)
    }

    /// A token good from `now` on for `ttl`.
    pub fn issue_at(&self, grant: &Grant, now: SystemTime, ttl: Duration) -> Result<String, Error> {
        let issued = now.duration_since(UNIX_EPOCH).map_err(|_| Error::Claim("iat"))?.as_secs();
        let books = match &grant.books {
            Books::All => vec![ALL_BOOKS.to_owned()],
            Books::Only(names) => names.iter().map(ToString::to_string).collect(),
        };
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: grant.subject.to_string(),
            role: grant.role,
            app: grant.app.clone(),
            books,
            iat: issued,
            nbf: issued,
            exp: issued.checked_add(ttl.as_secs()).ok_or(Error::Claim("exp"))?,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.key).map_err(|_| Error::Signing)
    }
}

/// Checks tokens. Shared by every call, so what was verified once is remembered until it expires.
pub struct Verifier {
    keys: Vec<DecodingKey>,
    rules: Validation,
    verified: cache::Cache,
}

impl Verifier {
    /// Accepts what any of `keys` signed; several, so that keys can be rotated.
    pub fn new(keys: &[PublicKey]) -> Self {
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // Times are compared with the clock reading handed in, so that one reading decides everything about a call.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        let keys = keys.iter().map(|key| DecodingKey::from_ed_der(&key.0)).collect();
        Self { keys, rules, verified: cache::Cache::new() }
    }

    /// Who the token says calls, if it is good at `now`.
    pub fn verify(&self, token: &str, now: SystemTime) -> Result<Arc<Principal>, Error> {
        if let Some(principal) = self.verified.get(token) {
            return if now < principal.expires_at { Ok(principal) } else { Err(Error::Expired) };
        }
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Error::Malformed);
        }
        let principal = Arc::new(principal(self.decode(token)?, now)?);
        self.verified.put(token, &principal);
        Ok(principal)
    }

    fn decode(&self, token: &str) -> Result<Claims, Error> {
        let mut failure = Error::Signature;
        for key in &self.keys {
            match jsonwebtoken::decode::<Claims>(token, key, &self.rules) {
                Ok(data) => return Ok(data.claims),
                Err(error) => failure = reason(error.kind()),
            }
            // Only a signature can be better under another key.
            if !matches!(failure, Error::Signature) {
                break;
            }
        }
        Err(failure)
    }
}

/// Until when a token says it is good, without checking it: for a holder who wants to renew its own in time.
pub fn expires_at(token: &str) -> Result<SystemTime, Error> {
    let claims: Claims = jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|error| reason(error.kind()))?;
    Ok(time(claims.exp))
}

fn principal(claims: Claims, now: SystemTime) -> Result<Principal, Error> {
    let expires_at = time(claims.exp);
    if now >= expires_at {
        return Err(Error::Expired);
    }
    if now + CLOCK_SKEW_MAX < time(claims.nbf) {
        return Err(Error::NotYetValid);
    }
    let books = if claims.books.iter().any(|name| name == ALL_BOOKS) {
        // A user's token for every book can only be a mistake of whoever made it.
        match claims.role {
            Role::Viewer | Role::Creator => return Err(Error::Claim("books")),
            Role::Service | Role::Support | Role::Finance | Role::Auditor | Role::Admin => Books::All,
        }
    } else {
        let names = claims.books.iter().map(|name| BookName::try_new(name));
        Books::Only(names.collect::<Result<_, _>>().map_err(|_| Error::Claim("books"))?)
    };
    let subject = UserKey::try_new(&claims.sub).map_err(|_| Error::Claim("sub"))?;
    Ok(Principal { subject, role: claims.role, app: claims.app, books, expires_at })
}

fn time(seconds: u64) -> SystemTime {
    // Far beyond any token's life; keeps a hostile number from overflowing the clock's type.
    const LATEST: u64 = 1 << 40;
    UNIX_EPOCH + Duration::from_secs(seconds.min(LATEST))
}

fn reason(kind: &ErrorKind) -> Error {
    match kind {
        ErrorKind::InvalidSignature => Error::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName | ErrorKind::MissingAlgorithm => Error::Algorithm,
        ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => Error::Audience,
        // The library's enum is open; whatever else it finds is a token that cannot be read.
        _ => Error::Malformed,
    }
}
