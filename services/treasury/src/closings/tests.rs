//! The closings of days, from parts of a journal.
use super::*;
use ledger_client::AccountAfter;

const DAY_US: i64 = 86_400_000_000;

fn after(account: &str, debits_posted: i64, credits_posted: i64, seq: i64) -> AccountAfter {
    AccountAfter { account: account.to_owned(), debits_posted, credits_posted, seq }
}

/// A commit, or a part of one that is not the last.
fn part(commit_no: Option<i64>, committed_us: i64, after: Vec<AccountAfter>) -> JournalPart {
    let whole = commit_no.map(|commit_no| JournalPlace { commit_no, hash: format!("{commit_no}"), seq: 9 });
    JournalPart { transfers: Vec::new(), events: after.len(), after, committed_us, whole }
}

#[test]
fn the_last_transfer_of_a_day_is_what_an_account_closes_with() {
    let mut batch = ClosingBatch::default();
    batch.add(part(Some(1), DAY_US - 1, vec![after("a", 0, 5, 3), after("b", 5, 0, 3), after("a", 2, 5, 4)])).unwrap();
    batch.add(part(Some(2), DAY_US, vec![after("a", 2, 9, 5)])).unwrap();
    let day = |text: &str| text.parse::<Date>().unwrap();
    let closings: Vec<_> = batch.closings.into_iter().collect();
    assert_eq!(
        closings,
        [
            (("a".to_owned(), day("1970-01-01")), (3, 4)),
            (("a".to_owned(), day("1970-01-02")), (7, 5)),
            (("b".to_owned(), day("1970-01-01")), (-5, 3)),
        ]
    );
    assert_eq!((batch.position.after.commit_no, batch.position.committed_us), (2, DAY_US));
}

#[test]
fn a_commit_that_is_not_complete_is_not_reached() {
    let mut batch = ClosingBatch::default();
    batch.add(part(Some(1), 10, vec![after("a", 0, 5, 3)])).unwrap();
    batch.add(part(None, 20, vec![after("a", 0, 6, 4)])).unwrap();
    assert_eq!((batch.position.after.commit_no, batch.position.committed_us), (1, 10));
    batch.add(part(Some(2), 20, vec![after("a", 0, 7, 5)])).unwrap();
    assert_eq!((batch.position.after.commit_no, batch.position.committed_us), (2, 20));
    assert_eq!(batch.closings.into_values().collect::<Vec<_>>(), [(7, 5)]);
}

#[test]
fn sums_beyond_what_can_be_counted_are_an_error() {
    let mut batch = ClosingBatch::default();
    assert!(matches!(batch.add(part(Some(1), 1, vec![after("a", i64::MAX, -2, 1)])), Err(Error::Overflow)));
}
