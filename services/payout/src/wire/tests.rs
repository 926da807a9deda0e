//! Unit tests of `wire`: pages of lists.
use super::{beneficiary::beneficiaries_list, *};
use proptest::prelude::*;

fn book() -> BookName {
    BookName::try_new("app-us").unwrap()
}

fn user(key: &str) -> UserKey {
    UserKey::try_new(key).unwrap()
}

fn refused(list: &PagedList, token: &str) -> bool {
    matches!(after(list, token), Err(Error::PageToken))
}

#[test]
fn a_token_leads_on_and_only_in_its_own_list() {
    let list = payouts_list(&book(), &user("ana"), None, TimeRange::ANY);
    let mut rows: Vec<i64> = vec![9, 8, 7];
    let token = list.cut(&mut rows, 2, |row| (*row, Uuid::from_u128(1)));
    assert_eq!(rows, [9, 8]);
    assert_eq!(after(&list, &token).unwrap(), PageStart { created_at_ms: 8, id: Uuid::from_u128(1) });
    assert_eq!(after(&list, "").unwrap(), PageStart::NEWEST);
    assert_eq!(list.cut(&mut rows, 2, |row| (*row, Uuid::from_u128(1))), "");
    for other in [
        payouts_list(&book(), &user("bob"), None, TimeRange::ANY),
        payouts_list(&book(), &user("ana"), Some(PayoutState::Settled), TimeRange::ANY),
        payouts_list(&book(), &user("ana"), None, TimeRange { from_ms: 1, until_ms: 2 }),
        payouts_list(&BookName::try_new("app-eu").unwrap(), &user("ana"), None, TimeRange::ANY),
        beneficiaries_list(&book(), &user("ana")),
    ] {
        assert!(refused(&other, &token));
    }
    for token in ["%%", "AAAA", "MTIzNA", "eyJhIjoxfQ"] {
        assert!(refused(&list, token), "{token}");
    }
}

#[test]
fn sizes_are_bounded() {
    assert_eq!(page_size(0).unwrap(), 50);
    assert_eq!(page_size(9999).unwrap(), 200);
    assert!(matches!(page_size(-1), Err(Error::Malformed { field: "page_size", .. })));
}

proptest! {
    #[test]
    fn a_hostile_token_is_refused(token in ".{1,200}") {
        prop_assert!(refused(&beneficiaries_list(&book(), &user("ana")), &token));
    }
}
