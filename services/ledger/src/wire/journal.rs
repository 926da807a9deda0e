//! A commit as it is sent to watchers.

use super::{debit_limit, malformed, posting, state_to_pb, timestamp};
use crate::{
    book::watching::{SeenCommit, WatchFrom},
    domain::{
        chart,
        event::{Body, Event},
        limit::Limit,
    },
    error::Error,
    journal::PublishedCommit,
    read::named_posting,
};
use api::ledger as pb;
use prost::Message;

/// Events of one message, and the bytes after which it is closed: far below what clients accept by default.
const EVENTS_MAX: usize = 500;
const BYTES_MAX: usize = 1 << 20;

/// The messages of one commit, at least one.
pub(crate) type JournalMessages = Vec<pb::WatchJournalResponse>;

/// Where a watcher asks to begin.
pub(crate) fn watch_from(sent: pb::WatchJournalRequest) -> Result<WatchFrom, Error> {
    match sent.from {
        None => Ok(WatchFrom::Commit { commit_no: 0, hash: Vec::new() }),
        Some(pb::watch_journal_request::From::FromSeq(seq)) if seq > 0 => Ok(WatchFrom::Seq(seq)),
        Some(pb::watch_journal_request::From::FromSeq(_)) => Err(malformed("from_seq", "must be 1 or more")),
        Some(pb::watch_journal_request::From::After(pb::JournalCursor { commit_no, hash })) => {
            if commit_no < 0 || hash.len() > 64 {
                return Err(malformed("after", "must be a cursor from an earlier message"));
            }
            let hash = hex::decode(hash).map_err(|_| malformed("after.hash", "must be hexadecimal"))?;
            Ok(WatchFrom::Commit { commit_no, hash })
        }
    }
}

/// The cursor to resume from.
pub(crate) fn cursor(at: &SeenCommit) -> pb::JournalCursor {
    let hash = if at.commit_no == 0 { String::new() } else { hex::encode(at.hash) };
    pb::JournalCursor { commit_no: at.commit_no, hash }
}

/// All messages of a commit, without the cursors of those before its last, which depend on where the watcher came from.
pub(crate) fn journal(news: &PublishedCommit) -> JournalMessages {
    let commit = &news.commit;
    let blank = || pb::WatchJournalResponse {
        commit_no: commit.commit_no,
        commit_hash: hex::encode(commit.hash),
        commit_time: Some(timestamp(commit.time)),
        more: true,
        next_seq: commit.last_seq + 1,
        ..Default::default()
    };
    let mut told = vec![blank()];
    let mut bytes = 0;
    for stored in news.events() {
        let event = journal_event(&stored.event, news);
        let size = event.encoded_len();
        let last = told.last_mut().expect("there is at least one");
        if last.events.len() >= EVENTS_MAX || (bytes + size > BYTES_MAX && !last.events.is_empty()) {
            last.next_seq = event.seq;
            told.push(blank());
            bytes = 0;
        }
        bytes += size;
        told.last_mut().expect("there is at least one").events.push(event);
    }
    let last = told.last_mut().expect("there is at least one");
    last.more = false;
    last.cursor = Some(pb::JournalCursor { commit_no: commit.commit_no, hash: last.commit_hash.clone() });
    told
}

fn journal_event(event: &Event, news: &PublishedCommit) -> pb::JournalEvent {
    use pb::journal_event::What;
    let postings = || named_posting(event.clone(), news.commit.time, |key| news.named(key)).map(posting).unwrap_or_default();
    let what = match &event.body {
        Body::Posting(_) => What::Posting(postings()),
        Body::HoldExpired => What::HoldExpired(postings()),
        Body::AccountOpened { name, .. } => {
            let unit = chart::form(name).map(|form| form.unit.to_string()).unwrap_or_default();
            What::AccountOpened(pb::AccountOpened { account: name.clone(), unit })
        }
        Body::LimitSet { key, window, zone, max, .. } => {
            let limit = Limit { account: *key, window: *window, zone: zone.clone(), max: *max, seq: event.seq };
            What::DebitLimitSet(pb::DebitLimitSet { account: news.named(*key).0.to_string(), limit: Some(debit_limit(limit)) })
        }
        Body::AccountStateSet { key, state, .. } => {
            What::AccountStateSet(pb::AccountStateSet { account: news.named(*key).0.to_string(), state: state_to_pb(*state).into() })
        }
    };
    pb::JournalEvent { seq: event.seq, event_id: event.id.to_string(), what: Some(what) }
}

/// A message without events: just the watcher's position.
pub(crate) fn heartbeat(at: &SeenCommit) -> pb::WatchJournalResponse {
    pb::WatchJournalResponse { cursor: Some(cursor(at)), heartbeat: true, next_seq: at.last_seq + 1, ..Default::default() }
}
