//! Unit tests of kinds.
use super::*;

#[test]
fn a_kind_is_read_from_its_word_and_nothing_else_is_one() {
    let all: Vec<ThingKind> = (0..100).filter_map(|number| ThingKind::try_from(number).ok()).collect();
    assert_eq!(all.len(), 22);
    for kind in all {
        assert_eq!(read(&word(kind)), Some(kind));
        assert!(!label(kind).is_empty() && !label(kind).contains('_'), "{kind:?}");
    }
    for wrong in ["unspecified", "no such kind", "<b>", "THING_KIND_GIFT", "payout run"] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
}

#[test]
fn a_link_leads_to_the_thing_whatever_its_id_is() {
    assert_eq!(href(ThingKind::PayoutRun, "a&b='\"<", "demo"), "/case?id=a%26b%3D%27%22%3C&kind=payout_run&book=demo");
    assert_eq!(href(ThingKind::User, "u1", "demo"), "/user?id=u1");
    assert_eq!(href(ThingKind::Gift, "", "demo"), "");
}

#[test]
fn an_account_leads_to_what_its_owner_holds() {
    let of = |account: &str| owner_page(account, "demo").map(|(_, href)| href);
    for (account, wanted) in [
        ("viewer/u1/coins", Some("/wallet?book=demo&id=u1")),
        ("viewer/u1/debt", Some("/wallet?book=demo&id=u1")),
        ("creator/u1/diamonds", Some("/creator?book=demo&id=u1")),
        ("creator/u1/payable/USD", Some("/creator?book=demo&id=u1")),
        ("agency/u1/diamonds", None),
        ("house/coins/issued", None),
        ("viewer/<b>/coins", None),
        ("", None),
    ] {
        assert_eq!(of(account).as_deref(), wanted, "{account}");
    }
}
