//! Caps by date and owner.

use super::*;
use crate::sample::{day, ours};

fn usd(text: &str) -> Money {
    Money::from_decimal(Currency::try_new("USD").unwrap(), text.parse().unwrap(), money::Rounding::Down).unwrap()
}

fn cap(amount: &str, from: Option<&str>) -> DatedCap {
    DatedCap { amount: usd(amount), from: from.map(day), or_equivalent: false }
}

#[test]
fn same_day_ach_grows_on_its_day() {
    let ach = ours("us-ach-same-day");
    let currency = Currency::try_new("USD").unwrap();
    assert_eq!(cap_on(&ach.caps, currency, day("2027-09-16")), Some(usd("1000000")));
    assert_eq!(cap_on(&ach.caps, currency, day("2027-09-17")), Some(usd("10000000")));
    assert_eq!(cap_on(&ach.caps, Currency::try_new("EUR").unwrap(), day("2027-09-17")), None);
    assert_eq!(cap_on(&ours("sepa-instant").caps, Currency::try_new("EUR").unwrap(), day("2026-11-26")), None, "the scheme has none");
}

#[test]
fn the_lowest_cap_names_its_owner() {
    let today = day("2026-11-26");
    let currency = usd("1").currency();
    let (scheme, bank, policy) = ([cap("10000000", None)], [cap("100000", None)], [cap("50000", Some("2027-01-01"))]);
    let caps = RailCaps { scheme: &scheme, bank: &bank, policy: &policy };
    assert_eq!(lowest_cap(caps, currency, today), Some(LowestCap { owner: CapOwner::Bank, amount: usd("100000") }), "ours begins later");
    assert_eq!(lowest_cap(caps, currency, day("2027-01-01")), Some(LowestCap { owner: CapOwner::Policy, amount: usd("50000") }));
    let same = RailCaps { scheme: &bank, bank: &bank, policy: &bank };
    assert_eq!(lowest_cap(same, currency, today).map(|cap| cap.owner), Some(CapOwner::Scheme));
    assert_eq!(lowest_cap(RailCaps::default(), currency, today), None);
    assert_eq!(lowest_cap(RailCaps { scheme: &scheme, ..RailCaps::default() }, Currency::try_new("EUR").unwrap(), today), None);
}

#[test]
fn order_of_caps_does_not_matter() {
    let (first, then) = (cap("5", Some("2026-01-01")), cap("9", Some("2026-06-01")));
    for caps in [[first, then], [then, first]] {
        assert_eq!(cap_on(&caps, first.amount.currency(), day("2025-12-31")), None);
        assert_eq!(cap_on(&caps, first.amount.currency(), day("2026-05-31")), Some(first.amount));
        assert_eq!(cap_on(&caps, first.amount.currency(), day("2026-06-01")), Some(then.amount));
    }
    assert_eq!(cap_on(&[cap("7", None), cap("3", None)], first.amount.currency(), day("2026-06-01")), Some(usd("3")), "the safer of two");
}

#[test]
fn a_cap_or_equivalent_is_unknown_in_other_currencies_and_not_absent() {
    let (usd_code, eur) = (usd("1").currency(), Currency::try_new("EUR").unwrap());
    let worth = |from| DatedCap { or_equivalent: true, ..cap("20000", from) };
    let own = DatedCap { amount: Money::try_new(eur, 1_500_000).unwrap(), ..cap("1", None) };
    let today = day("2026-11-26");
    assert_eq!(cap_answer(&[worth(None)], usd_code, today), CapAnswer::AtMost(usd("20000")));
    assert_eq!(cap_answer(&[worth(None)], eur, today), CapAnswer::EquivalentOf(usd("20000")));
    assert_eq!(cap_answer(&[worth(None), own], eur, today), CapAnswer::AtMost(own.amount), "a cap of its own");
    assert_eq!(cap_answer(&[worth(Some("2027-01-01"))], eur, today), CapAnswer::Uncapped, "it begins later");
    assert_eq!(
        cap_answer(&[worth(None), cap("9", Some("2026-06-01"))], eur, today),
        CapAnswer::Uncapped,
        "replaced by one without equivalent"
    );
    let (scheme, bank) = ([worth(None)], [own]);
    let caps = RailCaps { scheme: &scheme, bank: &bank, policy: &scheme };
    let owners: Vec<CapOwner> = unjudged_caps(caps, eur, today).into_iter().map(|cap| cap.owner).collect();
    assert_eq!(owners, [CapOwner::Scheme, CapOwner::Policy], "the bank's own cap settles only the bank's");
    assert!(unjudged_caps(caps, usd_code, today).is_empty());
    let paypal = ours("ewallet-paypal");
    assert_eq!(paypal.scheme_cap(eur, today).to_string(), "equivalent of 20000.00 USD");
    assert_eq!(ours("sepa-instant").scheme_cap(eur, today).to_string(), "none");
}
