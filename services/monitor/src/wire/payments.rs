//! WatchPayments.
use crate::{
    error::Error,
    payments::{
        cursor::{cursor, place},
        filter::PaymentFilter,
        slice::PaymentSlice,
        tally::{KindCount, PaymentTally},
        viewer::ViewerNews,
    },
};
use api::monitor::{LedgerContact, PaymentCount, PaymentSum, PaymentTick, WatchPaymentsRequest, WatchPaymentsResponse};
use ledger_client::JournalPlace;
use money::BookName;
use prost_types::Timestamp;
use rpc::Violations;
use std::{collections::BTreeSet, time::SystemTime};
use tonic::Status;

/// Rows of a second unless the request says otherwise, and the most.
const ROWS_DEFAULT: usize = 20;
const ROWS_MAX: usize = 100;
/// Kinds that a request may name, and bytes of each.
const KINDS_MAX: usize = 64;
const KIND_BYTES_MAX: usize = 64;

/// A request to watch.
#[derive(Debug)]
pub struct WatchRead {
    /// The book.
    pub book: BookName,
    /// The commit to continue after. `None`: from now on.
    pub after: Option<JournalPlace>,
    /// What to show.
    pub filter: PaymentFilter,
}

/// Reads a request whose book was read from its name.
pub fn watch(book: Result<BookName, Status>, sent: WatchPaymentsRequest) -> Result<WatchRead, Error> {
    let mut wrong = Violations::default();
    let book = wrong.take(book);
    let after = book.as_ref().and_then(|book| {
        let why = "must be empty or the cursor of an earlier message of this book";
        wrong.take(place(book, &sent.cursor).map_err(|_| rpc::malformed("cursor", why)))
    });
    let kinds = wrong.take(kinds(sent.kinds));
    let rows = wrong.take(rows(sent.rows_per_second_max));
    let (Some(book), Some(after), Some(kinds), Some(rows)) = (book, after, kinds, rows) else {
        return Err(Error::Violations(Box::new(wrong.into_status())));
    };
    let mut filter = PaymentFilter::new(kinds, rows);
    filter.house_only = sent.house_only;
    Ok(WatchRead { book, after, filter })
}

/// The kinds that a request names.
pub fn kinds(sent: Vec<String>) -> Result<BTreeSet<String>, Status> {
    if sent.len() > KINDS_MAX || sent.iter().any(|kind| kind.is_empty() || kind.len() > KIND_BYTES_MAX) {
        return Err(rpc::malformed("kinds", "must be at most 64, each of 1 to 64 bytes"));
    }
    Ok(sent.into_iter().collect())
}

fn rows(sent: i32) -> Result<usize, Status> {
    match usize::try_from(sent) {
        Err(_) => Err(rpc::malformed("rows_per_second_max", "must not be negative")),
        Ok(0) => Ok(ROWS_DEFAULT),
        Ok(rows) => Ok(rows.min(ROWS_MAX)),
    }
}

/// The message of news. `None`: a viewer with this filter sees nothing of them.
pub fn news(book: &BookName, news: &ViewerNews, filter: &mut PaymentFilter) -> Option<WatchPaymentsResponse> {
    let (ledger, ledger_lost_time) = contact(news.lost);
    let blank = WatchPaymentsResponse { cursor: cursor(book, &news.place), ledger: ledger.into(), ledger_lost_time, ..Default::default() };
    let Some(slice) = &news.slice else { return Some(WatchPaymentsResponse { heartbeat: true, ..blank }) };
    let ticks = ticks(slice, filter);
    if ticks.is_empty() {
        return None;
    }
    let rows = filter.rows(slice);
    let counted = ticks.iter().flat_map(|tick| &tick.counts).fold(0_i64, |sum, count| sum.saturating_add(count.postings));
    let rows_left_out = counted.saturating_sub(i64::try_from(rows.len()).unwrap_or(i64::MAX));
    Some(WatchPaymentsResponse { ticks, rows, rows_left_out, ..blank })
}

/// What is known of the ledger, and since when it is lost.
pub fn contact(lost: Option<SystemTime>) -> (LedgerContact, Option<Timestamp>) {
    let state = if lost.is_some() { LedgerContact::Lost } else { LedgerContact::Live };
    (state, lost.map(Timestamp::from))
}

/// The time of a whole Unix second.
pub fn of_second(second: i64) -> Timestamp {
    rpc::wire::timestamp_ms(second.saturating_mul(1_000))
}

fn ticks(slice: &PaymentSlice, filter: &PaymentFilter) -> Vec<PaymentTick> {
    let tick = |(second, tally): (&i64, &PaymentTally)| PaymentTick {
        second: Some(of_second(*second)),
        counts: tally.kinds().filter(|(kind, _)| filter.takes(kind)).map(|(kind, tallied)| count(kind, tallied)).collect(),
    };
    filter.seconds(slice).iter().map(tick).filter(|tick| !tick.counts.is_empty()).collect()
}

fn count(kind: &str, count: &KindCount) -> PaymentCount {
    let sums = count.units.iter().map(|(unit, sums)| PaymentSum {
        unit: unit.to_string(),
        moved_amount: sums.moved,
        held_amount: sums.held,
        released_amount: sums.released,
    });
    PaymentCount { kind: kind.to_owned(), postings: count.postings, sums: sums.collect() }
}
