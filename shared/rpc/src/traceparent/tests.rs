//! Unit tests of `traceparent`.
use super::*;

const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[test]
fn a_header_survives_reading_and_writing() {
    assert_eq!(TraceParent::parse(GOOD).unwrap().to_header(), GOOD);
}

#[test]
fn broken_headers_are_nothing() {
    let broken = [
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319cé-7ad6b716920333-01",
    ];
    for text in broken {
        assert_eq!(TraceParent::parse(text), None, "{text}");
    }
}
