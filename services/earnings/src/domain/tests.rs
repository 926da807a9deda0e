//! Nobody gains money from rounding, and no minor unit gets lost.
use super::*;
use proptest::prelude::*;

fn rate(per_diamond: Decimal, minimum: i64, fee: i64) -> Rate {
    let currency = Currency::try_new("USD").unwrap();
    let money = |minor| Money::try_new(currency, minor).unwrap();
    let from = Date::constant(2024, 1, 1);
    Rate { currency, from, per_diamond, minimum: money(minimum), fee: money(fee) }
}

fn terms(withholding_bps: u32) -> Terms {
    Terms { withholding_bps, quote_ttl_minutes: 15 }
}

fn diamonds(count: i64) -> Diamonds {
    Diamonds::try_new(count).unwrap()
}

fn minor(amounts: Amounts) -> [i64; 4] {
    [amounts.gross, amounts.withholding, amounts.fee, amounts.net].map(|money| money.minor_units())
}

fn half_a_cent() -> Decimal {
    Decimal::new(5, 3)
}

#[test]
fn gross_is_rounded_down_and_withholding_half_up() {
    assert_eq!(minor(amounts(diamonds(1_001), &rate(half_a_cent(), 1, 0), terms(0)).unwrap()), [500, 0, 0, 500]);
    // 30 % of 5.05 is 1.515.
    assert_eq!(minor(amounts(diamonds(1_010), &rate(half_a_cent(), 1, 25), terms(3_000)).unwrap()), [505, 152, 25, 328]);
}

#[test]
fn below_the_minimum_or_with_nothing_left_there_is_no_price() {
    let too_small = |minimum| Err(Unpriced::TooSmall { minimum: Money::try_new(Currency::try_new("USD").unwrap(), minimum).unwrap() });
    assert_eq!(amounts(diamonds(1), &rate(half_a_cent(), 0, 0), terms(0)), too_small(0));
    assert_eq!(amounts(diamonds(199), &rate(half_a_cent(), 100, 0), terms(0)), too_small(100));
    assert!(amounts(diamonds(200), &rate(half_a_cent(), 100, 0), terms(0)).is_ok());
    assert_eq!(amounts(diamonds(200), &rate(half_a_cent(), 1, 100), terms(0)), too_small(1));
    assert_eq!(amounts(diamonds(200), &rate(half_a_cent(), 1, 0), terms(10_000)), too_small(1));
    assert_eq!(amounts(diamonds(1 << 53), &rate(Decimal::from(1_000_000), 1, 0), terms(0)), Err(Unpriced::TooLarge));
}

fn quote(state: QuoteState) -> Quote {
    let now = Timestamp::from_second(1_000_000).unwrap();
    Quote {
        id: Uuid::nil(),
        user: money::UserKey::try_new("bob").unwrap(),
        diamonds: diamonds(200),
        rate: half_a_cent(),
        rate_date: Date::constant(2024, 1, 1),
        rate_card_version: "1".to_owned(),
        amounts: amounts(diamonds(200), &rate(half_a_cent(), 1, 0), terms(0)).unwrap(),
        create_time: now,
        expire_time: expiry(now, terms(0)),
        state,
    }
}

#[test]
fn an_open_quote_expires_and_a_decided_one_does_not() {
    let open = quote(QuoteState::Open);
    let late = open.expire_time;
    assert_eq!(late.duration_since(open.create_time), SignedDuration::from_mins(15));
    assert_eq!(open.decide(late - SignedDuration::from_millis(1)), Decision::Convert);
    assert_eq!(open.decide(late), Decision::Expired);
    let acceptance = Acceptance { request_id: Uuid::nil(), user_named: String::new() };
    assert_eq!(quote(QuoteState::Accepting(acceptance)).decide(late), Decision::Convert);
    assert_eq!(quote(QuoteState::Used { posting_id: "p".to_owned() }).decide(late), Decision::Convert);
}

proptest! {
    #[test]
    fn every_minor_unit_is_accounted_for(
        count in 1..=(1_i64 << 53), per_diamond in 1..=1_000_000_i64, bps in 0..=10_000_u32, fee in 0..1_000_i64,
    ) {
        let rate = rate(Decimal::new(per_diamond, 8), 1, fee);
        if let Ok(found) = amounts(diamonds(count), &rate, terms(bps)) {
            let [gross, withholding, fee, net] = minor(found);
            prop_assert_eq!(gross, withholding + fee + net);
            // In units of 10^-8: gross never exceeds the exact worth, and falls short by less than a minor unit.
            let exact = i128::from(count) * i128::from(per_diamond);
            let given = i128::from(gross) * 1_000_000;
            prop_assert!(given <= exact && exact - given < 1_000_000);
            let exact = i128::from(gross) * i128::from(bps);
            let twice = 2 * (exact - i128::from(withholding) * 10_000);
            prop_assert!((-10_000..10_000).contains(&twice));
        }
    }

    #[test]
    fn splitting_a_conversion_never_pays(one in 1..=(1_i64 << 50), two in 1..=(1_i64 << 50), per_diamond in 1..=1_000_000_i64) {
        let rate = rate(Decimal::new(per_diamond, 8), 1, 0);
        let gross = |count| amounts(diamonds(count), &rate, terms(0)).map_or(0, |found| found.gross.minor_units());
        prop_assert!(gross(one) + gross(two) <= gross(one + two));
    }
}
