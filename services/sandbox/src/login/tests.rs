//! Unit tests of the pretend login: each code once, for who asked for it.
use super::{
    CLIENT_ID, Config, PEOPLE,
    desk::{LoginDesk, LoginRequest},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::atomic::{AtomicI64, Ordering},
};

const VERIFIER: &str = "a-verifier-of-the-client-with-enough-letters";
const BACK: &str = "http://127.0.0.1:7074/console/callback";

fn request() -> LoginRequest {
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
    LoginRequest { redirect_uri: BACK.to_owned(), state: "s".to_owned(), nonce: "n".to_owned(), challenge }
}

fn form(code: &str, change: (&str, &str)) -> HashMap<String, String> {
    let all = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT_ID),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let mut form: HashMap<String, String> = all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if !change.0.is_empty() {
        form.insert(change.0.to_owned(), change.1.to_owned());
    }
    form
}

#[test]
fn a_code_is_redeemed_once_by_who_asked_for_it() {
    let desk = LoginDesk::try_new("http://127.0.0.1:7075".to_owned(), Config::default(), || 5_000_000).unwrap();
    let give = || desk.give(request(), PEOPLE[0]).unwrap();
    let code = give();
    let tokens = desk.redeem(&form(&code, ("", ""))).unwrap();
    assert!(tokens["access_token"].is_string() && tokens["id_token"].is_string());
    assert_eq!(desk.redeem(&form(&code, ("", ""))).unwrap_err().0, "invalid_grant");
    for change in [("code_verifier", "another"), ("redirect_uri", "http://127.0.0.1:1/console/callback"), ("code", "unknown")] {
        assert_eq!(desk.redeem(&form(&give(), change)).unwrap_err().0, "invalid_grant", "{change:?}");
    }
    assert_eq!(desk.redeem(&form(&give(), ("grant_type", "password"))).unwrap_err().0, "unsupported_grant_type");
    assert_eq!(desk.redeem(&form(&give(), ("client_id", "other"))).unwrap_err().0, "invalid_client");
}

#[test]
fn waiting_codes_are_bounded() {
    let desk = LoginDesk::try_new("http://127.0.0.1:7075".to_owned(), Config::default(), || 5_000_000).unwrap();
    let given = (0..1_100).filter(|_| desk.give(request(), PEOPLE[1]).is_some()).count();
    assert_eq!(given, 1_000);
}

fn renewal(token: &Value) -> HashMap<String, String> {
    let all = [("grant_type", "refresh_token"), ("client_id", CLIENT_ID), ("refresh_token", token.as_str().unwrap())];
    all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn claims(token: &Value) -> Value {
    let claims = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

#[test]
fn a_refresh_token_works_once_and_a_used_one_ends_the_login() {
    let desk = LoginDesk::try_new("http://127.0.0.1:7075".to_owned(), Config::default(), || 5_000_000).unwrap();
    let sign_in = || desk.redeem(&form(&desk.give(request(), PEOPLE[0]).unwrap(), ("", ""))).unwrap();
    let (first, other) = (sign_in(), sign_in());
    let second = desk.redeem(&renewal(&first["refresh_token"])).unwrap();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_ne!(first["access_token"], second["access_token"]);
    let (before, after) = (claims(&first["id_token"]), claims(&second["id_token"]));
    assert_eq!((&before["nonce"], &after["nonce"]), (&Value::from("n"), &Value::Null));
    assert_eq!((&before["sub"], &before["auth_time"]), (&after["sub"], &after["auth_time"]));
    let third = desk.redeem(&renewal(&second["refresh_token"])).unwrap();
    for used in [&first, &second, &third] {
        assert_eq!(desk.redeem(&renewal(&used["refresh_token"])).unwrap_err().0, "invalid_grant");
    }
    assert!(desk.redeem(&renewal(&other["refresh_token"])).is_ok(), "another login goes on");
    let mut stranger = renewal(&sign_in()["refresh_token"]);
    stranger.insert("client_id".to_owned(), "other".to_owned());
    assert_eq!(desk.redeem(&stranger).unwrap_err().0, "invalid_client");
}

#[test]
fn a_login_is_renewed_for_a_working_day_and_no_longer() {
    static NOW_MS: AtomicI64 = AtomicI64::new(5_000_000);
    let now_ms = || NOW_MS.load(Ordering::Relaxed);
    let desk = LoginDesk::try_new("http://127.0.0.1:7075".to_owned(), Config::default(), now_ms).unwrap();
    let mut tokens = desk.redeem(&form(&desk.give(request(), PEOPLE[0]).unwrap(), ("", ""))).unwrap();
    for _ in 0..9 {
        NOW_MS.fetch_add(3_600_000, Ordering::Relaxed);
        tokens = desk.redeem(&renewal(&tokens["refresh_token"])).unwrap();
    }
    NOW_MS.fetch_add(3_600_000, Ordering::Relaxed);
    assert_eq!(desk.redeem(&renewal(&tokens["refresh_token"])).unwrap_err().0, "invalid_grant");
}
