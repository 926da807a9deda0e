//! Every kind for which a service has rows is listed.
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

#[test]
fn what_was_imported_has_no_row_behind_it() {
    let (file_id, book) = (Uuid::from_u128(7), "demo");
    let text = file_id.to_string();
    let field = |name: &str| (name == imported::IMPORTED_ID).then_some(text.as_str());
    let kind = PostingKind::PurchaseApple.name();
    assert_eq!(instead_of_reversing(imported::imported(file_id, book), kind, field, book), None);
    // Any service can send the field alone.
    assert_eq!(instead_of_reversing(file_id, kind, field, book), instead_of_reversal(kind));
    assert_eq!(instead_of_reversing(imported::imported(file_id, book), kind, |_| None, book), instead_of_reversal(kind));
    assert_eq!(instead_of_reversing(file_id, PostingKind::Gift.name(), |_| None, book), None);
}
