//! What we would like, by how much was spent.

use super::*;

#[test]
fn the_preference_follows_from_what_was_spent() {
    let policy = RefundReview { grant_up_to_milliunits: 10_000, decline_from_milliunits: 90_000, ..RefundReview::default() };
    for (consumed, wanted) in [
        (Some(0), Preference::GrantFull),
        (Some(10_000), Preference::GrantFull),
        (Some(10_001), Preference::GrantPart),
        (Some(89_999), Preference::GrantPart),
        (Some(90_000), Preference::Decline),
        (Some(100_000), Preference::Decline),
        (None, Preference::Unstated),
    ] {
        assert_eq!(Preference::of(consumed, &policy), wanted, "{consumed:?}");
        let silent = RefundReview { states_preference: false, ..policy.clone() };
        assert_eq!(Preference::of(consumed, &silent), Preference::Unstated);
    }
}

#[test]
fn unspent_is_paid_back_and_spent_is_not_by_default() {
    let policy = RefundReview::default();
    let of = |consumed| Preference::of(Some(consumed), &policy);
    assert_eq!(
        [of(0), of(1), of(99_999), of(100_000)],
        [Preference::GrantFull, Preference::GrantPart, Preference::GrantPart, Preference::Decline]
    );
}
