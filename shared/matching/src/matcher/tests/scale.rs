//! Many lines and items.
use super::*;

#[test]
fn a_hundred_thousand_lines_match_a_hundred_thousand_items() {
    const COUNT: usize = 100_000;
    // All ids have the same first 20 characters, all references of the bank and all amounts are the same: nothing may search through all of them.
    let items: Vec<_> = (0..COUNT).map(|number| item(number, 500)).collect();
    let lines: Vec<_> =
        (0..COUNT).map(|number| BankLine { bank_reference: Some("BK".to_owned()), ..paid(number + 1, number, 500) }).collect();
    let found = match_lines(&lines, &items, &[]);
    assert!(found.iter().zip(&items).all(|(found, item)| found.outcome == settles(&item.key)));
}

#[test]
fn beginnings_that_all_ids_share_are_found_at_once() {
    const COUNT: usize = 50_000;
    let items: Vec<_> = (0..COUNT).map(|number| item(number, 500)).collect();
    let cut: Vec<_> = (0..COUNT).map(|at| with_id(line(at + 1, 500), &id(at)[..16], ReferenceStrength::Cut)).collect();
    assert!(match_lines(&cut, &items, &[]).iter().all(|found| matches!(found.outcome, MatchOutcome::Ambiguous { .. })));
}

#[test]
fn one_payment_that_is_booked_again_and_again_is_settled_once() {
    const COUNT: usize = 50_000;
    let again: Vec<_> = (1..=COUNT).map(|entry| paid(entry, 1, 500)).collect();
    let settled = match_lines(&again, &[item(1, 500)], &[]).iter().filter(|found| !found.outcome.is_open()).count();
    assert_eq!(settled, 1);
}

#[test]
fn a_hundred_thousand_returns_of_one_payment_are_decided() {
    const COUNT: usize = 100_000;
    let news = |entry: usize| BankLine { standing: LineStanding::Information, ..returned(entry, 1, 1) };
    let lines: Vec<_> = (1..=COUNT).map(|entry| if entry % 2 == 0 { returned(entry, 1, 1) } else { news(entry) }).collect();
    let items = [item(1, 30_000)];
    let returns = match_lines(&lines, &items, &[]).into_iter().filter(|found| matches!(found.outcome, MatchOutcome::ReturnOf { .. }));
    assert_eq!(returns.count(), 30_000);
}
