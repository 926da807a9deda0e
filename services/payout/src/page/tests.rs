//! Unit tests of `page`.
use super::*;

#[test]
fn a_token_leads_on_and_only_in_its_own_list() {
    let page = Page::decode(2, "", &["book", "ana"]).unwrap();
    let rows: Vec<i64> = vec![9, 8, 7];
    let (shown, token) = page.cut(rows, |row| (*row, Uuid::from_u128(1)));
    assert_eq!(shown, [9, 8]);
    assert_eq!(Page::decode(2, &token, &["book", "ana"]).unwrap().after, After { created_at_ms: 8, id: Uuid::from_u128(1) });
    for (token, filter) in [(token.as_str(), ["book", "bob"]), ("%%", ["book", "ana"]), ("AAAA", ["book", "ana"])] {
        assert!(matches!(Page::decode(2, token, &filter), Err(Error::PageToken)));
    }
}

#[test]
fn sizes_are_bounded() {
    assert_eq!(Page::decode(0, "", &[]).unwrap().size, 50);
    assert_eq!(Page::decode(9999, "", &[]).unwrap().size, 200);
    assert!(Page::decode(-1, "", &[]).is_err());
}
