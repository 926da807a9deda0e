//! Unit tests of settlement times, at moments of New York.
use super::*;
use bankfiles::nacha::build::{AchBatchTerms, AchCredit, AchFileBuilder, AchFileTerms, CreditClass, CreditKind};
use bankfiles::nacha::{AccountKind, AchAccount, AchLineEnd};

fn at(text: &str) -> Timestamp {
    format!("{text}[America/New_York]").parse::<jiff::Zoned>().unwrap().timestamp()
}

fn batch(effective: &str, cents: &[i64]) -> AchBatch {
    let terms = AchFileTerms {
        destination: "021000021".into(),
        origin: "1234567890".into(),
        destination_name: String::new(),
        origin_name: String::new(),
        reference: String::new(),
        created: "2026-01-05T08:00".parse().unwrap(),
        modifier: 'A',
        line_end: AchLineEnd::Lf,
        odfi: "021000021".into(),
        first_sequence: 1,
    };
    let mut builder = AchFileBuilder::try_new(&terms).unwrap();
    let terms = AchBatchTerms {
        class: CreditClass::Ppd,
        company_name: "LARGESSE".into(),
        discretionary: String::new(),
        company_id: "1234567890".into(),
        description: "PAYOUT".into(),
        descriptive_date: String::new(),
        effective: effective.parse().unwrap(),
        offset: None,
    };
    let credit = |cents: &i64| AchCredit {
        account: AchAccount { routing_number: "021000021".into(), account_number: "1".into(), kind: AccountKind::Checking },
        kind: CreditKind::Payment { cents: *cents },
        identification: String::new(),
        name: "ANA".into(),
        discretionary: String::new(),
        information: None,
    };
    let credits: Vec<_> = cents.iter().map(credit).collect();
    builder.add_batch(&terms, &credits).unwrap().clone()
}

fn when(effective: &str, now: &str) -> Timestamp {
    let found = settlements(&RailBook::built_in(), &batch(effective, &[5]), at(now)).unwrap();
    assert_eq!(found.len(), 1);
    *found.keys().next().unwrap()
}

#[test]
fn a_date_of_today_settles_in_the_next_window_of_today() {
    // 2026-11-25 is a Wednesday, and the day after is Thanksgiving.
    assert_eq!(when("2026-11-25", "2026-11-25T09:00"), at("2026-11-25T13:00"));
    assert_eq!(when("2026-11-25", "2026-11-25T10:30"), at("2026-11-25T17:00"));
    assert_eq!(when("2026-11-25", "2026-11-25T16:44"), at("2026-11-25T18:00"));
}

#[test]
fn a_missed_window_moves_to_the_next_banking_day() {
    assert_eq!(when("2026-11-25", "2026-11-25T16:45"), at("2026-11-27T08:30"));
    // A past date asks for no day any more.
    assert_eq!(when("2026-11-24", "2026-11-25T09:00"), at("2026-11-27T08:30"));
}

#[test]
fn a_date_ahead_settles_on_its_morning_or_that_of_the_next_banking_day() {
    assert_eq!(when("2026-11-27", "2026-11-25T09:00"), at("2026-11-27T08:30"));
    assert_eq!(when("2026-11-26", "2026-11-25T09:00"), at("2026-11-27T08:30"));
    assert_eq!(when("2026-12-02", "2026-11-25T09:00"), at("2026-12-02T08:30"));
    assert_eq!(when("2026-12-05", "2026-11-25T09:00"), at("2026-12-07T08:30"));
}

#[test]
fn an_entry_over_the_cap_of_the_day_settles_later_than_the_rest() {
    let found = settlements(&RailBook::built_in(), &batch("2026-11-25", &[100_000_000, 100_000_001]), at("2026-11-25T09:00")).unwrap();
    let expected = BTreeMap::from([(at("2026-11-25T13:00"), vec![0]), (at("2026-11-27T08:30"), vec![1])]);
    assert_eq!(found, expected);
    // The cap grows with its dated row.
    let found = settlements(&RailBook::built_in(), &batch("2027-09-17", &[100_000_001]), at("2027-09-17T09:00")).unwrap();
    assert_eq!(found.keys().next(), Some(&at("2027-09-17T13:00")));
}

#[test]
fn answers_come_on_mornings_of_banking_days() {
    let rails = RailBook::built_in();
    let settled = at("2026-11-25T13:00");
    assert_eq!(morning_after(&rails, settled, 1).unwrap(), at("2026-11-27T08:30"));
    assert_eq!(morning_after(&rails, settled, 2).unwrap(), at("2026-11-30T08:30"));
    assert_eq!(morning_after(&rails, settled, 0).unwrap(), at("2026-11-27T08:30"));
    assert!(morning_after(&rails, settled, 100_000).is_err());
}

#[test]
fn days_without_a_record_or_a_date_are_named() {
    let rails = RailBook::built_in();
    assert_eq!(settlements(&rails, &batch("2026-11-25", &[5]), at("2019-01-02T09:00")), Err(Unscheduled::NoRecord(NEXT_DAY)));
    let mut wrong = batch("2026-11-25", &[5]);
    wrong.header.effective_date = "261332".into();
    assert_eq!(settlements(&rails, &wrong, at("2026-11-25T09:00")), Err(Unscheduled::EffectiveDate));
}
