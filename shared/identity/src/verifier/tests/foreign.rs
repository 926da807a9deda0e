//! Unit tests of other issuers: their keys, and what they may claim.
use super::*;
use crate::subject::SubjectMapping;
use axum::{Router, http::StatusCode, routing::get};
use jsonwebtoken::{Algorithm as Signed, Header, jwk::Jwk};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use std::{cell::Cell, sync::Mutex as StdMutex};

const LOGIN: &str = "https://login.example.com";

/// A key of each kind, with the algorithm it is for.
fn key(algorithm: Signed) -> EncodingKey {
    crypto::install();
    match algorithm {
        Signed::ES256 => {
            let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
            EncodingKey::from_ec_der(document.as_ref())
        }
        Signed::RS256 => EncodingKey::from_rsa_der(&rsa()),
        _ => EncodingKey::from_ed_der(&KeyPair::generate().unwrap().pkcs8_der),
    }
}

/// Private RSA keys used nowhere else, in PKCS #1: ring generates none. Tests get one after the other.
fn rsa() -> Vec<u8> {
    const KEYS: [&str; 2] = [include_str!("keys/rsa-1.pem"), include_str!("keys/rsa-2.pem")];
    thread_local! {
        static GIVEN: Cell<usize> = const { Cell::new(0) };
    }
    let key = KEYS[GIVEN.replace(GIVEN.get() + 1) % KEYS.len()];
    let lines: String = key.lines().filter(|line| !line.starts_with('-')).collect();
    base64::prelude::BASE64_STANDARD.decode(lines).unwrap()
}

/// The key set that publishes these keys.
fn set(keys: &[(&str, Signed, &EncodingKey)]) -> String {
    let published = keys.iter().map(|(id, algorithm, key)| {
        let mut jwk = serde_json::to_value(Jwk::from_encoding_key(key, *algorithm).unwrap()).unwrap();
        jwk["kid"] = json!(id);
        jwk
    });
    json!({ "keys": published.collect::<Vec<_>>() }).to_string()
}

fn login() -> Value {
    json!({"iss": LOGIN, "aud": "largesse", "sub": "u1", "role": "viewer", "app": "live", "exp": 5_000})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = login();
    claims[name] = value;
    claims
}

fn token(key: &EncodingKey, (algorithm, id): (Signed, &str), claims: &Value) -> String {
    let header = Header { kid: (!id.is_empty()).then(|| id.to_owned()), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

/// The issuer of users' tokens, with its keys in a file.
fn users(dir: &std::path::Path, set: &str) -> TrustedIssuer {
    let path = dir.join("keys.json");
    std::fs::write(&path, set).unwrap();
    TrustedIssuer {
        issuer: LOGIN.to_owned(),
        jwks: path.display().to_string(),
        algorithms: Algorithm::ALL.to_vec(),
        roles: vec![Role::Viewer, Role::Creator],
        apps: BTreeMap::from([("live".to_owned(), vec!["demo".to_owned()])]),
        lifetime_max_s: 86_400,
        ..TrustedIssuer::house(Vec::new())
    }
}

#[test]
fn every_algorithm_is_checked_with_its_own_key() {
    let dir = tempfile::tempdir().unwrap();
    let kinds = [Signed::ES256, Signed::EdDSA, Signed::RS256];
    let keys = kinds.map(key);
    let names = ["a", "b", "c"];
    let published: Vec<_> = (0..3).map(|at| (names[at], kinds[at], &keys[at])).collect();
    let verifier = Verifier::try_new(vec![users(dir.path(), &set(&published))]).unwrap();
    for at in 0..3 {
        for id in [names[at], ""] {
            let principal = verifier.verify(&token(&keys[at], (kinds[at], id), &login()), super::at(2_000)).unwrap();
            assert_eq!((principal.subject.as_str(), &*principal.issuer), ("u1", LOGIN));
            assert_eq!(principal.books, demo(), "the app's books");
        }
        // Named after a key of another kind.
        let lies = token(&keys[at], (kinds[at], names[(at + 1) % 3]), &login());
        assert!(matches!(verifier.verify(&lies, super::at(2_000)), Err(Error::Algorithm)));
        let other = token(&key(kinds[at]), (kinds[at], names[at]), &login());
        assert!(matches!(verifier.verify(&other, super::at(2_000)), Err(Error::Signature)));
    }
}

#[test]
fn a_public_key_is_no_shared_secret() {
    let dir = tempfile::tempdir().unwrap();
    let rsa = key(Signed::RS256);
    let published = set(&[("a", Signed::RS256, &rsa)]);
    let verifier = Verifier::try_new(vec![users(dir.path(), &published)]).unwrap();
    let modulus = serde_json::from_str::<Value>(&published).unwrap()["keys"][0]["n"].as_str().unwrap().to_owned();
    for secret in [modulus.as_bytes(), published.as_bytes(), b""] {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT", "kid": "a"})), part(&login()));
        let made = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(made));
        assert!(matches!(verifier.verify(&forged, at(2_000)), Err(Error::Algorithm)));
    }
}

#[test]
fn an_issuer_says_what_it_may_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let key = key(Signed::ES256);
    let verifier = Verifier::try_new(vec![users(dir.path(), &set(&[("a", Signed::ES256, &key)]))]).unwrap();
    let verify = |claims: &Value| verifier.verify(&token(&key, (Signed::ES256, "a"), claims), at(2_000));
    assert!(verify(&login()).is_ok());
    assert!(verify(&with("aud", json!(["other", "largesse"]))).is_ok());
    assert!(verify(&with("exp", json!(5_000.5))).is_ok());
    let cases = [
        ("role", json!("admin"), "claim"),
        ("role", json!("service"), "claim"),
        ("app", json!("another"), "claim"),
        ("app", json!(""), "claim"),
        ("aud", json!("another"), "audience"),
        ("aud", json!(["another"]), "audience"),
        ("iss", json!("https://login.example.org"), "audience"),
        ("iss", json!("largesse"), "audience"),
        ("iss", json!([LOGIN]), "claim"),
        ("sub", json!(""), "claim"),
        ("sub", json!("a|b"), "claim"),
        ("exp", json!(2_000), "expired"),
        ("exp", json!(2_000 + 86_400 + 31), "claim"),
        ("nbf", json!(2_031), "not-yet-valid"),
    ];
    for (name, value, word) in cases {
        let told = verify(&with(name, value.clone())).unwrap_err();
        assert_eq!(told.word(), word, "{name}={value}: {told}");
    }
    for missing in ["role", "app", "aud", "iss", "sub", "exp"] {
        let mut claims = login();
        claims.as_object_mut().unwrap().remove(missing);
        assert!(verify(&claims).is_err(), "{missing}");
    }
    // A token for every book is restricted to the app's.
    assert_eq!(verify(&with("books", json!(["*"]))).unwrap().books, demo());
}

#[test]
fn an_issuer_may_have_its_own_claims_and_users() {
    let dir = tempfile::tempdir().unwrap();
    let key = key(Signed::ES256);
    let issuer = TrustedIssuer {
        default_role: Some(Role::Viewer),
        role_claim: "kind".to_owned(),
        app_claim: "azp".to_owned(),
        subject_prefix: "a-".to_owned(),
        ..users(dir.path(), &set(&[("a", Signed::ES256, &key)]))
    };
    let verifier = Verifier::try_new(vec![issuer]).unwrap();
    let mut claims = json!({"iss": LOGIN, "aud": "largesse", "sub": "u1", "azp": "live", "exp": 5_000});
    let principal = verifier.verify(&token(&key, (Signed::ES256, "a"), &claims), at(2_000)).unwrap();
    assert_eq!((principal.subject.as_str(), principal.role, principal.app.as_str()), ("a-u1", Role::Viewer, "live"));
    claims["kind"] = json!("creator");
    assert_eq!(verifier.verify(&token(&key, (Signed::ES256, "a"), &claims), at(2_000)).unwrap().role, Role::Creator);
}

#[test]
fn what_a_token_calls_critical_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let key = key(Signed::EdDSA);
    let verifier = Verifier::try_new(vec![users(dir.path(), &set(&[("a", Signed::EdDSA, &key)]))]).unwrap();
    let token = signed(&key, &json!({"alg": "EdDSA", "kid": "a", "crit": ["b64"], "b64": false}), &login());
    assert!(matches!(verifier.verify(&token, at(2_000)), Err(Error::Malformed)));
}

#[test]
fn an_issuer_without_a_usable_key_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let told = |issuer| Verifier::try_new(vec![issuer]).err().unwrap().to_string();
    assert!(told(users(dir.path(), "{}")).contains("keys.json"));
    assert!(told(TrustedIssuer { jwks: "/nowhere/keys.json".to_owned(), ..users(dir.path(), "") }).contains("/nowhere/keys.json"));
    assert!(told(users(dir.path(), &" ".repeat(300 * 1024))).contains("longer than"));
}

#[tokio::test]
async fn a_file_that_is_replaced_takes_old_tokens_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (key(Signed::ES256), key(Signed::ES256));
    let verifier = Verifier::try_new(vec![users(dir.path(), &set(&[("old", Signed::ES256, &old)]))]).unwrap();
    let before = token(&old, (Signed::ES256, "old"), &login());
    let after = token(&new, (Signed::ES256, "new"), &login());
    assert!(verifier.verify(&before, at(2_000)).is_ok());
    assert!(matches!(verifier.verify(&after, at(2_000)), Err(Error::UnknownKey)));
    std::fs::write(dir.path().join("keys.json"), set(&[("new", Signed::ES256, &new)])).unwrap();
    assert!(verifier.verify_or_look(&after, at(2_000)).await.is_ok(), "a token with a new key causes a read");
    assert!(matches!(verifier.verify(&before, at(2_000)), Err(Error::UnknownKey)), "it was remembered as good, and its key is gone");
    // An invalid set afterwards leaves the keys unchanged.
    std::fs::write(dir.path().join("keys.json"), "{}").unwrap();
    assert_eq!(verifier.look().await.len(), 1);
    assert!(verifier.verify(&after, at(2_000)).is_ok());
}

/// A key server on a free port that serves the given set, and counts how often it was requested.
struct Server {
    url: String,
    set: Arc<StdMutex<(StatusCode, String)>>,
    asked: Arc<StdMutex<u32>>,
}

impl Server {
    async fn start(set: String) -> Self {
        let (set, asked) = (Arc::new(StdMutex::new((StatusCode::OK, set))), Arc::new(StdMutex::new(0)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let (served, counted) = (set.clone(), asked.clone());
        let answer = move || {
            *counted.lock().unwrap() += 1;
            let answer = served.lock().unwrap().clone();
            async move { answer }
        };
        let routes = Router::new().route("/keys", get(answer));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, set, asked }
    }

    fn serve(&self, status: StatusCode, set: String) {
        *self.set.lock().unwrap() = (status, set);
    }

    fn asked(&self) -> u32 {
        *self.asked.lock().unwrap()
    }
}

#[tokio::test]
async fn keys_at_an_address_are_fetched_and_rotated() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (key(Signed::RS256), key(Signed::ES256));
    let server = Server::start(set(&[("old", Signed::RS256, &old)])).await;
    let verifier = Verifier::try_new(vec![TrustedIssuer { jwks: server.url.clone(), ..users(dir.path(), "") }]).unwrap();
    let before = token(&old, (Signed::RS256, "old"), &login());
    assert!(matches!(verifier.verify(&before, at(2_000)), Err(Error::KeysUnavailable)), "the keys were not read yet");
    assert!(verifier.look().await.is_empty());
    assert!(verifier.verify(&before, at(2_000)).is_ok());
    server.serve(StatusCode::OK, set(&[("new", Signed::ES256, &new), ("old", Signed::RS256, &old)]));
    let after = token(&new, (Signed::ES256, "new"), &login());
    assert!(verifier.verify_or_look(&after, at(2_000)).await.is_ok());
    assert_eq!(server.asked(), 2);
    // Invented keys cause a request only once in a while.
    for made_up in 0..50 {
        let token = token(&new, (Signed::ES256, &format!("made-up-{made_up}")), &login());
        assert!(matches!(verifier.verify_or_look(&token, at(2_000)).await, Err(Error::UnknownKey)));
    }
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn a_key_server_that_is_away_leaves_the_keys_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let key = key(Signed::ES256);
    let server = Server::start(set(&[("a", Signed::ES256, &key)])).await;
    let verifier = Verifier::try_new(vec![TrustedIssuer { jwks: server.url.clone(), ..users(dir.path(), "") }]).unwrap();
    assert!(verifier.look().await.is_empty());
    for (status, body) in [
        (StatusCode::INTERNAL_SERVER_ERROR, "{}".to_owned()),
        (StatusCode::OK, "<html>".to_owned()),
        (StatusCode::OK, "x".repeat(300 * 1024)),
        (StatusCode::FOUND, set(&[("b", Signed::ES256, &key)])),
    ] {
        server.serve(status, body);
        let failed = verifier.look().await;
        assert_eq!(failed.len(), 1);
        assert!(failed[0].1.to_string().contains(&server.url), "{}", failed[0].1);
        assert!(verifier.verify(&token(&key, (Signed::ES256, "a"), &login()), at(2_000)).is_ok());
    }
}

#[tokio::test]
async fn keys_that_an_issuer_takes_back_stop_counting_at_the_next_look() {
    let dir = tempfile::tempdir().unwrap();
    let key = key(Signed::ES256);
    let published = set(&[("a", Signed::ES256, &key)]);
    let server = Server::start(published.clone()).await;
    let verifier = Verifier::try_new(vec![TrustedIssuer { jwks: server.url.clone(), ..users(dir.path(), "") }]).unwrap();
    let token = token(&key, (Signed::ES256, "a"), &login());
    for withdrawn in [r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#, r#"{"keys":[{"kty":"QTP"}]}"#] {
        server.serve(StatusCode::OK, published.clone());
        assert!(verifier.look().await.is_empty());
        assert!(verifier.verify(&token, at(2_000)).is_ok());
        server.serve(StatusCode::OK, withdrawn.to_owned());
        assert!(verifier.look().await.is_empty(), "it is an answer: {withdrawn}");
        assert!(matches!(verifier.verify(&token, at(2_000)), Err(Error::UnknownKey)), "{withdrawn}");
    }
    // The same with a file; and a failed read removes nothing.
    let verifier = Verifier::try_new(vec![users(dir.path(), &published)]).unwrap();
    std::fs::write(dir.path().join("keys.json"), "{}").unwrap();
    assert_eq!(verifier.look().await.len(), 1);
    assert!(verifier.verify(&token, at(2_000)).is_ok());
    std::fs::write(dir.path().join("keys.json"), r#"{"keys":[]}"#).unwrap();
    assert!(verifier.look().await.is_empty());
    assert!(matches!(verifier.verify(&token, at(2_000)), Err(Error::UnknownKey)));
}

#[test]
fn a_token_of_another_type_says_nothing_of_who_calls() {
    let dir = tempfile::tempdir().unwrap();
    let key = key(Signed::EdDSA);
    let verifier = Verifier::try_new(vec![users(dir.path(), &set(&[("a", Signed::EdDSA, &key)]))]).unwrap();
    let with = |name: &str, value: Value| {
        let mut header = json!({"alg": "EdDSA", "kid": "a"});
        header[name] = value;
        verifier.verify(&signed(&key, &header, &login()), at(2_000)).map(drop).map_err(|error| error.word())
    };
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt", "APPLICATION/JWT"] {
        assert_eq!(with("typ", json!(typ)), Ok(()), "{typ}");
    }
    assert_eq!(with("x", json!(1)), Ok(()));
    for typ in ["logout+jwt", "secevent+jwt", "dpop+jwt", "JWE", "", "application/", "jwtx"] {
        assert_eq!(with("typ", json!(typ)), Err("type"), "{typ}");
    }
    for (name, value) in [("cty", "JWT"), ("cty", ""), ("zip", "DEF")] {
        assert_eq!(with(name, json!(value)), Err("type"), "{name} {value}");
    }
}

#[tokio::test]
async fn keys_that_were_not_seen_for_too_long_are_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let key = key(Signed::ES256);
    // Less than a second may have passed; so none is allowed.
    let issuer = TrustedIssuer { stale_max_s: 0, ..users(dir.path(), &set(&[("a", Signed::ES256, &key)])) };
    let verifier = Verifier::try_new(vec![issuer]).unwrap();
    assert!(matches!(verifier.verify(&token(&key, (Signed::ES256, "a"), &login()), at(2_000)), Err(Error::KeysUnavailable)));
}

#[tokio::test]
async fn a_token_that_was_found_good_ends_with_its_keys() {
    let dir = tempfile::tempdir().unwrap();
    let key = key(Signed::ES256);
    let verifier = Verifier::try_new(vec![users(dir.path(), &set(&[("a", Signed::ES256, &key)]))]).unwrap();
    let token = token(&key, (Signed::ES256, "a"), &login());
    assert!(verifier.verify(&token, at(2_000)).is_ok());
    verifier.issuers[0].keys.write().unwrap().seen = None;
    assert!(matches!(verifier.verify(&token, at(2_000)), Err(Error::KeysUnavailable)), "it was remembered");
    assert!(verifier.verify_or_look(&token, at(2_000)).await.is_ok(), "its file exists now, and a read finds it");
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_take_the_look_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (key(Signed::ES256), key(Signed::ES256));
    let server = Server::start(set(&[("old", Signed::ES256, &old)])).await;
    let verifier = Verifier::try_new(vec![TrustedIssuer { jwks: server.url.clone(), ..users(dir.path(), "") }]).unwrap();
    assert!(verifier.look().await.is_empty());
    server.serve(StatusCode::OK, set(&[("new", Signed::ES256, &new)]));
    let made_up = token(&new, (Signed::ES256, "made-up"), &login());
    {
        let call = verifier.verify_or_look(&made_up, at(2_000));
        futures::pin_mut!(call);
        // Polled once, which begins the read, and dropped.
        assert!(futures::poll!(call).is_pending());
    }
    let after = token(&new, (Signed::ES256, "new"), &login());
    while verifier.verify(&after, at(2_000)).is_err() {
        tokio::task::yield_now().await;
    }
}

#[test]
fn logins_with_other_characters_are_mapped_and_otherwise_told() {
    let dir = tempfile::tempdir().unwrap();
    let key = key(Signed::ES256);
    let published = set(&[("a", Signed::ES256, &key)]);
    let key_file = dir.path().join("subject.key");
    std::fs::write(&key_file, base64::prelude::BASE64_STANDARD.encode([1; 32])).unwrap();
    let prefixed = |subject| TrustedIssuer { subject_prefix: "u-".to_owned(), subject, ..users(dir.path(), &published) };
    let subject_of = |issuer: TrustedIssuer, claims: Value| {
        let verifier = Verifier::try_new(vec![issuer]).unwrap();
        verifier.verify(&token(&key, (Signed::ES256, "a"), &claims), at(2_000)).map(|principal| principal.subject.to_string())
    };
    let long = "a".repeat(64);
    for login in ["auth0|507f", "google-oauth2|1035", "001234.0123.0456", "ada@example.com", "did:plc:abc", &long] {
        let told = subject_of(prefixed(SubjectMapping::Plain), with("sub", json!(login))).unwrap_err();
        assert!(
            matches!(told, Error::Subject) && told.word() == "claim" && told.to_string().contains("identity.issuers.subject"),
            "{told}"
        );
        let keyed = TrustedIssuer { subject_key_file: key_file.clone(), ..prefixed(SubjectMapping::KeyedHash) };
        let mapped = subject_of(keyed, with("sub", json!(login))).unwrap();
        assert!(mapped.starts_with("u-") && !mapped.contains(login), "{mapped}");
    }
    assert_eq!(subject_of(prefixed(SubjectMapping::Escaped), with("sub", json!("ada@example.com"))).unwrap(), "u-x_ada_40example_2Ecom");
    let elsewhere = TrustedIssuer { subject_claim: "user_key".to_owned(), ..prefixed(SubjectMapping::Plain) };
    assert_eq!(subject_of(elsewhere.clone(), with("user_key", json!("ada"))).unwrap(), "u-ada");
    assert!(matches!(subject_of(elsewhere, login()), Err(Error::Claim("sub"))));
    let keyless = TrustedIssuer { subject_key_file: dir.path().join("none"), ..prefixed(SubjectMapping::KeyedHash) };
    assert!(matches!(Verifier::try_new(vec![keyless]), Err(Error::KeyFile { .. })));
}

#[test]
fn a_user_is_in_several_books_only_where_the_issuer_vouches_for_that() {
    let dir = tempfile::tempdir().unwrap();
    let key = key(Signed::ES256);
    let published = set(&[("a", Signed::ES256, &key)]);
    let books_of = |several_books, role: Role, books: Value| {
        let issuer = TrustedIssuer { apps: BTreeMap::new(), several_books, roles: Role::ALL.to_vec(), ..users(dir.path(), &published) };
        let mut claims = with("books", books);
        claims["role"] = json!(role);
        let told = Verifier::try_new(vec![issuer]).unwrap().verify(&token(&key, (Signed::ES256, "a"), &claims), at(2_000));
        told.map(|principal| principal.books.clone())
    };
    for role in [Role::Viewer, Role::Creator] {
        for one in [json!(["demo"]), json!(["demo", "demo"])] {
            assert!(books_of(false, role, one.clone()).is_ok(), "{role} {one}");
        }
        let several = json!(["demo", "other"]);
        assert!(matches!(books_of(false, role, several.clone()), Err(Error::Claim("books"))), "{role}");
        let vouched = books_of(true, role, several).unwrap();
        assert!(matches!(&vouched, BookScope::Only(names) if names.len() == 2), "{vouched:?}");
        assert!(books_of(true, role, json!(["*"])).is_err(), "{role}: never all of them");
    }
    for role in [Role::Service, Role::Support, Role::Admin] {
        assert!(books_of(false, role, json!(["demo", "other"])).is_ok(), "{role}");
    }
}
