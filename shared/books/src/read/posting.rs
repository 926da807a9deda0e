//! A posting for readers: its event with the names of its accounts and the time of its commit.

use crate::domain::{
    Micros,
    chart::Unit,
    event::{Body, Event, GuardSet, Posting, Transfer},
    request::RequestFields,
};
use std::sync::Arc;
use uuid::Uuid;

/// A transfer with its accounts' names.
#[derive(Debug, Clone)]
pub struct NamedTransfer {
    /// The stored transfer.
    pub transfer: Transfer,
    /// Readable id of the account that gave.
    pub debit: Arc<str>,
    /// Readable id of the account that received.
    pub credit: Arc<str>,
    /// The unit of both accounts.
    pub unit: Unit,
}

/// A posting for readers: with the names of its accounts and the time of its commit.
#[derive(Debug, Clone)]
pub struct NamedPosting {
    /// Unique in the book.
    pub id: Uuid,
    /// Place in the journal.
    pub seq: i64,
    /// Kind of business event.
    pub kind: String,
    /// In order.
    pub transfers: Vec<NamedTransfer>,
    /// The guards it set, with their values after it.
    pub guards: Vec<GuardSet>,
    /// The caller's request fields.
    pub fields: RequestFields,
    /// Microseconds since the Unix epoch.
    pub commit_time: Micros,
    /// The effective time that the caller gave.
    pub effective_time: Option<Micros>,
}

/// The kind of a hold's expiry, which nobody requested.
pub const HOLD_EXPIRED: &str = "ledger.hold_expired";

/// A posting event for readers; `named` gives an account's name and unit. `None` if the event is no posting.
#[must_use]
pub fn named_posting(event: Event, commit_time: Micros, named: impl Fn(i64) -> (Arc<str>, Unit)) -> Option<NamedPosting> {
    let posting = match event.body {
        Body::Posting(posting) => posting,
        // Shown as a posting of the ledger's own, so that a statement has a line for it.
        Body::HoldExpired => Posting { kind: HOLD_EXPIRED.to_owned(), ..Posting::default() },
        Body::AccountOpened { .. } | Body::AccountStateSet { .. } | Body::LimitSet { .. } => return None,
    };
    let transfers = event
        .transfers
        .into_iter()
        .map(|transfer| {
            let ((debit, unit), (credit, _)) = (named(transfer.debit), named(transfer.credit));
            NamedTransfer { transfer, debit, credit, unit }
        })
        .collect();
    Some(NamedPosting {
        id: event.id,
        seq: event.seq,
        kind: posting.kind,
        transfers,
        guards: posting.guards,
        fields: posting.fields,
        commit_time,
        effective_time: posting.effective_time,
    })
}
