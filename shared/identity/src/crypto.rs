//! The signatures of tokens, by ring: the three algorithms of [`crate::issuers::Algorithm`] and no others.
//!
//! `jsonwebtoken` is used without its own implementation, which would be a second cryptography library beside the one under TLS.
use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind, Result},
    jwk::EllipticCurve,
};
use ring::{
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
    },
};
use signature::{Signer, Verifier};

#[cfg(test)]
mod tests;

/// The first byte of an uncompressed point (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;
/// Bytes of each coordinate on P-256.
const COORDINATE: usize = 32;

static RING: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |der| {
            let numbers = RsaPublicKeyComponents::<Vec<u8>>::from(rsa_pair(der)?.public());
            Ok((numbers.n, numbers.e))
        },
        ec_pub_components_from_private_key: |der, algorithm| match algorithm {
            Algorithm::ES256 => point(ec_pair(der)?.public_key().as_ref()),
            _ => Err(ErrorKind::InvalidAlgorithm.into()),
        },
        ed_pub_components_from_private_key: |der, curve| match curve {
            EllipticCurve::Ed25519 => Ok(ed_pair(der)?.public_key().as_ref().to_vec()),
            _ => Err(ErrorKind::InvalidAlgorithm.into()),
        },
        ..KeyUtils::new_unimplemented()
    },
};

/// Makes ring the provider of `jsonwebtoken` in this process. This crate calls it where needed; code that uses `jsonwebtoken` directly
/// calls it first. Cheap, and safe to repeat.
pub fn install() {
    // An error means that it was done before.
    let _ = RING.install_default();
}

/// A private key that signs.
enum SigningKey {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(rsa::KeyPair),
}

/// A public key that checks.
struct CheckingKey {
    algorithm: Algorithm,
    key: DecodingKey,
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    if key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    let private = match algorithm {
        Algorithm::ES256 => SigningKey::Es256(ec_pair(key.as_bytes())?),
        Algorithm::EdDSA => SigningKey::EdDsa(ed_pair(key.as_bytes())?),
        Algorithm::RS256 => SigningKey::Rs256(rsa_pair(key.as_bytes())?),
        _ => return Err(ErrorKind::InvalidAlgorithm.into()),
    };
    Ok(Box::new(private))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    if key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    match algorithm {
        Algorithm::ES256 | Algorithm::EdDSA | Algorithm::RS256 => Ok(Box::new(CheckingKey { algorithm: *algorithm, key: key.clone() })),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

impl Signer<Vec<u8>> for SigningKey {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        let failed = |_| signature::Error::new();
        match self {
            Self::Es256(pair) => pair.sign(&SystemRandom::new(), message).map(|made| made.as_ref().to_vec()).map_err(failed),
            Self::EdDsa(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Self::Rs256(pair) => {
                let mut made = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut made).map_err(failed)?;
                Ok(made)
            }
        }
    }
}

impl JwtSigner for SigningKey {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Es256(_) => Algorithm::ES256,
            Self::EdDsa(_) => Algorithm::EdDSA,
            Self::Rs256(_) => Algorithm::RS256,
        }
    }
}

impl Verifier<Vec<u8>> for CheckingKey {
    fn verify(&self, message: &[u8], made: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        let checked = match (self.algorithm, self.key.kind()) {
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, made)
            }
            (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(key)) => UnparsedPublicKey::new(&ED25519, key).verify(message, made),
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                // ring accepts numbers in their shortest form only (RFC 7518 section 6.3.1.1), which some issuers don't use.
                let numbers = RsaPublicKeyComponents { n: shortest(n), e: shortest(e) };
                numbers.verify(&RSA_PKCS1_2048_8192_SHA256, message, made)
            }
            _ => Err(ring::error::Unspecified),
        };
        checked.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for CheckingKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// Without leading zeros.
fn shortest(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

fn ec_pair(pkcs8: &[u8]) -> Result<EcdsaKeyPair> {
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new());
    pair.map_err(|_| ErrorKind::InvalidEcdsaKey.into())
}

/// From PKCS #8 with or without the public key.
fn ed_pair(pkcs8: &[u8]) -> Result<Ed25519KeyPair> {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| ErrorKind::InvalidEddsaKey.into())
}

fn rsa_pair(pkcs1: &[u8]) -> Result<rsa::KeyPair> {
    rsa::KeyPair::from_der(pkcs1).map_err(|error| Error::from(ErrorKind::InvalidRsaKey(error.to_string())))
}

/// The curve and both coordinates of a public key on P-256.
fn point(key: &[u8]) -> Result<(EllipticCurve, Vec<u8>, Vec<u8>)> {
    match key.split_first() {
        Some((&UNCOMPRESSED, numbers)) if numbers.len() == 2 * COORDINATE => {
            let (x, y) = numbers.split_at(COORDINATE);
            Ok((EllipticCurve::P256, x.to_vec(), y.to_vec()))
        }
        _ => Err(ErrorKind::InvalidEcdsaKey.into()),
    }
}
