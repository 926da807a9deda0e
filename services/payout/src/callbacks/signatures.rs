//! Signatures of callbacks, by keys of the bank's JWK set (RFC 7517): read when they are needed, checked by [`bankapi::verify`].

use super::CallbackRefusal;
use axum::http::HeaderMap;
use bankapi::{BankKeySet, CallbackHeaders, CallbackVerifier, UnverifiedCallback};
use reqwest::{Client, ClientBuilder, Url};
use std::{
    borrow::Cow,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// The headers of a signed callback: the signature, the id of its key, and the algorithm if the bank names one. What the first is called may be configured.
pub const CALLBACK_HEADERS: [&str; 3] = ["signature", "key-id", "signing-algorithm"];
/// Longest key set read, in bytes.
const SET_BYTES_MAX: usize = 256 * 1024;
/// Time between two reads of a set for the sake of a key that it did not have: whoever sends callbacks with invented ids causes no more.
const REREAD: Duration = Duration::from_secs(10);
/// After so long a set is read again before it is trusted: a bank withdraws a key by leaving it out.
const AGE_MAX: Duration = Duration::from_secs(3_600);
/// How long the bank may take to answer with its keys.
const TIME_OUT: Duration = Duration::from_secs(5);

/// Where a bank's keys are.
#[derive(Debug, Clone)]
pub enum BankKeySource {
    /// A file with a JWK set.
    File(PathBuf),
    /// An address of a JWK set.
    Address(Url),
}

/// How a bank signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureKind {
    /// ECDSA over the body, in ASN.1 and base64, by a key that a header names.
    Detached,
    /// A JWS without its payload, which is the body; or a body that is a JWS.
    Jws,
}

/// The keys of one bank, read when they are needed.
#[derive(Debug)]
pub struct BankSigners {
    source: BankKeySource,
    kind: SignatureKind,
    header: String,
    client: Client,
    known: Mutex<KnownSigners>,
}

#[derive(Debug, Default)]
struct KnownSigners {
    verifier: Option<Arc<CallbackVerifier>>,
    read_at: Option<Instant>,
}

impl BankSigners {
    /// The keys of this source, read with the client that speaks to the bank; how it signs, and the header of the signature if it has another name. Reads nothing
    /// yet.
    pub fn try_new(
        source: BankKeySource,
        (kind, header): (SignatureKind, Option<String>),
        client: ClientBuilder,
    ) -> Result<Self, reqwest::Error> {
        let client = client.connect_timeout(Duration::from_secs(2)).timeout(TIME_OUT).build()?;
        let header = header.unwrap_or_else(|| CALLBACK_HEADERS[0].to_owned());
        Ok(Self { source, kind, header, client, known: Mutex::default() })
    }

    /// What a key of the bank signed: the body, or the payload of a body that is a JWS.
    pub async fn check<'a>(&self, headers: &HeaderMap, body: &'a [u8]) -> Result<Cow<'a, [u8]>, CallbackRefusal> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let headers = CallbackHeaders {
            signature: header(&self.header),
            key_id: header(CALLBACK_HEADERS[1]),
            algorithm: header(CALLBACK_HEADERS[2]),
        };
        match self.verifier(AGE_MAX).await?.verify(headers, body) {
            // The bank may have a new key.
            Err(UnverifiedCallback::UnknownKey) => Ok(self.verifier(REREAD).await?.verify(headers, body)?),
            decided => Ok(decided?),
        }
    }

    /// What signatures are checked by, read again if it is so old.
    async fn verifier(&self, age_max: Duration) -> Result<Arc<CallbackVerifier>, CallbackRefusal> {
        let mut known = self.known.lock().await;
        let age = known.read_at.map(|at| at.elapsed());
        if let Some(verifier) = known.verifier.clone().filter(|_| age.is_some_and(|age| age < age_max)) {
            return Ok(verifier);
        }
        match self.read().await.and_then(|set| BankKeySet::read(&set).map_err(|error| error.to_string())) {
            Ok(keys) => {
                let verifier = Arc::new(match self.kind {
                    SignatureKind::Detached => CallbackVerifier::Detached(keys),
                    SignatureKind::Jws => CallbackVerifier::Jws(keys),
                });
                *known = KnownSigners { verifier: Some(verifier.clone()), read_at: Some(Instant::now()) };
                Ok(verifier)
            }
            Err(why) => match known.verifier.clone().filter(|_| age.is_some_and(|age| age < AGE_MAX)) {
                Some(verifier) => {
                    tracing::warn!(why, "a bank's keys can't be read again; those read before are used");
                    Ok(verifier)
                }
                None => Err(CallbackRefusal::KeysUnavailable(why)),
            },
        }
    }

    async fn read(&self) -> Result<Vec<u8>, String> {
        match &self.source {
            BankKeySource::File(file) => {
                let (file, shown) = (file.clone(), file.display().to_string());
                let read = tokio::task::spawn_blocking(move || std::fs::read(file)).await.map_err(|error| error.to_string())?;
                let set = read.map_err(|error| format!("{shown}: {error}"))?;
                if set.len() > SET_BYTES_MAX { Err(format!("{shown} has more than {SET_BYTES_MAX} bytes")) } else { Ok(set) }
            }
            BankKeySource::Address(url) => {
                let failed = |_: reqwest::Error| "the bank could not be reached".to_owned();
                let mut response = self.client.get(url.clone()).send().await.map_err(failed)?;
                if !response.status().is_success() {
                    return Err(format!("HTTP {}", response.status().as_u16()));
                }
                let mut set = Vec::new();
                while let Some(chunk) = response.chunk().await.map_err(failed)? {
                    if set.len() + chunk.len() > SET_BYTES_MAX {
                        return Err(format!("the set has more than {SET_BYTES_MAX} bytes"));
                    }
                    set.extend_from_slice(&chunk);
                }
                Ok(set)
            }
        }
    }
}

#[cfg(test)]
mod tests;
