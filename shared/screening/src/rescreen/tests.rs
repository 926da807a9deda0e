//! Unit tests of `rescreen`.
use super::*;
use crate::fixtures::{edition, next_edition, person, policy};

fn needs(replaced: &[(&str, &str)], hits: &[(&str, u32)]) -> Vec<RescreenNeed> {
    let later = Arc::new(next_edition(replaced));
    let delta = EditionDelta::between(&edition(), &later).unwrap();
    let subjects = [person("a", "Mirosh Al-Quenbar"), person("b", "Testship One"), person("c", "Nobody Whosoever")];
    let hits: Vec<_> = hits.iter().map(|(subject, entry)| ((*subject).to_owned(), *entry)).collect();
    rescreen(&delta, &later, &policy(), &subjects, &hits).unwrap()
}

fn need(subject: &str, causes: &[RescreenCause]) -> RescreenNeed {
    RescreenNeed { subject: subject.into(), causes: causes.to_vec() }
}

#[test]
fn nobody_is_screened_again_if_nothing_changed() {
    assert_eq!(needs(&[], &[("a", 101), ("b", 103)]), []);
}

#[test]
fn a_changed_entry_concerns_whom_it_matches_and_who_had_a_hit() {
    assert_eq!(needs(&[("Deputy", "Minister")], &[]), [need("a", &[RescreenCause::Changed(101)])]);
    let renamed = [("AL-QUENBAR, Mirosh Tadek", "WHOSOEVER, Nobody")];
    let expected = [need("a", &[RescreenCause::Changed(101), RescreenCause::HitChanged(101)]), need("c", &[RescreenCause::Changed(101)])];
    // The first still matches by an alternate name.
    assert_eq!(needs(&renamed, &[("a", 101), ("a", 101), ("b", 103)]), expected);
}

#[test]
fn new_and_removed_entries_concern_their_subjects() {
    let expected = [need("b", &[RescreenCause::Added(104), RescreenCause::HitRemoved(103)])];
    assert_eq!(needs(&[("103,\"MV", "104,\"MV")], &[("b", 103), ("a", 101)]), expected);
}

#[test]
fn a_delta_of_other_editions_is_refused() {
    let later = Arc::new(edition());
    for delta in [
        EditionDelta { added: vec![104], ..EditionDelta::default() },
        EditionDelta { changed: vec![104], ..EditionDelta::default() },
        EditionDelta { removed: vec![103], ..EditionDelta::default() },
    ] {
        assert!(rescreen(&delta, &later, &policy(), &[], &[]).is_err());
    }
}
