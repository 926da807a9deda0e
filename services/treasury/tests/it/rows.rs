//! What the service's rows say was posted is what is in the journal, and nothing else of its kinds is.
use crate::fixture::{BOOK, Fixture};
use api::ledger::{GetTrialBalanceRequest, Posting, WatchJournalRequest, journal_event::What, watch_journal_request::From};
use money::BookName;
use std::collections::BTreeMap;
use treasury::tables::{KINDS, RowCursor, RowPosting, named};

/// Rows per read: few, so that every list has several pages.
const ROWS: i64 = 2;

impl Fixture {
    /// The postings of the treasury's book, as far as it goes now.
    async fn journal(&self) -> Vec<Posting> {
        let request = GetTrialBalanceRequest { book: BOOK.to_owned(), ..Default::default() };
        let last = self.bed.client().get_trial_balance(request).await.unwrap().into_inner().seq;
        let request = WatchJournalRequest { book: BOOK.to_owned(), from: Some(From::FromSeq(1)) };
        let mut events = self.bed.client().watch_journal(request).await.unwrap().into_inner();
        let mut postings = Vec::new();
        loop {
            let message = events.message().await.unwrap().unwrap();
            for event in message.events {
                if let Some(What::Posting(posting)) = event.what {
                    postings.push(posting);
                }
            }
            if message.next_seq > last {
                return postings;
            }
        }
    }

    /// What all rows say.
    async fn row_postings(&self) -> Vec<RowPosting> {
        let (store, book) = (self.store().await, BookName::try_new(BOOK).unwrap());
        let (mut rows, mut from) = (Vec::new(), Some(RowCursor::default()));
        while let Some(cursor) = from {
            let (found, next) = store.row_postings(&book, &cursor, ROWS).await.unwrap();
            for row in &found {
                assert!(store.postings_of(&book, &row.group).await.unwrap().contains(row), "alone it says the same: {row:?}");
            }
            rows.extend(found);
            from = next;
        }
        rows
    }

    /// Compares rows and postings both ways; returns how many there are of each kind.
    pub async fn assert_rows_are_postings(&self) -> BTreeMap<String, usize> {
        let (rows, mut count) = (self.row_postings().await, BTreeMap::new());
        let mut rows: BTreeMap<String, RowPosting> = rows.into_iter().map(|row| (row.id.hyphenated().to_string(), row)).collect();
        for posting in self.journal().await.into_iter().filter(|posting| KINDS.iter().any(|kind| kind.name() == posting.kind)) {
            let row = rows.remove(&posting.posting_id).unwrap_or_else(|| panic!("no row has {posting:?}"));
            let moved: Vec<_> =
                posting.transfers.iter().map(|one| (one.debit_account.clone(), one.credit_account.clone(), one.amount)).collect();
            assert_eq!((row.kind.name(), &row.transfers, row.is_recorded), (posting.kind.as_str(), &moved, true), "{}", row.row);
            assert_eq!(named(&posting.kind, |name| posting.field(name)), Some(row.group), "{}", row.row);
            *count.entry(posting.kind).or_default() += 1;
        }
        let lacking: Vec<_> = rows.values().filter(|row| row.is_recorded).collect();
        assert!(lacking.is_empty(), "{lacking:?}");
        count
    }
}
