//! Unit tests of key sets: which keys are used, and hostile sets.
use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The public key of RFC 8037 appendix A.2.
fn ed25519() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
}

/// The public key of RFC 7517 appendix A.1.
fn p256() -> Value {
    json!({"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"})
}

/// A modulus of so many bytes; it need not have two factors here.
fn rsa(bytes: usize) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode(vec![0xb7; bytes]), "e": "AQAB"})
}

fn with(mut key: Value, name: &str, value: Value) -> Value {
    key[name] = value;
    key
}

fn used(keys: Vec<Value>) -> Result<Vec<Algorithm>, String> {
    let set = json!({ "keys": keys }).to_string();
    parse(set.as_bytes(), &Algorithm::ALL).map(|(keys, _)| keys.into_iter().map(|key| key.algorithm).collect())
}

#[test]
fn the_algorithm_follows_from_the_key() {
    assert_eq!(used(vec![ed25519(), p256(), rsa(256)]), Ok(vec![Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256]));
    assert_eq!(
        used(vec![with(p256(), "alg", json!("ES256")), with(rsa(256), "use", json!("sig"))]),
        Ok(vec![Algorithm::ES256, Algorithm::RS256])
    );
}

#[test]
fn a_key_for_something_else_is_left_out() {
    for (key, why) in [
        (with(rsa(256), "use", json!("enc")), "not for signatures"),
        (with(rsa(256), "key_ops", json!(["encrypt"])), "not for checking signatures"),
        (with(rsa(256), "alg", json!("PS256")), "for PS256"),
        (with(rsa(256), "alg", json!("HS256")), "for HS256"),
        (rsa(128), "RSA with 1024 bits"),
        (rsa(2_048), "RSA with 16384 bits"),
        (with(p256(), "crv", json!("P-384")), "on an unknown curve"),
        (with(ed25519(), "d", json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")), "its private part is published"),
        (json!({"kty": "oct", "k": "c2VjcmV0"}), "a shared secret"),
        (json!({"kty": "QTP"}), "of an unknown kind"),
        (json!("key"), "of an unknown kind"),
        (with(ed25519(), "x", json!("!")), "its numbers can't be read"),
    ] {
        let told = used(vec![key.clone()]).unwrap_err();
        assert!(told.contains(why), "{key}: {told}");
        assert_eq!(used(vec![key, p256()]), Ok(vec![Algorithm::ES256]), "the others are used");
    }
}

#[test]
fn an_algorithm_that_is_not_allowed_is_left_out() {
    let set = json!({ "keys": [ed25519(), p256()] }).to_string();
    let (keys, left_out) = parse(set.as_bytes(), &[Algorithm::ES256]).unwrap();
    assert_eq!((keys.len(), left_out.len()), (1, 1));
    assert!(parse(set.as_bytes(), &[Algorithm::RS256]).is_err());
}

#[test]
fn a_set_without_a_key_is_none() {
    for text in ["", "{}", "[]", "{\"keys\": []}", "{\"keys\": {}}", "{\"keys\": [null]}", "<html>"] {
        assert!(parse(text.as_bytes(), &Algorithm::ALL).is_err(), "{text}");
    }
    assert_eq!(used(vec![p256(); 40]).unwrap().len(), KEYS_MAX);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..400, byte in any::<u8>()) {
        let _ = parse(&bytes, &Algorithm::ALL);
        let mut set = json!({ "keys": [ed25519(), p256(), rsa(256)] }).to_string().into_bytes();
        let length = set.len();
        set[at % length] = byte;
        let _ = parse(&set, &Algorithm::ALL);
    }
}
