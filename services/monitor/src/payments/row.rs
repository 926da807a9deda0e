//! A posting as it is shown in a list of payments: without balances and request fields.
use api::{
    ledger::Posting,
    monitor::{PaymentRow, PaymentTransfer},
};
use chart::account::is_house;

/// Transfers of a posting that are shown.
const TRANSFERS_SHOWN_MAX: usize = 8;

/// Whether no account of a user takes part in a posting.
pub fn is_between_house(posting: &Posting) -> bool {
    posting.transfers.iter().all(|transfer| is_house(&transfer.debit_account) && is_house(&transfer.credit_account))
}

/// The row of a posting.
pub fn shown(posting: &Posting) -> PaymentRow {
    let transfers = posting.transfers.iter().take(TRANSFERS_SHOWN_MAX).map(|transfer| PaymentTransfer {
        debit_account: transfer.debit_account.clone(),
        credit_account: transfer.credit_account.clone(),
        amount: transfer.amount,
        unit: transfer.unit.clone(),
        pending: transfer.pending,
        released: transfer.released,
    });
    let left_out = posting.transfers.len().saturating_sub(TRANSFERS_SHOWN_MAX);
    PaymentRow {
        posting_id: posting.posting_id.clone(),
        seq: posting.seq,
        kind: posting.kind.clone(),
        commit_time: posting.commit_time,
        effective_time: posting.effective_time,
        transfers: transfers.collect(),
        transfers_left_out: i32::try_from(left_out).unwrap_or(i32::MAX),
        house_only: is_between_house(posting),
    }
}
