//! Unit tests of `camt053`.
use super::*;
use proptest::prelude::*;

fn money(minor_units: i64) -> Money {
    Money::try_new(Currency::try_new("EUR").unwrap(), minor_units).unwrap()
}

fn statement(entries: &[i64]) -> Statement {
    let date = Date::new(2026, 9, 21).unwrap();
    let moment = Timestamp::from_millisecond(1_790_000_000_123).unwrap();
    let side = |value: i64| if value < 0 { Direction::Debit } else { Direction::Credit };
    let entry = |value: &i64| StatementEntry {
        reference: Some("R".into()),
        amount: money(value.abs()),
        direction: side(*value),
        booked: Some(moment),
        end_to_end_id: Some("E2E".into()),
        additional: None,
    };
    let total = 1000 + entries.iter().sum::<i64>();
    Statement {
        message_id: "M".into(),
        created: moment,
        statement_id: "S".into(),
        account: AccountId::Iban("DE46910579234762349724".into()),
        currency: Currency::try_new("EUR").unwrap(),
        opening: StatementBalance { amount: money(1000), direction: Direction::Credit, date },
        closing: StatementBalance { amount: money(total.abs()), direction: side(total), date },
        entries: entries.iter().map(entry).collect(),
    }
}

#[test]
fn a_day_is_the_one_its_writers_clock_showed() {
    let text = statement(&[5]).write().unwrap();
    let (day, evening) = ("<Dt>2026-09-21</Dt>", "<DtTm>2026-09-21T23:30:00-04:00</DtTm>");
    let read = Statement::read(text.replace(day, evening).as_bytes()).unwrap();
    assert_eq!((read.opening.date, read.closing.date), (Date::new(2026, 9, 21).unwrap(), Date::new(2026, 9, 21).unwrap()));
}

#[test]
fn statements_of_older_versions_are_read_and_others_named() {
    let text = statement(&[5]).write().unwrap();
    for version in ["02", "04", "08"] {
        let older = text.replace("camt.053.001.08", &format!("camt.053.001.{version}"));
        assert_eq!(Statement::read(older.as_bytes()).unwrap(), statement(&[5]));
    }
    let newer = text.replace("camt.053.001.08", "camt.053.001.14");
    assert_eq!(Statement::read(newer.as_bytes()), Err(Error::Version { found: "camt.053.001.14".to_owned() }));
}

#[test]
fn a_statement_that_does_not_add_up_is_noticed() {
    let mut wrong = statement(&[5, -7]);
    assert!(wrong.adds_up());
    wrong.entries.pop();
    assert!(!wrong.adds_up());
}

#[test]
fn a_second_closing_balance_is_refused() {
    let text = statement(&[]).write().unwrap();
    let at = text.find("<Bal>").unwrap();
    let end = text.rfind("</Bal>").unwrap() + 6;
    let twice = format!("{}{}{}", &text[..end], &text[at..end], &text[end..]);
    assert_eq!(Statement::read(twice.as_bytes()), Err(Error::Duplicate { parent: "Stmt".into(), element: "OPBD" }));
}

proptest! {
    #[test]
    fn statements_read_back_and_add_up(entries in proptest::collection::vec(-1_000_000..1_000_000i64, 0..20)) {
        let original = statement(&entries);
        let read = Statement::read(original.write().unwrap().as_bytes()).unwrap();
        prop_assert!(read.adds_up());
        prop_assert_eq!(read, original);
    }

    #[test]
    fn mutated_statements_never_panic(at in 0..5000usize, byte in any::<u8>(), cut in 0..5000usize) {
        let mut bytes = statement(&[5, -7]).write().unwrap().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = Statement::read(&bytes);
        bytes.truncate(cut % bytes.len());
        prop_assert!(Statement::read(&bytes).is_err());
    }
}
