//! Keys: ours, which signs assertions, and those of a JWKS, which check signatures. By ring alone: this crate stays free of the process-wide provider that
//! `jsonwebtoken` needs, and of `identity`, which fetches keys over the network.

use crate::{
    ApiReadError,
    json::{ApiNode, parse},
};
use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD},
};
use ring::{
    digest, rand,
    rsa::{KeyPair, PublicKeyComponents},
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
    },
};
use rustls::pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer, pem::PemObject as _};
use std::fmt;

/// The most keys of a set. A bank that changes keys once a year has two.
pub const KEYS_MAX: usize = 100;
/// Bytes of a coordinate on P-256.
const COORDINATE: usize = 32;
/// The first byte of an uncompressed point (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;
/// Of base64url values, with or without padding.
pub(crate) const TOLERANT: GeneralPurpose =
    GeneralPurpose::new(&URL_SAFE, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// Why a key can't be used. Nothing of it is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key can't be used: {why}; nothing can be signed or checked with it")]
pub struct UnusableKey {
    /// What is wrong.
    pub why: String,
}

/// Our RSA key, 2,048 bits or more. `Debug` never prints it.
pub struct RsaSigningKey {
    pair: KeyPair,
}

impl fmt::Debug for RsaSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaSigningKey(***)")
    }
}

impl RsaSigningKey {
    /// From PEM: PKCS #8 (`PRIVATE KEY`) or PKCS #1 (`RSA PRIVATE KEY`), not encrypted.
    pub fn from_pem(pem: &[u8]) -> Result<Self, UnusableKey> {
        let unusable = |why: String| UnusableKey { why };
        let key =
            PrivateKeyDer::from_pem_slice(pem).map_err(|_| unusable("not PEM with a private key that is not encrypted".to_owned()))?;
        let pair = match &key {
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(unusable("not an RSA key".to_owned())),
        };
        Ok(Self { pair: pair.map_err(|error| unusable(error.to_string()))? })
    }

    /// The public half as an entry of a JWKS.
    #[must_use]
    pub fn public_jwk(&self, kid: &str) -> serde_json::Value {
        let numbers = PublicKeyComponents::<Vec<u8>>::from(self.pair.public());
        let text = |number: &[u8]| URL_SAFE_NO_PAD.encode(number);
        serde_json::json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": text(&numbers.n), "e": text(&numbers.e)})
    }

    /// The public half, which checks what this key signed.
    #[must_use]
    pub fn checking_key(&self) -> RsaCheckingKey {
        RsaCheckingKey(self.pair.public().as_ref().to_vec())
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, UnusableKey> {
        let mut made = vec![0; self.pair.public().modulus_len()];
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &rand::SystemRandom::new(), message, &mut made);
        signed.map_err(|_| UnusableKey { why: "it can't sign".to_owned() })?;
        Ok(made)
    }
}

/// Our key on P-256, which signs ES256. `Debug` never prints it.
pub struct P256SigningKey {
    pair: EcdsaKeyPair,
}

impl fmt::Debug for P256SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P256SigningKey(***)")
    }
}

impl P256SigningKey {
    /// From PEM: PKCS #8 (`PRIVATE KEY`) with the public key in it, not encrypted.
    pub fn from_pem(pem: &[u8]) -> Result<Self, UnusableKey> {
        let unusable = |why: &str| UnusableKey { why: why.to_owned() };
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| unusable("not PEM with a private key that is not encrypted"))?;
        let PrivateKeyDer::Pkcs8(der) = &key else { return Err(unusable("not PKCS #8")) };
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_pkcs8_der(), &rand::SystemRandom::new());
        Ok(Self { pair: pair.map_err(|_| unusable("not a key on P-256"))? })
    }

    /// The public half as an entry of a JWKS.
    #[must_use]
    pub fn public_jwk(&self, kid: &str) -> serde_json::Value {
        // An uncompressed point: a byte, then both coordinates.
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(COORDINATE);
        let text = |number: &[u8]| URL_SAFE_NO_PAD.encode(number);
        serde_json::json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": text(x), "y": text(y)})
    }

    /// ECDSA with SHA-256, as JWS has it: both numbers one after the other.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, UnusableKey> {
        let signed = self.pair.sign(&rand::SystemRandom::new(), message);
        Ok(signed.map_err(|_| UnusableKey { why: "it can't sign".to_owned() })?.as_ref().to_vec())
    }
}

/// What stands before the key in the DER of every RSA public key of 2,048 bits or more (RFC 8017 appendix A.1, RFC 5280 section 4.1), apart from lengths.
const RSA_ALGORITHM: [u8; 15] = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// Another's public RSA key, 2,048 bits or more, for RSASSA-PKCS1-v1_5 with SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsaCheckingKey(Vec<u8>);

impl RsaCheckingKey {
    /// Every key of a PEM file (`PUBLIC KEY`); an error if there is none, or one of another kind.
    pub fn all_from_pem(pem: &[u8]) -> Result<Vec<Self>, UnusableKey> {
        let unusable = |why: &str| UnusableKey { why: why.to_owned() };
        let mut keys = Vec::new();
        for der in SubjectPublicKeyInfoDer::pem_slice_iter(pem) {
            let der = der.map_err(|_| unusable("not PEM with public keys"))?;
            keys.push(Self(rsa_of(&der).ok_or_else(|| unusable("not an RSA key of 2,048 bits or more"))?.to_vec()));
        }
        if keys.is_empty() { Err(unusable("not PEM with a public key")) } else { Ok(keys) }
    }

    /// The key of a SubjectPublicKeyInfo (DER), as certificates have it.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, UnusableKey> {
        let key = rsa_of(der).ok_or_else(|| UnusableKey { why: "not an RSA key of 2,048 bits or more".to_owned() })?;
        Ok(Self(key.to_vec()))
    }

    /// Whether the key's owner signed `message`.
    #[must_use]
    pub fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0).verify(message, signature).is_ok()
    }
}

/// The key inside of a SubjectPublicKeyInfo. From 2,048 bits on, all lengths have two bytes.
fn rsa_of(der: &[u8]) -> Option<&[u8]> {
    let long = |tag: u8, bytes: &[u8]| {
        bytes.first_chunk::<4>().is_some_and(|head| {
            let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
            head[..2] == [tag, 0x82] && length == bytes.len() - head.len()
        })
    };
    let inner = der.get(4..).filter(|_| long(0x30, der))?.strip_prefix(&RSA_ALGORITHM)?;
    let key = inner.get(4..).filter(|_| long(0x03, inner))?.strip_prefix(&[0])?;
    long(0x30, key).then_some(key)
}

/// The key id that the bank expects: the SHA-1 thumbprint of the certificate's DER, 40 hexadecimal digits in upper case.
#[must_use]
pub fn certificate_kid(certificate_der: &[u8]) -> String {
    hex::encode_upper(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate_der))
}

/// How a JWS is signed. There is no `none`, and no algorithm with a shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
}

impl SignatureAlgorithm {
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word {
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            _ => None,
        }
    }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CheckKey {
    /// An uncompressed point.
    P256(Vec<u8>),
    /// Modulus and exponent without leading zeros, and whether it is for PSS: a key is for one algorithm, so that a signature of one is never taken for another.
    Rsa { n: Vec<u8>, e: Vec<u8>, pss: bool },
}

impl CheckKey {
    pub(crate) fn algorithm(&self) -> SignatureAlgorithm {
        match self {
            Self::P256(_) => SignatureAlgorithm::Es256,
            Self::Rsa { pss: false, .. } => SignatureAlgorithm::Rs256,
            Self::Rsa { pss: true, .. } => SignatureAlgorithm::Ps256,
        }
    }

    /// A signature as JWS has it: both numbers of ECDSA one after the other.
    pub(crate) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok(),
            Self::Rsa { n, e, pss } => {
                let parameters = if *pss { &RSA_PSS_2048_8192_SHA256 } else { &RSA_PKCS1_2048_8192_SHA256 };
                PublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
        }
    }

    /// An ECDSA signature in ASN.1, as `SHA256withECDSA` makes it. Never of an RSA key.
    pub(crate) fn accepts_asn1(&self, message: &[u8], signature: &[u8]) -> bool {
        let Self::P256(point) = self else { return false };
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature).is_ok()
    }
}

/// Public keys by id: a JWKS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BankKeySet {
    keys: Vec<(String, CheckKey)>,
}

impl BankKeySet {
    /// Reads a JWKS. The algorithm of a key is the one that it names; without a name it is ES256 or RS256. Keys of other kinds and algorithms or without an id are
    /// left out; private keys, two keys of one id, and a set without any usable key are refused.
    pub fn read(bytes: &[u8]) -> Result<Self, ApiReadError> {
        let document = parse(bytes)?;
        let node = ApiNode::root(&document)?;
        let mut keys: Vec<(String, CheckKey)> = Vec::new();
        for key in node.list("keys", KEYS_MAX)? {
            if key.value("d").is_some() || key.value("k").is_some() {
                return Err(key.fault("d", "be absent: the set has a private key"));
            }
            let (Some(kid), Some(read)) = (key.text("kid")?, check_key(&key)?) else { continue };
            if keys.iter().any(|(known, _)| *known == kid) {
                return Err(key.fault("kid", "be given to one key only"));
            }
            keys.push((kid, read));
        }
        if keys.is_empty() {
            return Err(node.fault("keys", "have a key that can check signatures"));
        }
        Ok(Self { keys })
    }

    pub(crate) fn key(&self, kid: &str) -> Option<&CheckKey> {
        self.keys.iter().find(|(known, _)| known == kid).map(|(_, key)| key)
    }
}

fn check_key(node: &ApiNode<'_>) -> Result<Option<CheckKey>, ApiReadError> {
    // Only keys for signatures.
    if node.text("use")?.is_some_and(|used| used != "sig") {
        return Ok(None);
    }
    let number = |field: &str| -> Result<Vec<u8>, ApiReadError> {
        // Longer than other fields: 8,192 bits are 1,366 characters.
        let text = node.value(field).and_then(serde_json::Value::as_str).filter(|text| text.len() <= 1_400);
        let bytes = text.and_then(|text| TOLERANT.decode(text).ok()).filter(|bytes| !bytes.is_empty());
        bytes.ok_or_else(|| node.fault(field, "be a number in base64url"))
    };
    let named = node.text("alg")?;
    let is_for = |algorithms: &[&str]| named.as_deref().is_none_or(|name| algorithms.contains(&name));
    match node.text("kty")?.as_deref() {
        Some("EC") if node.text("crv")?.as_deref() == Some("P-256") && is_for(&["ES256"]) => {
            let (x, y) = (number("x")?, number("y")?);
            if x.len() != COORDINATE || y.len() != COORDINATE {
                return Err(node.fault("x", "be 32 bytes, and y too"));
            }
            Ok(Some(CheckKey::P256([&[UNCOMPRESSED], x.as_slice(), y.as_slice()].concat())))
        }
        Some("RSA") if is_for(&["RS256", "PS256"]) => {
            let shortest = |number: Vec<u8>| number.into_iter().skip_while(|byte| *byte == 0).collect();
            let pss = named.as_deref() == Some("PS256");
            Ok(Some(CheckKey::Rsa { n: shortest(number("n")?), e: shortest(number("e")?), pss }))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests;
