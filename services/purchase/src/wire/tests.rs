//! Pages of purchases.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

use proptest::prelude::*;

use super::*;

fn list(book: &str, user: &str) -> PagedList {
    purchases_list(&BookName::try_new(book).unwrap(), &UserKey::try_new(user).unwrap(), TimeRange::ANY)
}

#[test]
fn a_token_leads_on_in_its_own_list_only() {
    let (anns, last) = (list("test-us", "ann"), Uuid::from_u128(8));
    let mut rows = vec![Uuid::from_u128(9), last, Uuid::from_u128(7)];
    let token = anns.cut(&mut rows, 2, |row| *row);
    assert_eq!((before(&anns, &token).unwrap(), before(&anns, "").unwrap()), (Some(last), None));
    for other in [list("test-us", "bob"), list("test-jp", "ann")] {
        assert!(matches!(before(&other, &token), Err(Error::PageToken)));
    }
}

#[test]
fn sizes_are_bounded() {
    assert_eq!([0, 1, 200, 201, i32::MAX].map(|asked| page_size(asked).unwrap()), [50, 1, 200, 200, 200]);
    assert!(matches!(page_size(-1), Err(Error::Malformed { field: "page_size", .. })));
}

proptest! {
    #[test]
    fn a_hostile_token_is_refused(token in ".{1,200}") {
        prop_assert!(matches!(before(&list("test-us", "ann"), &token), Err(Error::PageToken)));
    }
}
