//! Rows of operators' own services are parsed strictly and allow exactly what they say.
use super::*;
use crate::posters::Movement;

fn row(service: &str, kind: &str, debit: &str, credit: &str) -> Result<OwnPoster, InvalidPoster> {
    OwnPoster::try_new(service, kind, debit, credit, false)
}

fn transfer(debit: &str, credit: &str) -> RuledTransfer {
    let (debit, credit) = (crate::form(debit).unwrap(), crate::form(credit).unwrap());
    RuledTransfer { debit: debit.class, credit: credit.class, unit: debit.unit, amount: 1, movement: Movement::Moves }
}

#[test]
fn a_row_that_can_t_be_is_told_by_its_key() {
    for (row, key) in [
        (row("gift", "bonus", "house/coins/issued", "viewer/*/coins"), "service"),
        (row("largesse", "bonus", "house/coins/issued", "viewer/*/coins"), "service"),
        (row("", "bonus", "house/coins/issued", "viewer/*/coins"), "service"),
        (row("loyalty", "gift", "house/coins/issued", "viewer/*/coins"), "kind"),
        (row("loyalty", "purchase.mine", "house/coins/issued", "viewer/*/coins"), "kind"),
        (row("loyalty", "Bonus", "house/coins/issued", "viewer/*/coins"), "kind"),
        (row("loyalty", "*", "house/coins/issued", "viewer/*/coins"), "kind"),
        (row("loyalty", "bonus", "house/*/issued", "viewer/*/coins"), "debit"),
        (row("loyalty", "bonus", "house/coins/issued", "viewer/ada/coins"), "credit"),
        (row("loyalty", "bonus", "house/coins/issued", "creator/*/diamonds"), "credit"),
        (row("loyalty", "bonus", "house/coins/issued", "house/bank_cash/*"), "credit"),
        (row("loyalty", "bonus", "house/bank_cash/USD", "house/treasury/EUR"), "credit"),
        (row("loyalty", "bonus", "house/coins/issued", "house/coins/issued"), "credit"),
    ] {
        assert_eq!(row.unwrap_err().key, key);
    }
    assert!(row("loyalty", "bonus", "viewer/*/coins", "viewer/*/coins").is_ok(), "from one viewer to another");
    assert!(row("fx", "fx.sweep", "house/bank_cash/USD", "house/treasury/*").is_ok());
}

#[test]
fn a_service_posts_what_its_rows_say_and_nothing_else() {
    let rows =
        [row("loyalty", "bonus", "house/coins/issued", "viewer/*/coins"), row("fx", "fx.sweep", "house/bank_cash/USD", "house/treasury/*")];
    let own: OwnPosters = rows.into_iter().map(Result::unwrap).collect();
    let key = |name: &str| UserKey::try_new(name).unwrap();
    let check = |service: Option<&str>, kind: &str, debit: &str, credit: &str, debt: bool| {
        let service = service.map(key);
        own.check(service.as_ref(), kind, std::iter::once((transfer(debit, credit), debt))).is_ok()
    };
    assert!(check(Some("loyalty"), "bonus", "house/coins/issued", "viewer/ada/coins", false));
    assert!(check(None, "bonus", "house/coins/issued", "viewer/ada/coins", false), "an auditor does not know who asked");
    for (service, kind, debit, credit, debt) in [
        ("loyalty", "bonus", "viewer/ada/coins", "house/coins/issued", false),
        ("loyalty", "fx.sweep", "house/bank_cash/USD", "house/treasury/USD", false),
        ("loyalty", "other", "house/coins/issued", "viewer/ada/coins", false),
        ("loyalty", "bonus", "house/coins/issued", "viewer/ada/coins", true),
        ("fx", "fx.sweep", "house/bank_cash/EUR", "house/treasury/EUR", false),
        ("nobody", "bonus", "house/coins/issued", "viewer/ada/coins", false),
    ] {
        assert!(!check(Some(service), kind, debit, credit, debt), "{service} {kind} {debit} {credit}");
    }
    assert!(own.has(&key("fx")) && !own.has(&key("gift")));
    assert!(own.posts(Some(&key("fx")), "fx.sweep") && !own.posts(Some(&key("fx")), "bonus") && own.posts(None, "bonus"));
    assert!(OwnPosters::may_set("loyalty/ada") && !OwnPosters::may_set("quote/1") && !OwnPosters::may_set("in_flight/viewer/ada/coins"));
}
