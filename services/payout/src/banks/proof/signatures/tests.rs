//! Unit tests of `signatures`.
use super::*;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

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
    let source = BankKeySource::File(file.path().to_owned());
    let keys = BankSigners::try_new(source, Duration::from_secs(10), SignatureKind::Detached, None, http_client::local()).unwrap();
    (file, keys)
}

/// What is left of a check: whether the body was signed.
async fn check(keys: &BankSigners, key_id: Option<&str>, signature: Option<&str>, body: &[u8]) -> Result<(), CallbackRefusal> {
    let named = [("key-id", key_id), ("signature", signature)];
    let headers = named.into_iter().filter_map(|(name, value)| Some((name.parse().unwrap(), value?.parse().unwrap()))).collect();
    keys.check(&headers, body).await.map(|said| assert_eq!(said, body))
}

#[tokio::test]
async fn only_the_named_key_s_signature_over_these_bytes_is_accepted() {
    let (own, second, stranger) = (pair(), pair(), pair());
    let (_file, keys) = keys(&json!({"keys": [jwk("a", &own), jwk("b", &second)]}));
    let body = b"<Document/>".as_slice();
    let signature = signed(&own, body);
    assert_eq!(check(&keys, Some("a"), Some(&signature), body).await, Ok(()));
    let wrong = Err(UnverifiedCallback::WrongSignature.into());
    assert_eq!(check(&keys, Some("b"), Some(&signature), body).await, wrong, "another key of the bank");
    assert_eq!(check(&keys, Some("a"), Some(&signed(&stranger, body)), body).await, wrong, "a stranger's");
    assert_eq!(check(&keys, Some("a"), Some(&signature), b"<Document").await, wrong, "truncated");
    assert_eq!(check(&keys, Some("a"), Some(&signature), b"<Document/> ").await, wrong, "longer");
    assert_eq!(check(&keys, Some("c"), Some(&signature), body).await, Err(UnverifiedCallback::UnknownKey.into()));
    use UnverifiedCallback::{NoKeyId, NoSignature, Unreadable};
    let long = "A".repeat(9_999);
    for (key_id, signature, refusal) in [
        (None, Some(signature.as_str()), NoKeyId),
        (Some("a"), None, NoSignature),
        (Some("a"), Some("?"), Unreadable),
        (Some("a"), Some(&long), Unreadable),
        (Some("a"), Some(""), Unreadable),
    ] {
        assert_eq!(check(&keys, key_id, signature, body).await, Err(refusal.into()), "{key_id:?} {signature:?}");
    }
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
        let answer = check(&keys, Some("a"), Some(&signed(&own, b"x")), b"x").await;
        assert!(matches!(answer, Err(CallbackRefusal::KeysUnavailable(_))), "{key}: {answer:?}");
    }
    let (file, keys) = keys(&json!([]));
    assert!(matches!(check(&keys, Some("a"), Some("AA=="), b"x").await, Err(CallbackRefusal::KeysUnavailable(_))));
    // A set that is there again is read again, but not at once: whoever sends forged callbacks must not cause a read each.
    std::fs::write(file.path(), json!({"keys": [jwk("a", &own)]}).to_string()).unwrap();
    let early = check(&keys, Some("a"), Some(&signed(&own, b"x")), b"x").await;
    assert!(matches!(early, Err(CallbackRefusal::KeysUnavailable(_))), "{early:?}");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(10)).await;
    tokio::time::resume();
    assert_eq!(check(&keys, Some("a"), Some(&signed(&own, b"x")), b"x").await, Ok(()));
}

#[tokio::test]
async fn a_key_server_that_is_away_is_asked_once_and_callers_with_a_known_key_do_not_wait() {
    let own = pair();
    let (set, asked) = (json!({"keys": [jwk("a", &own)]}).to_string(), Arc::new(AtomicUsize::new(0)));
    let count = asked.clone();
    // It answers once, and then accepts connections and says nothing.
    let answer = move || {
        let (is_first, set) = (count.fetch_add(1, Ordering::Relaxed) == 0, set.clone());
        async move { if is_first { set } else { std::future::pending().await } }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let routes = axum::Router::new().route("/", axum::routing::get(answer));
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });
    let keys =
        BankSigners::try_new(BankKeySource::Address(url), Duration::from_secs(600), SignatureKind::Detached, None, http_client::local());
    let keys = Arc::new(keys.unwrap());
    let signature = signed(&own, b"x");
    assert_eq!(check(&keys, Some("a"), Some(&signature), b"x").await, Ok(()));
    tokio::time::pause();
    tokio::time::advance(REREAD).await;
    tokio::time::resume();
    let forger = tokio::spawn({
        let (keys, signature) = (keys.clone(), signature.clone());
        async move { check(&keys, Some("invented"), Some(&signature), b"x").await }
    });
    while asked.load(Ordering::Relaxed) < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(check(&keys, Some("a"), Some(&signature), b"x").await, Ok(()));
    forger.abort();
    assert!(forger.await.unwrap_err().is_cancelled(), "it waited for the keys, and the other did not");
    for number in 0..100 {
        let refused = check(&keys, Some(&format!("invented{number}")), Some(&signature), b"x").await;
        assert!(matches!(refused, Err(CallbackRefusal::KeysUnavailable(_))), "{refused:?}");
    }
    assert_eq!(check(&keys, Some("a"), Some(&signature), b"x").await, Ok(()));
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    server.abort();
}
