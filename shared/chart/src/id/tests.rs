//! Ids are part of every book: later releases must derive the same ones.
use super::*;
use crate::PostingKind;
use money::id_time_ms;

const SOURCE: Uuid = Uuid::from_u128(0x0189_0a5d_ac96_774b_bcce_b302_099a_8057);

#[test]
fn ids_are_those_of_the_first_release() {
    let book = BookName::try_new("demo").unwrap();
    let derived = |scope: &[&str]| derive_id(SOURCE, scope);
    assert_eq!(gift(SOURCE, &book, "ann"), derived(&["gift.SendGift", "demo", "ann"]));
    assert_eq!(conversion(SOURCE, &book, "bob"), derived(&["earnings.AcceptQuote", "demo", "bob"]));
    assert_eq!(quote(SOURCE, &book, "bob"), derived(&["earnings.CreateQuote", "demo", "bob"]));
    assert_eq!(purchase_credit(SOURCE, 0, 0), derived(&["RedeemPurchase", "0"]));
    assert_eq!(payout(SOURCE, &book, "bob"), derived(&["RequestPayout", "demo", "bob"]));
    assert_eq!(payout_hold(SOURCE), derived(&["payout.hold"]));
    assert_eq!(payout_step(SOURCE, PostingKind::PayoutSettle), derived(&["payout.settle"]));
}

#[test]
fn a_payouts_step_carries_its_own_time_and_is_its_own() {
    let key = payout_step_key(SOURCE, "settling", 7, 1_800_000_000_123);
    assert_eq!(key.get_version_num(), 7);
    assert_eq!(id_time_ms(key), Some(1_800_000_000_123));
    assert_eq!(key, payout_step_key(SOURCE, "settling", 7, 1_800_000_000_123), "a retry of the step finds it");
    let other = Uuid::from_u128(SOURCE.as_u128() + 1);
    let others = [
        payout_step_key(SOURCE, "settling", 8, 1_800_000_000_123),
        payout_step_key(SOURCE, "returning", 7, 1_800_000_000_123),
        payout_step_key(SOURCE, "settling", 7, 1_800_000_000_124),
        payout_step_key(other, "settling", 7, 1_800_000_000_123),
    ];
    assert!(!others.contains(&key));
}

#[test]
fn a_later_attempt_carries_its_own_time_and_is_its_own() {
    let month_later = i64::try_from(id_time_ms(SOURCE).unwrap()).unwrap() + 30 * 24 * 3_600_000;
    let later = purchase_credit(SOURCE, 3, month_later);
    assert_eq!(id_time_ms(later), u64::try_from(month_later).ok());
    assert_eq!(later, purchase_credit(SOURCE, 3, month_later), "a retry of the attempt finds it");
    assert_ne!(later, purchase_credit(SOURCE, 4, month_later));
    let other = Uuid::from_u128(SOURCE.as_u128() + 1);
    assert_ne!(later, purchase_credit(other, 3, month_later), "another purchase of the same moment");
}
