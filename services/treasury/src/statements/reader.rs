//! Entries of many accounts, in the order of the book. What is in memory is a part of a page of each account.
use crate::{
    domain::statement::{DayStatement, LineOther, StatementKind, StatementLine, StatementMember, day_of_us, start_us},
    error::Error,
    statements::StatementCursor,
    treasury::Treasury,
};
use api::ledger::{Entry, ListEntriesRequest};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::civil::Date;
use ledger_client::LedgerClient;
use money::{BookName, Currency};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Calls to the ledger at once for one statement.
const CALLS_AT_ONCE: usize = 32;
/// Entries in memory, of all accounts together: about 10 MB.
const ENTRIES_AT_ONCE: usize = 20_000;
/// Entries of a page: few where there are many accounts.
const PAGE: std::ops::RangeInclusive<usize> = 10..=200;
/// How far before a day its entries are looked for: commits whose time is of the day before, and which were not there when that day was issued.
const OVERLAP_US: i64 = 15 * 60 * 1_000_000;

/// Whose entries to read, and of which days.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadRange<'a> {
    pub(super) account: (StatementKind, Currency),
    /// The statement before: what it has is left out.
    pub(super) before: Option<&'a DayStatement>,
    pub(super) members: &'a [StatementMember],
    pub(super) first: Date,
    pub(super) last: Date,
    /// What a page before has is left out too.
    pub(super) after: Option<StatementCursor>,
}

/// Where the entries of an account begin.
#[derive(Debug, Clone, Copy)]
struct LineStart {
    /// No commit before this time.
    from_us: i64,
    /// No event up to this one.
    after_seq: i64,
}

/// One account's entries.
struct LineCursor {
    member: String,
    account: String,
    start: LineStart,
    entries: VecDeque<Entry>,
    page_token: String,
    is_over: bool,
    /// The balance after the last entry that was read.
    balance: Option<i64>,
    next: Option<StatementLine>,
}

/// Entries of the accounts of a statement.
pub(super) struct LineReader {
    ledger: LedgerClient,
    book: BookName,
    account: (StatementKind, Currency),
    until_us: i64,
    /// No entry up to this place.
    after_place: i64,
    /// Entries of a page.
    page: i32,
    cursors: BTreeMap<String, LineCursor>,
    /// The place of each account's next entry.
    heads: BTreeSet<(i64, String)>,
    /// The balance after the last entry that was given out.
    stated: BTreeMap<String, i64>,
}

impl Treasury {
    /// What accounts held at the start of a day, as their owner sees it.
    pub(super) async fn balances_before(
        &self,
        members: &[StatementMember],
        account: (StatementKind, Currency),
        day: Date,
    ) -> Result<Vec<(StatementMember, i64)>, Error> {
        let one = async |member: &StatementMember| -> Result<(StatementMember, i64), Error> {
            let Some(name) = member.ledger_account(account.0, account.1) else { return Ok((member.clone(), 0)) };
            let balance = self.ledger.balance_at(&self.book, &name, start_us(day) - 1).await?;
            Ok((member.clone(), owners(account.0, balance).ok_or(Error::Overflow)?))
        };
        stream::iter(members).map(one).buffered(CALLS_AT_ONCE).try_collect().await
    }

    /// A reader of the entries of a range.
    pub(super) async fn reader(&self, range: ReadRange<'_>) -> Result<LineReader, Error> {
        let ReadRange { account, before, members, first, last, after } = range;
        let old: BTreeSet<StatementMember> = match before {
            Some(before) => self.store.statement_members(self.book.as_str(), &before.members_hash).await?.into_iter().collect(),
            None => BTreeSet::new(),
        };
        let mut reader = LineReader {
            ledger: self.ledger.clone(),
            book: self.book.clone(),
            account,
            until_us: start_us(last.tomorrow().unwrap_or(Date::MAX)),
            after_place: after.map_or(i64::MIN, |after| after.place),
            page: 0,
            cursors: BTreeMap::new(),
            heads: BTreeSet::new(),
            stated: BTreeMap::new(),
        };
        let day = LineStart { from_us: start_us(first), after_seq: 0 };
        let start = |member: &StatementMember| {
            let start = match before.filter(|_| old.contains(member)) {
                Some(before) => LineStart { from_us: day.from_us - OVERLAP_US, after_seq: before.position },
                None => day,
            };
            (member.clone(), LineStart { from_us: start.from_us.max(after.map_or(i64::MIN, |after| after.booked_us)), ..start })
        };
        reader.add(members.iter().map(start).collect()).await?;
        Ok(reader)
    }
}

impl LineReader {
    /// From the start of a day on, these members and no others.
    pub(super) async fn set_members(&mut self, members: &[StatementMember], day: Date) -> Result<(), Error> {
        let now: BTreeSet<&str> = members.iter().map(|member| member.id.as_str()).collect();
        self.cursors.retain(|id, _| now.contains(id.as_str()));
        self.heads.retain(|(_, id)| now.contains(id.as_str()));
        let start = LineStart { from_us: start_us(day), after_seq: 0 };
        let new = members.iter().filter(|member| !self.cursors.contains_key(&member.id));
        let new: Vec<_> = new.map(|member| (member.clone(), start)).collect();
        self.add(new).await
    }

    /// The next entry that was booked before this time.
    pub(super) async fn next(&mut self, until_us: i64) -> Result<Option<StatementLine>, Error> {
        let Some((_, member)) = self.heads.first() else { return Ok(None) };
        let is_due = |cursor: &LineCursor| cursor.next.as_ref().is_some_and(|line| line.booked_us < until_us);
        if !self.cursors.get(member).is_some_and(is_due) {
            return Ok(None);
        }
        let Some((_, member)) = self.heads.pop_first() else { return Ok(None) };
        let Some(mut cursor) = self.cursors.remove(&member) else { return Ok(None) };
        let (line, balance) = (cursor.next.take(), cursor.balance);
        self.advance(&mut cursor).await?;
        self.keep(cursor);
        if let Some(balance) = balance {
            self.stated.insert(member, balance);
        }
        // A member may have come since the entry was read.
        Ok(line.map(|line| StatementLine {
            is_internal: matches!(&line.other, LineOther::Leaf(leaf) if self.cursors.contains_key(leaf)),
            ..line
        }))
    }

    /// The balance that the ledger states after the last entry of a member that was given out.
    pub(super) fn stated_balance(&self, member: &str) -> Option<i64> {
        self.stated.get(member).copied()
    }

    async fn add(&mut self, starts: Vec<(StatementMember, LineStart)>) -> Result<(), Error> {
        let (kind, currency) = self.account;
        let cursor = |(member, start): (StatementMember, LineStart)| {
            let account = member.ledger_account(kind, currency)?;
            let (entries, page_token) = (VecDeque::new(), String::new());
            Some(LineCursor { member: member.id, account, start, entries, page_token, is_over: false, balance: None, next: None })
        };
        let cursors: Vec<LineCursor> = starts.into_iter().filter_map(cursor).collect();
        let page = (ENTRIES_AT_ONCE / (self.cursors.len() + cursors.len()).max(1)).clamp(*PAGE.start(), *PAGE.end());
        self.page = i32::try_from(page).unwrap_or_default();
        let this = &*self;
        let begun = async |mut cursor: LineCursor| this.advance(&mut cursor).await.map(|()| cursor);
        let begun: Vec<LineCursor> = stream::iter(cursors).map(begun).buffer_unordered(CALLS_AT_ONCE).try_collect().await?;
        begun.into_iter().for_each(|cursor| self.keep(cursor));
        Ok(())
    }

    fn keep(&mut self, cursor: LineCursor) {
        if let Some(line) = &cursor.next {
            self.heads.insert((line.place(), cursor.member.clone()));
        }
        self.cursors.insert(cursor.member.clone(), cursor);
    }

    /// Reads an account's next entry that changed its balance: a hold does not, and nor does its release.
    async fn advance(&self, cursor: &mut LineCursor) -> Result<(), Error> {
        loop {
            let Some(entry) = cursor.entries.pop_front() else {
                if cursor.is_over {
                    return Ok(());
                }
                self.fill(cursor).await?;
                continue;
            };
            let booked_us = unix_us(entry.commit_time);
            let before = match cursor.balance {
                Some(balance) => balance,
                None => self.owners(self.ledger.balance_at(&self.book, &cursor.account, booked_us - 1).await?)?,
            };
            let after = self.owners(entry.balance_after)?;
            cursor.balance = Some(after);
            let change = after.checked_sub(before).ok_or(Error::Overflow)?;
            let line = line(cursor, &entry, change, booked_us);
            let is_at_bank = self.account.0 == StatementKind::Physical || matches!(line.other, LineOther::Bank(_));
            let line = StatementLine { is_at_bank, ..line };
            if change != 0 && line.seq > cursor.start.after_seq && line.place() > self.after_place {
                cursor.next = Some(line);
                return Ok(());
            }
        }
    }

    async fn fill(&self, cursor: &mut LineCursor) -> Result<(), Error> {
        let request = ListEntriesRequest {
            book: self.book.to_string(),
            account: cursor.account.clone(),
            page_size: self.page,
            page_token: std::mem::take(&mut cursor.page_token),
            oldest_first: true,
            booked_from: Some(rpc::wire::timestamp_us(cursor.start.from_us)),
            booked_until: Some(rpc::wire::timestamp_us(self.until_us)),
            ..ListEntriesRequest::default()
        };
        let page = self.ledger.list_entries(request).await?;
        cursor.entries.extend(page.entries);
        cursor.is_over = page.next_page_token.is_empty();
        cursor.page_token = page.next_page_token;
        Ok(())
    }

    fn owners(&self, balance: i64) -> Result<i64, Error> {
        owners(self.account.0, balance).ok_or(Error::Overflow)
    }
}

/// A ledger balance as the account's owner sees it: what is at a bank is a debit balance in our books.
fn owners(kind: StatementKind, balance: i64) -> Option<i64> {
    if kind == StatementKind::Physical { balance.checked_neg() } else { Some(balance) }
}

fn line(cursor: &LineCursor, entry: &Entry, change: i64, booked_us: i64) -> StatementLine {
    let (transfer_no, other) = entry.transfer.as_ref().map_or((0, LineOther::Account), |transfer| {
        let other = if transfer.debit_account == cursor.account { &transfer.credit_account } else { &transfer.debit_account };
        (transfer.transfer_no, LineOther::of_account(other))
    });
    StatementLine {
        member: cursor.member.clone(),
        seq: entry.seq,
        transfer_no,
        posting_id: entry.posting_id.clone(),
        kind: entry.kind.clone(),
        change,
        booked_us,
        value_date: day_of_us(unix_us(entry.effective_time)),
        other,
        is_internal: false,
        is_at_bank: false,
    }
}

fn unix_us(time: Option<prost_types::Timestamp>) -> i64 {
    time.map_or(0, |time| rpc::wire::unix_us(&time))
}
