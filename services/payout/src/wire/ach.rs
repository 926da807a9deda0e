//! ACH files as callers see them.

use super::resolution::file_resolution;
use crate::{
    domain::ach::{FileState, PaymentFile},
    store::ach_findings::FileFindingRow,
};
use api::payout as pb;
use money::BookName;
use rpc::{
    page::PagedList,
    wire::{TimeRange, timestamp_ms},
};

/// A book's files under a filter, as a list to which page tokens are bound.
#[must_use]
pub fn files_list(book: &BookName, in_doubt_only: bool, bank: &str, built: TimeRange) -> PagedList {
    let times = built.named();
    let filter = [if in_doubt_only { "in doubt" } else { "" }, bank];
    let filter: Vec<&str> = filter.into_iter().chain(times.iter().map(String::as_str)).collect();
    PagedList::new("ListAchFiles", book.as_str(), &filter)
}

/// A file, how many of its payments are the book's, and what people found of it.
#[must_use]
pub fn file(file: &PaymentFile, of_book: i64, found: Option<&FileFindingRow>) -> pb::AchFile {
    let state = match file.state {
        FileState::Built => pb::AchFileState::Built,
        FileState::Sent => pb::AchFileState::Sent,
        FileState::Accepted => pb::AchFileState::Accepted,
        FileState::Rejected => pb::AchFileState::Rejected,
        FileState::Booked => pb::AchFileState::Booked,
        FileState::Doubtful => pb::AchFileState::Doubtful,
    };
    let number = |count: i64| i32::try_from(count).unwrap_or(i32::MAX);
    pb::AchFile {
        bank: file.bank.clone(),
        file_name: file.file_name.clone(),
        bank_account: file.bank_account.clone(),
        rail: file.rail.clone(),
        sha256: file.sha256.clone(),
        entries: number(file.entries),
        total_cents: file.cents,
        entries_of_book: number(of_book),
        state: state.into(),
        in_doubt: file.is_in_doubt(),
        received: file.taken,
        tries: number(file.tries),
        why: file.why.clone(),
        created_on: file.created_on.to_string(),
        effective_date: file.effective.to_string(),
        create_time: Some(timestamp_ms(file.built_at_ms)),
        resolution: found.map(|found| file_resolution(file, found)),
    }
}
