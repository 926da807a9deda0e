//! Reads a book's journal into sums of accounting days. What was read is kept batch by batch, so a call that has no time left loses at most one.
use super::{Accounting, error::AccountingError};
use crate::store::AccountingPlace;
use accounting::{DayLines, Overflow, day, line::BookedTransfer};
use jiff::civil::Date;
use ledger_client::{JournalPlace, JournalReader, MovedTransfer};
use money::{BookName, time::moment_us};
use std::collections::BTreeMap;

/// Events that are summed in memory before they are stored.
const BATCH_EVENTS_MAX: usize = 5_000;
/// Events that one call reads, so that it is answered before callers give up, also by a slow machine. Whoever asks again goes on from there.
const CALL_EVENTS_MAX: usize = 20_000;

/// What was read and not stored yet.
struct ReadLines {
    lines: DayLines,
    place: JournalPlace,
    events: usize,
}

impl Accounting {
    /// Reads the journal up to this event at least, and says how far it was read. Several calls may do so at once: each batch is stored once.
    pub(super) async fn follow(&self, book: &BookName, seq: i64) -> Result<AccountingPlace, AccountingError> {
        let mut events = 0;
        let mut reader: Option<(JournalReader, JournalPlace)> = None;
        loop {
            let at = self.store.accounting_place(book).await?;
            if at.place.seq >= seq {
                return Ok(at);
            }
            if events >= CALL_EVENTS_MAX {
                return Err(AccountingError::CatchingUp { seq: at.place.seq, book_seq: seq });
            }
            let closed = self.store.closed_days(book).await?;
            // A stream goes on where the stored sums end; otherwise somebody else has stored what it would read.
            let open = match reader.take().filter(|(_, place)| *place == at.place) {
                Some((open, _)) => open,
                None => self.ledger.read_journal(book, &at.place).await?,
            };
            let (batch, open) = read(open, &at.place, &closed, seq).await?;
            events += batch.events;
            self.store.add_lines(book, &at, &batch.place, &batch.lines).await?;
            reader = open.map(|open| (open, batch.place));
        }
    }
}

/// Whole commits, until there are enough or the event is among them; and the stream, unless it ended.
async fn read(
    mut reader: JournalReader,
    after: &JournalPlace,
    closed: &BTreeMap<String, Date>,
    seq: i64,
) -> Result<(ReadLines, Option<JournalReader>), AccountingError> {
    let mut batch = ReadLines { lines: DayLines::default(), place: after.clone(), events: 0 };
    // Transfers of a commit of which more follows. A commit is never divided, however large it is.
    let (mut begun, mut is_inside): (Vec<MovedTransfer>, bool) = (Vec::new(), false);
    while is_inside || (batch.events < BATCH_EVENTS_MAX && batch.place.seq < seq) {
        let Some(part) = reader.next().await? else { return Ok((batch, None)) };
        batch.events += part.events;
        begun.extend(part.transfers);
        is_inside = part.whole.is_none();
        let Some(place) = part.whole else { continue };
        for transfer in begun.drain(..) {
            add(&mut batch.lines, &transfer, closed)?;
        }
        batch.place = place;
    }
    Ok((batch, Some(reader)))
}

fn add(lines: &mut DayLines, transfer: &MovedTransfer, closed: &BTreeMap<String, Date>) -> Result<(), Overflow> {
    let booked = BookedTransfer {
        debit: &transfer.debit,
        credit: &transfer.credit,
        unit: &transfer.unit,
        amount: transfer.amount,
        kind: &transfer.kind,
        event_day: day::event_day(moment_us(transfer.effective_us), moment_us(transfer.committed_us)),
    };
    lines.add(booked, closed)
}
