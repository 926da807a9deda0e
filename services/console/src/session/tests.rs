//! Unit tests of sessions, on a clock that stands still.
use super::*;
use tokio::time::advance;

const MINUTE: Duration = Duration::from_secs(60);

fn sessions(max: usize) -> Sessions {
    Sessions::new(SessionTimes { idle: 15 * MINUTE, whole: 600 * MINUTE, reason: 30 * MINUTE }, max)
}

fn lasting(token: &str, valid: Duration) -> SessionTokens<'_> {
    SessionTokens { token, valid, refresh: None }
}

fn renewable<'a>(token: &'a str, valid: Duration, refresh: &'a str) -> SessionTokens<'a> {
    SessionTokens { token, valid, refresh: Some(refresh) }
}

fn person(name: &str) -> Person {
    Person { subject: UserKey::try_new(name).unwrap(), issuer: "https://login.example".into(), role: Role::Support, books: BookScope::All }
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_when_it_is_not_used_and_with_its_token() {
    let sessions = sessions(10);
    let secret = sessions.open(person("sam"), lasting("token", 60 * MINUTE)).unwrap();
    for _ in 0..5 {
        advance(10 * MINUTE).await;
        assert_eq!(sessions.visit(&secret).unwrap().token, "token");
    }
    // The token is valid for an hour, and so is the session, although it is used.
    advance(10 * MINUTE).await;
    assert!(sessions.visit(&secret).is_none());
    let idle = sessions.open(person("sam"), lasting("token", 600 * MINUTE)).unwrap();
    advance(15 * MINUTE).await;
    assert!(sessions.visit(&idle).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_open_or_reconnects_keeps_no_session_open() {
    let sessions = sessions(10);
    let secret = sessions.open(person("sam"), lasting("token", 600 * MINUTE)).unwrap();
    for _ in 0..14 {
        advance(MINUTE).await;
        assert_eq!(sessions.look(&secret).unwrap().token, "token");
    }
    advance(MINUTE).await;
    assert!(sessions.look(&secret).is_none() && sessions.visit(&secret).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_after_its_whole_time() {
    let sessions = sessions(10);
    let secret = sessions.open(person("sam"), lasting("token", 10_000 * MINUTE)).unwrap();
    for _ in 0..59 {
        advance(10 * MINUTE).await;
        assert!(sessions.visit(&secret).is_some());
    }
    advance(10 * MINUTE).await;
    assert!(sessions.visit(&secret).is_none());
}

#[tokio::test(start_paused = true)]
async fn only_the_secret_opens_a_session() {
    let sessions = sessions(10);
    let secret = sessions.open(person("sam"), lasting("token", 60 * MINUTE)).unwrap();
    for forged in ["", "x", &secret[1..], &format!("{secret}A"), &"A".repeat(43)] {
        assert!(sessions.visit(forged).is_none(), "{forged}");
    }
    let again = sessions.open(person("sam"), lasting("token", 60 * MINUTE)).unwrap();
    assert_ne!(again, secret);
    sessions.end(&secret);
    assert!(sessions.visit(&secret).is_none() && sessions.visit(&again).is_some());
    assert!(!sessions.lock().values().any(|session| session.sealed_token.windows(5).any(|bytes| bytes == b"token")), "it is sealed");
}

#[tokio::test(start_paused = true)]
async fn signing_out_everywhere_ends_all_of_a_person_and_of_nobody_else() {
    let sessions = sessions(10);
    let open = |name: &str| sessions.open(person(name), lasting("token", 60 * MINUTE)).unwrap();
    let (one, two, other) = (open("sam"), open("sam"), open("fay"));
    assert_eq!(sessions.end_all(&person("sam")), 2);
    assert!(sessions.visit(&one).is_none() && sessions.visit(&two).is_none() && sessions.visit(&other).is_some());
}

#[tokio::test(start_paused = true)]
async fn sessions_are_bounded_over_all_and_for_each_person() {
    let sessions = sessions(20);
    let first = sessions.open(person("fay"), lasting("token", 60 * MINUTE)).unwrap();
    let mut secrets = Vec::new();
    for _ in 0..40 {
        advance(Duration::from_secs(1)).await;
        assert!(sessions.visit(&first).is_some(), "another person's are not touched");
        secrets.push(sessions.open(person("sam"), lasting("token", 60 * MINUTE)).unwrap());
    }
    assert_eq!(secrets.iter().filter(|secret| sessions.visit(secret).is_some()).count(), OF_PERSON_MAX);
    assert!(sessions.visit(secrets.last().unwrap()).is_some());
    for number in 0..40 {
        advance(Duration::from_secs(1)).await;
        sessions.open(person(&format!("p{number}")), lasting("token", 60 * MINUTE)).unwrap();
    }
    assert!(sessions.lock().len() <= 20);
}

#[tokio::test(start_paused = true)]
async fn a_reason_lasts_for_a_while_and_for_one_user() {
    let sessions = sessions(10);
    let secret = sessions.open(person("sam"), lasting("token", 600 * MINUTE)).unwrap();
    assert!(!sessions.covers(&secret, &["u1"]));
    sessions.explain(&secret, "ticket 4711");
    assert!(sessions.covers(&secret, &["u1"]) && sessions.covers(&secret, &["u1"]));
    assert_eq!(sessions.visit(&secret).unwrap().reason.as_deref(), Some("ticket 4711"));
    assert!(sessions.covers(&secret, &["u2", "u1"]) && sessions.covers::<&str>(&secret, &[]), "what concerns them too, and nobody");
    assert!(!sessions.covers(&secret, &["u2"]));
    assert!(sessions.visit(&secret).unwrap().reason.is_none(), "and it is forgotten");
    sessions.explain(&secret, "ticket 4712");
    for _ in 0..3 {
        advance(10 * MINUTE).await;
        sessions.visit(&secret).unwrap();
    }
    assert!(sessions.visit(&secret).unwrap().reason.is_none());
}

/// The refresh token of a session whose token is due, and whether that is still valid.
fn due(sessions: &Sessions, secret: &str) -> Option<(String, bool)> {
    let session = sessions.visit(secret).unwrap();
    session.due.map(|due| (due.refresh, session.is_valid))
}

#[tokio::test(start_paused = true)]
async fn a_token_is_due_in_its_last_minute_and_a_session_outlasts_it() {
    let sessions = sessions(10);
    let secret = sessions.open(person("sam"), renewable("one", 5 * MINUTE, "again")).unwrap();
    assert_eq!(due(&sessions, &secret), None);
    advance(4 * MINUTE).await;
    assert_eq!(due(&sessions, &secret), Some(("again".to_owned(), true)));
    advance(2 * MINUTE).await;
    assert_eq!(due(&sessions, &secret), Some(("again".to_owned(), false)));
    // Renewed twice, once without another refresh token; and the person may have another role by then.
    sessions.renew(&secret, Person { role: Role::Finance, ..person("sam") }, lasting("two", 5 * MINUTE));
    let session = sessions.visit(&secret).unwrap();
    assert_eq!((session.token.as_str(), session.person.role, session.due.is_none()), ("two", Role::Finance, true));
    advance(5 * MINUTE).await;
    assert_eq!(due(&sessions, &secret), Some(("again".to_owned(), false)));
    sessions.renew(&secret, person("sam"), renewable("three", 600 * MINUTE, "more"));
    assert_eq!(sessions.visit(&secret).unwrap().token, "three");
    // It ends after its whole time all the same, and when nobody uses it.
    for _ in 0..58 {
        advance(10 * MINUTE).await;
        assert!(sessions.visit(&secret).is_some());
    }
    advance(10 * MINUTE).await;
    assert!(sessions.visit(&secret).is_none());
    let idle = sessions.open(person("sam"), renewable("one", 5 * MINUTE, "again")).unwrap();
    advance(15 * MINUTE).await;
    assert!(sessions.visit(&idle).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_the_issuer_does_not_renew_ends_with_its_token_and_one_that_is_away_is_asked_again() {
    let sessions = sessions(10);
    let secret = sessions.open(person("sam"), renewable("one", 5 * MINUTE, "again")).unwrap();
    advance(4 * MINUTE).await;
    sessions.not_renewed(&secret, false);
    assert_eq!(due(&sessions, &secret), None, "not at once");
    advance(Duration::from_secs(10)).await;
    assert_eq!(due(&sessions, &secret), Some(("again".to_owned(), true)));
    sessions.keep_refresh(&secret, "another");
    assert_eq!(due(&sessions, &secret), Some(("another".to_owned(), true)));
    sessions.not_renewed(&secret, true);
    advance(Duration::from_secs(49)).await;
    assert_eq!((due(&sessions, &secret), sessions.visit(&secret).unwrap().token.as_str()), (None, "one"));
    advance(Duration::from_secs(1)).await;
    assert!(sessions.visit(&secret).is_none());
    // With a token that has ended, too, an issuer that is away is left alone for a while: every request would wait for it.
    let away = sessions.open(person("sam"), renewable("one", 5 * MINUTE, "again")).unwrap();
    advance(5 * MINUTE).await;
    sessions.not_renewed(&away, false);
    let session = sessions.visit(&away).unwrap();
    assert!(!session.is_valid && session.due.is_none());
    advance(Duration::from_secs(10)).await;
    assert_eq!(due(&sessions, &away), Some(("again".to_owned(), false)));
    // What ends meanwhile is not brought back.
    sessions.renew(&secret, person("sam"), lasting("two", 5 * MINUTE));
    assert!(sessions.visit(&secret).is_none());
}
