//! The statement of a day that is over: its own entries, and balances that follow from them.
use super::*;
use jiff::civil::date;

/// A booking at noon in UTC.
fn entry(entry_no: i64, day: Date, minor_units: i64) -> BankEntry {
    let booked_at_ms = day.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_millisecond();
    BankEntry {
        entry_no,
        reference: format!("store {entry_no}"),
        end_to_end_id: String::new(),
        minor_units,
        booked_at_ms,
        kind: BankEntryKind::Deposit,
        message_id: String::new(),
        payment_id: String::new(),
        is_batched: false,
        balance: None,
        reason: String::new(),
        charge: 0,
        original: 0,
        ultimate_debtor: String::new(),
    }
}

#[test]
fn the_last_day_with_bookings_is_a_statement_of_its_own_and_stays_the_same() {
    let usd = Currency::try_new("USD").unwrap();
    let [first, second, today] = [date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 26)];
    let entries = vec![entry(1, first, 100), entry(2, second, 30), entry(3, second, -5), entry(4, today, 7)];
    let account = AccountBookings { balance: 1_132, opened_at_ms: 0, entries, has_bare_batches: false };
    let statement = last_day(usd, &account, today).unwrap();
    let report = &statement.reports[0];
    let balances: Vec<_> = report.balances.iter().map(|one| (one.kind.as_str(), one.amount.minor_units(), one.date)).collect();
    assert_eq!(balances, [("OPBD", 1_100, second), ("CLBD", 1_125, second)]);
    assert_eq!((report.id.as_str(), report.entries.len()), ("USD-2026-11-24", 2));
    let later = AccountBookings { balance: 1_140, entries: [account.entries.clone(), vec![entry(5, today, 8)]].concat(), ..account };
    let again = last_day(usd, &later, date(2026, 11, 26)).unwrap();
    assert_eq!(again.write().unwrap(), statement.write().unwrap());
    assert!(last_day(usd, &later, first).is_none());
}
