//! What is told to other programs.
use super::split_password;

#[test]
fn a_password_is_taken_out_of_an_address_and_nothing_else_is() {
    let split = |url: &str| split_password(url);
    assert_eq!(
        split("postgres://ann:p%40ss@host:5432/db?sslmode=require"),
        ("postgres://ann@host:5432/db?sslmode=require".into(), Some("p@ss".into()))
    );
    for url in ["postgres://ann@host/db", "postgres:///db?host=/run", "postgres://host/db?application_name=a:b@c"] {
        assert_eq!(split(url), (url.to_owned(), None));
    }
}
