//! Unit tests of written statements.
use super::{Mt940Frame, Mt940NewEntry};
use crate::mt940::read_strict;
use jiff::civil::Date;

const DAY: Date = Date::constant(2026, 11, 24);

fn frame(currency: &str, minor_digits: u32, closing: i64) -> Mt940Frame {
    Mt940Frame {
        account: "DE89370400440532013000".into(),
        number: 100_228,
        currency: currency.into(),
        minor_digits,
        opening: (DAY.yesterday().unwrap(), -100),
        closing: (DAY, closing),
    }
}

#[test]
fn a_written_statement_is_read_back_without_a_problem() {
    for (currency, digits) in [("EUR", 2), ("JPY", 0), ("KWD", 3)] {
        let frame = frame(currency, digits, 1_130);
        let credit = Mt940NewEntry {
            value_date: DAY.yesterday().unwrap(),
            booked: DAY,
            change_minor: 1_234,
            type_code: "NTRF",
            bank_reference: "12345678901234567",
            words: &[("EREF", "0192f0c0a1b27c3d8e4f5a6b7c8d9e01"), ("REMI", "größe_1"), ("RTRN", "")],
        };
        let debit = Mt940NewEntry { change_minor: -4, type_code: "NCHG", words: &[], ..credit };
        let text = format!("{}{}{}{}", frame.head(), frame.entry(&credit), frame.entry(&debit), frame.tail());
        let file = read_strict(text.as_bytes()).unwrap();
        let [statement] = file.statements.as_slice() else { panic!("{file:?}") };
        assert_eq!((statement.number, statement.account.number.as_str()), (Some(228), "DE89370400440532013000"));
        let balances = [&statement.opening, &statement.closing].map(|balance| balance.as_ref().unwrap().amount_minor);
        assert_eq!(balances, [Some(-100), Some(1_130)]);
        let read: Vec<_> =
            statement.entries.iter().map(|entry| (entry.side.adds(), entry.amount_minor, entry.value_date, entry.booked)).collect();
        let dates = (DAY.yesterday().unwrap(), Some(DAY));
        assert_eq!(read, [(true, Some(1_234), dates.0, dates.1), (false, Some(4), dates.0, dates.1)]);
        assert_eq!(statement.entries[0].bank_reference.as_deref(), Some("1234567890123456"));
        let details = statement.entries[0].details.as_ref().unwrap();
        assert_eq!((details.word("EREF"), details.word("REMI")), (Some("0192f0c0a1b27c3d8e4f5a6b7c8d9e01"), Some("gr..e.1")));
    }
}
