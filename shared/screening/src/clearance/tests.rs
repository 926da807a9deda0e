//! Unit tests of `clearance`.
use crate::{
    Clearance, Edition, Screener, Screening, ScreeningSubject,
    fixtures::{edition, next_edition, person, policy},
    subject::Birth,
};
use std::sync::Arc;

fn screen(edition: Edition, subject: &ScreeningSubject) -> Screening {
    Screener::new(Arc::new(edition), policy()).screen(subject)
}

fn cleared(subject: &ScreeningSubject) -> Clearance {
    let screening = screen(edition(), subject);
    assert!(screening.holds());
    screening.clearance(101).unwrap()
}

#[test]
fn a_cleared_pair_stays_cleared_while_nothing_changes() {
    let subject = person("s-1", "Mirosh Al-Quenbar");
    let clearance = cleared(&subject);
    let again = screen(edition(), &subject).with_clearances(std::slice::from_ref(&clearance));
    assert!(!again.holds() && again.band().is_none() && again.hits[0].cleared);
    // Another entry changed.
    let later = screen(next_edition(&[("KALIMBA", "KALIMBO")]), &subject).with_clearances(&[clearance]);
    assert!(!later.holds());
}

#[test]
fn a_changed_entry_counts_again() {
    let subject = person("s-1", "Mirosh Al-Quenbar");
    let later = screen(next_edition(&[("Deputy", "Minister")]), &subject).with_clearances(&[cleared(&subject)]);
    assert!(later.holds() && !later.hits[0].cleared);
}

#[test]
fn a_clearance_is_of_one_subject_as_it_was() {
    let subject = person("s-1", "Mirosh Al-Quenbar");
    let clearance = cleared(&subject);
    let others = [
        person("s-2", "Mirosh Al-Quenbar"),
        person("s-1", "Mirosh Al Quenbar"),
        subject.clone().born(Birth::in_year(1960).unwrap()),
        subject.clone().of_country("Nowhereland").unwrap(),
    ];
    for other in others {
        assert!(screen(edition(), &other).with_clearances(std::slice::from_ref(&clearance)).holds(), "{other:?}");
    }
    let mut other_list = clearance.clone();
    other_list.edition.list = "OTHER".into();
    let mut other_entry = clearance;
    other_entry.entry = 102;
    assert!(screen(edition(), &subject).with_clearances(&[other_list, other_entry]).holds());
}

#[test]
fn only_hits_can_be_cleared() {
    assert_eq!(screen(edition(), &person("s-1", "Mirosh Al-Quenbar")).clearance(102), None);
}
