//! Unit tests of how a `sub` becomes a user key.
use super::*;
use proptest::prelude::*;

/// The forms of Auth0, Google through it, Sign in with Apple, an address, a DID, Entra and a UUID, and one that is as long as a key may be.
fn met() -> Vec<String> {
    let known = [
        "auth0|507f1f77bcf86cd799439020",
        "google-oauth2|103547991597142817347",
        "001234.0123456789abcdef0123456789abcdef.0456",
        "ada@example.com",
        "did:plc:abc",
        "oauth2|Combine|1:x",
        "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        "0199a5c2-8b7f-7a0b-b0c1-d2e3f4051627",
    ];
    known.into_iter().map(str::to_owned).chain(["a".repeat(64), "|".repeat(255)]).collect()
}

fn keyed(byte: u8) -> SubjectMapper {
    SubjectMapper::KeyedHash(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32])))
}

#[test]
fn every_login_that_openid_allows_can_be_used_with_a_keyed_hash() {
    for subject in met() {
        let key = keyed(1).user_key("https://login", "u-", &subject).unwrap();
        assert_eq!(key.as_str().len(), 2 + HASH_CHARS);
        assert_eq!(keyed(1).user_key("https://login", "u-", &subject).unwrap(), key, "stable");
        for other in [keyed(2).user_key("https://login", "u-", &subject), keyed(1).user_key("https://other", "u-", &subject)] {
            assert_ne!(other.unwrap(), key);
        }
    }
    // The output of `printf 'https://login\0ada@example.com' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0101… -binary | basenc
    // --base64url`.
    assert_eq!(keyed(1).user_key("https://login", "", "ada@example.com").unwrap().as_str(), "UYLsxHBTH5cCFxZ4c111iwqGjWIM2eYdXgJ9Za5bmoA");
}

#[test]
fn an_escaped_login_reads_back_and_those_that_fitted_stay() {
    let escape = |subject: &str| SubjectMapper::Escaped.user_key("i", "", subject).map(|key| key.to_string());
    assert_eq!(escape("auth0|507f").unwrap(), "x_auth0_7C507f");
    assert_eq!(escape("ada_b@example.com").unwrap(), "x_ada_5Fb_40example_2Ecom");
    for fits in ["ada", "a_b-c", "_", "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ"] {
        assert_eq!(escape(fits).unwrap(), fits);
        assert_eq!(SubjectMapper::Plain.user_key("i", "u-", fits).unwrap().as_str(), format!("u-{fits}"));
    }
    assert_eq!(escape("x_ada").unwrap(), "x_x_5Fada");
    assert!(matches!(SubjectMapper::Escaped.user_key("i", "u-", &"a".repeat(64)), Err(Error::Subject)), "too long with its prefix");
}

#[test]
fn what_is_no_subject_is_refused_by_every_mapping() {
    for subject in [String::new(), "a".repeat(256), "\u{fc}".to_owned()] {
        for mapper in [SubjectMapper::Plain, SubjectMapper::Escaped, keyed(1)] {
            assert!(matches!(mapper.user_key("i", "", &subject), Err(Error::Claim("sub"))), "{mapper:?} {subject}");
        }
    }
    assert!(matches!(SubjectMapper::Plain.user_key("i", "", "auth0|1"), Err(Error::Subject)));
}

#[test]
fn a_key_is_long_enough_or_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("subject.key");
    let read = || SubjectMapper::try_new(SubjectMapping::KeyedHash, &path);
    assert!(matches!(read(), Err(Error::KeyFile { .. })));
    for (text, fits) in [(BASE64_STANDARD.encode([7; 32]) + "\n", true), (BASE64_STANDARD.encode([7; 31]), false), ("?".repeat(44), false)]
    {
        fs::write(&path, text).unwrap();
        let mapper = read();
        assert_eq!(mapper.is_ok(), fits);
        // An error names the file, whose name may be anything; the key is in neither.
        if let Ok(mapper) = mapper {
            assert_eq!(format!("{mapper:?}"), "KeyedHash");
        }
    }
}

proptest! {
    #[test]
    fn no_two_logins_get_one_key(one in "[ -~]{1,20}", two in "[ -~]{1,20}") {
        for mapper in [SubjectMapper::Plain, SubjectMapper::Escaped, keyed(1)] {
            if let (Ok(first), Ok(second)) = (mapper.user_key("i", "p-", &one), mapper.user_key("i", "p-", &two)) {
                prop_assert_eq!(first == second, one == two, "{:?}", mapper);
            }
        }
    }
}
