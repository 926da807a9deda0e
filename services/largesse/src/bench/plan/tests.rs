//! Every comparison is about what its group measures.
use super::Group;
use std::collections::BTreeSet;

#[test]
fn comparisons_are_ratios_of_what_their_group_measures() {
    let mut keys = BTreeSet::new();
    for group in Group::ALL {
        for comparison in group.comparisons() {
            assert!(comparison.key.contains("ratio"), "{}", comparison.key);
            assert!(keys.insert(comparison.key), "{} twice", comparison.key);
            for side in [comparison.of, comparison.to] {
                assert!(group.slices().contains(&side), "{}: {}", comparison.key, side.name);
            }
        }
    }
}
