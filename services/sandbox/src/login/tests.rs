//! Unit tests of the pretend login: each code once, for who asked for it.
use super::{
    CLIENT_ID, PEOPLE,
    desk::{LoginDesk, LoginRequest},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use std::collections::HashMap;

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
    let desk = LoginDesk::try_new("http://127.0.0.1:7075".to_owned(), || 5_000_000).unwrap();
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
    let desk = LoginDesk::try_new("http://127.0.0.1:7075".to_owned(), || 5_000_000).unwrap();
    let given = (0..1_100).filter(|_| desk.give(request(), PEOPLE[1]).is_some()).count();
    assert_eq!(given, 1_000);
}
