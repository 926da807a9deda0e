//! Unit tests of `api_rail`.
use super::*;

#[test]
fn only_rails_that_there_are_are_carried() {
    assert_eq!(payment_type("US-RTP"), None);
    let book = rails::RailBook::built_in();
    let known: Vec<&str> = book.ids().collect();
    assert!(RAILS.iter().all(|(rail, _)| known.contains(rail)));
}
