//! What was booked on accounts of the company, and what was on them at past moments.
use super::LedgerClient;
use crate::{answer::NotPosted, reason::LedgerReason};
use api::ledger::{GetBalanceAtRequest, ListEntriesRequest, ListEntriesResponse};
use money::BookName;

impl LedgerClient {
    /// A page of an account's entries as the ledger sends it. An account that the book does not have has none; nor has one of a book that is not there yet.
    pub async fn list_entries(&self, request: ListEntriesRequest) -> Result<ListEntriesResponse, NotPosted> {
        known(self.client.clone().list_entries(request).await.map(tonic::Response::into_inner))
    }

    /// Credits minus debits of an account, with every commit up to and including this time, in microseconds since the Unix epoch. 0 for an account or book that is
    /// not there.
    pub async fn balance_at(&self, book: &BookName, account: &str, unix_us: i64) -> Result<i64, NotPosted> {
        let time = Some(rpc::wire::timestamp_us(unix_us));
        let request = GetBalanceAtRequest { book: book.to_string(), account: account.to_owned(), time };
        Ok(known(self.client.clone().get_balance_at(request).await.map(tonic::Response::into_inner))?.balance)
    }
}

/// An answer; an empty one if the account or its book does not exist.
fn known<T: Default>(answer: Result<T, tonic::Status>) -> Result<T, NotPosted> {
    match answer.map_err(NotPosted::from) {
        Err(NotPosted::Refused(refusal)) if matches!(refusal.reason, LedgerReason::AccountUnknown | LedgerReason::BookUnknown) => {
            Ok(T::default())
        }
        answer => answer,
    }
}
