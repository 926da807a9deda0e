//! Unit tests of what a viewer sees.
use super::*;
use ledger_client::JournalPlace;
use prost_types::Timestamp;

fn slice(rows: &[(i64, i64, &str)]) -> PaymentSlice {
    let row = |(seq, seconds, kind): &(i64, i64, &str)| PaymentRow {
        seq: *seq,
        kind: (*kind).to_owned(),
        commit_time: Some(Timestamp { seconds: *seconds, nanos: 5 }),
        ..PaymentRow::default()
    };
    let (after, place) = (JournalPlace::default(), JournalPlace::default());
    PaymentSlice {
        after,
        place,
        seconds: TallyBySteps::new(),
        house_seconds: TallyBySteps::new(),
        rows: rows.iter().map(row).collect(),
        committed_us: None,
    }
}

fn seen(filter: &mut PaymentFilter, rows: &[(i64, i64, &str)]) -> Vec<i64> {
    filter.rows(&slice(rows)).iter().map(|row| row.seq).collect()
}

#[test]
fn rows_of_a_second_are_bounded_over_slices_and_rare_kinds_are_seen() {
    let mut filter = PaymentFilter::new(BTreeSet::new(), 3);
    let gifts = [(1, 10, "gift"), (2, 10, "gift"), (3, 10, "gift"), (4, 10, "payout.hold")];
    assert_eq!(seen(&mut filter, &gifts), [1, 2, 4]);
    assert_eq!(seen(&mut filter, &[(5, 10, "gift"), (6, 11, "gift")]), [6], "the second 10 has had its rows");
    let mut some = PaymentFilter::new(["payout.hold".to_owned()].into(), 3);
    assert_eq!(seen(&mut some, &gifts), [4]);
    assert!(some.takes("payout.hold") && !some.takes("gift"));
}

#[test]
fn what_moves_between_accounts_of_the_company_alone_is_shown_alone() {
    let mut of_all = slice(&[(1, 10, "gift"), (2, 10, "treasury.sweep"), (3, 11, "adjustment")]);
    of_all.rows[1].house_only = true;
    let mut filter = PaymentFilter { house_only: true, ..PaymentFilter::new(BTreeSet::new(), 3) };
    assert_eq!(filter.rows(&of_all).iter().map(|row| row.seq).collect::<Vec<_>>(), [2]);
    assert!(std::ptr::eq(filter.seconds(&of_all), &of_all.house_seconds));
    filter.house_only = false;
    assert!(std::ptr::eq(filter.seconds(&of_all), &of_all.seconds));
}
