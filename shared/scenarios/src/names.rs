//! Scenarios by their names.
use crate::{payments::PAYMENT_SCENARIOS, scenario::Scenario, stores::STORE_SCENARIOS};
use std::collections::BTreeSet;

/// How many names are suggested in place of one that is unknown.
const SUGGESTED_MAX: usize = 3;
/// Letters of a part of a name that is looked for in all names.
const PART_LETTERS_MIN: usize = 3;
/// How many letters of a suggestion differ at most, unless it has the part.
const DIFFERING_MAX: usize = 6;
/// Letters of an unknown name that are compared: no name is longer.
const LETTERS_MAX: usize = 100;

/// All of them, by what they are about.
pub fn all() -> impl Iterator<Item = &'static Scenario> {
    PAYMENT_SCENARIOS.iter().chain(STORE_SCENARIOS)
}

/// The scenario of a name. The error names those that are like it.
pub fn find(name: &str) -> Result<&'static Scenario, String> {
    if let Some(found) = all().find(|scenario| scenario.name == name) {
        return Ok(found);
    }
    let nearest = nearest(name);
    let perhaps = if nearest.is_empty() { String::new() } else { format!("; perhaps {}", nearest.join(", ")) };
    Err(format!("no scenario is named {name:?}{perhaps}; --list prints all of them"))
}

/// Names that have the last part of the wanted one, or differ little from it; those that differ least come first.
fn nearest(wanted: &str) -> Vec<&'static str> {
    let wanted: String = wanted.trim().to_lowercase().chars().take(LETTERS_MAX).collect();
    let part = wanted.rsplit('.').next().unwrap_or_default();
    let by_distance: BTreeSet<(usize, &str)> = all().map(|scenario| (distance(&wanted, scenario.name), scenario.name)).collect();
    let is_like = |(distance, name): &(usize, &str)| *distance <= DIFFERING_MAX || (part.len() >= PART_LETTERS_MIN && name.contains(part));
    by_distance.into_iter().filter(is_like).map(|(_, name)| name).take(SUGGESTED_MAX).collect()
}

/// How many letters have to be added, left out or replaced to make one name of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut before = row[0];
        row[0] = at + 1;
        for (place, expected) in other.iter().enumerate() {
            let replaced = before + usize::from(letter != *expected);
            before = row[place + 1];
            row[place + 1] = replaced.min(before + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}
