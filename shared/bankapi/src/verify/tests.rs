//! Unit tests of `verify`.
use super::*;
use crate::{RsaSigningKey, keys::certificate_kid};
use proptest::prelude::*;
use ring::{
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
        RsaEncoding,
    },
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject as _};
use serde_json::json;

const BODY: &[u8] = br#"{"events":[]}"#;
const RSA: &[u8] = include_bytes!("../keys/test_rsa.pem");

struct Bank {
    pkcs8: Vec<u8>,
    keys: BankKeySet,
}

fn bank() -> Bank {
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &SystemRandom::new()).unwrap();
    let point = pair.public_key().as_ref();
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let ec = json!({"kty": "EC", "crv": "P-256", "kid": "ec", "x": text(&point[1..33]), "y": text(&point[33..])});
    let rsa = RsaSigningKey::from_pem(RSA).unwrap().public_jwk("rsa");
    let keys = BankKeySet::read(json!({"keys": [ec, rsa]}).to_string().as_bytes()).unwrap();
    Bank { pkcs8: document.as_ref().to_vec(), keys }
}

impl Bank {
    fn detached(&self, body: &[u8]) -> String {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.pkcs8, &SystemRandom::new()).unwrap();
        STANDARD.encode(pair.sign(&SystemRandom::new(), body).unwrap())
    }

    fn jws(&self, header: &serde_json::Value, payload: &[u8]) -> (String, String, String) {
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (header, payload) = (part(header.to_string().as_bytes()), part(payload));
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.pkcs8, &SystemRandom::new()).unwrap();
        let signature = pair.sign(&SystemRandom::new(), format!("{header}.{payload}").as_bytes()).unwrap();
        (header, payload, part(signature.as_ref()))
    }
}

fn headers<'a>(signature: &'a str, key_id: &'a str) -> CallbackHeaders<'a> {
    CallbackHeaders { signature: Some(signature), key_id: Some(key_id), algorithm: Some("SHA256withECDSA") }
}

#[test]
fn a_detached_signature_of_the_body_is_accepted() {
    let bank = bank();
    let signature = bank.detached(BODY);
    let verifier = CallbackVerifier::Detached(bank.keys.clone());
    assert_eq!(verifier.verify(headers(&signature, "ec"), BODY).unwrap(), BODY);
    let without = CallbackHeaders { algorithm: None, ..headers(&signature, "ec") };
    assert!(verifier.verify(without, BODY).is_ok());
}

#[test]
fn every_fault_of_a_detached_signature_has_its_reason() {
    use UnverifiedCallback as U;
    let (bank, other) = (bank(), bank());
    let signature = bank.detached(BODY);
    let foreign = other.detached(BODY);
    let verifier = CallbackVerifier::Detached(bank.keys.clone());
    let fault = |headers: CallbackHeaders<'_>, body: &[u8]| verifier.verify(headers, body).unwrap_err();
    let good = headers(&signature, "ec");
    assert_eq!(fault(CallbackHeaders { signature: None, ..good }, BODY), U::NoSignature);
    assert_eq!(fault(CallbackHeaders { key_id: None, ..good }, BODY), U::NoKeyId);
    assert_eq!(fault(headers(&signature, " "), BODY), U::NoKeyId);
    assert_eq!(fault(headers(&signature, "nobody"), BODY), U::UnknownKey);
    assert_eq!(fault(headers(&signature, "rsa"), BODY), U::WrongAlgorithm);
    assert_eq!(fault(CallbackHeaders { algorithm: Some("SHA256withRSA"), ..good }, BODY), U::WrongAlgorithm);
    assert_eq!(fault(CallbackHeaders { algorithm: Some("none"), ..good }, BODY), U::WrongAlgorithm);
    assert_eq!(fault(headers("", "ec"), BODY), U::Unreadable);
    assert_eq!(fault(headers("***", "ec"), BODY), U::Unreadable);
    assert_eq!(fault(headers(&"A".repeat(SIGNATURE_BYTES_MAX + 4), "ec"), BODY), U::Unreadable);
    assert_eq!(fault(headers(&signature[..signature.len() / 2 / 4 * 4], "ec"), BODY), U::WrongSignature);
    assert_eq!(fault(headers(&foreign, "ec"), BODY), U::WrongSignature);
    assert_eq!(fault(good, b"{}"), U::WrongSignature);
    assert_eq!(fault(good, b""), U::WrongSignature);
    assert_eq!(fault(good, &BODY[..BODY.len() - 1]), U::WrongSignature);
}

#[test]
fn a_jws_is_accepted_as_the_body_and_in_a_header() {
    let bank = bank();
    let verifier = CallbackVerifier::Jws(bank.keys.clone());
    let (header, payload, signature) = bank.jws(&json!({"alg": "ES256", "kid": "ec"}), BODY);
    let compact = format!("{header}.{payload}.{signature}");
    assert_eq!(verifier.verify(CallbackHeaders::default(), compact.as_bytes()).unwrap(), BODY);
    let detached = format!("{header}..{signature}");
    let headers = CallbackHeaders { signature: Some(&detached), ..CallbackHeaders::default() };
    assert_eq!(verifier.verify(headers, BODY).unwrap(), BODY);
    assert_eq!(verifier.verify(headers, b"{}").unwrap_err(), UnverifiedCallback::WrongSignature);
}

/// A JWS in a header, of the RSA key under this id.
fn rsa_jws(header: &serde_json::Value, payload: &[u8], encoding: &'static dyn RsaEncoding) -> String {
    let pem = PrivateKeyDer::from_pem_slice(RSA).unwrap();
    let pair = match &pem {
        PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
        _ => KeyPair::from_der(pem.secret_der()),
    };
    let (pair, header) = (pair.unwrap(), URL_SAFE_NO_PAD.encode(header.to_string()));
    let mut signature = vec![0; pair.public().modulus_len()];
    let message = [format!("{header}.").as_bytes(), payload].concat();
    pair.sign(encoding, &SystemRandom::new(), &message, &mut signature).unwrap();
    format!("{header}..{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn an_rsa_key_is_for_the_one_algorithm_that_its_set_names() {
    use UnverifiedCallback as U;
    let jwk = RsaSigningKey::from_pem(RSA).unwrap().public_jwk("rsa");
    let set = |algorithm: Option<&str>| {
        let mut jwk = jwk.clone();
        match algorithm {
            Some(word) => jwk["alg"] = json!(word),
            None => drop(jwk.as_object_mut().unwrap().remove("alg")),
        }
        BankKeySet::read(json!({"keys": [jwk]}).to_string().as_bytes()).map(CallbackVerifier::Jws)
    };
    let payload = URL_SAFE_NO_PAD.encode(BODY);
    let pkcs1 = rsa_jws(&json!({"alg": "RS256", "kid": "rsa"}), payload.as_bytes(), &RSA_PKCS1_SHA256);
    let pss = rsa_jws(&json!({"alg": "PS256", "kid": "rsa"}), payload.as_bytes(), &RSA_PSS_SHA256);
    let says_pss = rsa_jws(&json!({"alg": "PS256", "kid": "rsa"}), payload.as_bytes(), &RSA_PKCS1_SHA256);
    let verify = |verifier: &CallbackVerifier, text: &str| {
        verifier.verify(CallbackHeaders { signature: Some(text), ..CallbackHeaders::default() }, BODY).map(|_| ())
    };
    for key in [set(Some("RS256")).unwrap(), set(None).unwrap()] {
        assert_eq!((verify(&key, &pkcs1), verify(&key, &pss)), (Ok(()), Err(U::WrongAlgorithm)));
    }
    let key = set(Some("PS256")).unwrap();
    assert_eq!((verify(&key, &pss), verify(&key, &pkcs1)), (Ok(()), Err(U::WrongAlgorithm)));
    assert_eq!(verify(&key, &says_pss), Err(U::WrongSignature));
    for unusable in ["ES256", "HS256", "RS512", "none"] {
        assert!(set(Some(unusable)).is_err(), "{unusable}");
    }
}

#[test]
fn a_payload_is_signed_as_it_is_where_the_jws_says_so() {
    use UnverifiedCallback as U;
    let bank = bank();
    let verifier = CallbackVerifier::Jws(bank.keys.clone());
    let sign = |header: serde_json::Value, payload: &[u8]| {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &bank.pkcs8, &SystemRandom::new()).unwrap();
        let message = [format!("{header}.").as_bytes(), payload].concat();
        format!("{header}..{}", URL_SAFE_NO_PAD.encode(pair.sign(&SystemRandom::new(), &message).unwrap()))
    };
    let verify = |text: &str, body: &[u8]| {
        verifier.verify(CallbackHeaders { signature: Some(text), ..CallbackHeaders::default() }, body).map(|_| ())
    };
    let raw = json!({"alg": "ES256", "kid": "ec", "b64": false, "crit": ["b64"]});
    let encoded = URL_SAFE_NO_PAD.encode(BODY);
    assert_eq!(verify(&sign(raw.clone(), BODY), BODY), Ok(()));
    assert_eq!(verify(&sign(raw.clone(), BODY), b"{}"), Err(U::WrongSignature));
    assert_eq!(verify(&sign(raw.clone(), encoded.as_bytes()), BODY), Err(U::WrongSignature), "it says that the payload is not encoded");
    let says_so = json!({"alg": "ES256", "kid": "ec", "b64": true, "crit": ["b64"]});
    assert_eq!(verify(&sign(says_so, encoded.as_bytes()), BODY), Ok(()));
    // Not named as critical, named and absent, with another extension, no flag.
    for header in [
        json!({"alg": "ES256", "kid": "ec", "b64": false}),
        json!({"alg": "ES256", "kid": "ec", "crit": ["b64"]}),
        json!({"alg": "ES256", "kid": "ec", "b64": false, "crit": ["b64", "exp"], "exp": 1}),
        json!({"alg": "ES256", "kid": "ec", "b64": "false", "crit": ["b64"]}),
    ] {
        assert_eq!(verify(&sign(header.clone(), BODY), BODY), Err(U::Unreadable), "{header}");
    }
}

#[test]
fn every_fault_of_a_jws_has_its_reason() {
    use UnverifiedCallback as U;
    let bank = bank();
    let verifier = CallbackVerifier::Jws(bank.keys.clone());
    let fault = |header: serde_json::Value| {
        let (header, payload, signature) = bank.jws(&header, BODY);
        verifier.verify(CallbackHeaders::default(), format!("{header}.{payload}.{signature}").as_bytes()).unwrap_err()
    };
    assert_eq!(fault(json!({"alg": "none", "kid": "ec"})), U::WrongAlgorithm);
    assert_eq!(fault(json!({"alg": "HS256", "kid": "ec"})), U::WrongAlgorithm);
    assert_eq!(fault(json!({"kid": "ec"})), U::WrongAlgorithm);
    assert_eq!(fault(json!({"alg": "RS256", "kid": "ec"})), U::WrongAlgorithm);
    assert_eq!(fault(json!({"alg": "ES256", "kid": "rsa"})), U::WrongAlgorithm);
    assert_eq!(fault(json!({"alg": "RS256", "kid": "rsa"})), U::WrongSignature);
    assert_eq!(fault(json!({"alg": "ES256"})), U::NoKeyId);
    assert_eq!(fault(json!({"alg": "ES256", "kid": "nobody"})), U::UnknownKey);
    assert_eq!(fault(json!({"alg": "ES256", "kid": "ec", "crit": ["b64"], "b64": false})), U::Unreadable, "its parts are encoded");
    let plain = |body: &[u8]| verifier.verify(CallbackHeaders::default(), body).unwrap_err();
    assert_eq!(plain(BODY), U::NoSignature);
    assert_eq!(plain(b""), U::NoSignature);
    assert_eq!(plain(b"a.b"), U::NoSignature);
    assert_eq!(plain(b"a.b.c.d"), U::NoSignature);
    assert_eq!(plain(b"aa.bb.cc"), U::Unreadable);
    let (header, payload, signature) = bank.jws(&json!({"alg": "ES256", "kid": "ec"}), BODY);
    let cut = format!("{header}.{payload}.{}", &signature[..20]);
    assert_eq!(plain(cut.as_bytes()), U::WrongSignature);
    let no_points = CallbackHeaders { signature: Some(&signature), ..CallbackHeaders::default() };
    assert_eq!(verifier.verify(no_points, BODY).unwrap_err(), U::Unreadable);
}

#[test]
fn mutual_tls_leaves_the_check_to_the_listener() {
    assert_eq!(CallbackVerifier::MutualTls.verify(CallbackHeaders::default(), BODY).unwrap(), BODY);
    assert_eq!(certificate_kid(b"").len(), 40);
}

proptest! {
    #[test]
    fn forged_signatures_are_refused_and_never_panic(signature in "[ -~]{0,200}", body in proptest::collection::vec(any::<u8>(), 0..100)) {
        let bank = bank();
        prop_assert!(CallbackVerifier::Detached(bank.keys.clone()).verify(headers(&signature, "ec"), &body).is_err());
        prop_assert!(CallbackVerifier::Jws(bank.keys.clone()).verify(headers(&signature, "ec"), &body).is_err());
        prop_assert!(CallbackVerifier::Jws(bank.keys).verify(CallbackHeaders::default(), &body).is_err());
    }
}
