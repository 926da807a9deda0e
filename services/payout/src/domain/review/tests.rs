//! Unit tests of `review`.
use super::*;

#[test]
fn every_kind_of_review_has_an_id_and_a_name_of_its_own() {
    let ids: std::collections::BTreeSet<Uuid> = ReviewKind::ALL.iter().map(|kind| kind.review_id(Uuid::from_u128(7))).collect();
    assert_eq!(ids.len(), ReviewKind::ALL.len());
    assert!(ReviewKind::ALL.iter().all(|kind| ReviewKind::from_name(kind.name()) == Some(*kind)));
    assert!(ReviewStanding::ALL.iter().all(|standing| ReviewStanding::from_name(standing.name()) == Some(*standing)));
    assert_eq!((ReviewKind::from_name(""), ReviewStanding::from_name("OPEN")), (None, None));
}
