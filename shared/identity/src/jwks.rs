//! Key sets (RFC 7517): which of their keys can be used, and where sets come from.
use crate::{algorithm::Algorithm, keys::VerificationKey};
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;

pub(crate) mod source;
#[cfg(test)]
mod tests;

/// Longest key set read, in bytes.
pub(crate) const SET_BYTES_MAX: usize = 256 * 1024;
/// Most keys used of one set: every key is tried on a token that names none.
const KEYS_MAX: usize = 32;
/// Bits of an RSA modulus: a smaller one can be factored (NIST SP 800-131A); a larger one makes a check slow enough to be an attack.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;

/// A set as published. Entries are parsed one by one, because a set may have kinds of keys that are unknown here (RFC 7517 section 5).
#[derive(Deserialize)]
struct PublishedKeySet {
    keys: Vec<serde_json::Value>,
}

/// The usable keys of a set and the ones left out, or why there is none: for the first read.
pub(crate) fn parse(json: &[u8], allowed: &[Algorithm]) -> Result<(Vec<VerificationKey>, Vec<String>), String> {
    let (keys, left_out) = read(json, allowed)?;
    if keys.is_empty() {
        let why = if left_out.is_empty() { "it is empty".to_owned() } else { left_out.join("; ") };
        return Err(format!("no key of the set can be used: {why}"));
    }
    Ok((keys, left_out))
}

/// The usable keys of a set, possibly none, and the ones left out: an issuer that publishes no keys any more has revoked them, so that is no failed
/// read.
pub(crate) fn read(json: &[u8], allowed: &[Algorithm]) -> Result<(Vec<VerificationKey>, Vec<String>), String> {
    let published: PublishedKeySet = serde_json::from_slice(json).map_err(|error| format!("not a JSON Web Key Set: {error}"))?;
    let (mut keys, mut left_out) = (Vec::new(), Vec::new());
    for (at, value) in published.keys.iter().enumerate() {
        let name = value.get("kid").and_then(serde_json::Value::as_str).map_or_else(|| format!("key {at}"), |id| format!("key {id:?}"));
        match key(value, allowed) {
            Ok(key) if keys.len() < KEYS_MAX => keys.push(key),
            Ok(_) => left_out.push(format!("{name}: more than {KEYS_MAX} keys")),
            Err(why) => left_out.push(format!("{name}: {why}")),
        }
    }
    Ok((keys, left_out))
}

fn key(value: &serde_json::Value, allowed: &[Algorithm]) -> Result<VerificationKey, String> {
    // A published private key is compromised.
    if value.get("d").is_some() {
        return Err("its private part is published".to_owned());
    }
    let jwk: Jwk = serde_json::from_value(value.clone()).map_err(|_| "of an unknown kind".to_owned())?;
    if jwk.common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature) {
        return Err("not for signatures".to_owned());
    }
    if jwk.common.key_operations.as_ref().is_some_and(|operations| !operations.contains(&KeyOperations::Verify)) {
        return Err("not for checking signatures".to_owned());
    }
    let algorithm = algorithm(&jwk)?;
    if !allowed.contains(&algorithm) {
        return Err(format!("{algorithm:?} is not among the issuer's algorithms"));
    }
    let decoding = DecodingKey::from_jwk(&jwk).map_err(|_| "its numbers can't be read".to_owned())?;
    if let jsonwebtoken::DecodingKeyKind::RsaModulusExponent { n, .. } = decoding.kind() {
        let bits = n.iter().skip_while(|byte| **byte == 0).count() * 8;
        if !RSA_BITS.contains(&bits) {
            return Err(format!("RSA with {bits} bits"));
        }
    }
    Ok(VerificationKey { id: jwk.common.key_id, algorithm, decoding })
}

/// The algorithm that follows from a key's kind; the set's own statement must agree.
fn algorithm(jwk: &Jwk) -> Result<Algorithm, String> {
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => (Algorithm::ES256, KeyAlgorithm::ES256),
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => (Algorithm::EdDSA, KeyAlgorithm::EdDSA),
        AlgorithmParameters::EllipticCurve(_) | AlgorithmParameters::OctetKeyPair(_) => return Err("on an unknown curve".to_owned()),
        AlgorithmParameters::OctetKey(_) => return Err("a shared secret".to_owned()),
        // The library's enum is non-exhaustive.
        _ => return Err("of an unknown kind".to_owned()),
    };
    match jwk.common.key_algorithm {
        Some(said) if said != name => Err(format!("for {said}")),
        _ => Ok(algorithm),
    }
}
