//! Forms and derivation of ids.
use super::*;
use proptest::prelude::*;

#[test]
fn derived_ids_keep_the_time_of_their_source() {
    let source = Uuid::now_v7();
    let once = derive_id(source, &["gift.SendGift", "demo", "u1"]);
    assert_eq!(id_time_ms(once), id_time_ms(source));
    assert_eq!(id_time_ms(derive_id(once, &["ledger"])), id_time_ms(source));
    assert_eq!(id_time_ms(derive_id(Uuid::new_v4(), &["x"])), None);
    assert_eq!(id_time_ms(Uuid::new_v4()), None);
}

#[test]
fn scope_parts_do_not_run_together() {
    let source = Uuid::now_v7();
    assert_ne!(derive_id(source, &["ab", "c"]), derive_id(source, &["a", "bc"]));
    assert_ne!(derive_id(source, &["a"]), derive_id(source, &["a", ""]));
    assert_eq!(derive_id(source, &["a"]), derive_id(source, &["a"]));
}

#[test]
fn derivation_is_the_same_in_every_release() {
    let source = Uuid::parse_str("018bcfe5-6800-7000-8000-000000000001").unwrap();
    assert_eq!(derive_id(source, &["pin"]).to_string(), "018bcfe5-6800-888b-8f0b-df5f1e3ab3cf");
}

proptest! {
    #[test]
    fn forms_hold(text in ".{0,80}") {
        if let Ok(user) = UserKey::try_new(&text) { prop_assert!(user.as_str().len() <= 64 && !text.contains('/')); }
        if let Ok(book) = BookName::try_new(&text) { prop_assert!(!book.as_str().contains(|c: char| c.is_uppercase())); }
        let _ = RequestId::parse(&text);
    }
}

#[test]
fn nil_is_no_request_id() {
    assert!(RequestId::parse("00000000-0000-0000-0000-000000000000").is_err());
    assert!(RequestId::parse("").is_err());
    assert!(RequestId::parse("018bcfe5-6800-7000-8000-000000000001").is_ok());
}
