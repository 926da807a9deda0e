//! Sources of an issuer's keys: files, or an address.
use super::{SET_BYTES_MAX, parse, read};
use crate::{
    Error,
    algorithm::Algorithm,
    error::chain,
    issuers::{TrustedIssuer, is_address},
    keys::{PublicKey, VerificationKey},
};
use bytes::Bytes;
use reqwest::{Client, StatusCode, Url};
use std::{fs, io::Read as _, path::Path, time::Duration};

/// A fetch that takes longer fails.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// A source of keys.
pub(crate) enum KeySource {
    /// Given once; never read again.
    Fixed,
    /// In files, read again so that they can be replaced while the process runs.
    Files,
    /// At an address.
    Address(Box<KeyAddress>),
}

/// An address and the client that fetches from it.
pub(crate) struct KeyAddress {
    url: Url,
    client: Client,
}

impl KeySource {
    /// The source that `issuer` configures. Nothing is fetched.
    pub(crate) fn try_new(issuer: &TrustedIssuer) -> Result<Self, Error> {
        if !is_address(&issuer.jwks) {
            return Ok(Self::Files);
        }
        let url = issuer.jwks.parse().map_err(|_| issuer.unreadable("not an address"))?;
        let client = http_client::builder(&issuer.jwks_ca).map_err(|error| issuer.unreadable(error.to_string()))?;
        let client = client.build().map_err(|error| issuer.unreadable(chain(&error)))?;
        Ok(Self::Address(Box::new(KeyAddress { url, client })))
    }

    /// Reads the present keys; `None` if they never change.
    pub(crate) async fn fetch(&self, issuer: &TrustedIssuer) -> Result<Option<Vec<VerificationKey>>, Error> {
        match self {
            Self::Fixed => Ok(None),
            Self::Files => files(issuer, read).map(Some),
            Self::Address(address) => {
                let fetched = tokio::time::timeout(FETCH_TIMEOUT, address.get()).await;
                let json = fetched.unwrap_or_else(|_| Err(format!("no answer within {} s", FETCH_TIMEOUT.as_secs())));
                usable(issuer, &json.map_err(|why| issuer.unreadable(why))?, read).map(Some)
            }
        }
    }
}

/// How a set is parsed: requiring at least one key, or not.
type ReadSet = fn(&[u8], &[Algorithm]) -> Result<(Vec<VerificationKey>, Vec<String>), String>;

/// The keys of an issuer whose keys are in files; at the start there must be at least one.
pub(crate) fn read_files(issuer: &TrustedIssuer) -> Result<Vec<VerificationKey>, Error> {
    files(issuer, parse)
}

fn files(issuer: &TrustedIssuer, read_set: ReadSet) -> Result<Vec<VerificationKey>, Error> {
    if issuer.jwks.is_empty() {
        return issuer.keys.iter().map(|path| PublicKey::read(path).map(|key| key.to_key())).collect();
    }
    let text = || -> std::io::Result<Vec<u8>> {
        let mut json = Vec::new();
        fs::File::open(Path::new(&issuer.jwks))?.take(SET_BYTES_MAX as u64 + 1).read_to_end(&mut json)?;
        Ok(json)
    };
    let json = text().map_err(|error| issuer.unreadable(error.to_string()))?;
    if json.len() > SET_BYTES_MAX {
        return Err(issuer.unreadable(format!("longer than {SET_BYTES_MAX} bytes")));
    }
    usable(issuer, &json, read_set)
}

fn usable(issuer: &TrustedIssuer, json: &[u8], read_set: ReadSet) -> Result<Vec<VerificationKey>, Error> {
    let (keys, left_out) = read_set(json, &issuer.algorithms).map_err(|why| issuer.unreadable(why))?;
    if keys.is_empty() {
        tracing::error!(issuer = issuer.issuer, "an issuer publishes no key that can be used: its tokens are refused");
    }
    if !left_out.is_empty() {
        // Logged at every read, so at a level that does not fill a log.
        tracing::debug!(issuer = issuer.issuer, left_out = left_out.join("; "), "keys of the set that are not used");
    }
    Ok(keys)
}

impl KeyAddress {
    async fn get(&self) -> Result<Bytes, String> {
        let answer = self.client.get(self.url.clone()).send().await.map_err(|error| chain(&error))?;
        // A redirect would lead to another address than the configured one.
        if answer.status() != StatusCode::OK {
            return Err(format!("answered {}", answer.status()));
        }
        http_client::read(answer, SET_BYTES_MAX).await.map_err(|error| chain(&error))
    }
}
