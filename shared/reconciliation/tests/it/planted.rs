//! Planted exceptions: every one is found and classed, and nothing is matched with what it is not.
use crate::{
    generator::{Planned, planned, write_statement},
    world::{run, terms},
};
use reconciliation::{ExceptionClass, Explained, Item};
use std::collections::BTreeMap;

/// Class, and the item or the entry that it is about.
type Found = (ExceptionClass, String);

fn expected(number: u64, plan: &Planned, first_entry: usize) -> Option<Found> {
    let class = plan.class?;
    let entry = || format!("entry {first_entry}");
    let is_entry = matches!(class, ExceptionClass::UnknownDebit | ExceptionClass::UnknownCredit);
    Some((class, if is_entry { entry() } else { format!("P{number}") }))
}

fn day_of(seed: u64, numbers: &[u64]) {
    let mut statement = Vec::new();
    write_statement(&mut statement, seed, numbers.iter().copied()).unwrap();
    let (mut items, mut owners, mut planted): (Vec<Item>, Vec<u64>, Vec<Found>) = Default::default();
    for number in numbers.iter().copied() {
        let plan = planned(seed, number);
        planted.extend(expected(number, &plan, owners.len() + 1));
        owners.extend(plan.entries.iter().map(|_| number));
        items.extend(plan.items);
    }
    let (result, explained) = run(&[&statement], &terms(), &items);
    let mut found: Vec<Found> = result
        .reconciled
        .cases
        .iter()
        .map(|case| (case.class, case.items.first().cloned().unwrap_or_else(|| format!("entry {}", case.places[0].entry))))
        .collect();
    let missed: Vec<_> = planted.iter().filter(|one| !found.contains(one)).collect();
    found.retain(|one| !planted.contains(one));
    assert!(missed.is_empty() && found.is_empty(), "seed {seed}: missed {missed:?}, not planted {found:?}");
    assert_eq!(result.reconciled.cases.len(), planted.len(), "seed {seed}");
    for line in &explained {
        let Explained::Settles { items, difference } = &line.explained else { panic!("seed {seed}: {line:?}") };
        assert_eq!((items.as_slice(), *difference), (&[format!("P{}", owners[line.place.entry - 1])][..], 0), "seed {seed}");
    }
    // Every entry is explained or in a case, and no entry is both but those whose case is about the day from which they count.
    let in_cases: usize =
        result.reconciled.cases.iter().filter(|case| case.class != ExceptionClass::LateValue).map(|case| case.places.len()).sum();
    assert_eq!(explained.len() + in_cases, owners.len(), "seed {seed}");
    assert!(result.judged.cases.is_empty() && result.reconciled.outstanding.is_empty(), "seed {seed}");
}

#[test]
fn every_planted_exception_is_found_and_nothing_else() {
    let numbers: Vec<u64> = (0..20_000).collect();
    day_of(1, &numbers);
    let mut counts: BTreeMap<Option<ExceptionClass>, usize> = BTreeMap::new();
    numbers.iter().for_each(|number| *counts.entry(planned(1, *number).class).or_default() += 1);
    assert_eq!(counts.len(), 18, "every class is there: {counts:?}");
}

#[test]
fn the_order_of_entries_changes_nothing_of_what_is_found() {
    for seed in 2..6 {
        let numbers: Vec<u64> = (0..800).collect();
        day_of(seed, &numbers);
        let backwards: Vec<u64> = numbers.into_iter().rev().collect();
        day_of(seed, &backwards);
    }
}
