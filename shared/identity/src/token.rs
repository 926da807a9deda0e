//! Signed tokens: JWT (RFC 7519) with Ed25519 (RFC 8037), as the installation issues them. [`crate::verifier`] checks them and others'.
use crate::{
    BookScope, Error, Role, crypto,
    keys::{KeyPair, PRIVATE_FILE, PublicKey},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, errors::ErrorKind};
use money::UserKey;
use serde::{Deserialize, Serialize};
use std::{
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The issuer of the installation's tokens.
pub const ISSUER: &str = "largesse";
/// The audience of the installation's tokens.
pub const AUDIENCE: &str = "largesse";
/// The value of `books` for every book.
pub(crate) const ALL_BOOKS: &str = "*";

/// The content of a token to issue.
#[derive(Debug, Clone)]
pub struct Grant {
    /// `sub`.
    pub subject: UserKey,
    /// `role`.
    pub role: Role,
    /// `app`; empty for none.
    pub app: String,
    /// `books`.
    pub books: BookScope,
}

#[derive(Serialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    role: Role,
    app: String,
    books: Vec<String>,
    iat: u64,
    nbf: u64,
    exp: u64,
    /// For staff: whoever has the key proved so by signing.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<u64>,
}

/// The claim that [`expires_at`] reads from an unverified token.
#[derive(Deserialize)]
struct TokenExpiry {
    exp: u64,
}

/// The claims that [`subject`] reads from an unverified token.
#[derive(Deserialize)]
struct TokenSubject {
    iss: String,
    sub: String,
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

    /// Loads the key under `dir`, which must exist.
    pub fn load(dir: &Path) -> Result<Self, Error> {
        Ok(Self::from_keys(&KeyPair::read(&dir.join(PRIVATE_FILE))?))
    }

    /// Signs with `keys`.
    pub fn from_keys(keys: &KeyPair) -> Self {
        crypto::install();
        Self { key: EncodingKey::from_ed_der(&keys.pkcs8_der), public: keys.public }
    }

    /// The key that checks what this issuer signs.
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// A token with the content of `grant`, valid from now on for `ttl`.
    pub fn issue(&self, grant: &Grant, ttl: Duration) -> Result<String, Error> {
        self.issue_at(grant, SystemTime::now(), ttl)
    }

    /// A token valid from `now` on for `ttl`.
    pub fn issue_at(&self, grant: &Grant, now: SystemTime, ttl: Duration) -> Result<String, Error> {
        let issued = now.duration_since(UNIX_EPOCH).map_err(|_| Error::Claim("iat"))?.as_secs();
        let books = match &grant.books {
            BookScope::All => vec![ALL_BOOKS.to_owned()],
            BookScope::Only(names) => names.iter().map(ToString::to_string).collect(),
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
            auth_time: grant.role.is_staff().then_some(issued),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.key).map_err(|_| Error::Signing)
    }
}

/// The expiry of a token, without checking the token: for holders who renew their own in time.
pub fn expires_at(token: &str) -> Result<SystemTime, Error> {
    let claims: TokenExpiry = jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|error| reason(error.kind()))?;
    Ok(time(claims.exp))
}

/// The subject of a token of the installation, without checking the token: for holders who need to know it before they call. `None` for another issuer's,
/// whose subjects may be mapped.
pub fn subject(token: &str) -> Option<String> {
    let claims: TokenSubject = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
    (claims.iss == ISSUER).then_some(claims.sub)
}

pub(crate) fn time(seconds: u64) -> SystemTime {
    // Far beyond any token's lifetime; keeps a hostile number from overflowing the clock's type.
    const LATEST: u64 = 1 << 40;
    UNIX_EPOCH + Duration::from_secs(seconds.min(LATEST))
}

pub(crate) fn reason(kind: &ErrorKind) -> Error {
    match kind {
        ErrorKind::InvalidSignature => Error::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName | ErrorKind::MissingAlgorithm => Error::Algorithm,
        ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => Error::Audience,
        // The library's enum is non-exhaustive; any other error means that the token can't be read.
        _ => Error::Malformed,
    }
}
