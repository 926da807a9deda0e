//! Bounds of amounts.
use super::*;
use proptest::prelude::*;

#[test]
fn amount_refuses_zero_negative_and_too_large() {
    assert!(Amount::try_new(0).is_err());
    assert!(Amount::try_new(-1).is_err());
    assert!(Amount::try_new(AMOUNT_MAX + 1).is_err());
    assert_eq!(Amount::try_new(AMOUNT_MAX).map(Amount::get), Ok(AMOUNT_MAX));
}

proptest! {
    #[test]
    fn coins_never_wrap(a in 0..=AMOUNT_MAX, b in 0..=AMOUNT_MAX, times in any::<i64>()) {
        let (x, y) = (Coins::try_new(a).unwrap(), Coins::try_new(b).unwrap());
        prop_assert_eq!(x.checked_add(y).map(Coins::get), Some(a + b).filter(|sum| *sum <= AMOUNT_MAX));
        prop_assert_eq!(x.checked_sub(y).map(Coins::get), Some(a - b).filter(|rest| *rest >= 0));
        let product = i128::from(a) * i128::from(times);
        prop_assert_eq!(x.checked_mul(times).map(|c| i128::from(c.get())), Some(product).filter(|p| (0..=i128::from(AMOUNT_MAX)).contains(p)));
    }
}
