//! Payouts as postings. Every one is named by the payout or its step's key, so that repeating it finds the first.

use crate::domain::{Payout, Phase, REJECT, SETTLE};
use api::ledger::{
    ListBooksRequest, PostPendingRequest, PostRequest, Posting, RequestField, Transfer, ledger_service_client::LedgerServiceClient,
};
use money::BookName;
use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};
use tonic::{Code, Status};

/// The ledger, and what is known of its books.
#[derive(Clone)]
pub struct Ledger {
    client: LedgerServiceClient<rpc::Transport>,
    /// A book's mode never changes; true: TEST.
    modes: Arc<RwLock<HashMap<String, bool>>>,
}

/// Why the ledger did not post.
#[derive(Debug)]
pub enum Failure {
    /// It said no; the same id gets the same answer.
    Refused(Status),
    /// It may or may not have; the same id finds out.
    Retry(Status),
}

impl Failure {
    /// The ledger's own status.
    pub fn status(self) -> Status {
        match self {
            Self::Refused(status) | Self::Retry(status) => status,
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::FailedPrecondition | Code::NotFound | Code::InvalidArgument | Code::AlreadyExists | Code::OutOfRange => {
                Self::Refused(status)
            }
            Code::Ok
            | Code::Cancelled
            | Code::Unknown
            | Code::DeadlineExceeded
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
            | Code::Unauthenticated => Self::Retry(status),
        }
    }
}

fn unreadable() -> Failure {
    Failure::Retry(rpc::internal(&std::io::Error::other("the ledger answered without a posting")))
}

fn field(name: &str, value: impl ToString) -> RequestField {
    RequestField { name: name.to_owned(), value: value.to_string() }
}

impl Ledger {
    /// Over this transport, as this service.
    pub fn new(transport: rpc::Transport) -> Self {
        let client = LedgerServiceClient::new(transport).max_decoding_message_size(rpc::MESSAGE_BYTES_MAX);
        Self { client, modes: Arc::default() }
    }

    /// True for a TEST book, false for a LIVE one, `None` for a book the ledger does not show us.
    pub async fn is_test(&self, book: &BookName) -> Result<Option<bool>, Status> {
        let known = |modes: &RwLock<HashMap<String, bool>>| {
            modes.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(book.as_str()).copied()
        };
        if let Some(test) = known(&self.modes) {
            return Ok(Some(test));
        }
        let books = self.client.clone().list_books(ListBooksRequest {}).await?.into_inner().books;
        let modes = books.into_iter().map(|book| (book.name.clone(), book.mode() == api::ledger::BookMode::Test));
        self.modes.write().unwrap_or_else(std::sync::PoisonError::into_inner).extend(modes);
        Ok(known(&self.modes))
    }

    /// Holds the money: pending, creator's payable to in transit.
    pub async fn hold(&self, payout: &Payout) -> Result<Posting, Failure> {
        let fields = vec![
            field("beneficiary_id", payout.beneficiary_id),
            field("currency_code", payout.amount.currency()),
            field("minor_units", payout.amount.minor_units()),
        ];
        let request = PostRequest {
            book: payout.book.to_string(),
            request_id: payout.hold_id().to_string(),
            kind: "payout.hold".to_owned(),
            transfers: vec![transfer(payout, payable(payout), in_transit(payout), true)],
            request_fields: fields,
            ..PostRequest::default()
        };
        self.post(request).await
    }

    /// Posts the hold: the durable intent to submit.
    pub async fn submit(&self, payout: &Payout) -> Result<Posting, Failure> {
        let request = PostPendingRequest {
            book: payout.book.to_string(),
            request_id: payout.submit_id().to_string(),
            transfer_no: payout.hold_transfer_no,
            amount: 0,
            kind: "payout.submit".to_owned(),
            request_fields: vec![field("payout_id", payout.payout_id)],
            ..PostPendingRequest::default()
        };
        self.client.clone().post_pending(request).await?.into_inner().posting.ok_or_else(unreadable)
    }

    /// Posts the end: to the bank's cash when it settled, back to the creator when it did not.
    pub async fn finish(&self, payout: &Payout) -> Result<Posting, Failure> {
        let (kind, to) = match payout.phase {
            Phase::Settling => (SETTLE, format!("house/bank_cash/{}", payout.amount.currency())),
            Phase::Returning => (REJECT, payable(payout)),
            Phase::Requested
            | Phase::Refused
            | Phase::Held
            | Phase::Intent
            | Phase::Sent
            | Phase::Accepted
            | Phase::Unknown
            | Phase::Settled
            | Phase::Rejected => unreachable!("only decided payouts are finished"),
        };
        let request = PostRequest {
            book: payout.book.to_string(),
            request_id: payout.end_id(kind).to_string(),
            kind: kind.to_owned(),
            transfers: vec![transfer(payout, in_transit(payout), to, false)],
            request_fields: vec![field("payout_id", payout.payout_id)],
            ..PostRequest::default()
        };
        self.post(request).await
    }

    async fn post(&self, request: PostRequest) -> Result<Posting, Failure> {
        self.client.clone().post(request).await?.into_inner().posting.ok_or_else(unreadable)
    }
}

fn payable(payout: &Payout) -> String {
    format!("creator/{}/payable/{}", payout.user, payout.amount.currency())
}

fn in_transit(payout: &Payout) -> String {
    format!("house/in_transit/{}", payout.amount.currency())
}

fn transfer(payout: &Payout, debit_account: String, credit_account: String, pending: bool) -> Transfer {
    Transfer { debit_account, credit_account, amount: payout.amount.minor_units(), pending, ..Transfer::default() }
}
