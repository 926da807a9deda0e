//! Unit tests of the addresses of other databases on the same server.
use super::with_name;

#[test]
fn another_database_of_the_same_server() {
    for (url, expected) in [
        ("postgres://u:p@host:5432/old?host=%2Ftmp", "postgres://u:p@host:5432/new?host=%2Ftmp"),
        ("postgres://u@host/old", "postgres://u@host/new"),
        ("postgres://host", "postgres://host/new"),
    ] {
        assert_eq!(with_name(url, "new"), expected);
    }
}
