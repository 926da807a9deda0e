//! Unit tests of `rail`.
use super::*;

#[test]
fn every_rails_codes_lead_back_to_it() {
    let table = RailTable::default();
    assert_eq!(table.iter().count(), 19);
    for row in table.iter() {
        assert_eq!(table.rail(&row.payment_type()), Some(row.rail.as_ref()));
        assert_eq!(table.codes(&row.rail), Some(row));
    }
}

#[test]
fn codes_that_no_rail_has_lead_nowhere() {
    let table = RailTable::default();
    let kind = |level: &str, instrument: Option<TypeCode>| PaymentType {
        service_level: Some(TypeCode::Code(level.into())),
        local_instrument: instrument,
        category_purpose: None,
    };
    assert_eq!(table.rail(&PaymentType::default()), None);
    assert_eq!(table.rail(&kind("URNS", None)), None);
    assert_eq!(table.rail(&kind("SEPA", Some(TypeCode::Own("INST".into())))), None, "a bank's own code is another");
    assert_eq!(table.rail(&kind("NURG", Some(TypeCode::Code("CCD".into())))), Some("us-ach"));
    assert_eq!(table.rail(&kind("SDVA", Some(TypeCode::Code("CTX".into())))), Some("us-ach-same-day"));
}

#[test]
fn a_banks_own_codes_replace_ours_and_may_not_mean_two_rails() {
    let pix = RailTable::default().codes("br-pix").unwrap().clone();
    let changed = RailCodes { local_instrument: own("PX01"), ..pix.clone() };
    let table = RailTable::with(vec![changed.clone()]).unwrap();
    assert_eq!(table.rail(&changed.payment_type()), Some("br-pix"));
    assert_eq!(table.rail(&pix.payment_type()), None);
    assert!(RailTable::with(vec![RailCodes { rail: "br-ted".into(), ..pix }]).is_err());
}

#[test]
fn a_day_is_that_of_the_rails_zone() {
    let table = RailTable::default();
    let new_york = TimeZone::get("America/New_York").unwrap();
    // Half past nine in the evening in New York, in winter and in summer, and the days on which its clocks change.
    for (at, day) in [
        ("2026-11-27T02:30:00Z", "2026-11-26"),
        ("2026-11-27T04:59:59Z", "2026-11-26"),
        ("2026-11-27T05:00:00Z", "2026-11-27"),
        ("2026-07-02T03:59:59Z", "2026-07-01"),
        ("2026-07-02T04:00:00Z", "2026-07-02"),
        ("2027-01-01T01:00:00Z", "2026-12-31"),
        ("2026-03-08T04:59:59Z", "2026-03-07"),
        ("2026-11-01T04:00:00Z", "2026-11-01"),
    ] {
        let execution = table.codes("us-rtp").unwrap().at_once(at.parse().unwrap(), &new_york);
        assert_eq!(execution, ExecutionTime::Day(day.parse().unwrap()), "{at}");
    }
    let now = "2026-11-27T02:30:00Z".parse().unwrap();
    assert_eq!(table.codes("sepa-instant").unwrap().at_once(now, &new_york), ExecutionTime::Moment(now));
}
