//! Statuses of transactions, groups and entries, the lists of the second quarter of 2026, in our own words.

use super::{Cause, CodeRow};

/// `ExternalPaymentTransactionStatus1Code`, in the order of the codes.
pub(super) const TRANSACTION_STATUSES: [CodeRow; 25] = [
    ("ACCC", Cause::Settled, "settled on the receiver's account"),
    ("ACCP", Cause::Accepted, "the customer's profile was checked"),
    ("ACFC", Cause::Accepted, "the funds were checked"),
    ("ACFW", Cause::Signing, "the funds were checked; the payer must still confirm"),
    ("ACIS", Cause::OtherProduct, "a cheque was issued"),
    ("ACPD", Cause::Accepted, "released by the paying bank and accepted by the clearing"),
    ("ACSC", Cause::Settled, "settled on the payer's account"),
    ("ACSP", Cause::Accepted, "accepted for execution"),
    ("ACTC", Cause::Accepted, "authentic and well formed"),
    ("ACWC", Cause::Accepted, "accepted with a change"),
    ("ACWP", Cause::Accepted, "accepted but not posted to the receiver yet"),
    ("BLCK", Cause::Blocked, "blocked: neither posted nor returned"),
    ("CANC", Cause::Cancelled, "cancelled as requested"),
    ("CPUC", Cause::OtherProduct, "the cash was picked up"),
    ("PATC", Cause::Signing, "more authorisations are needed"),
    ("PDNG", Cause::Accepted, "further checks are in progress"),
    ("PRES", Cause::OtherProduct, "the request to pay was shown to the payer"),
    ("RCVC", Cause::PayeeCheckPassed, "payee check: the name fits"),
    ("RCVD", Cause::Accepted, "received"),
    ("RJCT", Cause::Rejected, "rejected: nothing moved"),
    ("RVCM", Cause::PayeeCheckDiffers, "payee check: some names do not fit"),
    ("RVMC", Cause::PayeeCheckDiffers, "payee check: the name nearly fits"),
    ("RVNA", Cause::PayeeCheckOpen, "payee check: could not be applied"),
    ("RVNC", Cause::PayeeCheckOpen, "payee check: not finished"),
    ("RVNM", Cause::PayeeCheckDiffers, "payee check: the name does not fit"),
];

/// `ExternalPaymentGroupStatus1Code`, in the order of the codes.
pub(super) const GROUP_STATUSES: [CodeRow; 13] = [
    ("ACCC", Cause::Settled, "settled on the receiver's account"),
    ("ACCP", Cause::Accepted, "the customer's profile was checked"),
    ("ACSC", Cause::Settled, "settled on the payer's account"),
    ("ACSP", Cause::Accepted, "accepted for execution"),
    ("ACTC", Cause::Accepted, "authentic and well formed"),
    ("ACWC", Cause::Accepted, "accepted with a change"),
    ("PART", Cause::InPart, "some accepted, some not yet"),
    ("PDNG", Cause::Accepted, "further checks are in progress"),
    ("RCVC", Cause::PayeeCheckPassed, "payee check: the name fits"),
    ("RCVD", Cause::Accepted, "received"),
    ("RJCT", Cause::Rejected, "rejected: nothing moved"),
    ("RVCM", Cause::PayeeCheckDiffers, "payee check: some names do not fit"),
    ("RVNC", Cause::PayeeCheckOpen, "payee check: not finished"),
];

/// `ExternalEntryStatus1Code`, in the order of the codes.
pub(super) const ENTRY_STATUSES: [CodeRow; 4] = [
    ("BOOK", Cause::Settled, "booked on the account"),
    ("FUTR", Cause::Accepted, "booked by the bank, with a value date to come"),
    ("INFO", Cause::Information, "for information only, nothing is booked"),
    ("PDNG", Cause::Accepted, "expected, not booked yet"),
];
