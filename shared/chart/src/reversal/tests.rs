//! Every kind that a service keeps rows for is named.
use super::*;

#[test]
fn steps_of_services_with_rows_are_not_reversed_by_hand() {
    let free = [PostingKind::Gift, PostingKind::Adjustment, PostingKind::Reversal, PostingKind::BenchCoins];
    for kind in PostingKind::ALL {
        assert_eq!(instead_of_reversal(kind.name()).is_none(), free.contains(&kind), "{kind:?}");
    }
    for (kind, free) in [("purchase.google", false), ("payout.return", false), ("purchase", true), ("bonus", true), ("", true)] {
        assert_eq!(instead_of_reversal(kind).is_none(), free, "{kind:?}");
    }
}
