//! Prices, limits and the streak's counter.
use super::*;
use proptest::prelude::*;

fn rose() -> Sending<'static> {
    Sending { sender: "ann", room: "r1", creator: "bob", gift_id: 5655, quantity: 0, tap: None }
}

fn tap(repeat_count: i32, end: bool) -> Option<Tap<'static>> {
    Some(Tap { group: "g1", repeat_count, end })
}

fn offer(cost: i64, streakable: bool) -> Option<Offer> {
    Some(Offer { cost: Coins::try_new(cost).unwrap(), streakable })
}

fn field(sending: Sending<'_>) -> &'static str {
    let wrong = Sending::try_new(sending).unwrap_err();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    wrong[0].field
}

#[test]
fn no_quantity_means_one() {
    assert_eq!(Sending::try_new(rose()).unwrap().quantity, 1);
    assert_eq!(Sending::try_new(Sending { quantity: QUANTITY_MAX, ..rose() }).unwrap().quantity, QUANTITY_MAX);
}

#[test]
fn what_cannot_be_a_gift_names_its_field() {
    let long = "x".repeat(65);
    assert_eq!(field(Sending { room: "", ..rose() }), "room_id");
    assert_eq!(field(Sending { room: "a/b", ..rose() }), "room_id");
    assert_eq!(field(Sending { creator: &long, ..rose() }), "creator_id");
    assert_eq!(field(Sending { creator: "ann", ..rose() }), "creator_id");
    assert_eq!(field(Sending { gift_id: 0, ..rose() }), "gift_id");
    assert_eq!(field(Sending { quantity: -1, ..rose() }), "quantity");
    assert_eq!(field(Sending { quantity: QUANTITY_MAX + 1, ..rose() }), "quantity");
    assert_eq!(field(Sending { tap: Some(Tap { group: "", repeat_count: 1, end: false }), ..rose() }), "streak.group_id");
    for count in [i32::MIN, 0, REPEAT_COUNT_MAX + 1] {
        assert_eq!(field(Sending { tap: tap(count, true), ..rose() }), "streak.repeat_count");
    }
}

#[test]
fn unknown_and_unstreakable_gifts_are_refused() {
    let sending = Sending::try_new(rose()).unwrap();
    assert_eq!(charge(&sending, None, BASIS_POINTS), Charge::Refuse(GiftRefusal::GiftUnknown));
    let streak = Sending { tap: tap(1, false), ..sending };
    assert_eq!(charge(&streak, offer(1, false), BASIS_POINTS), Charge::Refuse(GiftRefusal::GiftNotStreakable));
}

#[test]
fn a_tap_is_priced_per_tap_and_an_end_charges_nothing() {
    let sending = Sending { quantity: 2, tap: tap(7, false), ..rose() };
    let price = Price { coins: Coins::try_new(10).unwrap(), diamonds: Diamonds::try_new(10).unwrap() };
    let guard = GuardKey::streak(Streak { sender: "ann", room: "r1", creator: "bob", gift_id: 5655, group: "g1" });
    assert_eq!(guard.as_str(), "streak/ann/r1/bob/5655/g1");
    assert_eq!(charge(&sending, offer(5, true), BASIS_POINTS), Charge::PerTap { price, guard: guard.clone(), advance_to: 7 });
    let end = Sending { tap: tap(7, true), ..sending };
    assert_eq!(charge(&end, offer(5, true), BASIS_POINTS), Charge::End { guard, cap_at: 7 });
}

#[test]
fn a_long_streak_key_still_fits_and_stays_its_own() {
    let key = "k".repeat(64);
    let other = format!("{}j", "k".repeat(63));
    let sending = Sending { sender: &key, room: &key, creator: &other, gift_id: i64::MAX, quantity: 1, tap: None };
    let (one, two) = (guard_key(&sending, &key), guard_key(&sending, &other));
    assert!(one.as_str().len() <= 256 && one.as_str().contains('~'));
    assert_ne!(one, two);
}

proptest! {
    #[test]
    fn the_creator_never_gets_more_than_the_rate(cost in 1..=COST_COINS_MAX, quantity in 1..=QUANTITY_MAX, rate in 0..=BASIS_POINTS) {
        let Charge::Once(price) = charge(&Sending { quantity, ..rose() }, offer(cost, true), rate) else { panic!("priced") };
        let exact = i128::from(price.coins.get()) * i128::from(rate);
        let given = i128::from(price.diamonds.get()) * i128::from(BASIS_POINTS);
        prop_assert!(given <= exact && exact - given < i128::from(BASIS_POINTS));
        prop_assert_eq!(price.coins.get(), cost * i64::from(quantity));
    }
}
