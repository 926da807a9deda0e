//! Statements in, matched with what should happen. Every step is safe to repeat: a file is recognised by its bytes, an account's open days are computed anew from
//! what is stored, and a booking has an id of its own.
use crate::{
    domain::{
        PhysicalAccount, Structure,
        bank::{BankItem, EntryBooking, is_due},
        matched::{self, AccountFindings, AccountRun, RunFault},
    },
    error::Error,
    postings,
    store::{AccountKey, FilePart, Series, StatementRow},
    treasury::{Treasury, day},
};
use jiff::{Span, civil::Date};
use ledger_client::{PostingDraft, takes_a_fresh_id};
use matching::{LineStanding, StreamedFile, account_key, stream};
use money::time::unix_ms;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Days after which neither a return nor a repetition of an entry is looked for: longer than any rail's window for returns.
const SEEN_DAYS: i64 = 400;
/// How often an account is reconciled that another call reconciles at the same time.
const TRIES_MAX: u32 = 4;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportState {
    /// Parts are missing.
    Receiving,
    /// This call completed it.
    Taken,
    /// It was complete before.
    Known,
}

/// What is known of a file.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Whether it is complete.
    pub state: ImportState,
    /// Bytes that are stored.
    pub received_bytes: i64,
    /// Its format; empty while parts are missing.
    pub format: String,
    /// Its statements.
    pub statements: Vec<StatementRow>,
    /// Open cases of its accounts.
    pub open_cases: i64,
}

/// An account's run, with what it found.
pub(crate) struct ReconciledAccount {
    /// What went into it.
    pub(crate) run: AccountRun,
    /// What came out.
    pub(crate) findings: AccountFindings,
    /// The account after the run was written.
    pub(crate) series: Series,
}

impl Treasury {
    /// Keeps a part of a file, and takes the file once it is whole.
    pub async fn import(&self, part: FilePart<'_>, by: &str) -> Result<Imported, Error> {
        let (book, hash) = (part.book, part.hash);
        let known = self.is_known(hash, part.size_bytes).await?;
        if !known {
            self.store.keep_part(part, by, (self.clock)()).await?;
            let received_bytes = self.store.bank_file(book, hash).await?.map_or(0, |file| file.received_bytes);
            if received_bytes < part.size_bytes {
                let (state, format) = (ImportState::Receiving, String::new());
                return Ok(Imported { state, received_bytes, format, statements: Vec::new(), open_cases: 0 });
            }
            self.take_or_forget(hash).await?;
        }
        self.imported(hash, known).await
    }

    /// Whether a file was imported before.
    pub(crate) async fn is_known(&self, hash: &str, size_bytes: i64) -> Result<bool, Error> {
        let before = self.store.bank_file(self.book.as_str(), hash).await?;
        if before.as_ref().is_some_and(|file| file.size_bytes != size_bytes) {
            return Err(Error::Statement { hash: hash.to_owned(), problem: "the file with this hash has another size".to_owned() });
        }
        Ok(before.is_some_and(|file| file.state != "receiving"))
    }

    /// Takes a file of which all parts are there. One that is refused is forgotten.
    pub(crate) async fn take_or_forget(&self, hash: &str) -> Result<(), Error> {
        let book = self.book.as_str();
        let Err(problem) = self.take(book, hash).await? else { return Ok(()) };
        self.store.forget_file(book, hash).await?;
        Err(Error::Statement { hash: hash.to_owned(), problem })
    }

    /// Reconciles the accounts of a file that was taken, and says what is known of it.
    pub(crate) async fn imported(&self, hash: &str, known: bool) -> Result<Imported, Error> {
        let book = self.book.as_str();
        let statements = self.store.statements(book, hash).await?;
        let structure = self.structure(None).await?;
        let mut open_cases = 0;
        for account in statements.iter().map(|statement| &statement.account).collect::<BTreeSet<_>>() {
            let account = structure.accounts.get(account).ok_or_else(|| Error::AccountUnknown(account.clone()))?;
            self.reconcile(account).await?;
            self.book_entries(account, false).await?;
            open_cases += self.store.open_case_count(book, &account.id).await?;
        }
        self.settle_sweeps().await?;
        let file = self.store.bank_file(book, hash).await?;
        let (received_bytes, format) = file.map(|file| (file.received_bytes, file.format)).unwrap_or_default();
        let state = if known { ImportState::Known } else { ImportState::Taken };
        Ok(Imported { state, received_bytes, format, statements, open_cases })
    }

    /// Reads a whole file and keeps its statements, or says why it is refused.
    async fn take(&self, book: &str, hash: &str) -> Result<Result<(), String>, Error> {
        let bytes = self.file_bytes(hash).await?;
        let (read, found, bytes) = blocking(move || (stream(bytes.reader(), 1, &mut |_, _| {}), bytes.sha256(), bytes)).await?;
        if found.map_err(Error::Spool)? != hash {
            return Ok(Err("its parts are not those of the file with this hash; send all of them again".to_owned()));
        }
        if bytes.has_failed() {
            return Err(RunFault::Unread(hash.to_owned()).into());
        }
        let structure = self.structure(None).await?;
        match statements_of(&read, &structure) {
            Ok(statements) => {
                self.store.take_file(book, hash, &read.format, &statements).await?;
                tracing::info!(hash, format = read.format, statements = statements.len(), "a bank's file was taken");
                Ok(Ok(()))
            }
            Err(problem) => Ok(Err(problem)),
        }
    }

    /// Computes an account's open days anew, and keeps what was found and what is to be booked: [`Self::book_entries`] is next.
    pub(crate) async fn reconcile(&self, account: &PhysicalAccount) -> Result<ReconciledAccount, Error> {
        let key = AccountKey { book: self.book.as_str(), account: &account.id, currency: account.currency.code() };
        for _ in 0..TRIES_MAX {
            let series = self.store.series(key.book, key.account).await?.unwrap_or(Series { version: 0, closed_through: None });
            let run = self.account_run(account, series, None).await?;
            let asked = run.clone();
            let findings = blocking(move || matched::run(&asked)).await??;
            let now_ms = unix_ms((self.clock)());
            let planned = self.planned(account, &findings, now_ms).await?;
            if self.store.reconciled(key, series, &findings, &planned, now_ms).await? {
                let series = Series { version: series.version + 1, ..series };
                return Ok(ReconciledAccount { run, findings, series });
            }
        }
        Err(Error::Busy)
    }

    /// Everything that a run of an account goes by.
    pub(crate) async fn account_run(&self, account: &PhysicalAccount, series: Series, until: Option<Date>) -> Result<AccountRun, Error> {
        let book = self.book.as_str();
        let number = account_key(&account.number);
        let since = series.closed_through.map(|closed| closed.saturating_sub(Span::new().days(SEEN_DAYS)));
        let closed = match since {
            Some(since) => self.store.closed_entries(book, &account.id, &number, account.currency, since).await?,
            None => Vec::new(),
        };
        let numbers = self.store.statement_numbers(book, &account.id).await?;
        let mut files = self.store.open_files(book, &account.id, series.closed_through).await?;
        for file in &mut files {
            file.bytes = self.file_bytes(&file.hash).await?;
        }
        Ok(AccountRun {
            account: account.id.clone(),
            leaves: numbers.into_iter().filter(|one| *one != number).collect(),
            number,
            currency: account.currency,
            today: day((self.clock)()),
            files,
            items: self.store.items(book, &account.id, since).await?,
            closed,
            closed_through: series.closed_through,
            until,
        })
    }

    /// The bookings that follow from what was found and are not made yet. What two people adjusted stays as it is.
    async fn planned(&self, account: &PhysicalAccount, findings: &AccountFindings, now_ms: i64) -> Result<Vec<EntryBooking>, Error> {
        let book = self.book.as_str();
        let now: BTreeMap<String, EntryBooking> =
            self.store.bookings(book, &account.id).await?.into_iter().map(|booking| (booking.entry_key.clone(), booking)).collect();
        let adjusted = self.store.adjusted(book, &account.id).await?;
        let cases = self.store.cases(book, &account.id).await?;
        let decided: BTreeSet<&String> =
            cases.iter().filter(|case| adjusted.contains_key(&case.found.id)).flat_map(|case| &case.found.entry_keys).collect();
        let mut wanted: BTreeMap<String, _> = findings.entries.iter().map(|entry| (entry.key.clone(), entry.booking)).collect();
        // An entry of an open day that is not there any more: its file was left out.
        for key in self.store.open_entry_keys(book, &account.id).await? {
            wanted.entry(key).or_insert(None);
        }
        let mut planned = Vec::new();
        for (entry_key, booking) in wanted.into_iter().filter(|(key, _)| !decided.contains(key)) {
            let before = now.get(&entry_key);
            if before.and_then(|before| before.booking) != booking {
                let generation = before.map_or(0, |before| before.generation) + 1;
                planned.push(EntryBooking { entry_key, generation, booking, planned_at_ms: now_ms, since_ms: now_ms, posted: false });
            }
        }
        Ok(planned)
    }

    /// Posts the bookings of an account that are decided and not posted: all of them, or those that are due to be tried without being asked. Each takes the one before
    /// of its entry back, so it comes after it. The first error is returned, and stops no other entry.
    pub(crate) async fn book_entries(&self, account: &PhysicalAccount, only_due: bool) -> Result<(), Error> {
        let bookings = self.store.open_bookings(self.book.as_str(), &account.id).await?;
        let mut failed = None;
        for generations in bookings.chunk_by(|one, other| one.entry_key == other.entry_key) {
            for (at, booking) in generations.iter().enumerate().filter(|(_, booking)| !booking.posted) {
                if only_due && !is_due(booking.since_ms, booking.planned_at_ms, unix_ms((self.clock)())) {
                    break;
                }
                let before = at.checked_sub(1).and_then(|at| generations[at].booking);
                let entry = Uuid::try_parse(&booking.entry_key).unwrap_or_default();
                let draft = |planned_at_ms| {
                    let id = chart::id::statement_entry(entry, &self.book, booking.generation, planned_at_ms);
                    postings::entry_booking(account, &booking.entry_key, id, before, booking.booking)
                };
                if let Err(error) = self.book_entry(account, booking, draft).await {
                    failed = failed.or(Some(error));
                    break;
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Posts a booking, once more under another id if the ledger has refused its own for good, as after an account was frozen or a week has passed.
    async fn book_entry(
        &self,
        account: &PhysicalAccount,
        booking: &EntryBooking,
        draft: impl Fn(i64) -> PostingDraft + Send,
    ) -> Result<(), Error> {
        let (book, account_id) = (self.book.as_str(), account.id.as_str());
        let mut posted = self.ledger.post(&self.book, draft(booking.planned_at_ms)).await;
        let now_ms = unix_ms((self.clock)());
        if posted.as_ref().is_err_and(|not_posted| takes_a_fresh_id(not_posted, booking.planned_at_ms, now_ms)) {
            if !self.store.plan_booking_again(book, account_id, booking, now_ms).await? {
                return Err(Error::Busy);
            }
            posted = self.ledger.post(&self.book, draft(now_ms)).await;
        }
        posted?;
        Ok(self.store.booking_posted(book, account_id, booking, unix_ms((self.clock)())).await?)
    }

    /// Records what should happen, or what the books know of it by now; returns how many items are new.
    pub async fn expect(&self, items: &[BankItem]) -> Result<i32, Error> {
        let book = self.book.as_str();
        let structure = self.structure(None).await?;
        if let Some(item) = items.iter().find(|item| !structure.accounts.contains_key(&item.account)) {
            return Err(Error::AccountUnknown(item.account.clone()));
        }
        let keys: Vec<String> = items.iter().map(|item| item.key.clone()).collect();
        let known = self.store.items_of(book, &keys).await?;
        let known: BTreeMap<&str, &BankItem> = known.iter().map(|item| (item.key.as_str(), item)).collect();
        let differs = |item: &&BankItem| known.get(item.key.as_str()).is_some_and(|known| !known.is_same_money(item));
        if let Some(item) = items.iter().find(differs) {
            return Err(Error::ItemDiffers(item.key.clone()));
        }
        self.store.expect(book, items, (self.clock)()).await?;
        Ok(i32::try_from(items.len() - known.len()).unwrap_or(i32::MAX))
    }
}

/// Runs what takes long without waiting, such as reading a file of many megabytes.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Stopped)
}

/// A file's statements with their accounts, or why the file is refused.
fn statements_of(read: &StreamedFile, structure: &Structure) -> Result<Vec<StatementRow>, String> {
    let mut accounts: BTreeMap<String, &str> = BTreeMap::new();
    for registration in structure.numbers.values() {
        if let Some(root) = structure.root(&registration.leaf) {
            accounts.insert(account_key(&registration.number), &root.id);
        }
    }
    accounts.extend(structure.accounts.values().map(|account| (account_key(&account.number), account.id.as_str())));
    let mut statements = Vec::new();
    for (part, content) in &read.statements {
        let number = part.account.clone().unwrap_or_default();
        let account = *accounts
            .get(&number)
            .ok_or_else(|| format!("its statement {} is of the account {number}, which is not in the structure", part.statement))?;
        if part.standing == LineStanding::Booked && part.day.is_none() {
            return Err(format!("its statement {} has no day", part.statement));
        }
        statements.push(StatementRow {
            number: i64::try_from(part.statement).unwrap_or(i64::MAX),
            account: account.to_owned(),
            account_number: number,
            currency: part.currency.clone(),
            day: part.day.filter(|_| part.standing == LineStanding::Booked),
            entry_count: i64::try_from(content.lines).unwrap_or(i64::MAX),
        });
    }
    if statements.is_empty() {
        let problem = read.problems.first().map(|problem| format!("{}: {}", problem.place, problem.what));
        return Err(problem.unwrap_or_else(|| "it has no statement".to_owned()));
    }
    Ok(statements)
}
