//! The delay of purchases that can't be credited.
use super::*;

#[test]
fn each_rests_longer_the_oftener_it_was_asked_for_in_vain() {
    let seconds: Vec<i64> = [0, 1, 2, 6, 7, 100, i64::MAX].map(|tries| put_off_ms(tries) / 1_000).to_vec();
    assert_eq!(seconds, [30, 60, 120, 1_920, 3_600, 3_600, 3_600]);
}
