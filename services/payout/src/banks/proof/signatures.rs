//! Signatures of callbacks, by keys of the bank's JWK set (RFC 7517): read when they are needed, checked by [`bankapi::verify`].

use super::CallbackRefusal;
use crate::config::CALLBACK_HEADERS;
use axum::http::HeaderMap;
use bankapi::{BankKeySet, CallbackHeaders, CallbackVerifier, UnverifiedCallback};
use http_client::{KeptBounds, KeptValue};
use reqwest::{Client, ClientBuilder, Url};
use std::{borrow::Cow, path::PathBuf, sync::Arc, time::Duration};

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
    known: KeptValue<Arc<CallbackVerifier>>,
}

impl BankSigners {
    /// The keys of this source, read with the client that speaks to the bank, and how long a failure to read them is remembered; how the bank signs, and the header
    /// of the signature if it has another name. Reads nothing yet.
    pub fn try_new(
        source: BankKeySource,
        retry: Duration,
        kind: SignatureKind,
        header: Option<String>,
        client: ClientBuilder,
    ) -> Result<Self, reqwest::Error> {
        let client = client.connect_timeout(Duration::from_secs(2)).timeout(TIME_OUT).build()?;
        let header = header.unwrap_or_else(|| CALLBACK_HEADERS[0].to_owned());
        let known = KeptValue::new(KeptBounds { age_max: AGE_MAX, reread: REREAD, retry });
        Ok(Self { source, kind, header, client, known })
    }

    /// What a key of the bank signed: the body, or the payload of a body that is a JWS.
    pub async fn check<'a>(&self, headers: &HeaderMap, body: &'a [u8]) -> Result<Cow<'a, [u8]>, CallbackRefusal> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let headers = CallbackHeaders {
            signature: header(&self.header),
            key_id: header(CALLBACK_HEADERS[1]),
            algorithm: header(CALLBACK_HEADERS[2]),
        };
        let read = || read_verifier(self.source.clone(), self.kind, self.client.clone());
        match self.known.get(read).await.map_err(CallbackRefusal::KeysUnavailable)?.verify(headers, body) {
            // The bank may have a new key.
            Err(UnverifiedCallback::UnknownKey) => {
                Ok(self.known.reread(read).await.map_err(CallbackRefusal::KeysUnavailable)?.verify(headers, body)?)
            }
            decided => Ok(decided?),
        }
    }
}

/// What signatures are checked by, read now.
async fn read_verifier(source: BankKeySource, kind: SignatureKind, client: Client) -> Result<Arc<CallbackVerifier>, String> {
    let keys = BankKeySet::read(&read(source, client).await?).map_err(|error| error.to_string())?;
    Ok(Arc::new(match kind {
        SignatureKind::Detached => CallbackVerifier::Detached(keys),
        SignatureKind::Jws => CallbackVerifier::Jws(keys),
    }))
}

async fn read(source: BankKeySource, client: Client) -> Result<Vec<u8>, String> {
    match source {
        BankKeySource::File(file) => {
            let shown = file.display().to_string();
            let read = tokio::task::spawn_blocking(move || std::fs::read(file)).await.map_err(|error| error.to_string())?;
            let set = read.map_err(|error| format!("{shown}: {error}"))?;
            if set.len() > SET_BYTES_MAX { Err(format!("{shown} has more than {SET_BYTES_MAX} bytes")) } else { Ok(set) }
        }
        BankKeySource::Address(url) => {
            let failed = |_: reqwest::Error| "the bank could not be reached".to_owned();
            let mut response = client.get(url).send().await.map_err(failed)?;
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

#[cfg(test)]
mod tests;
