//! What treasury said of an account is asked again soon, and counts for no other one.
use super::{TreasuryDesk, UNCOVERED_FOR};
use crate::domain::reservation::PayingSource;
use money::{BookName, Currency};
use std::time::{Duration, Instant};

#[test]
fn an_account_without_a_leaf_is_asked_for_again_after_a_second_and_another_one_at_once() {
    let (desk, now) = (TreasuryDesk::default(), Instant::now());
    let account = |book: &str, bank_account: &str, code: &str| {
        let source = PayingSource { entity: "main".to_owned(), bank_account: bank_account.to_owned() };
        (BookName::try_new(book).unwrap(), source, Currency::try_new(code).unwrap())
    };
    let asked = account("app-us", "main", "USD");
    assert!(!desk.is_uncovered(&asked, now));
    desk.said_uncovered(asked.clone(), now);
    assert!(desk.is_uncovered(&asked, now) && desk.is_uncovered(&asked, now + UNCOVERED_FOR - Duration::from_nanos(1)));
    assert!(!desk.is_uncovered(&asked, now + UNCOVERED_FOR));
    for other in [account("app-eu", "main", "USD"), account("app-us", "other", "USD"), account("app-us", "main", "EUR")] {
        assert!(!desk.is_uncovered(&other, now), "{other:?}");
    }
}
