//! Unit tests of `oauth`.
use super::*;
use serde_json::json;

const RSA: &[u8] = include_bytes!("../keys/test_rsa.pem");
const URL: &str = "https://bank.example/token?x=1&y=2";
const NOW: i64 = 1_795_000_000;

fn key() -> RsaSigningKey {
    RsaSigningKey::from_pem(RSA).unwrap()
}

fn keys() -> BankKeySet {
    BankKeySet::read(json!({"keys": [key().public_jwk("KID")]}).to_string().as_bytes()).unwrap()
}

fn terms() -> AssertionTerms<'static> {
    AssertionTerms { client_id: "client 1", token_url: URL, kid: "KID", issued_at: NOW, seconds: 300, jti: "J-1" }
}

fn form(terms: &AssertionTerms<'_>) -> String {
    token_form(terms.client_id, &assertion(terms, &key()).unwrap(), "JPMC:URI:RS-1&2")
}

fn check(form: &str, now: i64) -> Result<CheckedAssertion, RefusedAssertion> {
    check_form(form.as_bytes(), |client| (client == "client 1").then(keys), URL, now)
}

#[test]
fn our_form_passes_the_banks_check() {
    let checked = check(&form(&terms()), NOW + 1).unwrap();
    let expected =
        CheckedAssertion { client_id: "client 1".into(), jti: "J-1".into(), expires_at: NOW + 300, resource: "JPMC:URI:RS-1&2".into() };
    assert_eq!(checked, expected);
}

#[test]
fn an_assertion_has_the_claims_and_the_header_that_the_bank_asks_for() {
    let signed = assertion(&terms(), &key()).unwrap();
    let part = |at: usize| -> serde_json::Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split('.').nth(at).unwrap()).unwrap()).unwrap()
    };
    assert_eq!(part(0), json!({"alg": "RS256", "typ": "JWT", "kid": "KID"}));
    assert_eq!(part(1), json!({"iss": "client 1", "sub": "client 1", "aud": URL, "iat": NOW, "exp": NOW + 300, "jti": "J-1"}));
}

#[test]
fn stale_future_and_overlong_assertions_are_refused() {
    let refused = |at: i64| check(&form(&terms()), at).unwrap_err();
    assert_eq!(refused(NOW + 300 + CLOCK_SKEW_SECONDS), RefusedAssertion::Claim("exp"));
    assert!(check(&form(&terms()), NOW + 299 + CLOCK_SKEW_SECONDS).is_ok());
    assert_eq!(refused(NOW - CLOCK_SKEW_SECONDS - 1), RefusedAssertion::Claim("iat"));
    let long = AssertionTerms { seconds: i64::MAX, ..terms() };
    // Made shorter rather than refused.
    assert_eq!(check(&form(&long), NOW).unwrap().expires_at, NOW + ASSERTION_SECONDS_MAX);
    let negative = AssertionTerms { seconds: -5, issued_at: i64::MAX, ..terms() };
    assert!(check(&form(&negative), NOW).is_err());
}

#[test]
fn assertions_of_others_or_for_others_are_refused() {
    let other_audience = AssertionTerms { token_url: "https://other.example", ..terms() };
    assert_eq!(check(&form(&other_audience), NOW).unwrap_err(), RefusedAssertion::Claim("aud"));
    let other_kid = AssertionTerms { kid: "OTHER", ..terms() };
    assert_eq!(check(&form(&other_kid), NOW).unwrap_err(), RefusedAssertion::Signature(UnverifiedCallback::UnknownKey));
    let other_client = AssertionTerms { client_id: "client 2", ..terms() };
    assert_eq!(check(&form(&other_client), NOW).unwrap_err(), RefusedAssertion::Form("client_id"));
    let borrowed = form(&other_client).replace("client_id=client%202", "client_id=client%201");
    assert_eq!(check(&borrowed, NOW).unwrap_err(), RefusedAssertion::Claim("iss"));
    let no_jti = AssertionTerms { jti: "", ..terms() };
    assert_eq!(check(&form(&no_jti), NOW).unwrap_err(), RefusedAssertion::Claim("jti"));
}

#[test]
fn forms_that_lack_or_repeat_a_field_are_refused() {
    let good = form(&terms());
    for field in ["grant_type", "client_id", "client_assertion_type", "client_assertion", "resource"] {
        let without: Vec<&str> = good.split('&').filter(|pair| pair.split('=').next() != Some(field)).collect();
        assert_eq!(check(&without.join("&"), NOW).unwrap_err(), RefusedAssertion::Form(field), "{field}");
        assert_eq!(check(&format!("{good}&{field}=x"), NOW).unwrap_err(), RefusedAssertion::Form(field), "{field}");
    }
    for hostile in ["", "=", "a", "%ff=%ff", &"a=b&".repeat(10_000), &good.replace('.', "")] {
        assert!(check(hostile, NOW).is_err());
    }
}

#[test]
fn a_changed_claim_breaks_the_signature() {
    let signed = assertion(&terms(), &key()).unwrap();
    let claims = json!({"iss": "client 1", "sub": "client 1", "aud": URL, "iat": NOW, "exp": NOW + 301, "jti": "J-2"});
    let parts: Vec<&str> = signed.split('.').collect();
    let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2]);
    let refused = check(&token_form("client 1", &forged, "r"), NOW).unwrap_err();
    assert_eq!(refused, RefusedAssertion::Signature(UnverifiedCallback::WrongSignature));
}

#[test]
fn tokens_are_read_and_never_printed() {
    let token = read_token(200, br#"{"access_token":"abc.def","token_type":"Bearer","expires_in":900}"#).unwrap();
    assert_eq!((token.authorization().as_str(), token.expires_in_seconds), ("Bearer abc.def", Some(900)));
    assert!(!format!("{token:?}").contains("abc"));
    assert_eq!(read_token(400, br#"{"error":"invalid_client"}"#), Err(NoToken::Refused { code: "invalid_client".into() }));
    for (status, body) in [
        (200, ""),
        (200, "{}"),
        (200, r#"{"access_token":""}"#),
        (200, r#"{"access_token":"a b"}"#),
        (200, "{\"access_token\":\"a\\r\\nX: y\"}"),
        (200, r#"{"access_token":"a","token_type":"mac"}"#),
        (200, r#"{"access_token":"a","expires_in":-1}"#),
        (200, r#"{"access_token":"a","expires_in":99999999999}"#),
        (500, "<html>"),
        (301, r#"{"access_token":"a"}"#),
    ] {
        assert_eq!(read_token(status, body.as_bytes()), Err(NoToken::Unreadable { http_status: status }), "{body}");
    }
}
