//! Ids of attempts and short references are unique, and no reference begins another.

use super::*;
use proptest::prelude::*;

#[test]
fn the_first_attempt_has_the_payout_s_id_and_later_ones_have_ids_of_their_own() {
    let payout = Uuid::from_u128(7);
    let attempt = |number| Attempt { number, ..Attempt::of_before("us-rtp".to_owned()) };
    let ids: std::collections::BTreeSet<String> = (1..=5).map(|number| attempt(number).end_to_end_id(payout)).collect();
    assert_eq!(ids.len(), 5);
    assert_eq!(attempt(1).end_to_end_id(payout), payout.simple().to_string());
    assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())));
}

proptest! {
    #[test]
    fn short_references_have_fifteen_letters_and_digits_and_differ(one in 0..i64::MAX, other in 0..i64::MAX) {
        let (first, second) = (short_reference("LGA", one % 3_000_000_000), short_reference("LGA", other % 3_000_000_000));
        prop_assert_eq!(first.len(), REFERENCE_CHARS_MAX);
        prop_assert!(first.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
        prop_assert_eq!(first == second, one % 3_000_000_000 == other % 3_000_000_000);
    }
}
