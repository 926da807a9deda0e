//! Unit tests of `table`.
use super::*;
use proptest::prelude::*;

const HEADER: &str = "key,account,direction,amount,currency";

fn refused(text: &str) -> Vec<String> {
    read_table(text.as_bytes()).unwrap_err().into_iter().map(|problem| problem.to_string()).collect()
}

#[test]
fn all_columns_are_read_in_any_order() {
    let text = "\u{feff}amount,currency,direction,account,key,end_to_end_id,short_reference,payment_ids,trace,batch,company_id,effective_date,batch_total,first_day,last_day,standing,returned,duplicates\r\n\
        125.5,EUR,debit,DE89 3704 0044 0532 0130 00,P1,0192f0c0-a1b2-7c3d-8e4f-5a6b7c8d9e01,LGS1,TRN-1 IMAD2,091000010000001,B1,1234567890,2026-11-24,200.00,2026-11-23,2026-11-25,settled,0.50,1\r\n";
    let items = read_table(text.as_bytes()).unwrap();
    let [item] = items.as_slice() else { panic!("one item") };
    assert_eq!((item.key.as_str(), item.account.as_str(), item.amount.minor_units()), ("P1", "DE89370400440532013000", 12_550));
    assert_eq!(
        (item.direction, item.standing, item.returned_minor_units, item.duplicates),
        (Direction::Debit, ItemStanding::Settled, 50, 1)
    );
    assert_eq!((item.payment_ids.len(), item.trace.as_deref()), (2, Some("091000010000001")));
    let batch = item.batch.as_ref().unwrap();
    assert_eq!((batch.id.as_str(), batch.company_id.as_deref(), batch.total.minor_units()), ("B1", Some("1234567890"), 20_000));
    assert_eq!(item.window.map(|(first, _)| first), Some(Date::constant(2026, 11, 23)));
    assert_eq!(read_table(format!("{HEADER}\n").as_bytes()), Ok(vec![]));
}

#[test]
fn a_table_with_any_problem_is_refused_with_the_line() {
    for (row, why) in [
        (",A,debit,1,EUR", "key is empty"),
        ("K,--,debit,1,EUR", "account must"),
        ("K,A,out,1,EUR", "direction must"),
        ("K,A,debit,1.005,EUR", "amount must"),
        ("K,A,debit,-1,EUR", "amount must"),
        ("K,A,debit,1e3,EUR", "amount must"),
        ("K,A,debit,90071992547409.93,EUR", "amount must"),
        ("K,A,debit,99999999999999999999999999999999999,EUR", "amount must"),
        ("K,A,debit,1.5,JPY", "amount must"),
        ("K,A,debit,1,eur", "currency must"),
        ("K,A,debit,1", "4 cells"),
    ] {
        let problems = refused(&format!("{HEADER}\n{row}\n"));
        assert!(problems.len() == 1 && problems[0].starts_with("line 2: ") && problems[0].contains(why), "{row}: {problems:?}");
    }
    assert!(refused(&format!("{HEADER}\nK,A,debit,1,EUR\nK,A,debit,2,EUR\n"))[0].contains("the key K is there twice"));
    assert!(refused(&format!("{HEADER},batch\nK,A,debit,1,EUR,B\n"))[0].contains("batch and batch_total"));
    assert!(refused(&format!("{HEADER},first_day,last_day\nK,A,debit,1,EUR,2026-11-25,2026-11-24\n"))[0].contains("in this order"));
    for (header, why) in [("", "missing"), ("key", "missing"), ("key,key", "twice"), ("key,colour", "unknown")] {
        assert!(refused(&format!("{header}\n"))[0].contains(why), "{header}");
    }
    assert!(read_table(b"\xff\xfe\x00").is_err());
}

#[test]
fn a_long_list_of_problems_ends() {
    let rows = "K,A,out,1,EUR\n".repeat(1_000);
    assert_eq!(refused(&format!("{HEADER}\n{rows}")).len(), 100);
}

proptest! {
    #[test]
    fn any_bytes_are_a_table_or_are_refused(rows in "([a-zA-Z0-9.,\"\\n-]|debit|EUR){0,80}") {
        let _ = read_table(format!("{HEADER}\n{rows}").as_bytes());
        let _ = read_table(rows.as_bytes());
    }
}
