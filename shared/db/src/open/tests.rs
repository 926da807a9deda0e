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
