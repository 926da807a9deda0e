//! Detached signatures of callbacks: ECDSA on P-256 with SHA-256 over the body's bytes, in ASN.1 DER, base64, by the id of a key of the bank's JWK set
//! (RFC 7517). Another way to sign is another variant of [`BankSigners`]; a bank without keys sends no callbacks.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use reqwest::{Client, ClientBuilder, Url};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// Longest key set read, in bytes.
const SET_BYTES_MAX: usize = 256 * 1024;
/// Most keys used of one set.
const KEYS_MAX: usize = 32;
/// Longest signature that is decoded, in characters of base64; one of P-256 has about 96.
const SIGNATURE_CHARS_MAX: usize = 200;
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

/// Why a callback is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackRefusal {
    /// A header is missing or is not what it must be.
    #[error("it has no usable key-id and signature")]
    Unsigned,
    /// The bank has no such key.
    #[error("the bank has no such key")]
    UnknownKey,
    /// The key did not sign this body.
    #[error("the key did not sign this body")]
    WrongSignature,
    /// The keys can't be read, so nothing is known.
    #[error("the bank's keys can't be read: {0}")]
    KeysUnavailable(String),
}

/// The keys of one bank, read when they are needed.
#[derive(Debug)]
pub struct BankSigners {
    source: BankKeySource,
    client: Client,
    known: Mutex<SignerPoints>,
}

#[derive(Debug, Default)]
struct SignerPoints {
    /// Uncompressed points, by the ids of their keys.
    points: BTreeMap<String, Vec<u8>>,
    read_at: Option<Instant>,
}

impl BankSigners {
    /// The keys of this source, read with the client that speaks to the bank. Reads nothing yet.
    pub fn try_new(source: BankKeySource, client: ClientBuilder) -> Result<Self, reqwest::Error> {
        let client = client.connect_timeout(Duration::from_secs(2)).timeout(TIME_OUT).build()?;
        Ok(Self { source, client, known: Mutex::default() })
    }

    /// Whether a key of the bank signed the body.
    pub async fn check(&self, key_id: Option<&str>, signature: Option<&str>, body: &[u8]) -> Result<(), CallbackRefusal> {
        let (Some(key_id), Some(signature)) = (key_id, signature) else { return Err(CallbackRefusal::Unsigned) };
        let signature = Some(signature).filter(|text| text.len() <= SIGNATURE_CHARS_MAX).and_then(|text| STANDARD.decode(text).ok());
        let Some(signature) = signature else { return Err(CallbackRefusal::Unsigned) };
        let point = self.point(key_id).await?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
        key.verify(body, &signature).map_err(|_| CallbackRefusal::WrongSignature)
    }

    async fn point(&self, key_id: &str) -> Result<Vec<u8>, CallbackRefusal> {
        let mut known = self.known.lock().await;
        let age = known.read_at.map(|at| at.elapsed());
        let is_old = age.is_none_or(|age| age >= AGE_MAX);
        let is_missing = !known.points.contains_key(key_id) && age.is_none_or(|age| age >= REREAD);
        if is_old || is_missing {
            match self.read().await.and_then(|set| points(&set)) {
                Ok(points) => *known = SignerPoints { points, read_at: Some(Instant::now()) },
                Err(why) if is_old => return Err(CallbackRefusal::KeysUnavailable(why)),
                Err(why) => tracing::warn!(why, "a bank's keys can't be read again; those read before are used"),
            }
        }
        known.points.get(key_id).cloned().ok_or(CallbackRefusal::UnknownKey)
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

/// The usable keys of a set. Keys of other kinds, without an id or with a published private part are left out.
fn points(set: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let set: Value = serde_json::from_slice(set).map_err(|_| "it is no JSON".to_owned())?;
    let keys = set.get("keys").and_then(Value::as_array).ok_or_else(|| "it is no JWK set".to_owned())?;
    let usable: BTreeMap<String, Vec<u8>> = keys.iter().filter_map(point).take(KEYS_MAX).collect();
    if usable.is_empty() { Err("it has no key for ES256 with an id".to_owned()) } else { Ok(usable) }
}

fn point(key: &Value) -> Option<(String, Vec<u8>)> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let fits = text("kty") == Some("EC") && text("crv") == Some("P-256") && key.get("d").is_none();
    let signs = text("use").is_none_or(|purpose| purpose == "sig") && text("alg").is_none_or(|algorithm| algorithm == "ES256");
    if !fits || !signs {
        return None;
    }
    let number = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok().filter(|bytes| bytes.len() == 32);
    let point = [vec![4], number("x")?, number("y")?].concat();
    Some((text("kid")?.to_owned(), point))
}

#[cfg(test)]
mod tests;
