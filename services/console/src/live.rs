//! Payments as they happen, in a stream of server-sent events for a browser.
//!
//! The stream is the monitor's for the reader's own token, and ends with the session. Each event has the cursor as its id, so a browser that lost the connection
//! says where it was and gets the rest, without gap or repeat. Nothing is read from the monitor that the browser does not take: whoever is too slow is told so and
//! resumes, and the connection of one that takes nothing is closed by `rpc::web`.
use crate::{
    filters::Filters,
    parts::Console,
    streams::StreamSeat,
    view::{payments::news, times::ReaderZone},
    visitor::{CALL_TIMEOUT, LAST_EVENT_ID, Visitor},
};
use api::monitor::{WatchPaymentsRequest, WatchPaymentsResponse};
use axum::{
    body::{Body, Bytes},
    extract::{Extension, RawQuery, State},
    response::{IntoResponse as _, Response},
};
use futures::{StreamExt as _, stream};
use http::{HeaderMap, HeaderName, header};
use money::time::now_ms;
use rpc::{Peer, reason};
use serde_json::json;
use std::{convert::Infallible, time::Duration};
use tokio::time::{Interval, interval, timeout};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, Streaming};

/// How often it is looked whether the session goes on.
const SESSION_EVERY: Duration = Duration::from_secs(1);
/// How long a browser waits before it reconnects, in milliseconds.
const RETRY_MS: u32 = 2_000;
/// The value of a field that asks for what moves between accounts of the company only.
pub(crate) const HOUSE_ONLY: &str = "only";
/// Rows of a second: more than a person can read.
const ROWS_PER_SECOND: i32 = 10;

/// What a browser does after a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ThenDo {
    /// It goes on from its last event.
    Resume,
    /// It begins anew: what was in between is not shown.
    Restart,
    /// It waits for its person.
    Stop,
}

/// A stream of one browser.
struct LiveStream {
    console: Console,
    secret: String,
    book: String,
    zone: Option<ReaderZone>,
    messages: Streaming<WatchPaymentsResponse>,
    /// Cancelled when the connection should close.
    ending: CancellationToken,
    session: Interval,
    ended: bool,
    _seat: StreamSeat,
}

/// The stream, or one event that says why there is none: a browser's script does not see a status.
pub(crate) async fn watch(
    State(console): State<Console>,
    visitor: Result<Visitor, Response>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let Ok(visitor) = visitor else { return events(Body::from(end(ThenDo::Stop, SIGN_IN))) };
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    match open(&console, &visitor, &filters, &headers).await {
        Ok((messages, seat)) => {
            // A browser that comes back before the first event says the same cursor again.
            let begin = format!("retry: {RETRY_MS}\nid: {}\n\n", cursor(&filters, &headers));
            let ending = peer.map(|Extension(peer)| peer.ending()).unwrap_or_default();
            let (secret, book) = (visitor.secret, filters.get("book").to_owned());
            let (session, zone) = (interval(SESSION_EVERY), ReaderZone::of_page());
            let live = LiveStream { console, secret, book, zone, messages, ending, session, ended: false, _seat: seat };
            events(Body::from_stream(stream::iter([Ok(Bytes::from(begin))]).chain(stream::unfold(live, LiveStream::next))))
        }
        Err((then, why)) => events(Body::from(end(then, &why))),
    }
}

const SIGN_IN: &str = "Your session has ended. Reload the page to sign in again.";

/// Opens the monitor's stream in the visitor's name.
async fn open(
    console: &Console,
    visitor: &Visitor,
    filters: &Filters,
    headers: &HeaderMap,
) -> Result<(Streaming<WatchPaymentsResponse>, StreamSeat), (ThenDo, String)> {
    if visitor.reason.is_none() || !console.sessions.covers::<&str>(&visitor.secret, &[]) {
        return Err((
            ThenDo::Stop,
            "Nothing is shown before you say why you look, and a reason is for a time. Reload the page.".to_owned(),
        ));
    }
    let seat = console.streams.take(&visitor.secret).map_err(|full| (ThenDo::Stop, full.why()))?;
    let request = WatchPaymentsRequest {
        book: filters.get("book").to_owned(),
        cursor: cursor(filters, headers).to_owned(),
        kinds: kinds(filters.get("posting")),
        rows_per_second_max: ROWS_PER_SECOND,
        house_only: filters.get("house") == HOUSE_ONLY,
    };
    let mut monitor = console.monitor_client();
    match timeout(CALL_TIMEOUT, monitor.watch_payments(visitor.stream_request(request))).await {
        Ok(Ok(answer)) => Ok((answer.into_inner(), seat)),
        Ok(Err(status)) => Err(after(&status)),
        Err(_) => Err((ThenDo::Resume, "The monitor does not answer; trying again.".to_owned())),
    }
}

/// Where the stream continues: after the browser's last event, or else where its address says.
fn cursor<'a>(filters: &'a Filters, headers: &'a HeaderMap) -> &'a str {
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    last.unwrap_or_else(|| filters.get("after"))
}

/// The kinds of postings in a field of an address, separated by commas.
pub(crate) fn kinds(field: &str) -> Vec<String> {
    field.split(',').map(str::trim).filter(|kind| !kind.is_empty()).map(str::to_owned).collect()
}

/// What a browser does after an error of the monitor, and why in words.
fn after(status: &Status) -> (ThenDo, String) {
    let reason = reason(status).unwrap_or_default();
    let (then, why) = match (status.code(), reason.as_str()) {
        (Code::Unauthenticated, _) => (ThenDo::Stop, SIGN_IN),
        (_, "TOO_MANY_VIEWERS") => (ThenDo::Stop, "As many people as may be are watching payments; try again when somebody has left."),
        (_, "CURSOR_TOO_OLD") => {
            (ThenDo::Restart, "More happened meanwhile than is shown again; the list below has it. Beginning from now.")
        }
        (_, "JOURNAL_DIVERGED") => {
            (ThenDo::Restart, "The journal is another one than was followed, as after a restore from a backup. Beginning from now.")
        }
        (_, "VIEWER_TOO_SLOW") => (ThenDo::Resume, "This page read too slowly, so the stream ended; continuing from where it was."),
        (_, "LEDGER_LOST") => (ThenDo::Resume, "The ledger does not answer; trying again."),
        (Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown | Code::Internal, _) => {
            (ThenDo::Resume, "The monitor does not answer; trying again.")
        }
        (Code::ResourceExhausted, _) => (ThenDo::Resume, "Too many requests were made; trying again."),
        _ => return (ThenDo::Stop, crate::answer::in_words(status)),
    };
    (then, why.to_owned())
}

impl LiveStream {
    /// The next event; `None` after the last.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.ended {
            return None;
        }
        let event = loop {
            tokio::select! {
                biased;
                () = self.ending.cancelled() => break self.last(ThenDo::Resume, "The console is about to stop; trying again."),
                _ = self.session.tick() => {
                    if self.console.sessions.look(&self.secret).is_none() {
                        break self.last(ThenDo::Stop, SIGN_IN);
                    }
                }
                message = self.messages.message() => break match message {
                    Ok(Some(message)) => self.event(&message),
                    // After its time, or with the token: the browser comes back with a renewed one, if the session goes on.
                    Ok(None) => self.last(ThenDo::Resume, ""),
                    Err(status) => {
                        let (then, why) = after(&status);
                        self.last(then, &why)
                    }
                },
            }
        };
        Some((Ok(Bytes::from(event)), self))
    }

    fn event(&self, message: &WatchPaymentsResponse) -> String {
        let news = ReaderZone::show_in(self.zone.as_ref(), || json!(news(&self.book, message, now_ms())));
        // A cursor is base64url, and JSON has no line breaks.
        format!("id: {}\nevent: payments\ndata: {news}\n\n", message.cursor)
    }

    fn last(&mut self, then: ThenDo, why: &str) -> String {
        self.ended = true;
        end(then, why)
    }
}

/// The last event of a stream.
fn end(then: ThenDo, why: &str) -> String {
    let then = match then {
        ThenDo::Resume => "resume",
        ThenDo::Restart => "restart",
        ThenDo::Stop => "stop",
    };
    format!("event: end\ndata: {}\n\n", json!({"then": then, "why": why}))
}

fn events(body: Body) -> Response {
    // For proxies that would gather what comes.
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    ([(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store"), (unbuffered, "no")], body).into_response()
}

#[cfg(test)]
mod tests {
    //! Unit tests of the ends of streams.
    use super::*;

    #[test]
    fn every_end_says_what_comes_next() {
        let refused = |code, name: &'static str| rpc::refused(code, name, "<script>".to_owned(), &[]);
        for (status, then) in [
            (refused(Code::ResourceExhausted, "TOO_MANY_VIEWERS"), ThenDo::Stop),
            (refused(Code::OutOfRange, "CURSOR_TOO_OLD"), ThenDo::Restart),
            (refused(Code::FailedPrecondition, "JOURNAL_DIVERGED"), ThenDo::Restart),
            (refused(Code::Aborted, "VIEWER_TOO_SLOW"), ThenDo::Resume),
            (refused(Code::Unavailable, "LEDGER_LOST"), ThenDo::Resume),
            (refused(Code::Unavailable, "SHUTTING_DOWN"), ThenDo::Resume),
            (refused(Code::ResourceExhausted, "QUOTA_EXCEEDED"), ThenDo::Resume),
            (refused(Code::Unauthenticated, "UNAUTHENTICATED"), ThenDo::Stop),
            (refused(Code::PermissionDenied, "PERMISSION_DENIED"), ThenDo::Stop),
            (refused(Code::InvalidArgument, "MALFORMED"), ThenDo::Stop),
        ] {
            let (found, why) = after(&status);
            assert!(found == then && !why.is_empty(), "{status:?}: {found:?} {why}");
        }
        assert_eq!(end(ThenDo::Stop, "a\nb\r\nid: x"), "event: end\ndata: {\"then\":\"stop\",\"why\":\"a\\nb\\r\\nid: x\"}\n\n");
        assert_eq!(kinds(" gift, ,payout.hold,"), ["gift", "payout.hold"]);
    }
}
