//! Unit tests of `json`.
use super::*;
use proptest::prelude::*;

#[test]
fn a_name_that_is_given_twice_is_refused_at_every_depth() {
    for text in [r#"{"a":1,"a":2}"#, r#"{"b":[{"c":{"a":1,"a":1}}]}"#, r#"{"a":1,"\u0061":2}"#] {
        assert!(parse(text.as_bytes()).unwrap_err().to_string().contains("twice"), "{text}");
    }
    assert!(parse(br#"{"a":{"a":1},"b":{"a":2}}"#).is_ok());
}

#[test]
fn depth_and_size_are_limited_and_the_limits_are_in() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(nested(DEPTH_MAX).as_bytes()).is_ok());
    assert!(parse(nested(DEPTH_MAX + 1).as_bytes()).unwrap_err().to_string().contains("deep"));
    assert!(parse(nested(100_000).as_bytes()).is_err());
    let long = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert!(parse(long(DOCUMENT_BYTES_MAX).as_bytes()).is_ok());
    assert_eq!(parse(long(DOCUMENT_BYTES_MAX + 1).as_bytes()), Err(ApiReadError::TooLarge { bytes: DOCUMENT_BYTES_MAX + 1 }));
}

#[test]
fn what_is_no_json_is_refused_without_being_repeated() {
    for text in ["", "{", "{}x", "nul", "\"secret-account", "{\"a\":secret}", "[1,]", "1e999"] {
        let error = parse(text.as_bytes()).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
    assert!(parse(b"\xff\xfe").is_err());
    assert!(parse(b"\"\xc3\x28\"").is_err());
}

#[test]
fn texts_of_a_wrong_length_or_kind_name_their_path() {
    let document = parse(br#"{"a":{"b":[{"c":""},{"c":7},{"c":null}]}}"#).unwrap();
    let items = ApiNode::root(&document).unwrap().object("a").unwrap().unwrap().list("b", 3).unwrap();
    assert_eq!(items[0].text("c").unwrap_err().to_string(), "a.b[0].c must be a text of 1 to 512 characters");
    assert_eq!(items[1].text("c").unwrap_err().to_string(), "a.b[1].c must be a text of 1 to 512 characters");
    assert_eq!(items[2].text("c"), Ok(None));
    assert_eq!(items[2].required("c").unwrap_err().to_string(), "a.b[2].c must be given");
    assert!(ApiNode::root(&document).unwrap().object("a").unwrap().unwrap().list("b", 2).is_err());
}

#[test]
fn moments_are_read_with_and_without_an_offset() {
    let document =
        parse(br#"{"a":"2026-11-20T16:22:15.900Z","b":"2026-11-20T16:22:15.9","c":"2026-11-20T18:22:15.9+02:00","d":"yesterday"}"#)
            .unwrap();
    let node = ApiNode::root(&document).unwrap();
    let at = |field| node.moment(field).unwrap().unwrap().as_millisecond();
    assert_eq!((at("a"), at("b"), at("c")), (1_795_191_735_900, 1_795_191_735_900, 1_795_191_735_900));
    assert!(node.moment("d").is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }
}
