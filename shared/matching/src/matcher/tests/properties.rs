//! What holds for any lines and items.
use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Few ids, amounts and references, so that everything collides.
fn any_line() -> impl Strategy<Value = BankLine> {
    let kinds = (0..4_u8, any::<bool>(), any::<bool>(), 0..3_u8);
    (kinds, 0..4_usize, 1..4_i64, 0..5_u8, 0..3_u8).prop_map(|((back, is_booked, is_credit, strength), number, units, reference, file)| {
        let mut line = match strength {
            0 => with_id(line(1, units * 100), &id(number), ReferenceStrength::Stated),
            1 => with_id(line(1, units * 100), &id(number), ReferenceStrength::Mentioned),
            _ => with_id(line(1, units * 100), &id(number)[..16], ReferenceStrength::Cut),
        };
        line.standing = if is_booked { LineStanding::Booked } else { LineStanding::Information };
        line.direction = if is_credit { Direction::Credit } else { Direction::Debit };
        line.is_reversal = back == 1;
        line.returned = (back == 2).then(LineReturn::default);
        line.bank_reference = (reference > 0).then(|| format!("BK{reference}"));
        line.place.file = usize::from(file);
        if reference == 4 {
            line.texts.push("1234567890".to_owned());
        }
        line
    })
}

fn any_items() -> impl Strategy<Value = Vec<ExpectedItem>> {
    let standing = prop_oneof![Just(ItemStanding::Open), Just(ItemStanding::Settled), Just(ItemStanding::Rejected)];
    let one = (0..4_usize, 1..4_i64, standing, any::<bool>(), 0..2_u32);
    proptest::collection::vec(one, 0..6).prop_map(|parts| {
        let numbered = parts.into_iter().enumerate();
        let items = numbered.map(|(at, (number, units, standing, batched, duplicates))| {
            let base = if batched { in_batch(number, units * 100, 400) } else { item(number, units * 100) };
            ExpectedItem { key: format!("K{at}"), standing, duplicates, ..base }
        });
        items.collect()
    })
}

fn placed(mut lines: Vec<BankLine>) -> Vec<BankLine> {
    lines.iter_mut().enumerate().for_each(|(at, line)| line.place.entry = at + 1);
    lines
}

proptest! {
    #[test]
    fn the_order_of_lines_items_and_seen_entries_does_not_matter(
        lines in proptest::collection::vec(any_line(), 0..12).prop_map(placed),
        items in any_items(),
        recorded in proptest::collection::vec(any_line(), 0..3),
        turn in 0..12_usize,
    ) {
        let seen = |line: (usize, &BankLine)| Some(SeenEntry { id: format!("E{}", line.0), identity: line.1.identity()?, standing: line.1.standing });
        let seen: Vec<_> = recorded.iter().enumerate().filter_map(seen).collect();
        let first = match_lines(&lines, &items, &seen);
        let (mut lines, mut items, mut seen) = (lines, items, seen);
        lines.reverse();
        let middle = turn % lines.len().max(1);
        lines.rotate_left(middle);
        items.reverse();
        seen.reverse();
        prop_assert_eq!(first, match_lines(&lines, &items, &seen));
    }

    #[test]
    fn each_line_is_used_once_and_each_item_is_settled_once_at_most(
        lines in proptest::collection::vec(any_line(), 0..12).prop_map(placed),
        items in any_items(),
    ) {
        let found = match_lines(&lines, &items, &[]);
        let mut places: Vec<_> = lines.iter().map(|line| line.place).collect();
        places.sort();
        prop_assert_eq!(found.iter().map(|found| found.place).collect::<Vec<_>>(), places);
        let by_key: BTreeMap<_, _> = items.iter().map(|item| (item.key.as_str(), item)).collect();
        let mut settled: Vec<&String> = Vec::new();
        let mut back: BTreeMap<&String, i64> = BTreeMap::new();
        for one in &found {
            match &one.outcome {
                MatchOutcome::Settles { item } => {
                    let line = lines.iter().find(|line| line.place == one.place).unwrap();
                    prop_assert_eq!((line.amount, line.direction), (by_key[item.as_str()].amount, by_key[item.as_str()].direction));
                    prop_assert!(!line.is_money_back());
                    settled.push(item);
                }
                MatchOutcome::BatchSettles { items, .. } => settled.extend(items),
                MatchOutcome::ReturnOf { item, amount, undoes_duplicate: false, .. } => *back.entry(item).or_default() += amount.minor_units(),
                _ => {}
            }
        }
        let all = settled.len();
        settled.sort();
        settled.dedup();
        prop_assert_eq!(settled.len(), all);
        for item in settled {
            prop_assert_eq!(by_key[item.as_str()].standing, ItemStanding::Open);
        }
        for (item, amount) in back {
            prop_assert!(amount <= by_key[item.as_str()].amount.minor_units());
        }
    }

    #[test]
    fn what_was_recorded_as_booked_is_never_booked_again(
        lines in proptest::collection::vec(any_line(), 0..8).prop_map(placed),
        items in any_items(),
    ) {
        let first = match_lines(&lines, &items, &[]);
        let of = |line: &BankLine| first.iter().find(|found| found.place == line.place).unwrap().clone();
        let seen = |line: &BankLine| Some(SeenEntry { id: format!("{:?}", line.place), identity: line.identity()?, standing: of(line).standing });
        let seen: Vec<_> = lines.iter().filter_map(seen).collect();
        for again in match_lines(&lines, &items, &seen) {
            let line = lines.iter().find(|line| line.place == again.place).unwrap();
            if line.bank_reference.is_some() {
                let is_same = matches!(again.outcome, MatchOutcome::SameEntryAgain { .. });
                prop_assert!(is_same, "{:?}", again);
            }
        }
    }
}
