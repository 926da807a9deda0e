//! Codes of requests for cancellation and of the answers to them, in our own words.

use super::{Cause, CodeRow};

/// `ExternalCancellationReason1Code`, second quarter of 2026, in the order of the codes.
pub(super) const CANCELLATION_REASONS: [CodeRow; 33] = [
    ("AC02", Cause::OurAccount, "the paying account's number is wrong or missing"),
    ("AC03", Cause::PayeeAccount, "the receiving account's number was wrong"),
    ("AGNT", Cause::PayeeBank, "a bank in the chain is wrong"),
    ("AM09", Cause::OurMessage, "not the amount agreed or expected"),
    ("BE16", Cause::OurMessage, "the payer's identification is missing or wrong"),
    ("BIAS", Cause::CancellationRefused, "the batch was already settled"),
    ("COVR", Cause::Withdrawn, "the covering payment was returned or cancelled"),
    ("CURR", Cause::OurMessage, "the currency is wrong"),
    ("CUST", Cause::Withdrawn, "the payer asked for it"),
    ("CUTA", Cause::Withdrawn, "an inquiry showed no other remedy"),
    ("DRTP", Cause::OtherProduct, "the request to pay was sent twice"),
    ("DS24", Cause::BankDelay, "the payment expired because time ran out"),
    ("DT01", Cause::Date, "a date is not valid"),
    ("DUPL", Cause::Duplicate, "a duplicate of another payment"),
    ("ECAG", Cause::OtherProduct, "the request to pay was withdrawn because of an error or agreement"),
    ("ENUE", Cause::Withdrawn, "the payer made an error in the payment"),
    ("FRAD", Cause::Fraud, "the payment began with fraud"),
    ("FRNA", Cause::Information, "pass the request on to the next bank"),
    ("FRTR", Cause::OtherProduct, "the mandate was cancelled while a debit was tracked"),
    ("INCR", Cause::OurMessage, "the request refers to the wrong batch"),
    ("INDM", Cause::Information, "an agreement of indemnity is wished for"),
    ("MD06", Cause::Withdrawn, "the end customer asked for the money back"),
    ("MODT", Cause::OtherProduct, "what the request to pay was for has changed"),
    ("NARR", Cause::NoReason, "the reason is in the sender's own words"),
    ("NFNA", Cause::Information, "do not pass the request on to the next bank"),
    ("PAID", Cause::OtherProduct, "what the request to pay was for was paid otherwise"),
    ("PPRC", Cause::OtherProduct, "the one who asked for payment is not in good standing"),
    ("SVNR", Cause::OtherProduct, "the cash or service was not rendered"),
    ("SYAD", Cause::Information, "a system member asks that the request stays where it is"),
    ("TECH", Cause::Withdrawn, "a technical error made the payment"),
    ("UAPA", Cause::Fraud, "the payer did not authorise the payment"),
    ("UPAY", Cause::Withdrawn, "the payment is not justified"),
    ("WNTB", Cause::OtherProduct, "a warranty of the request for payment was broken"),
];

/// `ExternalPaymentCancellationRejection1Code`, second quarter of 2026, in the order of the codes.
pub(super) const CANCELLATION_REJECTIONS: [CodeRow; 27] = [
    ("AACR", Cause::OtherProduct, "the request to pay was already accepted"),
    ("AC04", Cause::CancellationRefused, "the account that received it is closed"),
    ("ACLR", Cause::OtherProduct, "the request to pay was already cancelled"),
    ("ADAC", Cause::CancellationOpen, "the customer has not allowed the debit yet"),
    ("AEXR", Cause::OtherProduct, "the request to pay has expired"),
    ("AGNT", Cause::CancellationRefused, "a bank refuses the cancellation"),
    ("AM04", Cause::CancellationRefused, "not enough money on the account that received it"),
    ("ARDT", Cause::CancellationRefused, "the payment was already returned"),
    ("ARFR", Cause::OtherProduct, "the payer already refused the request to pay"),
    ("ARJR", Cause::OtherProduct, "the request to pay was already rejected"),
    ("ARJT", Cause::CancellationRefused, "the payment was already rejected"),
    ("ARPL", Cause::CancellationOpen, "no answer has come yet"),
    ("CUST", Cause::CancellationRefused, "the receiver refuses"),
    ("INDM", Cause::CancellationOpen, "an agreement of indemnity is needed first"),
    ("LEGL", Cause::CancellationRefused, "the law does not allow it"),
    ("NARR", Cause::NoReason, "the reason is in the bank's own words"),
    ("NOAS", Cause::CancellationRefused, "the receiver did not answer"),
    ("NOOR", Cause::NeverReceived, "the original payment was never received"),
    ("PATE", Cause::OtherProduct, "the request to pay was already sent for execution"),
    ("PTNA", Cause::CancellationOpen, "the payment was passed to the next bank"),
    ("RCAR", Cause::OtherProduct, "the cancellation of the request to pay was already rejected"),
    ("RCNR", Cause::OtherProduct, "the cancellation of the request to pay never arrived"),
    ("RCPR", Cause::OtherProduct, "the cancellation of the request to pay was already processed"),
    ("RQDA", Cause::CancellationOpen, "the receiver must agree to the return"),
    ("RR04", Cause::Regulatory, "a regulatory reason"),
    ("URTP", Cause::OtherProduct, "the request to pay is unknown"),
    ("WSEQ", Cause::OurMessage, "the sequence the request refers to is not valid"),
];

/// `CancellationIndividualStatus1Code` and `GroupCancellationStatus1Code` of the schema camt.029.001.09, in the order of the codes.
pub(super) const CANCELLATION_STATUSES: [CodeRow; 4] = [
    ("ACCR", Cause::Cancelled, "the request for cancellation was accepted"),
    ("PACR", Cause::InPart, "the request for cancellation was accepted in part"),
    ("PDCR", Cause::CancellationOpen, "the request for cancellation is not decided"),
    ("RJCR", Cause::CancellationRefused, "the request for cancellation was rejected"),
];

/// `ExternalInvestigationExecutionConfirmation1Code`, in the order of the codes. As of 2026-11-27. `IPAY`, `PECR` and `RJCR` are in the RTP schema of
/// camt.029; the others are from general knowledge of the list and not verified against an edition of it.
pub(super) const INVESTIGATION_CONFIRMATIONS: [CodeRow; 12] = [
    ("CNCL", Cause::Cancelled, "cancelled as requested"),
    ("CWFW", Cause::CancellationOpen, "the cancellation will follow"),
    ("ICOV", Cause::Information, "a covering payment was started"),
    ("IDUP", Cause::Duplicate, "a duplicate of another inquiry"),
    ("INFO", Cause::Information, "information was given"),
    ("IPAY", Cause::Cancelled, "a payment back was started"),
    ("MODI", Cause::Information, "modified as requested"),
    ("MWFW", Cause::CancellationOpen, "the modification will follow"),
    ("PDCR", Cause::CancellationOpen, "the request for cancellation is not decided"),
    ("PECR", Cause::InPart, "the cancellation was carried out in part"),
    ("RJCR", Cause::CancellationRefused, "the request for cancellation was rejected"),
    ("UWFW", Cause::CancellationOpen, "an answer that it can't be applied will follow"),
];
