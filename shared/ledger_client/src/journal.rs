//! A book's journal, as far as it says what accounts have.
use crate::answer::NotPosted;
use api::ledger::{
    Account, GetBalanceAtRequest, JournalCursor, JournalEvent, WatchJournalRequest, WatchJournalResponse, journal_event::What,
    watch_journal_request::From,
};
use money::BookName;
use prost_types::Timestamp;
use tonic::Streaming;

/// After which commit a reader of a journal goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalPosition {
    /// The commit's number.
    pub commit_no: i64,
    /// Its hash in the chain, in lower-case hexadecimal digits.
    pub hash: String,
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

/// A commit, a part of one, or the word that there is nothing new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalPart {
    /// Where to go on: after the last commit that was read completely.
    pub position: JournalPosition,
    /// When the commit was made, in microseconds since the Unix epoch. `None`: there is nothing new.
    pub committed_us: Option<i64>,
    /// What its accounts have after each of its transfers, in their order.
    pub accounts: Vec<AccountAfter>,
}

/// A journal that is being read. It ends after a time; the last position is where to go on.
pub struct JournalReader(Streaming<WatchJournalResponse>);

impl JournalReader {
    pub(crate) fn new(stream: Streaming<WatchJournalResponse>) -> Self {
        Self(stream)
    }

    /// The next part, waited for; `None`: the reading has to be begun again.
    pub async fn next(&mut self) -> Result<Option<JournalPart>, NotPosted> {
        let Some(message) = self.0.message().await.map_err(NotPosted::from)? else { return Ok(None) };
        JournalPart::read(message).map(Some)
    }
}

impl JournalPart {
    fn read(message: WatchJournalResponse) -> Result<Self, NotPosted> {
        let cursor = message.cursor.ok_or_else(|| NotPosted::lost("the ledger's journal came without a cursor"))?;
        let committed_us = match message.heartbeat {
            true => None,
            false => Some(
                message.commit_time.and_then(micros).ok_or_else(|| NotPosted::lost("the ledger's journal has a commit without a time"))?,
            ),
        };
        let position = JournalPosition { commit_no: cursor.commit_no, hash: cursor.hash };
        Ok(Self { position, committed_us, accounts: message.events.into_iter().flat_map(accounts).collect() })
    }
}

/// Both accounts of each transfer of an event, after it.
fn accounts(event: JournalEvent) -> Vec<AccountAfter> {
    let (Some(What::Posting(posting)) | Some(What::HoldExpired(posting))) = event.what else { return Vec::new() };
    let after = |account: Option<Account>| {
        account.map(|account| AccountAfter {
            debits_posted: account.debits_posted,
            credits_posted: account.credits_posted,
            seq: event.seq,
            account: account.account,
        })
    };
    posting.transfers.into_iter().flat_map(|transfer| [after(transfer.debit_after), after(transfer.credit_after)]).flatten().collect()
}

pub(crate) fn watch_request(book: &BookName, after: Option<&JournalPosition>) -> WatchJournalRequest {
    let cursor = |position: &JournalPosition| JournalCursor { commit_no: position.commit_no, hash: position.hash.clone() };
    WatchJournalRequest { book: book.to_string(), from: after.map(|position| From::After(cursor(position))) }
}

pub(crate) fn balance_request(book: &BookName, account: String, at_us: i64) -> GetBalanceAtRequest {
    let nanos = i32::try_from(at_us.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
    GetBalanceAtRequest { book: book.to_string(), account, time: Some(Timestamp { seconds: at_us.div_euclid(1_000_000), nanos }) }
}

/// A time in microseconds since the Unix epoch; `None`: none of the years that are counted so.
pub(crate) fn micros(time: Timestamp) -> Option<i64> {
    time.seconds.checked_mul(1_000_000)?.checked_add(i64::from(time.nanos) / 1_000)
}
