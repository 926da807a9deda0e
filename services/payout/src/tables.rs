//! The parts of this service that others may read: its rows, the reads of them and the postings that they stand for, and the export and erasure of a
//! user's data. For auditors, explanations, backups and erasure, which read the tables and call no service; nothing here calls the ledger, a bank, or
//! answers a caller.
pub use crate::beneficiaries::beneficiary_id;
pub use crate::domain::{
    Payout, PayoutKey, PayoutPhase, PayoutState,
    recall::{PayoutRecall, RecallFee},
    reservation::{Release, Reservation, ReservationState},
    returns::{PayoutReturn, ReturnState},
    run::PayoutRun,
    statement::StatementFinding,
};
pub use crate::payouts::STEPS_SHOWN_MAX;
pub use crate::postings::{
    blocking, hold, recall_fee, rejection, release, reservation, returned, settlement, suspension, unblocking, unblocking_to_suspense,
};
pub use crate::privacy::{Export, export};
pub use crate::store::{
    Error as PayoutRowsError, PageStart, Store,
    attempts::RecordedAttempt,
    beneficiaries::Beneficiary,
    erasure::Erased,
    messages::PassedMessage,
    payouts::ListedPayouts,
    reservations::ReservedMoney,
    reviews::ReviewRow,
    statements::{StatementAccount, UnexpectedDebit},
    steps::PayoutStep,
};
