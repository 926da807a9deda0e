//! Unit tests of `wire::page`.
use super::*;

#[test]
fn a_page_token_belongs_to_its_account() {
    let token = page_token("viewer/a/coins", 640);
    assert_eq!(page_place(&token, "viewer/a/coins").unwrap(), 640);
    for (token, account) in [(token.as_str(), "viewer/b/coins"), ("640", "viewer/a/coins"), ("", "x"), ("-1.00", "x"), ("x.y", "x")] {
        assert!(matches!(page_place(token, account), Err(Error::PageToken)), "{token} {account}");
    }
}
