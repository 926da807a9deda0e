//! Unit tests of cursors.
use super::*;

fn book(name: &str) -> BookName {
    BookName::try_new(name).unwrap()
}

#[test]
fn a_cursor_leads_to_its_commit_and_in_its_book_only() {
    let places = [JournalPlace::default(), JournalPlace { commit_no: 7, hash: "0a".repeat(32), seq: 99 }];
    for at in places {
        let text = cursor(&book("demo"), &at);
        assert_eq!(place(&book("demo"), &text).unwrap(), Some(at));
        place(&book("other"), &text).unwrap_err();
    }
    assert_eq!(place(&book("demo"), "").unwrap(), None);
}

#[test]
fn what_is_no_cursor_is_refused() {
    let good = cursor(&book("demo"), &JournalPlace { commit_no: 7, hash: "0a".repeat(32), seq: 99 });
    for wrong in ["x", "AAAA", &good[1..], &good[..good.len() - 4], &format!("{good}AAAA"), &"A".repeat(10_000), "\u{1f4b0}"] {
        place(&book("demo"), wrong).unwrap_err();
    }
    let negative = list(&book("demo")).token(&CommitPosition(JournalPlace { commit_no: -1, hash: String::new(), seq: 0 }));
    place(&book("demo"), &negative).unwrap_err();
}
