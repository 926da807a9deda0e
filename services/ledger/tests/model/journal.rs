//! What a watcher of the journal is sent: every event once, in order, resumed from its cursor, whatever happened to the ledger in between.
use crate::{
    book::Book,
    explain::same_posting,
    world::{CALLERS, Node, World},
};
use api::ledger::{self as pb, journal_event::What, watch_journal_request::From};
use std::time::Duration;

/// A watcher that reconnects now and then.
#[derive(Default)]
pub struct Watcher {
    cursor: Option<pb::JournalCursor>,
    /// The last event it was sent.
    seen: i64,
}

/// Time until a watcher must have been sent every event.
const PATIENCE: Duration = Duration::from_secs(120);

impl Watcher {
    /// Continues from its cursor until it was sent every event of the book.
    pub async fn follow(&mut self, world: &World, node: &Node, name: &str, book: &Book) -> Result<(), String> {
        if self.seen == book.next_seq - 1 {
            return Ok(());
        }
        let followed = tokio::time::timeout(PATIENCE, self.read(world, node, name, book)).await;
        followed.unwrap_or_else(|_| Err(format!("a watcher saw up to {} of {}", self.seen, book.next_seq - 1)))
    }

    async fn read(&mut self, world: &World, node: &Node, name: &str, book: &Book) -> Result<(), String> {
        let from = self.cursor.clone().map(From::After);
        let request = pb::WatchJournalRequest { book: name.to_owned(), from };
        let stream = node.client().watch_journal(world.by(CALLERS[0], request)).await;
        let mut stream = stream.map_err(|status| format!("WatchJournal: {status}"))?.into_inner();
        // A commit that was sent in part before is sent again from its beginning.
        let mut after = None;
        while self.seen < book.next_seq - 1 {
            let shown = stream.message().await.map_err(|status| format!("WatchJournal: {status}"))?.ok_or("WatchJournal ended")?;
            for event in &shown.events {
                if after.is_some_and(|after| event.seq != after + 1) || (after.is_none() && event.seq > self.seen + 1) {
                    return Err(format!("a watcher saw event {} after {after:?}, {} before", event.seq, self.seen));
                }
                after = Some(event.seq);
                self.seen = self.seen.max(event.seq);
                is_right(book, event)?;
            }
            if shown.cursor.as_ref().is_some_and(|cursor| cursor.commit_no > 0) {
                self.cursor = shown.cursor;
            }
        }
        if self.seen == book.next_seq - 1 { Ok(()) } else { Err(format!("a watcher saw event {} of {}", self.seen, book.next_seq - 1)) }
    }
}

fn is_right(book: &Book, event: &pb::JournalEvent) -> Result<(), String> {
    let seq = event.seq;
    let right = match event.what.as_ref().ok_or("an event without anything")? {
        What::Posting(got) => book
            .postings
            .get(&event.event_id)
            .is_some_and(|posted| posted.told.seq == seq && same_posting(&posted.told, got, !posted.told.request_fields.is_empty())),
        What::AccountOpened(opened) => book.accounts.get(&opened.account).is_some_and(|account| account.history[0].seq == seq),
        What::AccountStateSet(set) => book
            .accounts
            .get(&set.account)
            .is_some_and(|account| account.history.iter().any(|moment| moment.seq == seq && moment.state == set.state())),
        What::HoldExpired(_) => book.expiries.contains(&seq),
        // The model sets no limits yet.
        What::DebitLimitSet(_) => false,
    };
    if right { Ok(()) } else { Err(format!("a watcher saw what never was: {event:?}")) }
}
