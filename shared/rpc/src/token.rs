//! The token with which a service calls another as itself, renewed before it expires.
use crate::Error;
use http::HeaderValue;
use identity::{BookScope, Grant, Issuer, Role};
use money::UserKey;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};
use tokio::time::Instant;

#[cfg(test)]
mod tests;

/// Lifetime of a token minted here. Short, because a new one can be minted at any time.
const MINTED_TTL: Duration = Duration::from_secs(3_600);
/// How often a token file is read again, so that its rotation needs no restart.
const REREAD_INTERVAL: Duration = Duration::from_secs(60);
/// How soon to retry when renewing failed; the old token is used meanwhile.
const RENEW_RETRY_DELAY: Duration = Duration::from_secs(5);

enum TokenSource {
    Minted { issuer: Arc<Issuer>, grant: Grant },
    File(PathBuf),
}

struct HeldToken {
    header: HeaderValue,
    renew_at: Instant,
}

/// A service's own token. Clones share it.
#[derive(Clone)]
pub struct ServiceToken(Arc<SharedToken>);

struct SharedToken {
    source: TokenSource,
    held: RwLock<HeldToken>,
}

impl ServiceToken {
    /// Minted by `issuer` for `service`, over every book.
    pub fn minted(issuer: Arc<Issuer>, service: &str) -> Result<Self, Error> {
        let subject = UserKey::try_new(service).map_err(|error| Error::Token(error.to_string()))?;
        Self::from_source(TokenSource::Minted {
            issuer,
            grant: Grant { subject, role: Role::Service, app: String::new(), books: BookScope::All },
        })
    }

    /// Read from a file that another program keeps fresh.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        Self::from_source(TokenSource::File(path.to_owned()))
    }

    fn from_source(source: TokenSource) -> Result<Self, Error> {
        let held = RwLock::new(source.fetch()?);
        Ok(Self(Arc::new(SharedToken { source, held })))
    }

    /// The `authorization` header's value.
    pub fn header(&self) -> HeaderValue {
        let held = self.0.held.read().unwrap_or_else(PoisonError::into_inner);
        if Instant::now() < held.renew_at {
            return held.header.clone();
        }
        drop(held);
        self.renew()
    }

    fn renew(&self) -> HeaderValue {
        let mut held = self.0.held.write().unwrap_or_else(PoisonError::into_inner);
        // Another task may have renewed it while we waited for the lock.
        if held.renew_at <= Instant::now() {
            match self.0.source.fetch() {
                Ok(fresh) => *held = fresh,
                Err(error) => {
                    tracing::warn!(%error, "the service token could not be renewed; using the old one");
                    held.renew_at = Instant::now() + RENEW_RETRY_DELAY;
                }
            }
        }
        held.header.clone()
    }
}

impl TokenSource {
    fn fetch(&self) -> Result<HeldToken, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Token(error.to_string());
        let (token, renew_in) = match self {
            Self::Minted { issuer, grant } => (issuer.issue(grant, MINTED_TTL).map_err(|error| failed(&error))?, MINTED_TTL / 2),
            Self::File(path) => {
                let text = fs::read_to_string(path).map_err(|error| Error::Token(format!("{}: {error}", path.display())))?;
                let token = text.trim().to_owned();
                let expires = identity::expires_at(&token).map_err(|error| Error::Token(format!("{}: {error}", path.display())))?;
                let left = expires.duration_since(SystemTime::now()).unwrap_or_default();
                (token, (left / 2).clamp(RENEW_RETRY_DELAY, REREAD_INTERVAL))
            }
        };
        let mut header = HeaderValue::try_from(format!("Bearer {token}")).map_err(|error| failed(&error))?;
        header.set_sensitive(true);
        Ok(HeldToken { header, renew_at: Instant::now() + renew_in })
    }
}
