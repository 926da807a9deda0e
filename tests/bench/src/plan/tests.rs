//! Unit tests that every comparison uses measurements of its row.
use super::{BenchRow, BenchWork, SEND_GIFT};
use clap::ValueEnum as _;
use std::collections::BTreeSet;

#[test]
fn comparisons_are_ratios_of_what_their_row_measures() {
    let mut keys = BTreeSet::new();
    for row in BenchRow::value_variants() {
        // What is found is judged by its time alone.
        assert!(*row == BenchRow::Find || !row.comparisons().is_empty(), "{}", row.as_str());
        for comparison in row.comparisons() {
            assert!(comparison.key.contains("ratio"), "{}", comparison.key);
            assert!(keys.insert(comparison.key), "{} twice", comparison.key);
            for side in [Some(comparison.of), Some(comparison.to), comparison.plus].into_iter().flatten() {
                assert!(row.slices().contains(&side), "{}: {}", comparison.key, side.name);
            }
        }
    }
}

#[test]
fn names_of_measurements_are_theirs_alone_and_the_peak_is_measured_before_what_it_paces() {
    let mut names = std::collections::BTreeMap::new();
    for row in BenchRow::value_variants() {
        for (at, slice) in row.slices().iter().enumerate() {
            assert_eq!(*names.entry(slice.name).or_insert(slice.work), slice.work, "{}", slice.name);
            if matches!(slice.work, BenchWork::PacedEcho { .. } | BenchWork::PacedSendGift { .. }) {
                assert!(row.slices()[..at].contains(&SEND_GIFT), "{}", slice.name);
            }
        }
    }
}
