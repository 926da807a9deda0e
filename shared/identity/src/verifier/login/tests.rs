//! Unit tests of ID tokens: what each claim proves, and that neither kind of token passes for the other.
use super::*;
use crate::{
    Role,
    issuers::TrustedIssuer,
    jwks::source::KeySource,
    keys::KeyPair,
    verifier::{KnownKeys, cache},
};
use jsonwebtoken::EncodingKey;
use serde_json::json;
use std::{
    collections::BTreeMap,
    time::{Instant, UNIX_EPOCH},
};

const ISSUER: &str = "https://login.example";
const CLIENT: &str = "console";
const ACCESS: &str = "an.access.token";

struct Fixture {
    key: EncodingKey,
    verifier: Verifier,
}

fn fixture() -> Fixture {
    crate::crypto::install();
    let keys = KeyPair::generate().unwrap();
    let issuer =
        TrustedIssuer { issuer: ISSUER.to_owned(), roles: vec![Role::Support], lifetime_max_s: 3_600, ..TrustedIssuer::house(Vec::new()) };
    let known = KnownKeys { keys: Arc::new(vec![keys.public.to_key()]), seen: Some(Instant::now()) };
    let trusted = IssuerKeys::try_new(issuer, KeySource::Fixed, BTreeMap::new(), known).unwrap();
    let verifier = Verifier { issuers: vec![Arc::new(trusted)], verified: Arc::new(cache::TokenCache::new()) };
    Fixture { key: EncodingKey::from_ed_der(&keys.pkcs8_der), verifier }
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": CLIENT, "sub": "sam", "nonce": "n-1", "iat": 1_000, "exp": 1_600, "auth_time": 990, "acr": "mfa",
        "at_hash": half_hash(Algorithm::EdDSA, ACCESS)})
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut all = claims();
    for (name, value) in changes {
        match value {
            Value::Null => drop(all.as_object_mut().unwrap().remove(*name)),
            value => all[*name] = value.clone(),
        }
    }
    all
}

impl Fixture {
    fn token(&self, typ: &str, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&json!({"alg": "EdDSA", "typ": typ})), part(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, jsonwebtoken::Algorithm::EdDSA).unwrap();
        format!("{message}.{signature}")
    }

    async fn login(&self, claims: &Value) -> Result<Login, Error> {
        self.at(&self.token("JWT", claims), 1_010, Some(Duration::from_secs(900))).await
    }

    async fn at(&self, token: &str, seconds: u64, age_max: Option<Duration>) -> Result<Login, Error> {
        let expected = ExpectedLogin { issuer: ISSUER, client_id: CLIENT, nonce: "n-1", access_token: ACCESS, age_max };
        self.verifier.verify_login(token, &expected, UNIX_EPOCH + Duration::from_secs(seconds)).await
    }
}

#[tokio::test]
async fn a_login_says_who_when_and_how() {
    let login = fixture().login(&claims()).await.unwrap();
    assert_eq!((login.subject.as_str(), login.acr.as_str(), &*login.issuer), ("sam", "mfa", ISSUER));
    assert_eq!(login.auth_time, Some(UNIX_EPOCH + Duration::from_secs(990)));
}

#[tokio::test]
async fn every_claim_is_checked() {
    let fixture = fixture();
    for (changes, word) in [
        (vec![("nonce", json!("n-2"))], "nonce"),
        (vec![("nonce", Value::Null)], "nonce"),
        (vec![("nonce", json!(["n-1"]))], "nonce"),
        (vec![("azp", json!("other"))], "azp"),
        (vec![("aud", json!([CLIENT, "other"]))], "azp"),
        (vec![("at_hash", json!("AAAA"))], "at_hash"),
        (vec![("at_hash", json!(7))], "at_hash"),
        (vec![("iat", Value::Null)], "iat"),
        (vec![("auth_time", Value::Null)], "auth_time"),
        (vec![("auth_time", json!(10))], "auth_time"),
        (vec![("exp", json!(90_000))], "exp"),
    ] {
        match fixture.login(&with(&changes)).await {
            Err(Error::Claim(found)) => assert_eq!(found, word, "{changes:?}"),
            other => panic!("{changes:?}: {other:?}"),
        }
    }
    assert!(matches!(fixture.login(&with(&[("iat", json!(2_000)), ("exp", json!(2_600))])).await, Err(Error::NotYetValid)));
    assert!(matches!(fixture.login(&with(&[("exp", json!(1_005))])).await, Err(Error::Expired)));
    assert!(matches!(fixture.login(&with(&[("aud", json!("other"))])).await, Err(Error::Audience)));
    assert!(matches!(fixture.login(&with(&[("iss", json!("https://other.example"))])).await, Err(Error::Audience)));
    let several = with(&[("aud", json!([CLIENT, "other"])), ("azp", json!(CLIENT)), ("at_hash", Value::Null), ("acr", Value::Null)]);
    assert_eq!(fixture.login(&several).await.unwrap().acr, "");
}

#[tokio::test]
async fn neither_kind_of_token_passes_for_the_other() {
    let fixture = fixture();
    let id = fixture.token("JWT", &claims());
    assert!(matches!(fixture.verifier.verify(&id, UNIX_EPOCH + Duration::from_secs(1_010)), Err(Error::Audience)));
    let access = fixture.token("at+jwt", &claims());
    assert!(matches!(fixture.at(&access, 1_010, None).await, Err(Error::TokenType)));
    let mut forged = id.clone();
    forged.replace_range(id.len() - 4.., "AAAA");
    assert!(matches!(fixture.at(&forged, 1_010, None).await, Err(Error::Signature | Error::Malformed)));
    assert!(fixture.at(&id, 1_010, None).await.is_ok());
}
