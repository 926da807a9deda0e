//! Exports: exactly what a page shows, all its rows, as CSV that is made while it is read.
//!
//! The first line says which view it is, of which moment, and the head of the chain then, so that it can be checked later; the second has the names of columns; the
//! last says whether everything is there. Rows that came after the moment are not in it. Each page of rows is a call in the reader's name, as for the page.
use crate::{
    answer::{failed, refused},
    figures::head,
    filters::Filters,
    frame::PageFrame,
    parts::Console,
    streams::StreamSeat,
    visitor::Visitor,
};
use axum::{
    body::{Body, Bytes},
    response::{IntoResponse as _, Response},
};
use csv::{CsvCell, write_line};
use futures::stream;
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use money::time::{moment_ms, now_ms, rfc3339};
use std::{convert::Infallible, mem, time::Duration};
use tokio::time::sleep;
use tonic::{Code, Status};

pub(crate) mod csv;

/// Rows of an export, so that one has an end; the last line says where it was cut off.
const ROWS_MAX: usize = 100_000;
/// Rows of a call: the most that lists give.
pub(crate) const PAGE_ROWS: i32 = 200;
/// How often a call that may be repeated is, and how long an export waits before it.
const ATTEMPTS_MAX: u32 = 10;
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// Rows of a call, and the token of the next.
pub(crate) struct ExportPage {
    pub(crate) rows: Vec<Vec<CsvCell>>,
    pub(crate) next: String,
    /// Sequence number of the last event of the journal that the rows know of; 0 if they know of none.
    pub(crate) seq: i64,
}

/// A list that is exported.
pub(crate) trait ExportedList: Send + Sync + 'static {
    /// Names of the columns.
    const COLUMNS: &'static [&'static str];

    /// Calls in the reader's name.
    fn page(&self, console: &Console, visitor: &Visitor, token: String) -> impl Future<Output = Result<ExportPage, Status>> + Send;
}

/// The moment of an export that begins now.
pub(crate) fn moment() -> Timestamp {
    moment_ms(now_ms())
}

/// What is to be sent next of an export, and how far it is.
#[derive(Debug, Default)]
struct ExportText {
    text: String,
    /// The token of the next rows; `None` at the end.
    next: Option<String>,
    rows: usize,
}

/// An export that is being read.
struct RunningExport<L> {
    list: L,
    console: Console,
    visitor: Visitor,
    text: ExportText,
    _seat: StreamSeat,
}

/// What is exported: the page, its book (empty for none), the fields of its address, and the moment.
pub(crate) struct ExportedView<'a> {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) fields: &'a [(&'static str, &'a str)],
    pub(crate) book: &'a str,
    pub(crate) moment: Timestamp,
}

/// The export of a list, or the page that says why there is none.
pub(crate) async fn answer<L: ExportedList>(
    console: Console,
    visitor: Visitor,
    frame: PageFrame,
    view: ExportedView<'_>,
    list: L,
) -> Response {
    let seat = match console.streams.take(&visitor.secret) {
        Ok(seat) => seat,
        Err(full) => return failed(frame, StatusCode::TOO_MANY_REQUESTS, "Too many exports at once", &full.why()),
    };
    let first = match list.page(&console, &visitor, String::new()).await {
        Ok(first) => first,
        Err(status) => return refused(frame, &visitor, &status),
    };
    let mut text = match first_line(&console, &visitor, &view, first.seq).await {
        Ok(text) => text,
        Err(status) => return refused(frame, &visitor, &status),
    };
    write_line(&mut text, &L::COLUMNS.iter().map(|name| CsvCell::text(*name)).collect::<Vec<_>>());
    let mut text = ExportText { text, ..ExportText::default() };
    text.add(first);
    let export = RunningExport { list, console, visitor, text, _seat: seat };
    let file = format!("attachment; filename=\"largesse-{}.csv\"", view.name);
    let file = HeaderValue::try_from(file).expect("the names of views are plain");
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=absent")), (header::CONTENT_DISPOSITION, file)];
    (headers, Body::from_stream(stream::unfold(Some(export), RunningExport::part))).into_response()
}

/// Which view, of which moment, and the head of the chain, which has the event `seq`.
async fn first_line(console: &Console, visitor: &Visitor, view: &ExportedView<'_>, seq: i64) -> Result<String, Status> {
    let (mut sequence, mut hash) = (CsvCell::text(""), String::new());
    for attempt in 1..=ATTEMPTS_MAX {
        if view.book.is_empty() {
            break;
        }
        let answer = console.monitor_client().get_figures(visitor.request(head(view.book).0)).await?.into_inner();
        let is_there = answer.head_seq >= seq;
        (sequence, hash) = (CsvCell::Number(answer.head_seq), answer.head_hash);
        // The monitor follows the ledger, a moment later. If the ledger is lost, the line says how far it is.
        if is_there || attempt == ATTEMPTS_MAX {
            break;
        }
        sleep(RETRY_DELAY).await;
    }
    let mut text = String::new();
    let address = Filters::address(view.path, view.fields);
    let [view_name, moment, seq, hash_name] = ["view", "moment", "sequence", "hash"].map(CsvCell::text);
    let line =
        [view_name, CsvCell::Text(address), moment, CsvCell::Text(rfc3339(view.moment)), seq, sequence, hash_name, CsvCell::Text(hash)];
    write_line(&mut text, &line);
    Ok(text)
}

impl ExportText {
    fn add(&mut self, page: ExportPage) {
        for row in &page.rows {
            if self.rows == ROWS_MAX {
                return self.end(&format!("cut off after {ROWS_MAX} rows: a narrower filter or an earlier moment shows the others"));
            }
            write_line(&mut self.text, row);
            self.rows += 1;
        }
        match page.next.is_empty() {
            true => self.end("complete"),
            false => self.next = Some(page.next),
        }
    }

    fn end(&mut self, how: &str) {
        self.next = None;
        let rows = CsvCell::text(self.rows.to_string());
        write_line(&mut self.text, &[CsvCell::text("end"), CsvCell::text(how), CsvCell::text("rows"), rows]);
    }
}

impl<L: ExportedList> RunningExport<L> {
    /// The next part; it is asked for when the browser has taken the one before.
    async fn part(export: Option<Self>) -> Option<(Result<Bytes, Infallible>, Option<Self>)> {
        let mut export = export?;
        if export.text.text.is_empty() {
            export.read().await;
        }
        let text = Bytes::from(mem::take(&mut export.text.text));
        Some((Ok(text), Some(export).filter(|export| export.text.next.is_some())))
    }

    async fn read(&mut self) {
        let Some(token) = self.text.next.take() else { return };
        for attempt in 1.. {
            if !self.visitor.follow(&self.console).await {
                return self.text.end("cut off: the session has ended");
            }
            match self.list.page(&self.console, &self.visitor, token.clone()).await {
                Ok(page) => return self.text.add(page),
                Err(status) if attempt < ATTEMPTS_MAX && may_pass(&status) => sleep(RETRY_DELAY).await,
                Err(status) => return self.text.end(&format!("cut off: {}", crate::answer::in_words(&status))),
            }
        }
    }
}

fn may_pass(status: &Status) -> bool {
    matches!(status.code(), Code::ResourceExhausted | Code::Unavailable | Code::DeadlineExceeded)
}

#[cfg(test)]
mod tests {
    //! Unit tests of how exports end.
    use super::*;

    fn page(rows: usize, next: &str) -> ExportPage {
        ExportPage { rows: vec![vec![CsvCell::Number(1)]; rows], next: next.to_owned(), seq: 0 }
    }

    fn last_line(text: &ExportText) -> &str {
        text.text.trim_end().rsplit("\r\n").next().unwrap()
    }

    #[test]
    fn the_last_line_says_whether_everything_is_there() {
        let mut text = ExportText::default();
        text.add(page(2, "more"));
        assert_eq!((text.text.as_str(), text.next.as_deref()), ("1\r\n1\r\n", Some("more")), "no end yet");
        text.add(page(0, "still more"));
        text.add(page(1, ""));
        assert_eq!((last_line(&text), text.next.as_deref()), ("\"end\",\"complete\",\"rows\",\"3\"", None));
        let mut none = ExportText::default();
        none.add(page(0, ""));
        assert_eq!(none.text, "\"end\",\"complete\",\"rows\",\"0\"\r\n");
    }

    #[test]
    fn what_is_too_long_is_cut_off_at_a_row_and_says_so() {
        let mut whole = ExportText::default();
        whole.add(page(ROWS_MAX, ""));
        assert!(last_line(&whole).starts_with("\"end\",\"complete\""), "as many as there may be are all of them");
        let mut cut = ExportText::default();
        cut.add(page(ROWS_MAX, "more"));
        assert!(cut.next.is_some());
        cut.add(page(1, "still more"));
        assert!(
            last_line(&cut).starts_with("\"end\",\"cut off after 100000 rows") && last_line(&cut).ends_with("\"100000\""),
            "{}",
            last_line(&cut)
        );
        assert_eq!((cut.rows, cut.next), (ROWS_MAX, None));
    }
}
