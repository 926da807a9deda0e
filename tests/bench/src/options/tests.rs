//! Unit tests of valid sizes.
use super::BookSize;

#[test]
fn every_account_gets_a_transfer_of_its_own() {
    let size = |accounts, transfers| BookSize { accounts, transfers, dir: None };
    assert_eq!(size(10_000_000, 20_000_000).problem(), None);
    assert_eq!(size(100, 160).problem(), None);
    assert!(size(100, 159).problem().unwrap().contains("160 or more"));
    assert!(size(9, 1_000).problem().is_some());
    let size = size(10_000_000, 20_000_000);
    assert_eq!(size.crowd().viewers + 2 * size.gifts(), 20_000_000);
}
