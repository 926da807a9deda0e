//! Messages of the monitor about payments, as the page's script reads them: texts, addresses and whole numbers, nothing to interpret.
use super::{
    amounts::{amount, count, digits},
    things,
    times::TimeView,
};
use crate::filters::Filters;
use api::monitor::{LedgerContact, PaymentRow, PaymentSum, PaymentTick, PaymentTransfer, ThingKind, WatchPaymentsResponse};
use money::text::shown;
use rpc::wire;
use serde::Serialize;
use std::collections::BTreeMap;

/// A time: as people read it, and exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct LiveTime {
    text: String,
    exact: String,
}

/// A transfer of a row.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct LiveTransfer {
    from: String,
    from_href: String,
    to: String,
    to_href: String,
    amount: String,
    /// `held` or `released`, if nothing was moved.
    state: &'static str,
}

/// A posting that is shown.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct LiveRow {
    time: LiveTime,
    kind: String,
    href: String,
    seq: String,
    transfers: Vec<LiveTransfer>,
    /// Transfers that are not shown.
    more: i32,
}

/// What was done in one unit. The script adds up, so these are digits of whole numbers, with how many of them are after the point.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct LiveSum {
    unit: String,
    digits: u32,
    moved: String,
    held: String,
}

/// A second, or a part of it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct LiveTick {
    time: LiveTime,
    postings: i64,
    sums: Vec<LiveSum>,
}

/// A message.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LiveNews {
    rows: Vec<LiveRow>,
    left_out: i64,
    ticks: Vec<LiveTick>,
    /// Milliseconds from the last commit that is shown to when this was sent.
    behind_ms: Option<i64>,
    /// Since when the ledger does not answer.
    lost: Option<LiveTime>,
}

/// A message of a book's stream, sent at this time.
pub(crate) fn news(book: &str, message: &WatchPaymentsResponse, now_ms: i64) -> LiveNews {
    let lost = match message.ledger() {
        LedgerContact::Lost => Some(time(TimeView::of(message.ledger_lost_time.as_ref()))),
        LedgerContact::Live | LedgerContact::Unspecified => None,
    };
    let rows = message.rows.iter().filter_map(|row| row.commit_time.as_ref());
    let ticks = message.ticks.iter().filter_map(|tick| tick.second.as_ref());
    let last = rows.chain(ticks).map(wire::unix_ms).max();
    LiveNews {
        rows: message.rows.iter().map(|found| row(book, found)).collect(),
        left_out: message.rows_left_out,
        ticks: message.ticks.iter().map(tick).collect(),
        behind_ms: last.map(|last| now_ms.saturating_sub(last).max(0)),
        lost,
    }
}

fn time(view: TimeView) -> LiveTime {
    LiveTime { text: view.text, exact: view.exact }
}

fn row(book: &str, row: &PaymentRow) -> LiveRow {
    LiveRow {
        time: time(TimeView::of(row.commit_time.as_ref())),
        kind: shown(&row.kind).into_owned(),
        href: things::href(ThingKind::Posting, &row.posting_id, book),
        seq: count(row.seq),
        transfers: row.transfers.iter().map(|found| transfer(book, found)).collect(),
        more: row.transfers_left_out,
    }
}

fn transfer(book: &str, transfer: &PaymentTransfer) -> LiveTransfer {
    let href = |account: &str| Filters::address("/accounts", &[("book", book), ("account", account)]);
    LiveTransfer {
        from: shown(&transfer.debit_account).into_owned(),
        from_href: href(&transfer.debit_account),
        to: shown(&transfer.credit_account).into_owned(),
        to_href: href(&transfer.credit_account),
        amount: amount(&transfer.unit, transfer.amount),
        state: match (transfer.pending, transfer.released) {
            (true, _) => "held",
            (false, true) => "released",
            (false, false) => "",
        },
    }
}

fn tick(tick: &PaymentTick) -> LiveTick {
    let mut units: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for PaymentSum { unit, moved_amount, held_amount, .. } in tick.counts.iter().flat_map(|count| &count.sums) {
        let (moved, held) = units.entry(unit).or_default();
        (*moved, *held) = (moved.saturating_add(*moved_amount), held.saturating_add(*held_amount));
    }
    let sum = |(unit, (moved, held)): (&str, (i64, i64))| LiveSum {
        unit: unit.to_owned(),
        digits: digits(unit),
        moved: moved.to_string(),
        held: held.to_string(),
    };
    LiveTick {
        time: time(TimeView::of(tick.second.as_ref())),
        postings: tick.counts.iter().fold(0, |all, count| all.saturating_add(count.postings)),
        sums: units.into_iter().map(sum).collect(),
    }
}

#[cfg(test)]
mod tests {
    //! Unit tests of what is sent.
    use super::*;
    use api::monitor::PaymentCount;
    use rpc::wire::timestamp_ms;

    #[test]
    fn sums_of_kinds_are_added_by_unit_and_the_delay_is_of_the_last_commit() {
        let sum = |unit: &str, moved_amount, held_amount| PaymentSum { unit: unit.into(), moved_amount, held_amount, released_amount: 9 };
        let counts = vec![
            PaymentCount { kind: "gift".into(), postings: 3, sums: vec![sum("COIN", 30, 0)] },
            PaymentCount { kind: "payout.hold".into(), postings: 1, sums: vec![sum("COIN", 1, 2), sum("USD", 0, 500)] },
        ];
        let message = WatchPaymentsResponse {
            ticks: vec![PaymentTick { second: Some(timestamp_ms(5_000)), counts }],
            rows: vec![PaymentRow { commit_time: Some(timestamp_ms(5_900)), posting_id: "p<1>".into(), ..Default::default() }],
            rows_left_out: 3,
            ledger: LedgerContact::Live.into(),
            ..Default::default()
        };
        let sent = news("demo", &message, 6_300);
        assert_eq!((sent.behind_ms, sent.left_out, sent.lost), (Some(400), 3, None));
        let [tick] = sent.ticks.as_slice() else { panic!("one second") };
        let sums: Vec<_> = tick.sums.iter().map(|sum| (&*sum.unit, sum.digits, &*sum.moved, &*sum.held)).collect();
        assert_eq!((tick.postings, sums), (4, vec![("COIN", 0, "31", "2"), ("USD", 2, "0", "500")]));
        assert_eq!(sent.rows[0].href, "/case?id=p%3C1%3E&kind=posting&book=demo");
        // A clock that is ahead shows no payment of the future.
        assert_eq!(news("demo", &message, 0).behind_ms, Some(0));
    }
}
