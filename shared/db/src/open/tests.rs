//! Addresses.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

use super::*;

#[test]
fn addresses_are_read_and_passwords_are_never_repeated() {
    let embedded = Database::parse("sqlite:/some/where").unwrap();
    assert_eq!(embedded.sqlite_dir(), Some(Path::new("/some/where")));
    assert_eq!(embedded.postgres_url(), None);
    assert_eq!(Database::parse("sqlite://rel/dir").unwrap().sqlite_dir(), Some(Path::new("rel/dir")));
    let server = Database::parse("postgres://me@host/name").unwrap();
    assert_eq!(server.postgres_url(), Some("postgres://me@host/name"));
    assert_eq!(server.engine(), Engine::Postgres);
    for wrong in ["", "sqlite:", "mysql://h/d", "/tmp/x", "postgres://me:secret@host:notaport/db"] {
        let error = Database::parse(wrong).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn an_address_is_shown_without_a_password_wherever_it_stands() {
    for (url, shown) in [
        ("postgres://me:hunter2@h:5432/d?sslmode=require", "postgres://me:***@h:5432/d?sslmode=require"),
        ("postgres://h/d?user=me&password=hunter2", "postgres://h/d?user=me&password=***"),
        ("postgres://localhost:5432/d?host=/tmp/a@b", "postgres://localhost:5432/d?host=/tmp/a@b"),
        ("postgres://me@%2Frun%2Fpostgresql/d", "postgres://me@%2Frun%2Fpostgresql/d"),
        ("postgres://h/d", "postgres://h/d"),
        ("sqlite:/a/b%2Fc", "sqlite:/a/b%2Fc"),
    ] {
        assert_eq!(Database::parse(url).unwrap().shown(), shown);
    }
    for unreadable in ["postgres://me:hunter2?x@h:no/d", "mysql://h/d?password=hunter2", "mysql://me:hunter2@h/d?a=b@c"] {
        let error = Database::parse(unreadable).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
