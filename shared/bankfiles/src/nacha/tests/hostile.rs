//! Broken, cut and changed files: nothing panics, and what is read is written back to the byte.
use super::files::{ANSWERS, INTERNATIONAL, PAYOUTS};
use super::*;
use proptest::prelude::*;

#[test]
fn lengths_and_characters_are_named() {
    let first = |bytes: &[u8]| problems(bytes).remove(0);
    assert_eq!(first(b""), "the file: is empty");
    assert_eq!(first(b"\n\n"), "the file: has no records beside padding");
    assert_eq!(first(nines(10).as_bytes()), "the file: has no records beside padding");
    assert_eq!(first(&vec![b'9'; FILE_BYTES_MAX + 1]), format!("the file: has 16777217 bytes; at most {FILE_BYTES_MAX} are read"));
    let short = PAYOUTS.replacen("PO0001         ", "PO0001        ", 1);
    assert_eq!(first(short.as_bytes()), "line 3: has 93 characters, not 94");
    assert_eq!(first(PAYOUTS.replacen("PO0001", "PO00011", 1).as_bytes()), "line 3: has 95 characters, not 94");
    assert_eq!(
        first(&PAYOUTS.replace('\n', "").as_bytes()[..900]),
        "the file: has 900 characters without line ends, which are not lines of 94 characters"
    );
    assert_eq!(
        first(PAYOUTS.replacen("Ada Example", "Ada\tExample", 1).as_bytes()),
        "line 3: position 58 is the byte 09; only printable ASCII characters are allowed"
    );
    let mut not_utf8 = PAYOUTS.as_bytes().to_vec();
    not_utf8[95] = 0xFF;
    assert_eq!(first(&not_utf8), "line 2: position 1 is the byte FF; only printable ASCII characters are allowed");
    assert!(first(format!("\u{FEFF}{PAYOUTS}").as_bytes()).starts_with("line 1: position 1 is the byte EF"));
    assert_eq!(first(PAYOUTS.replacen('\n', "\r\n", 1).as_bytes()), "line 2: does not end like line 1: all lines must end alike");
    let last_lf = PAYOUTS.replace('\n', "\r\n").replacen("0000003\r\n", "0000003\n", 1);
    assert_eq!(first(last_lf.as_bytes()), "line 8: does not end like line 1: all lines must end alike");
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    for text in [PAYOUTS.to_owned(), ANSWERS.to_owned(), PAYOUTS.replace('\n', ""), PAYOUTS.replace('\n', "\r\n")] {
        let whole = text.trim_end().len();
        for end in 0..whole {
            // Blanks at the end of the last record belong to it.
            assert!(read(&text.as_bytes()[..end]).is_err(), "{end} of {}", text.len());
        }
    }
    assert!(problems(&PAYOUTS.as_bytes()[..95 * 4])[0].contains("it was cut off"));
}

#[test]
fn records_left_out_or_doubled_or_swapped_are_refused() {
    let lines: Vec<&str> = PAYOUTS.lines().collect();
    for at in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(at);
        assert!(read(without.join("\n").as_bytes()).is_err(), "without line {at}");
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at]);
        assert!(read(doubled.join("\n").as_bytes()).is_err(), "line {at} twice");
        let mut swapped = lines.clone();
        swapped.swap(at, (at + 1) % lines.len());
        assert!(read(swapped.join("\n").as_bytes()).is_err(), "line {at} after the next");
    }
}

#[test]
fn hashes_and_totals_do_not_overflow() {
    let entry = |cents| {
        let mut file = read(PAYOUTS.as_bytes()).unwrap();
        let mut entry = file.batches.remove(0).entries.remove(1);
        entry.amount_cents = cents;
        entry.routing_number = "999999992".to_owned();
        entry
    };
    let mut batch = read(PAYOUTS.as_bytes()).unwrap().batches.remove(1);
    batch.entries = (0..120).map(|at| AchEntry { trace: format!("12104288{at:07}"), ..entry(AMOUNT_CENTS_MAX) }).collect();
    // 120 times 99,999,999 is 11,999,999,880: one digit more than the field has.
    assert_eq!(batch.totals().hash, 1_999_999_880);
    assert_eq!(batch.totals().credit_cents, 1_199_999_999_880);
    let mut file = read(PAYOUTS.as_bytes()).unwrap();
    file.batches = vec![batch];
    assert_eq!(write(&file).unwrap_err().field, "total of credits");
    file.batches[0].entries.truncate(100);
    let written = write(&file).unwrap();
    assert_eq!(read(&written).unwrap(), file);
    assert!(String::from_utf8(written).unwrap().contains("82200001009999999900000000000000999999999900"));
    let most = AchTotals { records: usize::MAX, hash: u64::MAX, debit_cents: i64::MAX, credit_cents: i64::MAX };
    let sum = most.plus(most);
    assert_eq!((sum.records, sum.debit_cents), (usize::MAX, i64::MAX));
    assert!(sum.hash < 10_000_000_000);
}

#[test]
fn a_large_file_is_read_and_written() {
    let mut file = read(PAYOUTS.as_bytes()).unwrap();
    let entry = file.batches[1].entries[0].clone();
    file.batches[1].entries = (3..20_003).map(|at| AchEntry { trace: format!("12104288{at:07}"), ..entry.clone() }).collect();
    let written = write(&file).unwrap();
    assert_eq!(read(&written).unwrap(), file);
    file.batches[1].entries = (3..200_003).map(|at| AchEntry { trace: format!("12104288{at:07}"), ..entry.clone() }).collect();
    assert_eq!(write(&file).unwrap_err().field, "size");
}

#[test]
fn a_blank_anywhere_is_refused_or_written_back_exactly() {
    for text in [PAYOUTS, ANSWERS, INTERNATIONAL] {
        for at in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = b' ';
            assert_exact(&bytes);
        }
    }
}

pub fn assert_exact(bytes: &[u8]) {
    if let Ok(file) = read(bytes) {
        assert_eq!(write(&file).as_deref(), Ok(bytes), "{}", String::from_utf8_lossy(bytes));
    }
    let reading = reading(bytes);
    // Only an amount where none can be touches money in a file that was read.
    let touching = |problem: &crate::FileProblem| problem.touches_money && !problem.what.contains("prenote");
    assert_eq!(reading.content.is_null(), reading.problems.iter().any(touching));
}

/// Mostly what a file may have.
fn any_byte() -> impl Strategy<Value = u8> {
    prop_oneof![4 => b' '..=b'~', 1 => Just(b' '), 1 => any::<u8>()]
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        assert_exact(&bytes);
    }

    #[test]
    fn no_lines_panic(lines in proptest::collection::vec("[1-9][ -~]{93}", 0..12), end in "\r?\n?") {
        assert_exact(lines.join(&end).as_bytes());
    }

    #[test]
    fn a_changed_file_is_refused_or_written_back_exactly(
        which in 0_usize..4,
        end in prop_oneof![Just("\n"), Just("\r\n"), Just("\r"), Just("")],
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any_byte()), 0..4),
        inserted in proptest::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let padded = INTERNATIONAL.to_owned() + &nines(7);
        let text = [PAYOUTS, ANSWERS, INTERNATIONAL, &padded][which].replace('\n', end);
        let mut bytes = text.into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(at) = inserted {
            let at = at.index(bytes.len());
            bytes.insert(at, b' ');
        }
        assert_exact(&bytes);
    }
}
