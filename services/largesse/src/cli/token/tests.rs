//! Unit tests of `token`.
use super::*;
use identity::Verifier;
use std::time::SystemTime;

fn arguments(role: Role, books: &[&str]) -> TokenArguments {
    let (given, sub) = (GivenSettings::default(), UserKey::try_new("u1").unwrap());
    let books = books.iter().map(|name| BookName::try_new(name).unwrap()).collect();
    TokenArguments { given, data_dir: None, create: true, sub, role, books, app: String::new(), ttl: Duration::from_secs(60) }
}

#[test]
fn the_printed_token_is_good_for_the_directorys_key() {
    let dir = tempfile::tempdir().unwrap();
    let token = issue(&arguments(Role::Viewer, &["demo"]), dir.path()).unwrap();
    let key = Issuer::load_or_create(dir.path()).unwrap().public_key();
    let principal = Verifier::new(&[key]).verify(&token, SystemTime::now()).unwrap();
    assert_eq!((principal.subject.as_str(), principal.role), ("u1", Role::Viewer));
}

#[test]
fn users_need_a_book_and_staff_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = Some(dir.path().to_owned());
    let code = |role| format!("{:?}", run(&TokenArguments { data_dir: data_dir.clone(), ..arguments(role, &[]) }));
    assert_eq!(code(Role::Creator), format!("{:?}", ExitCode::from(command::USAGE)));
    assert_eq!(code(Role::Support), format!("{:?}", ExitCode::SUCCESS));
}

#[test]
fn durations_have_a_unit() {
    assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
    assert_eq!(duration("7d"), Ok(Duration::from_secs(604_800)));
    for text in ["", "1", "h", "0s", "-1h", "1é", "99999999999999999999d"] {
        assert!(duration(text).is_err(), "{text}");
    }
}
