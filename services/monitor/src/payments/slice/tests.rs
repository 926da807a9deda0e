//! Unit tests of slices.
use super::*;
use api::ledger::PostedTransfer;
use prost_types::Timestamp;

/// A gift at a second.
fn gift(seq: i64, seconds: i64) -> JournalEvent {
    let transfer = PostedTransfer { amount: 5, unit: "COIN".to_owned(), ..PostedTransfer::default() };
    let commit_time = Some(Timestamp { seconds, nanos: 0 });
    let posting = Posting { seq, kind: "gift".to_owned(), commit_time, transfers: vec![transfer], ..Posting::default() };
    JournalEvent { seq, event_id: seq.to_string(), what: Some(What::Posting(posting)) }
}

fn place(commit_no: i64, seq: i64) -> JournalPlace {
    JournalPlace { commit_no, hash: format!("{commit_no:064}"), seq }
}

fn part(events: Vec<JournalEvent>, whole: Option<JournalPlace>) -> JournalEvents {
    JournalEvents { events, whole, idle: false }
}

fn postings(slice: &PaymentSlice) -> i64 {
    slice.seconds.values().flat_map(PaymentTally::kinds).map(|(_, count)| count.postings).sum()
}

#[test]
fn a_commit_counts_when_it_is_whole_and_once_if_it_is_read_twice() {
    let mut reader = SliceReader::after(place(1, 1));
    assert!(reader.add(part(vec![gift(2, 10)], Some(place(2, 2)))) && reader.is_whole() && !reader.is_empty());
    assert!(!reader.add(part(vec![gift(3, 10), gift(4, 10)], None)), "more of it follows");
    assert!(!reader.is_whole(), "a slice ends with a commit");
    // The stream broke, and the commit is read again.
    reader.drop_part();
    assert_eq!(reader.place(), &place(2, 2));
    reader.add(part(vec![gift(3, 10), gift(4, 10)], None));
    assert!(reader.add(part(vec![gift(5, 11)], Some(place(3, 5)))));
    let slice = reader.take();
    assert_eq!((postings(&slice), slice.rows.len(), slice.committed_us), (4, 4, Some(11_000_000)));
    assert_eq!((&slice.after, &slice.place), (&place(1, 1), &place(3, 5)));
    assert!(reader.is_empty() && postings(&reader.take()) == 0, "the next one begins after it");
}

#[test]
fn counts_are_exact_where_rows_are_a_sample_and_slices_are_bounded() {
    let mut reader = SliceReader::after(place(0, 0));
    reader.add(part((1..=1_000).map(|seq| gift(seq, 10)).collect(), Some(place(1, 1_000))));
    let slice = reader.take();
    assert_eq!((postings(&slice), slice.rows.len()), (1_000, 25));
    reader.add(part((1_001..=1_059).map(|seq| gift(seq, seq)).collect(), Some(place(2, 1_059))));
    assert!(!reader.is_full());
    reader.add(part((1_060..=3_000).map(|seq| gift(seq, seq)).collect(), Some(place(3, 3_000))));
    assert!(reader.is_full());
    let slice = reader.take();
    assert_eq!((postings(&slice), slice.rows.len()), (2_000, 200));
}

#[test]
fn postings_between_accounts_of_the_company_are_counted_apart_and_have_room_among_many() {
    let between = |seq: i64, debit: &str, credit: &str| {
        let transfer = PostedTransfer {
            debit_account: debit.to_owned(),
            credit_account: credit.to_owned(),
            amount: 5,
            unit: "USD".to_owned(),
            ..PostedTransfer::default()
        };
        let commit_time = Some(Timestamp { seconds: 10, nanos: 0 });
        let posting = Posting { seq, kind: "adjustment".to_owned(), commit_time, transfers: vec![transfer], ..Posting::default() };
        JournalEvent { seq, event_id: seq.to_string(), what: Some(What::Posting(posting)) }
    };
    let house = ("house/bank_cash/USD", "house/payout_cost/USD");
    let mut events: Vec<_> = (1..=100).map(|seq| between(seq, "house/accrued_creator_liability/USD", "creator/ana/payable/USD")).collect();
    events.push(between(101, house.0, house.1));
    let mut reader = SliceReader::after(place(0, 0));
    reader.add(part(events, Some(place(1, 101))));
    let slice = reader.take();
    let of_house: i64 = slice.house_seconds.values().flat_map(PaymentTally::kinds).map(|(_, count)| count.postings).sum();
    assert_eq!((postings(&slice), of_house), (101, 1));
    assert!(slice.rows.len() == 26 && slice.rows.iter().filter(|row| row.house_only).count() == 1, "{:?}", slice.rows);
}
