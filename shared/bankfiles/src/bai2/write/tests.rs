//! Unit tests of written files.
use super::{Bai2Frame, Bai2NewEntry};
use crate::bai2::read_strict;
use jiff::civil::Date;

#[test]
fn a_written_file_is_read_back_without_a_problem() {
    let day = Date::constant(2026, 11, 24);
    let frame = Bai2Frame {
        sender: "A bank, Ltd".into(),
        receiver: "main".into(),
        account: "000123456789".into(),
        currency: "USD".into(),
        day,
        file_id: 228,
        opening_minor: -50,
        closing_minor: 925,
        credits: (1_000, 1),
        debits: (25, 1),
    };
    let entry = Bai2NewEntry {
        code: "195",
        amount_minor: 1_000,
        value_date: day.yesterday().unwrap(),
        bank_reference: "64",
        customer_reference: "INV/7,8",
        text: "receipt größer",
    };
    let fee = Bai2NewEntry { code: "698", amount_minor: 25, text: "", ..entry };
    let text = format!("{}{}{}{}", frame.head(), frame.entry(&entry), frame.entry(&fee), frame.tail());
    let file = read_strict(text.as_bytes()).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    let account = &file.groups[0].accounts[0];
    assert_eq!((account.number.as_str(), account.reported("010"), account.reported("015")), ("000123456789", Some(-50), Some(925)));
    let read: Vec<_> = account.entries.iter().map(|entry| (entry.side.unwrap().adds(), entry.amount_minor, entry.value_date)).collect();
    assert_eq!(read, [(true, Some(1_000), day.yesterday().ok()), (false, Some(25), day.yesterday().ok())]);
    assert_eq!((account.entries[0].bank_reference.as_str(), account.entries[0].customer_reference.as_str()), ("64", "INV-7-8"));
    assert_eq!(account.entries[0].text, "receipt gr--er");
    let none = Bai2Frame { opening_minor: 925, credits: (0, 0), debits: (0, 0), ..frame };
    read_strict(format!("{}{}", none.head(), none.tail()).as_bytes()).unwrap();
}
