//! Postings from a CSV such as [`crate::export`] writes, into a book's ledger. Sending a file again changes nothing.
//!
//! An id follows from the file's posting id, so a run that was cut short is simply repeated. What moved is imported: transfers that were posted, at once
//! or out of a hold. Holds, voids and expiries moved nothing and are left out; who still holds something places it anew.
use crate::OperationFault;
use crate::export::HEADER;
use api::ledger::{ImportBatchRequest, PostRequest, Transfer, ledger_service_client::LedgerServiceClient, post_batch_outcome::Outcome};
use books::{
    domain::{event::TransferKind, request::AccountName},
    stamp,
};
use csv::StringRecord;
use money::Amount;
use prost_types::Timestamp;
use rpc::Transport;
use std::io::Read;
use tonic::{Code, Request};
use uuid::Uuid;

/// Postings of one call; far below what a call may carry, for each may have 64 transfers.
const BATCH: usize = 200;

/// Where to, and whether for real.
pub struct ImportTarget {
    /// The ledger.
    pub client: LedgerServiceClient<Transport>,
    /// A token of finance or an admin.
    pub token: String,
    /// The book.
    pub book: String,
    /// Only says what would become of it. Each posting meets the book as it is now, without those before it in the file.
    pub dry_run: bool,
}

impl ImportTarget {
    fn authorised<T>(&self, message: T) -> Result<Request<T>, OperationFault> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.token).parse()?);
        Ok(request)
    }
}

/// What an import came to, in postings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportCounts {
    /// New in the book, or would be.
    pub imported: u64,
    /// There before.
    pub there: u64,
    /// Only holds or their ends.
    pub left_out: u64,
    /// Refused by the ledger.
    pub refused: u64,
    /// With a line that can't be read; nothing of them was sent.
    pub bad: u64,
}

impl ImportCounts {
    /// Whether everything in the file is in the book.
    #[must_use]
    pub fn whole(&self) -> bool {
        self.refused == 0 && self.bad == 0
    }
}

/// One row that moved something.
struct ImportRow {
    kind: String,
    time: i64,
    leg: u32,
    transfer: Transfer,
}

/// The rows of one posting, as they came.
struct PostingRows {
    id: String,
    line: u64,
    rows: Vec<ImportRow>,
    bad: bool,
}

impl PostingRows {
    fn new(id: &str, line: u64) -> Self {
        Self { id: id.to_owned(), line, rows: Vec::new(), bad: false }
    }

    /// Takes a row; the reason it can't be.
    fn take(&mut self, record: &StringRecord) -> Result<(), String> {
        let Some(row) = row(record)? else { return Ok(()) };
        if let Some(last) = self.rows.last() {
            if (&last.kind, last.time) != (&row.kind, row.time) {
                return Err("kind or time is not that of its posting".to_owned());
            }
            if row.leg <= last.leg {
                return Err("leg is not in order".to_owned());
            }
        }
        self.rows.push(row);
        Ok(())
    }

    fn post(self, dry_run: bool) -> Option<(u64, PostRequest)> {
        let first = self.rows.first()?;
        let (kind, time) = (first.kind.clone(), first.time);
        let nanos = i32::try_from(time.rem_euclid(1_000_000) * 1000).ok()?;
        let effective_time = Some(Timestamp { seconds: time.div_euclid(1_000_000), nanos });
        let transfers = self.rows.into_iter().map(|row| row.transfer).collect();
        Some((self.line, PostRequest { request_id: self.id, kind, transfers, effective_time, dry_run, ..PostRequest::default() }))
    }
}

/// A row of the file; `None` where it moved nothing.
fn row(record: &StringRecord) -> Result<Option<ImportRow>, String> {
    let [id, _, kind, commit_time, effective_time, leg, transfer_kind, debit, credit, unit, amount, ..] =
        std::array::from_fn::<&str, 13, _>(|at| record.get(at).unwrap_or_default());
    Uuid::try_parse(id).map_err(|_| "posting_id is not a UUID")?;
    let time = if effective_time.is_empty() { commit_time } else { effective_time };
    let time = stamp::parse(time).ok_or("its time is not RFC 3339 in UTC with microseconds")?;
    let leg = leg.parse().map_err(|_| "leg is not a number")?;
    let moved = [TransferKind::Posted, TransferKind::PostOfPending].map(TransferKind::as_str).contains(&transfer_kind);
    let still = [TransferKind::Pending, TransferKind::VoidOfPending, TransferKind::ExpiryOfPending].map(TransferKind::as_str);
    if !moved && !still.contains(&transfer_kind) {
        return Err(format!("transfer_kind {transfer_kind} is unknown"));
    }
    for name in [debit, credit] {
        let account = AccountName::parse(name.to_owned()).ok_or_else(|| format!("{name} is no account of the chart"))?;
        if account.form.unit.to_string() != unit {
            return Err(format!("{name} is not in {unit}"));
        }
    }
    let amount = amount.parse().ok().and_then(|amount| Amount::try_new(amount).ok()).ok_or("amount is not one")?;
    // The floor is the book's to hold; an amount below it was allowed once and is not by itself again.
    let transfer =
        Transfer { debit_account: debit.to_owned(), credit_account: credit.to_owned(), amount: amount.get(), ..Transfer::default() };
    Ok(moved.then(|| ImportRow { kind: kind.to_owned(), time, leg, transfer }))
}

/// A file's postings, one after another.
struct ImportPostings<R> {
    csv: csv::Reader<R>,
    group: Option<PostingRows>,
    /// Lines that can't be read, by their numbers, for whoever tells them.
    faults: Vec<String>,
}

impl<R: Read> ImportPostings<R> {
    fn of(input: R) -> Result<Self, OperationFault> {
        let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(input);
        if csv.headers()?.iter().ne(HEADER) {
            return Err(format!("the first line must be {}", HEADER.join(",")).into());
        }
        Ok(Self { csv, group: None, faults: Vec::new() })
    }

    fn next(&mut self) -> Result<Option<PostingRows>, OperationFault> {
        let mut record = StringRecord::new();
        loop {
            let read = self.csv.read_record(&mut record);
            let line = self.csv.position().line();
            let line = record.position().map_or(line, csv::Position::line);
            if matches!(read, Ok(false)) {
                return Ok(self.group.take());
            }
            let id = record.get(0).unwrap_or_default();
            let begins = self.group.as_ref().is_none_or(|group| group.id != id);
            let whole = if begins { self.group.replace(PostingRows::new(id, line)) } else { None };
            let taken = match (read, &mut self.group) {
                (Ok(_), _) if record.len() != HEADER.len() => Err(format!("{} columns instead of {}", record.len(), HEADER.len())),
                (Ok(_), Some(group)) => group.take(&record),
                (Ok(_), None) => Ok(()),
                (Err(error), _) if matches!(error.kind(), csv::ErrorKind::Io(_)) => return Err(error.into()),
                (Err(error), _) => Err(error.to_string()),
            };
            if let Err(why) = taken {
                self.faults.push(format!("line {line}: {why}"));
                self.group.iter_mut().for_each(|group| group.bad = true);
            }
            if whole.is_some() {
                return Ok(whole);
            }
        }
    }
}

/// The postings of a file as they would be sent; those with a line that can't be read are left out.
pub fn read(input: impl Read) -> Result<Vec<PostRequest>, OperationFault> {
    let mut postings = ImportPostings::of(input)?;
    let mut posts = Vec::new();
    while let Some(group) = postings.next()? {
        posts.extend((!group.bad).then(|| group.post(true)).flatten().map(|(_, post)| post));
    }
    Ok(posts)
}

/// Imports a file. Every line or posting that is not taken is told, by its number.
pub async fn import(target: &mut ImportTarget, input: impl Read, mut tell: impl FnMut(String)) -> Result<ImportCounts, OperationFault> {
    let mut postings = ImportPostings::of(input)?;
    let mut counts = ImportCounts::default();
    let mut batch: Vec<(u64, PostRequest)> = Vec::new();
    while let Some(group) = postings.next()? {
        postings.faults.drain(..).for_each(&mut tell);
        close(group, &mut batch, target.dry_run, &mut counts);
        if batch.len() >= BATCH {
            send(target, std::mem::take(&mut batch), &mut counts, &mut tell).await?;
        }
    }
    send(target, batch, &mut counts, &mut tell).await?;
    Ok(counts)
}

/// A posting's rows are complete.
fn close(group: PostingRows, batch: &mut Vec<(u64, PostRequest)>, dry_run: bool, counts: &mut ImportCounts) {
    if group.bad {
        counts.bad += 1;
        return;
    }
    match group.post(dry_run) {
        Some(post) => batch.push(post),
        None => counts.left_out += 1,
    }
}

async fn send(
    target: &mut ImportTarget,
    batch: Vec<(u64, PostRequest)>,
    counts: &mut ImportCounts,
    tell: &mut impl FnMut(String),
) -> Result<(), OperationFault> {
    if batch.is_empty() {
        return Ok(());
    }
    let (lines, posts): (Vec<u64>, Vec<PostRequest>) = batch.into_iter().unzip();
    let request = ImportBatchRequest { book: target.book.clone(), posts };
    let answer = target.client.import_batch(target.authorised(request)?).await?.into_inner();
    for (line, outcome) in lines.into_iter().zip(answer.outcomes) {
        match outcome.outcome {
            Some(Outcome::Accepted(accepted)) if accepted.replayed => counts.there += 1,
            Some(Outcome::Accepted(_)) => counts.imported += 1,
            Some(Outcome::Refused(refused)) if refused.code == Code::Unavailable as i32 => {
                return Err(format!("line {line}: {}: {}; run it again", refused.reason, refused.message).into());
            }
            Some(Outcome::Refused(refused)) => {
                tell(format!("line {line}: refused: {}: {}", refused.reason, refused.message));
                counts.refused += 1;
            }
            None => return Err(format!("line {line}: an answer without an outcome").into()),
        }
    }
    Ok(())
}
