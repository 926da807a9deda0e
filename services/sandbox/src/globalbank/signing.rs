//! The bank's key for callbacks, new with every start.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Signs callbacks.
#[derive(Debug, Clone)]
pub struct CallbackSigner {
    asn1: Arc<EcdsaKeyPair>,
    fixed: Arc<EcdsaKeyPair>,
    kid: String,
}

impl CallbackSigner {
    /// Makes a key. It fails only if the system has no randomness, without which nothing works.
    pub fn generate() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("the system has randomness");
        let pair = |algorithm| Arc::new(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("just made"));
        let kid = uuid::Uuid::new_v4().to_string();
        Self { asn1: pair(&ECDSA_P256_SHA256_ASN1_SIGNING), fixed: pair(&ECDSA_P256_SHA256_FIXED_SIGNING), kid }
    }

    /// The same key under another id.
    pub fn called(mut self, kid: &str) -> Self {
        kid.clone_into(&mut self.kid);
        self
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key as a set.
    pub fn jwks(&self) -> Value {
        // An uncompressed point: a byte, then both coordinates.
        let (x, y) = self.fixed.public_key().as_ref()[1..].split_at(32);
        let text = |number: &[u8]| URL_SAFE_NO_PAD.encode(number);
        json!({"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid, "x": text(x), "y": text(y)}]})
    }

    /// A signature over the body in ASN.1, as base64.
    pub fn detached(&self, body: &[u8]) -> String {
        STANDARD.encode(self.asn1.sign(&SystemRandom::new(), body).expect("the system has randomness"))
    }

    /// A JWS without its payload, which is the body.
    pub fn jws(&self, body: &[u8]) -> String {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": "ES256", "kid": self.kid}).to_string());
        let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(body));
        let signature = self.fixed.sign(&SystemRandom::new(), message.as_bytes()).expect("the system has randomness");
        format!("{header}..{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
