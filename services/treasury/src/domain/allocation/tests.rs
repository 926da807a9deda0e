//! Shares add up to what the bank booked, whatever the weights.
use super::*;
use proptest::prelude::*;

fn leaves(weights: &[i128]) -> Vec<LeafBasis> {
    weights.iter().enumerate().map(|(at, weight)| LeafBasis { leaf: format!("leaf-{at}"), weight: *weight, runs: Vec::new() }).collect()
}

fn shares(amount: i64, weights: &[i128]) -> Option<Vec<i64>> {
    largest_remainder(amount, weights)
}

#[test]
fn the_units_that_are_left_go_to_the_largest_fractions() {
    assert_eq!(shares(100, &[1, 1, 1]), Some(vec![34, 33, 33]));
    assert_eq!(shares(10, &[10, 0, 25]), Some(vec![3, 0, 7]));
    assert_eq!(shares(7, &[0, 5]), Some(vec![0, 7]));
    assert_eq!(shares(7, &[0, 0]), None, "nothing says how");
    assert_eq!(shares(7, &[]), None);
    assert_eq!(shares(i64::MAX, &[i128::MAX, 1]), None, "more than can be counted");
}

#[test]
fn at_rates_the_difference_is_named() {
    let division = divide(100, AllocationBasis::Rates, leaves(&[60, 0, 30])).unwrap();
    assert_eq!((division.residue, division.shares.len()), (10, 2));
    assert_eq!(divide(80, AllocationBasis::Rates, leaves(&[60, 30])).unwrap().residue, -10);
}

#[test]
fn what_counts_of_a_balance_depends_on_the_kind() {
    let counted = |balance| ChargeKind::ALL.map(|kind| kind.counted(balance));
    assert_eq!(counted(5), [Some(5), Some(0), Some(5)]);
    assert_eq!(counted(-5), [Some(0), Some(5), Some(5)]);
    assert_eq!(counted(i64::MIN), [Some(0), None, None]);
}

proptest! {
    #[test]
    fn shares_add_up_and_none_is_a_unit_away_from_exact(
        amount in 0_i64..1_000_000_000,
        weights in prop::collection::vec(0_i128..1_000_000_000_000, 1..40),
    ) {
        let total: i128 = weights.iter().sum();
        prop_assume!(total > 0);
        let found = shares(amount, &weights).unwrap();
        prop_assert_eq!(found.iter().sum::<i64>(), amount);
        for (share, weight) in found.iter().zip(&weights) {
            let distance = i128::from(*share) * total - weight * i128::from(amount);
            prop_assert!(distance.abs() < total, "{} of {}", share, weight);
        }
        let division = divide(amount, AllocationBasis::Balances, leaves(&weights)).unwrap();
        prop_assert_eq!(division.residue, 0);
    }
}
