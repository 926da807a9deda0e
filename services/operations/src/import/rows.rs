//! A file's rows as postings, each whole or not at all.
//!
//! Each row has the number of its posting's transfers, so a posting with rows that are cut off, out of order or missing is found before anything of it is sent.
use crate::OperationFault;
use api::ledger::{PostRequest, Transfer};
use books::{
    domain::{event::TransferKind, request::AccountName},
    stamp,
};
use csv::StringRecord;
use money::Amount;
use monitor::export::{HEADER, ONLY, fields::FIELD_COLUMNS};
use std::{collections::HashSet, io::Read};
use uuid::Uuid;

/// Columns in exports of earlier versions, which lacked `legs`.
const HEADER_WITHOUT_LEGS: usize = 13;

/// What all rows of a posting have in common.
#[derive(PartialEq, Eq)]
struct RowHead {
    /// The id under which it is sent: its original id, in whichever book it was first posted.
    request_id: String,
    kind: String,
    /// When it happened, in microseconds since the Unix epoch.
    time: i64,
    legs: u32,
}

/// One row.
struct ImportRow {
    head: RowHead,
    leg: u32,
    /// `None` for a hold, or the end of a hold, which moved nothing.
    transfer: Option<Transfer>,
}

/// The rows of one posting, in the file's order.
pub(super) struct PostingRows {
    id: String,
    /// The line of its first row.
    pub(super) line: u64,
    head: Option<RowHead>,
    /// Rows so far, which is also the next expected leg.
    rows: u32,
    transfers: Vec<Transfer>,
    /// Whether it is incomplete or has an unreadable row.
    pub(super) bad: bool,
}

impl PostingRows {
    fn new(id: &str, line: u64) -> Self {
        Self { id: id.to_owned(), line, head: None, rows: 0, transfers: Vec::new(), bad: false }
    }

    /// Adds a row, or says why it is invalid.
    fn take(&mut self, record: &StringRecord) -> Result<(), String> {
        let ImportRow { head, leg, transfer } = row(record)?;
        if self.head.as_ref().is_some_and(|first| *first != head) {
            return Err("kind, time, legs or imported_id is not that of its posting's other rows".to_owned());
        }
        if leg != self.rows {
            let (id, next) = (&self.id, self.rows);
            return Err(match (next, leg) {
                (0, _) => format!("posting {id} begins with leg {leg} and not with leg 0: its rows must follow each other, in order"),
                (_, leg) if leg < next => format!("leg {leg} of posting {id} is not in order, or is there twice"),
                _ => format!("leg {next} of posting {id} is missing before leg {leg}"),
            });
        }
        self.rows += 1;
        self.head = Some(head);
        self.transfers.extend(transfer);
        Ok(())
    }

    /// Checks that the posting is complete after its last row, or says why not.
    fn end(&self) -> Result<(), String> {
        let legs = self.head.as_ref().map_or(0, |head| head.legs);
        if self.rows == legs {
            return Ok(());
        }
        Err(format!(
            "posting {} has {} of its {legs} transfers here: its rows must follow each other, and none may be missing",
            self.id, self.rows
        ))
    }

    /// The request to send; `None` where it only placed or ended holds.
    pub(super) fn post(self, dry_run: bool) -> Option<(u64, PostRequest)> {
        let RowHead { request_id, kind, time, .. } = self.head?;
        if self.transfers.is_empty() {
            return None;
        }
        let effective_time = Some(rpc::wire::timestamp_us(time));
        Some((self.line, PostRequest { request_id, kind, transfers: self.transfers, effective_time, dry_run, ..PostRequest::default() }))
    }
}

/// A row of the file.
fn row(record: &StringRecord) -> Result<ImportRow, String> {
    let [id, _, kind, commit_time, effective_time, leg, transfer_kind, debit, credit, unit, amount, _, _, legs, imported_id] =
        std::array::from_fn::<&str, { HEADER.len() }, _>(|at| record.get(at).unwrap_or_default());
    Uuid::try_parse(id).map_err(|_| "posting_id is not a UUID")?;
    let request_id = if imported_id.is_empty() { id } else { imported_id };
    Uuid::try_parse(request_id).map_err(|_| "imported_id is neither empty nor a UUID")?;
    let time = if effective_time.is_empty() { commit_time } else { effective_time };
    let time = stamp::parse(time).ok_or("its time is not RFC 3339 in UTC with microseconds, such as 2026-01-31T23:59:59.000000Z")?;
    let leg = leg.parse().map_err(|_| "leg is not a number")?;
    let legs = legs.parse().map_err(|_| "legs is not a number")?;
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
    // Without `allow_debt`: the book enforces its accounts' floors, and a debt that was allowed once is not allowed again by an import.
    let transfer =
        Transfer { debit_account: debit.to_owned(), credit_account: credit.to_owned(), amount: amount.get(), ..Transfer::default() };
    Ok(ImportRow {
        head: RowHead { request_id: request_id.to_owned(), kind: kind.to_owned(), time, legs },
        leg,
        transfer: moved.then_some(transfer),
    })
}

/// Whether it is the header of a file with whole postings, with or without the columns that say more of them.
fn is_whole(header: &StringRecord) -> bool {
    header.iter().eq(HEADER) || header.iter().eq(HEADER.into_iter().chain(FIELD_COLUMNS))
}

/// Iterates over a file's postings.
pub(super) struct ImportPostings<R> {
    csv: csv::Reader<R>,
    /// How many columns each row has: further ones are not imported.
    columns: usize,
    group: Option<PostingRows>,
    /// Ids of the postings that began before, to detect rows that are out of place. Some 30 bytes each.
    begun: HashSet<Uuid>,
    /// Unreadable lines and incomplete postings, by line number, to be reported.
    pub(super) faults: Vec<String>,
}

impl<R: Read> ImportPostings<R> {
    pub(super) fn of(input: R) -> Result<Self, OperationFault> {
        let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(input);
        let header = csv.headers()?.clone();
        if is_whole(&header) {
            return Ok(Self { csv, columns: header.len(), group: None, begun: HashSet::new(), faults: Vec::new() });
        }
        if header.iter().take(HEADER.len() + 1).eq(HEADER.into_iter().chain([ONLY])) {
            let mut first = StringRecord::new();
            let whose = if csv.read_record(&mut first)? { first.get(HEADER.len()).unwrap_or_default().to_owned() } else { String::new() };
            return Err(format!(
                "the file has only the transfers of {whose}, so the other transfers of its postings are missing; nothing was imported. Export the book \
                 without --account and import that"
            )
            .into());
        }
        if header.iter().eq(HEADER[..HEADER_WITHOUT_LEGS].iter().copied()) {
            return Err(
                "the file was written by an older version and does not say how many transfers each posting has (column legs), so a posting that \
                 lost some can't be detected; nothing was imported. Export the book again with this version"
                    .into(),
            );
        }
        let found: Vec<&str> = header.iter().collect();
        Err(format!("the first line must be {}, separated by commas, and is {}; nothing was imported", HEADER.join(","), found.join(","))
            .into())
    }

    fn fault(&mut self, line: u64, why: &str) {
        let Some(group) = &mut self.group else { return };
        // One fault per posting is enough.
        if !std::mem::replace(&mut group.bad, true) {
            self.faults.push(format!("line {line}: {why}"));
        }
    }

    /// Ends the posting that is being read.
    fn ended(&mut self) -> Option<PostingRows> {
        let (line, end) = self.group.as_ref().map(|group| (group.line, group.end()))?;
        if let Err(why) = end {
            self.fault(line, &why);
        }
        self.group.take()
    }

    pub(super) fn next(&mut self) -> Result<Option<PostingRows>, OperationFault> {
        let mut record = StringRecord::new();
        loop {
            let read = self.csv.read_record(&mut record);
            let line = self.csv.position().line();
            let line = record.position().map_or(line, csv::Position::line);
            if matches!(read, Ok(false)) {
                return Ok(self.ended());
            }
            // A repeated header, from files that were concatenated.
            if read.is_ok() && is_whole(&record) && record.len() == self.columns {
                continue;
            }
            let id = record.get(0).unwrap_or_default();
            let begins = self.group.as_ref().is_none_or(|group| group.id != id);
            let whole = if begins { self.begin(id, line) } else { None };
            let taken = match (read, &mut self.group) {
                (Ok(_), _) if record.len() != self.columns => Err(format!("{} columns instead of {}", record.len(), self.columns)),
                (Ok(_), Some(group)) => group.take(&record),
                (Ok(_), None) => Ok(()),
                (Err(error), _) if matches!(error.kind(), csv::ErrorKind::Io(_)) => return Err(error.into()),
                (Err(error), _) => Err(error.to_string()),
            };
            if let Err(why) = taken {
                self.fault(line, &why);
            }
            if whole.is_some() {
                return Ok(whole);
            }
        }
    }

    /// Ends the previous posting and begins this one.
    fn begin(&mut self, id: &str, line: u64) -> Option<PostingRows> {
        let whole = self.ended();
        self.group = Some(PostingRows::new(id, line));
        // An invalid id is reported as a fault of its own.
        if Uuid::try_parse(id).is_ok_and(|id| !self.begun.insert(id)) {
            self.fault(line, &format!("posting {id} has rows before: they must follow each other, and each posting may be there once"));
        }
        whole
    }
}

#[cfg(test)]
mod tests;
