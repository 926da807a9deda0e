//! Who sent a callback: one of three ways, chosen per bank in its configuration.
//!
//! How J.P. Morgan signs callbacks of this interface is not public. Its commerce product signs the body with ECDSA and names the key in a header; a JWS is the
//! usual alternative. Public keys are no secrets, so nothing here depends on secret data and no comparison can leak any.

use crate::{
    BankKeySet,
    json::{ApiNode, parse},
    keys::{CheckKey, SignatureAlgorithm, TOLERANT},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use std::borrow::Cow;

/// The longest signature header. RSA with 8,192 bits has 1,366 characters beside a short header.
pub const SIGNATURE_BYTES_MAX: usize = 4_096;

/// The headers of a callback that signatures come in. What they are called is configuration of the endpoint.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallbackHeaders<'a> {
    /// The signature, in base64, or a JWS without its payload.
    pub signature: Option<&'a str>,
    /// Id of the key. A JWS names its own.
    pub key_id: Option<&'a str>,
    /// Name of the algorithm, if the bank sends one.
    pub algorithm: Option<&'a str>,
}

/// How a bank's callbacks are checked.
#[derive(Debug, Clone)]
pub enum CallbackVerifier {
    /// Not here: the listener accepts only the bank's client certificate.
    MutualTls,
    /// ECDSA on P-256 over the body, in ASN.1 (`SHA256withECDSA`), by a key that a header names.
    Detached(BankKeySet),
    /// A JWS (RFC 7515), ES256, RS256 or PS256 as its key says: the body itself, or in a header with the body as its payload (appendix F), which is signed as it
    /// is where the JWS says so (RFC 7797, `b64` false).
    Jws(BankKeySet),
}

/// Why a callback is rejected. Nothing from it is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum UnverifiedCallback {
    /// There is no signature.
    #[error("the callback has no signature")]
    NoSignature,
    /// No header names a key.
    #[error("the callback's signature names no key")]
    NoKeyId,
    /// Not base64, not a JWS, or too long.
    #[error("the callback's signature can't be read")]
    Unreadable,
    /// The key set has no such key: fetch the set again, at most as often as its record says.
    #[error("the callback is signed with a key that is not known")]
    UnknownKey,
    /// Another algorithm than the key's, or one that is not accepted.
    #[error("the callback is signed with an algorithm that its key is not for")]
    WrongAlgorithm,
    /// The signature is of another body or by another key.
    #[error("the callback's signature does not fit its body")]
    WrongSignature,
}

impl CallbackVerifier {
    /// Checks a callback and returns what it says: the body, or the payload of a body that is a JWS.
    pub fn verify<'a>(&self, headers: CallbackHeaders<'_>, body: &'a [u8]) -> Result<Cow<'a, [u8]>, UnverifiedCallback> {
        match self {
            Self::MutualTls => Ok(Cow::Borrowed(body)),
            Self::Detached(keys) => detached(keys, headers, body).map(|()| Cow::Borrowed(body)),
            Self::Jws(keys) => match headers.signature {
                Some(signature) => {
                    let Some((header, signature)) = signature.trim().split_once("..") else { return Err(UnverifiedCallback::Unreadable) };
                    checked_jws(keys, header, JwsPayload::Detached(body), signature).map(|_| Cow::Borrowed(body))
                }
                None => compact(keys, body).map(Cow::Owned),
            },
        }
    }
}

fn detached(keys: &BankKeySet, headers: CallbackHeaders<'_>, body: &[u8]) -> Result<(), UnverifiedCallback> {
    let signature = headers.signature.ok_or(UnverifiedCallback::NoSignature)?.trim();
    let key = key(keys, headers.key_id)?;
    let fits = |word: &str| matches!(word, "SHA256withECDSA" | "ES256" | "EC");
    if key.algorithm() != SignatureAlgorithm::Es256 || !headers.algorithm.is_none_or(|word| fits(word.trim())) {
        return Err(UnverifiedCallback::WrongAlgorithm);
    }
    if signature.is_empty() || signature.len() > SIGNATURE_BYTES_MAX {
        return Err(UnverifiedCallback::Unreadable);
    }
    let bytes = STANDARD.decode(signature).or_else(|_| STANDARD_NO_PAD.decode(signature)).or_else(|_| TOLERANT.decode(signature));
    let bytes = bytes.map_err(|_| UnverifiedCallback::Unreadable)?;
    key.accepts_asn1(body, &bytes).then_some(()).ok_or(UnverifiedCallback::WrongSignature)
}

fn key<'a>(keys: &'a BankKeySet, kid: Option<&str>) -> Result<&'a CheckKey, UnverifiedCallback> {
    let kid = kid.map(str::trim).filter(|kid| !kid.is_empty()).ok_or(UnverifiedCallback::NoKeyId)?;
    keys.key(kid).ok_or(UnverifiedCallback::UnknownKey)
}

fn compact(keys: &BankKeySet, body: &[u8]) -> Result<Vec<u8>, UnverifiedCallback> {
    let text = std::str::from_utf8(body).map_err(|_| UnverifiedCallback::NoSignature)?.trim();
    let parts: Vec<&str> = text.splitn(4, '.').collect();
    let [header, payload, signature] = parts.as_slice() else { return Err(UnverifiedCallback::NoSignature) };
    let is_text = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !parts.iter().all(is_text) {
        // Plain JSON with points in it, as a bank sends that does not sign.
        return Err(UnverifiedCallback::NoSignature);
    }
    checked_jws(keys, header, JwsPayload::Encoded(payload), signature)?;
    URL_SAFE_NO_PAD.decode(payload).map_err(|_| UnverifiedCallback::Unreadable)
}

/// What a JWS signs beside its header.
#[derive(Debug, Clone, Copy)]
pub(crate) enum JwsPayload<'a> {
    /// The middle part of a compact JWS, in base64url.
    Encoded(&'a str),
    /// Bytes that are sent beside the JWS.
    Detached(&'a [u8]),
}

/// Checks a JWS and returns its header. The only extension (`crit`) that is known is the unencoded payload: one that is ignored could change what was signed.
pub(crate) fn checked_jws(
    keys: &BankKeySet,
    header: &str,
    payload: JwsPayload<'_>,
    signature: &str,
) -> Result<serde_json::Value, UnverifiedCallback> {
    let unreadable = UnverifiedCallback::Unreadable;
    if header.len() + signature.len() > SIGNATURE_BYTES_MAX {
        return Err(unreadable);
    }
    let decoded = URL_SAFE_NO_PAD.decode(header).map_err(|_| unreadable)?;
    let document = parse(&decoded).map_err(|_| unreadable)?;
    let node = ApiNode::root(&document).map_err(|_| unreadable)?;
    let is_encoded = match (node.value("crit"), node.value("b64"), payload) {
        (None, None, _) => true,
        // RFC 7797 section 6: whoever sets it has to name it as critical. A compact JWS has to be encoded, or its parts could not be told apart.
        (Some(critical), Some(serde_json::Value::Bool(encoded)), JwsPayload::Detached(_)) if *critical == serde_json::json!(["b64"]) => {
            *encoded
        }
        _ => return Err(unreadable),
    };
    let algorithm = node.text("alg").map_err(|_| unreadable)?.and_then(|word| SignatureAlgorithm::from_word(&word));
    let algorithm = algorithm.ok_or(UnverifiedCallback::WrongAlgorithm)?;
    let kid = node.text("kid").map_err(|_| unreadable)?;
    let key = key(keys, kid.as_deref())?;
    if key.algorithm() != algorithm {
        return Err(UnverifiedCallback::WrongAlgorithm);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| unreadable)?;
    let mut message = format!("{header}.").into_bytes();
    match payload {
        JwsPayload::Encoded(text) => message.extend_from_slice(text.as_bytes()),
        JwsPayload::Detached(bytes) if is_encoded => message.extend_from_slice(URL_SAFE_NO_PAD.encode(bytes).as_bytes()),
        JwsPayload::Detached(bytes) => message.extend_from_slice(bytes),
    }
    if !key.accepts(&message, &signature) {
        return Err(UnverifiedCallback::WrongSignature);
    }
    Ok(document)
}

#[cfg(test)]
mod tests;
