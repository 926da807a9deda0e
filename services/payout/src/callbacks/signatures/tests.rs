//! Unit tests of `signatures`.
use super::*;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::json;

fn pair() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap()
}

fn jwk(id: &str, pair: &EcdsaKeyPair) -> Value {
    let point = pair.public_key().as_ref();
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..65]));
    json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id, "x": x, "y": y})
}

fn signed(pair: &EcdsaKeyPair, body: &[u8]) -> String {
    STANDARD.encode(pair.sign(&SystemRandom::new(), body).unwrap())
}

fn keys(set: &Value) -> (tempfile::NamedTempFile, BankSigners) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), set.to_string()).unwrap();
    let keys = BankSigners::try_new(BankKeySource::File(file.path().to_owned()), http_client::local()).unwrap();
    (file, keys)
}

#[tokio::test]
async fn only_the_named_key_s_signature_over_these_bytes_is_accepted() {
    let (own, second, stranger) = (pair(), pair(), pair());
    let (_file, keys) = keys(&json!({"keys": [jwk("a", &own), jwk("b", &second)]}));
    let body = b"<Document/>".as_slice();
    let signature = signed(&own, body);
    assert_eq!(keys.check(Some("a"), Some(&signature), body).await, Ok(()));
    let wrong = Err(CallbackRefusal::WrongSignature);
    assert_eq!(keys.check(Some("b"), Some(&signature), body).await, wrong, "another key of the bank");
    assert_eq!(keys.check(Some("a"), Some(&signed(&stranger, body)), body).await, wrong, "a stranger's");
    assert_eq!(keys.check(Some("a"), Some(&signature), b"<Document").await, wrong, "truncated");
    assert_eq!(keys.check(Some("a"), Some(&signature), b"<Document/> ").await, wrong, "longer");
    assert_eq!(keys.check(Some("c"), Some(&signature), body).await, Err(CallbackRefusal::UnknownKey));
    for (key_id, signature) in
        [(None, Some(signature.as_str())), (Some("a"), None), (Some("a"), Some("?")), (Some("a"), Some(&"A".repeat(999)))]
    {
        assert_eq!(keys.check(key_id, signature, body).await, Err(CallbackRefusal::Unsigned), "{key_id:?} {signature:?}");
    }
    assert_eq!(keys.check(Some("a"), Some(""), body).await, wrong, "an empty signature");
}

#[tokio::test]
async fn a_set_without_a_usable_key_takes_nothing() {
    let own = pair();
    let changed = |name: &str, value: &str| {
        let mut key = jwk("a", &own);
        key[name] = json!(value);
        key
    };
    let unusable = [
        changed("kty", "RSA"),
        changed("crv", "P-384"),
        changed("use", "enc"),
        changed("alg", "HS256"),
        changed("d", "AA"),
        changed("x", "AA"),
    ];
    for key in unusable {
        let (_file, keys) = keys(&json!({"keys": [key.clone()]}));
        let answer = keys.check(Some("a"), Some(&signed(&own, b"x")), b"x").await;
        assert!(matches!(answer, Err(CallbackRefusal::KeysUnavailable(_))), "{key}: {answer:?}");
    }
    let (file, keys) = keys(&json!([]));
    assert!(matches!(keys.check(Some("a"), Some("AA=="), b"x").await, Err(CallbackRefusal::KeysUnavailable(_))));
    // A set that is there again is read again.
    std::fs::write(file.path(), json!({"keys": [jwk("a", &own)]}).to_string()).unwrap();
    assert_eq!(keys.check(Some("a"), Some(&signed(&own, b"x")), b"x").await, Ok(()));
}
