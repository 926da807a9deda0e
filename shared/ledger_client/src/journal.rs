//! A book's journal, read commit by commit: what moved, and where to go on after it.
use crate::{LedgerClient, LedgerReason, NotPosted};
use api::ledger::{
    Account, GetBalanceAtRequest, JournalCursor, JournalEvent, WatchJournalRequest, WatchJournalResponse, journal_event::What,
    watch_journal_request::From,
};
use money::BookName;
use prost_types::Timestamp;
use rpc::wire::unix_us;
use tonic::Streaming;

/// After which commit a reader goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JournalPlace {
    /// Number of the commit; 0: the beginning of the book.
    pub commit_no: i64,
    /// Its hash in the chain, in hexadecimal digits; empty at the beginning.
    pub hash: String,
    /// Sequence number of its last event.
    pub seq: i64,
}

/// A transfer that moved something. Holds, and what releases them, are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedTransfer {
    /// Name of the account debited.
    pub debit: String,
    /// Name of the account credited.
    pub credit: String,
    /// `COIN`, `DIAMOND` or a currency.
    pub unit: String,
    /// Amount in the unit.
    pub amount: i64,
    /// Kind of the posting.
    pub kind: String,
    /// When the event happened, in Unix microseconds.
    pub effective_us: i64,
    /// When the posting was committed, in Unix microseconds.
    pub committed_us: i64,
}

/// What an account has right after a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountAfter {
    /// The account's name.
    pub account: String,
    /// The sum of its posted debits.
    pub debits_posted: i64,
    /// The sum of its posted credits.
    pub credits_posted: i64,
    /// The sequence number of the transfer's event.
    pub seq: i64,
}

/// A part of a commit, at most 500 events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalPart {
    /// What its events moved.
    pub transfers: Vec<MovedTransfer>,
    /// What its accounts have after each transfer, also those of holds, in their order.
    pub after: Vec<AccountAfter>,
    /// When the commit was made, in Unix microseconds.
    pub committed_us: i64,
    /// How many events it has.
    pub events: usize,
    /// The commit, if this is its last part: reading may go on from here. `None` if more of it follows.
    pub whole: Option<JournalPlace>,
}

/// What a journal that is being read says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalNews {
    /// A commit, or a part of one.
    Part(JournalPart),
    /// There is nothing new.
    Idle,
}

/// A part of a commit with its events as the ledger sends them, for those who need more than what moved.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalEvents {
    /// The events, at most 500; none if there is nothing new.
    pub events: Vec<JournalEvent>,
    /// The commit, if this is its last part.
    pub whole: Option<JournalPlace>,
    /// There is nothing new.
    pub idle: bool,
}

/// A journal that is being read.
#[derive(Debug)]
pub struct JournalReader(Streaming<WatchJournalResponse>);

impl LedgerClient {
    /// Reads a book's journal after a commit. Refused with JOURNAL_DIVERGED if the book does not have that commit.
    pub async fn read_journal(&self, book: &BookName, after: &JournalPlace) -> Result<JournalReader, NotPosted> {
        let from = From::After(JournalCursor { commit_no: after.commit_no, hash: after.hash.clone() });
        let request = WatchJournalRequest { book: book.to_string(), from: Some(from) };
        Ok(JournalReader(self.watching().watch_journal(request).await?.into_inner()))
    }

    /// The time of the book's last commit up to a time, both in Unix microseconds. `None`: there is no such account, or no commit yet.
    pub async fn last_commit_until(&self, book: &BookName, account: String, at_us: i64) -> Result<Option<i64>, NotPosted> {
        let time = Some(rpc::wire::timestamp_us(at_us));
        let request = GetBalanceAtRequest { book: book.to_string(), account, time };
        match self.watching().get_balance_at(request).await.map_err(NotPosted::from) {
            Ok(answer) => Ok(answer.into_inner().as_of.map(|at| unix_us(&at))),
            Err(NotPosted::Refused(refusal)) if matches!(refusal.reason, LedgerReason::AccountUnknown | LedgerReason::BookUnknown) => {
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }
}

impl JournalReader {
    /// The next part, as soon as there is one; `None` once the ledger ended the stream, which it does from time to time: read again after the last commit.
    pub async fn next(&mut self) -> Result<Option<JournalPart>, NotPosted> {
        loop {
            match self.next_news().await? {
                Some(JournalNews::Part(part)) => return Ok(Some(part)),
                Some(JournalNews::Idle) => {}
                None => return Ok(None),
            }
        }
    }

    /// As [`JournalReader::next_news`], with the events themselves. May be dropped while it waits: nothing is lost.
    pub async fn next_events(&mut self) -> Result<Option<JournalEvents>, NotPosted> {
        let Some(message) = self.0.message().await? else { return Ok(None) };
        let place = JournalPlace { commit_no: message.commit_no, hash: message.commit_hash, seq: message.next_seq - 1 };
        let whole = Some(place).filter(|_| !message.more && !message.heartbeat);
        Ok(Some(JournalEvents { events: message.events, whole, idle: message.heartbeat }))
    }

    /// As [`JournalReader::next`], but says also, from time to time, that there is nothing new.
    pub async fn next_news(&mut self) -> Result<Option<JournalNews>, NotPosted> {
        let Some(message) = self.0.message().await? else { return Ok(None) };
        Ok(Some(if message.heartbeat { JournalNews::Idle } else { JournalNews::Part(part(message)) }))
    }
}

fn part(message: WatchJournalResponse) -> JournalPart {
    let transfers = message.events.iter().flat_map(moved).collect();
    let place = JournalPlace { commit_no: message.commit_no, hash: message.commit_hash, seq: message.next_seq - 1 };
    let committed_us = message.commit_time.map_or(0, |time| unix_us(&time));
    let (events, more) = (message.events.len(), message.more);
    let after = message.events.into_iter().flat_map(after).collect();
    JournalPart { transfers, after, committed_us, events, whole: Some(place).filter(|_| !more) }
}

/// Both accounts of each transfer of an event.
fn after(event: JournalEvent) -> Vec<AccountAfter> {
    let (Some(What::Posting(posting)) | Some(What::HoldExpired(posting))) = event.what else { return Vec::new() };
    let of = |account: Account| AccountAfter {
        debits_posted: account.debits_posted,
        credits_posted: account.credits_posted,
        seq: event.seq,
        account: account.account,
    };
    posting.transfers.into_iter().flat_map(|transfer| [transfer.debit_after, transfer.credit_after]).flatten().map(of).collect()
}

fn moved(event: &JournalEvent) -> Vec<MovedTransfer> {
    let Some(What::Posting(posting)) = &event.what else { return Vec::new() };
    let at = |time: &Option<Timestamp>| time.as_ref().map_or(0, unix_us);
    let (committed_us, effective_us) = (at(&posting.commit_time), at(&posting.effective_time));
    let moves = posting.transfers.iter().filter(|transfer| !transfer.pending && !transfer.released);
    let transfer = |transfer: &api::ledger::PostedTransfer| MovedTransfer {
        debit: transfer.debit_account.clone(),
        credit: transfer.credit_account.clone(),
        unit: transfer.unit.clone(),
        amount: transfer.amount,
        kind: posting.kind.clone(),
        effective_us,
        committed_us,
    };
    moves.map(transfer).collect()
}
