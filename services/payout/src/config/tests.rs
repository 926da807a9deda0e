//! Unit tests of `config`.
use super::*;

#[test]
fn test_books_reach_only_this_machine() {
    for good in ["http://127.0.0.1:8080", "http://[::1]:9/", "http://127.5.5.5"] {
        assert!(check_loopback(good).is_ok(), "{good}");
    }
    for bad in [
        "https://127.0.0.1",
        "http://localhost:1",
        "http://bank.example",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "http://10.0.0.1",
        "127.0.0.1:80",
        "",
    ] {
        assert!(check_loopback(bad).is_err(), "{bad}");
    }
}
