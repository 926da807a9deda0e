//! Reads for many things at once what each of them needs of the journal: their events, when these were committed, and the accounts that they moved.
use super::StoryTeller;
use crate::audit::ReadFault;
use books::{
    domain::{
        account::BookAccount,
        event::{Event, Transfer, seq_of},
    },
    store::READ_CHUNK,
};
use std::collections::{BTreeSet, HashMap};

impl StoryTeller {
    /// Reads the events at these places with all that is said of them, in four statements however many they are. What this call has read already is not read again.
    pub(crate) async fn read_ahead(&self, seqs: impl IntoIterator<Item = i64>) -> Result<(), ReadFault> {
        let wanted: BTreeSet<i64> = seqs.into_iter().collect();
        let missing: Vec<i64> = {
            let rows = self.kept.rows();
            wanted.into_iter().filter(|seq| !rows.events.contains_key(seq)).collect()
        };
        for seqs in missing.chunks(READ_CHUNK) {
            let stored = self.store.bodies(self.book.key, seqs).await?;
            let mut moved: HashMap<i64, Vec<Transfer>> = HashMap::new();
            for transfer in self.store.transfers_of(self.book.key, seqs).await? {
                moved.entry(seq_of(transfer.no)).or_default().push(transfer);
            }
            let whole = |event: Event| Event { transfers: moved.remove(&event.seq).unwrap_or_default(), ..event };
            let events: Vec<Event> = stored.into_iter().map(|stored| stored.event).map(whole).collect();
            let times = self.store.commit_times(self.book.key, seqs).await?;
            self.account_rows(&events).await?;
            let mut rows = self.kept.rows();
            rows.times.extend(times);
            rows.events.extend(events.into_iter().map(|event| (event.seq, event)));
        }
        Ok(())
    }

    /// The event at this place of the journal.
    pub(crate) async fn event_at(&self, seq: i64) -> Result<Event, ReadFault> {
        self.read_ahead([seq]).await?;
        let event = self.kept.rows().events.get(&seq).cloned();
        Ok(event.ok_or_else(|| format!("event {seq} is missing; see `largesse verify`"))?)
    }

    /// When the event at this place was committed, in microseconds since the Unix epoch.
    pub(crate) async fn commit_time_at(&self, seq: i64) -> Result<Option<i64>, ReadFault> {
        let known = self.kept.rows().times.get(&seq).copied();
        if known.is_some() {
            return Ok(known);
        }
        let time = self.store.commit_time(self.book.key, seq).await?;
        self.kept.rows().times.extend(time.map(|time| (seq, time)));
        Ok(time)
    }

    /// The accounts of these events' transfers, by key, for their names and units. Their balances are as last written, or as this call read them first.
    pub(crate) async fn account_rows(&self, events: &[Event]) -> Result<HashMap<i64, BookAccount>, ReadFault> {
        let transfers = events.iter().flat_map(|event| &event.transfers);
        let keys: BTreeSet<i64> = transfers.flat_map(|transfer| [transfer.debit, transfer.credit]).collect();
        let missing: Vec<i64> = {
            let rows = self.kept.rows();
            keys.iter().copied().filter(|key| !rows.accounts.contains_key(key)).collect()
        };
        for chunk in missing.chunks(READ_CHUNK) {
            let read = self.store.accounts_by_key(self.book.key, chunk).await?;
            self.kept.rows().accounts.extend(read.into_iter().map(|account| (account.key, account)));
        }
        let rows = self.kept.rows();
        Ok(keys.into_iter().filter_map(|key| Some((key, rows.accounts.get(&key)?.clone()))).collect())
    }
}
