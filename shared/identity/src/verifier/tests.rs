//! Unit tests of trust: the installation's tokens and others', keys that change, and keys that are unavailable.
use super::*;
use crate::{
    Grant,
    keys::KeyPair,
    token::{Issuer as Signer, expires_at},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use money::UserKey;
use serde_json::json;
use std::time::UNIX_EPOCH;

mod foreign;

const HOUR: Duration = Duration::from_secs(3_600);

fn grant(role: Role, books: BookScope) -> Grant {
    Grant { subject: UserKey::try_new("u1").unwrap(), role, app: "live".into(), books }
}

fn demo() -> BookScope {
    BookScope::Only(vec![BookName::try_new("demo").unwrap()])
}

fn fixture() -> (Signer, Verifier) {
    let (signer, _, verifier) = house_with_key();
    (signer, verifier)
}

/// Returns the private key as well, to sign what the installation would not.
fn house_with_key() -> (Signer, EncodingKey, Verifier) {
    let keys = KeyPair::generate().unwrap();
    let signer = Signer::from_keys(&keys);
    let verifier = Verifier::new(&[signer.public_key()]);
    (signer, EncodingKey::from_ed_der(&keys.pkcs8_der), verifier)
}

/// A token over `header` and `claims` with this key's signature.
fn signed(key: &EncodingKey, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, jsonwebtoken::Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

fn claims() -> Value {
    json!({"iss": "largesse", "aud": "largesse", "sub": "u1", "role": "viewer", "app": "", "books": ["demo"],
        "iat": 1_000, "nbf": 1_000, "exp": 5_000})
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

#[test]
fn what_was_granted_is_what_is_verified() {
    let (issuer, verifier) = fixture();
    let now = SystemTime::now();
    let token = issuer.issue_at(&grant(Role::Viewer, demo()), now, HOUR).unwrap();
    let principal = verifier.verify(&token, now).unwrap();
    assert_eq!((principal.subject.as_str(), principal.role, principal.app.as_str()), ("u1", Role::Viewer, "live"));
    assert_eq!(principal.books, demo());
    assert_eq!(expires_at(&token).unwrap(), principal.expires_at);
}

#[test]
fn a_remembered_token_still_expires() {
    let (issuer, verifier) = fixture();
    let token = issuer.issue_at(&grant(Role::Viewer, demo()), at(1_000), HOUR).unwrap();
    let first = verifier.verify(&token, at(1_001)).unwrap();
    let again = verifier.verify(&token, at(4_599)).unwrap();
    assert!(Arc::ptr_eq(&first, &again), "the second check must use the cache");
    assert!(matches!(verifier.verify(&token, at(4_600)), Err(Error::Expired)));
}

#[test]
fn a_changed_byte_is_refused_also_when_the_original_is_remembered() {
    let (issuer, verifier) = fixture();
    let token = issuer.issue_at(&grant(Role::Viewer, demo()), at(1_000), HOUR).unwrap();
    verifier.verify(&token, at(1_001)).unwrap();
    let mut parts: Vec<String> = token.split('.').map(ToOwned::to_owned).collect();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&parts[1]).unwrap()).unwrap();
    claims["role"] = json!("admin");
    parts[1] = URL_SAFE_NO_PAD.encode(claims.to_string());
    assert!(matches!(verifier.verify(&parts.join("."), at(1_001)), Err(Error::Signature)));
}

#[test]
fn another_key_is_refused_and_a_second_known_one_accepted() {
    let (issuer, verifier) = fixture();
    let (other, _) = fixture();
    let token = other.issue_at(&grant(Role::Viewer, demo()), at(1_000), HOUR).unwrap();
    assert!(matches!(verifier.verify(&token, at(1_001)), Err(Error::Signature)));
    let both = Verifier::new(&[issuer.public_key(), other.public_key()]);
    assert!(both.verify(&token, at(1_001)).is_ok());
}

#[test]
fn other_algorithms_are_refused() {
    let (_, key, verifier) = house_with_key();
    for algorithm in ["none", "HS256", "ES256", "RS256"] {
        let token = signed(&key, &json!({"alg": algorithm, "typ": "JWT"}), &claims());
        let error = verifier.verify(&token, at(2_000)).unwrap_err();
        assert!(matches!(error, Error::Algorithm | Error::Malformed), "{algorithm}: {error}");
    }
}

#[test]
fn each_claim_is_checked() {
    let (_, key, verifier) = house_with_key();
    let header = json!({"alg": "EdDSA", "typ": "JWT"});
    assert!(verifier.verify(&signed(&key, &header, &claims()), at(2_000)).is_ok());
    let cases = [
        ("iss", json!("elsewhere"), "audience"),
        ("aud", json!("elsewhere"), "audience"),
        ("exp", json!(1_999), "expired"),
        ("nbf", json!(2_031), "not-yet-valid"),
        ("sub", json!("not a key"), "claim"),
        ("books", json!(["Not A Book"]), "claim"),
        ("books", json!(["*"]), "claim"),
        ("role", json!("root"), "claim"),
        ("role", json!(7), "claim"),
        ("app", json!(["live"]), "claim"),
        ("books", json!("demo"), "claim"),
        ("books", json!(null), "claim"),
        ("exp", json!(null), "malformed"),
        ("exp", json!("5000"), "malformed"),
        ("exp", json!(-5), "malformed"),
        ("nbf", json!("soon"), "claim"),
    ];
    for (name, value, word) in cases {
        let mut claims = claims();
        claims[name] = value;
        let error = verifier.verify(&signed(&key, &header, &claims), at(2_000)).unwrap_err();
        assert_eq!(error.word(), word, "{name}: {error}");
    }
}

#[test]
fn rubbish_is_refused() {
    let (_, verifier) = fixture();
    let long = "x".repeat(TOKEN_BYTES_MAX + 1);
    let told = verifier.verify(&long, at(2_000)).unwrap_err();
    assert!(matches!(told, Error::Long { bytes } if bytes == long.len()));
    assert!(told.to_string().contains("8193 bytes") && told.to_string().contains("8192"), "{told}");
    for token in ["", ".", "..", "a.b.c"] {
        assert!(matches!(verifier.verify(token, at(2_000)), Err(Error::Malformed)), "{token:.20}");
    }
}
