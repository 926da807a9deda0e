//! Unit tests of the printable form of a secret.
use super::*;

#[test]
fn an_address_is_shown_without_its_password() {
    for (given, shown) in [
        ("", ""),
        ("hunter2", "(hidden)"),
        ("sqlite:data", "sqlite:data"),
        ("postgres://h/n", "postgres://h/n"),
        ("postgres://user@h/n", "postgres://user@h/n"),
        ("postgres://user:hunter2@h/n", "postgres://user:***@h/n"),
        ("postgres://user:hunt@er2@h/n", "postgres://user:***@h/n"),
        ("postgres://user@h/n?password=hunter2&sslmode=require", "postgres://user@h/n?password=***&sslmode=require"),
        ("postgres://h/n?sslPassword=hunter2", "postgres://h/n?sslPassword=***"),
    ] {
        let secret = Secret::new(given);
        assert_eq!(secret.masked(), shown);
        assert_eq!(format!("{secret:?}"), format!("{shown:?}"));
        assert_eq!(serde_json::to_string(&secret).unwrap(), format!("{shown:?}"));
        assert_eq!(secret.expose(), given);
    }
}
