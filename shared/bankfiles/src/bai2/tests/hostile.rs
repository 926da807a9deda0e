//! Files that are cut, reordered, doubled or made of anything.
use super::*;
use proptest::prelude::*;
use std::fmt::Write;

fn is_sound(text: &str) -> bool {
    !problems(text).iter().any(|(_, _, touches_money)| *touches_money)
}

#[test]
fn a_file_without_any_one_of_its_records_is_not_sound() {
    let lines: Vec<_> = FILE.lines().collect();
    for skipped in 0..lines.len() {
        let rest: Vec<_> = lines.iter().enumerate().filter(|(at, _)| *at != skipped).map(|(_, line)| *line).collect();
        assert!(!is_sound(&rest.join("\n")), "without line {}", skipped + 1);
        let mut twice = lines.clone();
        twice.insert(skipped, lines[skipped]);
        assert!(!is_sound(&twice.join("\n")), "line {} twice", skipped + 1);
    }
}

#[test]
fn a_file_that_is_cut_is_not_sound() {
    // The last slash and line end may be missing.
    for end in 0..FILE.len() - 2 {
        assert!(!is_sound(&FILE[..end]), "{end}");
    }
    assert_eq!(problems(&FILE[..FILE.len() - 2]), [("line 17".to_owned(), "record 99 doesn't end with a slash".to_owned(), false)]);
}

#[test]
fn records_in_the_wrong_place_are_kept_and_named() {
    let found = problems("88,x/\n16,195,5,,,,T\n49,5,2/\n98,5,1,3/\n");
    let expected = [
        (1, "a continuation (88) has no record before it"),
        (2, "the file begins with record 16; a file header (01) was expected"),
        (2, "record 16 stands outside of an account (03); it was not read"),
        (3, "record 49 ends an account, but none is open; it was not read"),
        (4, "record 98 ends a group, but none is open; it was not read"),
        (4, "the file ends without a file trailer (99): its end may be missing"),
    ];
    assert_eq!(found, expected.map(|(line, what)| (format!("line {line}"), what.to_owned(), true)));
    let (file, _) = read(b"88,x/\n16,195,5,,,,T\nhello\n");
    let written: Vec<_> = file.with_problems.iter().map(|line| (line.line, line.text.as_str())).collect();
    assert_eq!(written, [(1, "88,x/"), (3, "hello"), (2, "16,195,5,,,,T")]);
}

#[test]
fn an_account_outside_of_a_group_and_without_a_trailer_is_still_read() {
    let (file, problems) = read(b"01,A,B,260921,0130,7,,,2/\n03,1,EUR,010,5,,/\n16,195,7,,,,T\n99,0,0,4/");
    assert_eq!(file.groups[0].accounts[0].entries[0].amount_minor, Some(7));
    let what: Vec<_> = problems.iter().map(|problem| problem.what.as_str()).collect();
    assert_eq!(what[0], "an account (03) stands outside of a group; a group header (02) was expected before it");
    assert_eq!(what[1], "the file trailer (99) follows before the account of line 2 was ended by a trailer (49)");
    assert_eq!(what[2], "the account doesn't state one closing ledger balance (015), so its entries can't be checked against balances");
    assert_eq!(what[3], "the file trailer (99) follows before the group of line 2 was ended by a trailer (98)");
    assert_eq!(what[4], "the file trailer (99) states a control total of 0, but the control totals of its groups add up to 12");
}

#[test]
fn a_second_file_in_the_same_bytes_is_kept_as_it_is() {
    let (file, problems) = read(FILE.repeat(2).as_bytes());
    assert_eq!((file.groups.len(), file.with_problems.len(), problems.len()), (1, 13, 1));
    assert_eq!(problems[0].what, "record 01 follows the file trailer (99); nothing after it was read");
}

#[test]
fn fields_out_of_step_stop_an_account_record() {
    let (file, problems) = read(FILE.replace("88,60000,3,,072,,,/", "88,60000,3,072,,,/").as_bytes());
    assert!(problems[0].what.starts_with("the funds type of record 03 must be"));
    assert_eq!(file.groups[0].accounts[0].entries.len(), 5);
    let (_, problems) = read(FILE.replace(",400/", ",4000/").as_bytes());
    assert_eq!(problems[0].what, "type code 4 of the account (03) must have three digits; the record was not read from there on");
}

#[test]
fn a_long_distribution_ends_with_its_record() {
    let (file, problems) = read(FILE.replace("D,2,0,", "D,4000000000,0,").as_bytes());
    assert!(
        problems.iter().any(|problem| problem.what.starts_with("funds type D of record 16 states 4000000000 parts, but the record has"))
    );
    assert_eq!(file.groups[0].accounts[0].entries.len(), 5);
}

#[test]
fn a_record_length_of_one_does_not_make_millions_of_records() {
    let text = format!("01,A,B,260921,0130,7,1,,2/{}", "x".repeat(600_000));
    assert_eq!(read(text.as_bytes()).0.with_problems.len(), 1);
}

#[test]
fn latin_letters_are_read() {
    let mut bytes = FILE.as_bytes().to_vec();
    let at = FILE.find("FROM ADA").unwrap();
    bytes[at + 7] = 0xC4;
    let (file, problems) = read(&bytes);
    assert_eq!(file.groups[0].accounts[0].entries[1].text, "WIRE IN\nFROM ADÄ\nNOTE: second line");
    assert_eq!((problems.len(), problems[0].touches_money), (1, false));
}

/// A file with these entries, with totals that fit.
fn written(entries: &[(bool, u32, String)]) -> String {
    let total = |credit: bool| entries.iter().filter(|(side, _, _)| *side == credit).map(|(_, amount, _)| i64::from(*amount)).sum::<i64>();
    let count = |credit: bool| entries.iter().filter(|(side, _, _)| *side == credit).count();
    let (credits, debits) = (total(true), total(false));
    let mut text = "01,A,B,260921,0130,7,,,2/\n02,B,A,1,260920,,EUR,2/\n".to_owned();
    let closing = credits - debits;
    writeln!(text, "03,1,,010,0,,,015,{closing},,/\n88,100,{credits},{},,400,{debits},{},/", count(true), count(false)).unwrap();
    for (credit, amount, reference) in entries {
        writeln!(text, "16,{},{amount},,{reference},,TEXT", if *credit { "195" } else { "495" }).unwrap();
    }
    let all = closing + 2 * credits + 2 * debits;
    let records = entries.len() + 3;
    writeln!(text, "49,{all},{records}/\n98,{all},1,{}/\n99,{all},1,{}/", records + 2, records + 4).unwrap();
    text
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = (reading(&bytes), looks_like(&bytes));
    }

    #[test]
    fn no_fields_panic(text in "((01|02|03|16|49|88|98|99),([0-9VSDZ+,/-]{0,24}|é)(/?\n|)){0,12}") {
        let _ = reading(text.as_bytes());
    }

    #[test]
    fn what_is_written_is_read_and_every_changed_amount_is_noticed(
        entries in proptest::collection::vec((any::<bool>(), 1..1_000_000_u32, "[A-Z0-9]{1,8}"), 1..12),
        change in 1..1_000_u32,
        at in any::<prop::sample::Index>(),
    ) {
        let file = read_strict(written(&entries).as_bytes()).map_err(|problems| TestCaseError::fail(format!("{problems:?}")))?;
        let read: Vec<_> = file.groups[0].accounts[0].entries.iter()
            .map(|entry| (entry.side == Some(StatementSide::Credit), entry.amount_minor.unwrap(), entry.bank_reference.clone()))
            .collect();
        let expected: Vec<_> = entries.iter().map(|(credit, amount, reference)| (*credit, i64::from(*amount), reference.clone())).collect();
        prop_assert_eq!(read, expected);
        let (credit, amount, reference) = &entries[at.index(entries.len())];
        let code = if *credit { "195" } else { "495" };
        let line = format!("16,{code},{amount},,{reference},");
        let changed = written(&entries).replacen(&line, &format!("16,{code},{},,{reference},", amount + change), 1);
        prop_assert!(!is_sound(&changed));
    }
}
