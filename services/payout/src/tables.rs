//! What others may read of this service: its rows, the reads of them and the postings that they stand for, and a user's own data shown and erased. For auditors, explanations, copies and
//! erasure, which go by the tables and ask no service; nothing here calls the ledger, a bank, or answers a caller.
pub use crate::domain::{Payout, PayoutPhase, statement::StatementFinding};
pub use crate::payouts::STEPS_SHOWN_MAX;
pub use crate::postings::{hold, rejection, settlement, suspension};
pub use crate::privacy::{Export, export};
pub use crate::store::{
    PageStart, Store,
    beneficiaries::Beneficiary,
    erasure::Erased,
    messages::PassedMessage,
    payouts::{ListedPayouts, PayoutKey},
    statements::UnexpectedDebit,
    steps::PayoutStep,
};
