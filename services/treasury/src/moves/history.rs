//! An account's entries in the ledger, by the day from which each counts (UTC).
use crate::{
    domain::positions::{AgedPosition, OpenLoans},
    error::Error,
    treasury::Treasury,
};
use api::ledger::{Entry, ListEntriesRequest};
use chart::{Account, PostingKind};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use money::time::utc_day;
use rpc::wire::timestamp;
use std::collections::BTreeMap;

/// Entries that are asked for at once: the most that the ledger gives.
const ENTRIES_PAGE: i32 = 200;

/// The first moment of a day.
pub(crate) fn start_of(day: Date) -> Result<Timestamp, Error> {
    day.to_zoned(TimeZone::UTC).map(|start| start.timestamp()).map_err(|_| Error::Overflow)
}

/// The first moment of the day after a day.
pub(crate) fn start_of_next(day: Date) -> Result<Timestamp, Error> {
    start_of(day.tomorrow().map_err(|_| Error::Overflow)?)
}

/// The day from which an entry counts.
fn counts_from(entry: &Entry) -> Option<Date> {
    let at = entry.effective_time.or(entry.commit_time)?;
    rpc::wire::moment(&at).map(utc_day)
}

/// How an entry changes credits minus debits.
fn change(entry: &Entry, account: &str) -> Option<i64> {
    let transfer = entry.transfer.as_ref().filter(|transfer| !transfer.pending)?;
    Some(if transfer.credit_account == account { transfer.amount } else { -transfer.amount })
}

/// Whether postings of a kind move money between leaves only by treasury's own decision.
fn is_inside(kind: &str) -> bool {
    matches!(PostingKind::parse(kind), Some(PostingKind::TreasuryLeafMove | PostingKind::TreasuryAllocation))
}

impl Treasury {
    /// Credits minus debits at the end of each day of a period. Reads the entries since its first day, and keeps one number for each day.
    pub(crate) async fn daily_balances(&self, account: &str, from: Date, until: Date) -> Result<Vec<(Date, i64)>, Error> {
        let parsed = Account::parse(account).expect("only accounts of the chart are asked for");
        let now = self.ledger.signed_balance(&self.book, parsed).await?;
        let mut changes: BTreeMap<Date, i64> = BTreeMap::new();
        let mut since = 0_i64;
        let request = ListEntriesRequest { effective_from: Some(timestamp(start_of(from)?)), ..self.all_entries(account) };
        self.each_entry(request, |entry| {
            // What came after the balance is not in it.
            let Some(change) = change(entry, account).filter(|_| entry.seq <= now.seq.get()) else { return Some(()) };
            since = since.checked_add(change)?;
            let day = changes.entry(counts_from(entry)?).or_default();
            *day = day.checked_add(change)?;
            Some(())
        })
        .await?;
        let mut balance = now.credits_less_debits.checked_sub(since).ok_or(Error::Overflow)?;
        let mut days = Vec::new();
        for day in from.series(jiff::Span::new().days(1)).take_while(|day| *day <= until) {
            balance = balance.checked_add(changes.get(&day).copied().unwrap_or_default()).ok_or(Error::Overflow)?;
            days.push((day, balance));
        }
        Ok(days)
    }

    /// How many entries of a period an account has, and how much they moved in and out, without what only treasury moved: no bank charges for it.
    pub(crate) async fn turnover(&self, account: &str, from: Date, until: Date) -> Result<(i64, i128), Error> {
        let (mut count, mut volume) = (0_i64, 0_i128);
        let bounds = (Some(timestamp(start_of(from)?)), Some(timestamp(start_of_next(until)?)));
        let request = ListEntriesRequest { effective_from: bounds.0, effective_until: bounds.1, ..self.all_entries(account) };
        self.each_entry(request, |entry| {
            let Some(change) = change(entry, account).filter(|_| !is_inside(&entry.kind)) else { return Some(()) };
            count = count.checked_add(1)?;
            volume = volume.checked_add(i128::from(change).abs())?;
            Some(())
        })
        .await?;
        Ok((count, volume))
    }

    /// The day of an account's first entry.
    pub(crate) async fn first_day(&self, account: &str) -> Result<Option<Date>, Error> {
        let page = self.ledger.list_entries(ListEntriesRequest { page_size: 1, ..self.all_entries(account) }).await?;
        Ok(page.entries.first().and_then(counts_from))
    }

    /// What is owed by an account of the kind `due_from` at the end of a day, by age.
    pub(crate) async fn aged(&self, account: &str, on: Date) -> Result<AgedPosition, Error> {
        let mut loans = OpenLoans::default();
        let request = ListEntriesRequest { effective_until: Some(timestamp(start_of_next(on)?)), ..self.all_entries(account) };
        self.each_entry(request, |entry| match change(entry, account)? {
            lent @ ..0 => loans.lend(counts_from(entry)?, lent.checked_neg()?),
            repaid => loans.repay(repaid),
        })
        .await?;
        loans.aged(on).ok_or(Error::Overflow)
    }

    fn all_entries(&self, account: &str) -> ListEntriesRequest {
        let (book, account) = (self.book.to_string(), account.to_owned());
        ListEntriesRequest { book, account, page_size: ENTRIES_PAGE, oldest_first: true, ..ListEntriesRequest::default() }
    }

    /// Reads entries page by page. `each` answers `None` where it can't count any more.
    async fn each_entry(&self, mut request: ListEntriesRequest, mut each: impl FnMut(&Entry) -> Option<()>) -> Result<(), Error> {
        loop {
            let page = self.ledger.list_entries(request.clone()).await?;
            for entry in &page.entries {
                each(entry).ok_or(Error::Overflow)?;
            }
            if page.next_page_token.is_empty() || page.entries.is_empty() {
                return Ok(());
            }
            request.page_token = page.next_page_token;
        }
    }
}
