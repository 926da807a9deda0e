//! Unit tests of issuers' settings.
use super::*;

fn issuer() -> TrustedIssuer {
    TrustedIssuer { jwks: "keys.json".to_owned(), ..TrustedIssuer::house(Vec::new()) }
}

fn options(issuer: &TrustedIssuer) -> Vec<&'static str> {
    issuer.problems().into_iter().map(|(option, _)| option).collect()
}

#[test]
fn what_has_no_meaning_is_named() {
    assert_eq!(options(&issuer()), [""; 0]);
    type Change = fn(&mut TrustedIssuer);
    let cases: [(&str, Change); 15] = [
        ("issuer", |issuer| issuer.issuer.clear()),
        ("audience", |issuer| issuer.audience.clear()),
        ("jwks", |issuer| issuer.jwks.clear()),
        ("jwks", |issuer| issuer.keys.push("a.pem".into())),
        ("refresh_s", |issuer| issuer.refresh_s = 0),
        ("refresh_s", |issuer| issuer.stale_max_s = 1),
        ("algorithms", |issuer| issuer.algorithms.clear()),
        ("roles", |issuer| issuer.roles.clear()),
        ("default_role", |issuer| (issuer.roles, issuer.default_role) = (vec![Role::Viewer], Some(Role::Admin))),
        ("apps", |issuer| drop(issuer.apps.insert("live".to_owned(), vec!["Not A Book".to_owned()]))),
        ("subject_prefix", |issuer| issuer.subject_prefix = "a|".to_owned()),
        ("subject_key_file", |issuer| issuer.subject = SubjectMapping::KeyedHash),
        ("subject_key_file", |issuer| issuer.subject_key_file = "subject.key".into()),
        ("subject_prefix", |issuer| {
            (issuer.subject, issuer.subject_key_file) = (SubjectMapping::KeyedHash, "subject.key".into());
            issuer.subject_prefix = "p".repeat(22);
        }),
        ("subject_claim", |issuer| issuer.subject_claim.clear()),
    ];
    for (option, change) in cases {
        let mut issuer = issuer();
        change(&mut issuer);
        assert_eq!(options(&issuer), [option]);
    }
}

#[test]
fn keys_come_over_https_or_from_this_machine() {
    for (address, fits) in [
        ("https://login.example.com/keys", true),
        ("http://127.0.0.1:8080/keys", true),
        ("http://[::1]/keys", true),
        ("keys.json", true),
        ("http://login.example.com/keys", false),
        ("http://127.0.0.1.example.com/keys", false),
        ("http://localhost/keys", false),
        ("ftp://login.example.com/keys", false),
        ("https://", false),
    ] {
        let issuer = TrustedIssuer { jwks: address.to_owned(), ..issuer() };
        assert_eq!(issuer.problems().is_empty(), fits, "{address}: {:?}", issuer.problems());
    }
}

#[test]
fn issuers_whose_users_might_meet_are_told_apart() {
    let mapped = |prefix: &str, subject| TrustedIssuer { subject_prefix: prefix.to_owned(), subject, ..issuer() };
    use SubjectMapping::{Escaped, KeyedHash, Plain};
    for (one, two, meet) in [
        (mapped("", Plain), mapped("", Plain), false),
        (mapped("", Plain), mapped("u-", KeyedHash), true),
        (mapped("", Escaped), mapped("", Escaped), true),
        (mapped("a-", Escaped), mapped("b-", Escaped), false),
        (mapped("a", Escaped), mapped("ab", Plain), true),
        (mapped("", KeyedHash), mapped("", KeyedHash), false),
        (mapped("a-", KeyedHash), mapped("b-", Plain), false),
    ] {
        assert_eq!((one.may_meet(&two), two.may_meet(&one)), (meet, meet), "{one:?} {two:?}");
        let staff = TrustedIssuer { roles: vec![Role::Admin], ..two };
        assert!(!one.may_meet(&staff), "staff have no wallets");
    }
}

#[test]
fn an_issuer_in_a_file_needs_its_name_and_roles_only() {
    let issuer: TrustedIssuer = toml::from_str("issuer = \"https://login\"\njwks = \"https://login/keys\"\nroles = [\"viewer\"]").unwrap();
    assert_eq!(issuer.problems(), []);
    assert_eq!((issuer.audience.as_str(), issuer.role_claim.as_str(), issuer.algorithms.len()), ("largesse", "role", 3));
    assert!(toml::from_str::<TrustedIssuer>("issuer = \"https://login\"\njwks = \"k\"").is_err(), "roles are never guessed");
    assert!(toml::from_str::<TrustedIssuer>("issuer = \"x\"\nroles = [\"viewer\"]\nalgorithms = [\"HS256\"]").is_err());
}
