//! How each cause is handled.

use super::{
    Cause,
    CodeOwner::{self, Bank, Creator, Operations},
    Resend::{self, AfterCorrection, AfterInquiry, Later, Never},
};

/// Cause, owner, whether it may be sent again, next step, sentence for the person paid.
pub(super) type CauseRow = (Cause, CodeOwner, Resend, &'static str, &'static str);

/// For a code that is not in our tables. Nothing may follow from it automatically.
pub(super) const UNKNOWN: CauseRow =
    (Cause::NoReason, Operations, Never, "A person reads the code and asks the bank what it means.", OUR_CHECK);

/// Sentences that several causes share. None of them tells a suspicion or another person's affairs.
const OUR_CHECK: &str = "We are checking this payment and will tell you what happens next.";
const OUR_MISTAKE: &str = "The payment is delayed by something on our side; you don't have to do anything.";
const ON_ITS_WAY: &str = "Your payment is being processed.";
const NEW_ACCOUNT: &str = "Your bank can't take the payment on this account; please add another account.";

/// The row of a cause.
pub(super) fn handling(cause: Cause) -> CauseRow {
    CAUSES.iter().find(|row| row.0 == cause).copied().unwrap_or(UNKNOWN)
}

/// One row for every cause.
pub(super) const CAUSES: [CauseRow; 35] = [
    (
        Cause::PayeeAccount,
        Creator,
        AfterCorrection,
        "Ask for the right account number; pay the corrected account as a new payment.",
        "Your account details seem to be wrong; please check and correct them.",
    ),
    (Cause::PayeeAccountUnusable, Creator, AfterCorrection, "Ask for another account; stop paying to this one.", NEW_ACCOUNT),
    (
        Cause::PayeeDetails,
        Creator,
        AfterCorrection,
        "Ask for the detail that is missing or wrong; pay again once it is corrected.",
        "Your bank needs a correction of your name, address or details; please check them.",
    ),
    (
        Cause::PayeeRegulatory,
        Creator,
        AfterCorrection,
        "Complete the receiver's details; ask the receiver to clear the matter with their bank.",
        "Your bank needs more details about you before it takes this payment; please check yours, or ask your bank.",
    ),
    (
        Cause::PayeeBank,
        Creator,
        AfterCorrection,
        "Check the bank's identifier and whether the rail reaches it; ask for a correction or use another rail.",
        "Your bank can't be reached with the details we have; please check your bank's code.",
    ),
    (
        Cause::PayeeService,
        Creator,
        AfterCorrection,
        "Ask the receiver to allow payments from us at their bank, or ask our bank to add the receiver.",
        "A setting at a bank stops this payment; please ask your bank whether it allows payments from us.",
    ),
    (Cause::Token, Operations, AfterCorrection, "Get a new token for the account, or pay by account number.", OUR_MISTAKE),
    (Cause::Rail, Operations, AfterCorrection, "Pay over another rail that the account takes.", OUR_MISTAKE),
    (
        Cause::BankDelay,
        Bank,
        AfterInquiry,
        "Ask for the payment's status; send it again only once the bank says that it was not executed.",
        "The payment is delayed at a bank; we will try again as soon as it is safe.",
    ),
    (Cause::OurMessage, Operations, AfterCorrection, "Correct what the reason names and send it as a new payment.", OUR_MISTAKE),
    (Cause::OurAccount, Operations, AfterCorrection, "Check our paying account and its settings with the bank.", OUR_MISTAKE),
    (Cause::OurFunds, Operations, Later, "Fund the paying account, then send it as a new payment.", OUR_MISTAKE),
    (Cause::Limit, Operations, AfterCorrection, "Use another rail, raise the limit, or split it if the policy allows.", OUR_MISTAKE),
    (Cause::Duplicate, Operations, Never, "Find the first payment; its outcome counts.", OUR_CHECK),
    (Cause::Regulatory, Operations, Never, "Give it to compliance; pay only after their decision.", OUR_CHECK),
    (Cause::Fraud, Operations, Never, "Hold further payouts to this account and give it to the fraud team.", OUR_CHECK),
    (
        Cause::Deceased,
        Operations,
        Never,
        "Stop payouts to this account; a person deals with the heirs.",
        "The payment came back; please contact our support.",
    ),
    (Cause::NoReason, Bank, Never, "Read the bank's own words; ask the bank if they don't tell enough.", OUR_CHECK),
    (Cause::Withdrawn, Operations, Never, "Find out who asked and why before anything is paid again.", OUR_CHECK),
    (
        Cause::Date,
        Operations,
        Later,
        "Send it as a new payment with a date and time that the rail takes.",
        "The payment was too late for today and will be made on the next banking day.",
    ),
    (Cause::Signing, Operations, AfterCorrection, "Give or renew the signature, certificate or right, then send it again.", OUR_MISTAKE),
    (Cause::Information, Bank, Never, "Nothing; wait for the next report.", ON_ITS_WAY),
    (Cause::OtherProduct, Operations, Never, "Payouts don't get this code; a person reads what it belongs to.", OUR_CHECK),
    (
        Cause::CancellationRefused,
        Operations,
        Never,
        "The money stays where it is; recover it from the receiver or write it off by decision.",
        "The payment could not be taken back.",
    ),
    (
        Cause::CancellationOpen,
        Bank,
        Never,
        "Wait for the bank's decision; treat the payment as made until then.",
        "We have asked the bank about this payment and are waiting for its answer.",
    ),
    (
        Cause::NeverReceived,
        Bank,
        AfterInquiry,
        "Trace the payment; pay again only once the bank says that it was not executed.",
        "A bank is looking for this payment; we will tell you what it finds.",
    ),
    (Cause::Settled, Bank, Never, "Nothing; the money has moved.", "Your payment has been made."),
    (Cause::Accepted, Bank, Never, "Wait for the final status; ask if it does not come in the rail's time.", ON_ITS_WAY),
    (Cause::InPart, Operations, Never, "Read the status of each transaction; this one decides none of them.", ON_ITS_WAY),
    (
        Cause::Rejected,
        Operations,
        AfterCorrection,
        "Read the reason; it decides what follows.",
        "The bank did not accept this payment; we are looking at its reason.",
    ),
    (
        Cause::Cancelled,
        Operations,
        Never,
        "Check that the money has come back before the payment counts as cancelled.",
        "This payment was cancelled.",
    ),
    (Cause::Blocked, Operations, Never, "Give it to compliance and ask the bank; it is neither paid nor returned.", OUR_CHECK),
    (Cause::PayeeCheckPassed, Bank, Never, "Nothing; the payment goes on.", ON_ITS_WAY),
    (
        Cause::PayeeCheckDiffers,
        Creator,
        AfterCorrection,
        "Show the difference and have the name confirmed or corrected before the payment is released; it is not rejected.",
        "The name on your account differs from the one we have; please check it.",
    ),
    (
        Cause::PayeeCheckOpen,
        Operations,
        Never,
        "Decide by policy whether to pay without a payee check; the payment is not rejected.",
        ON_ITS_WAY,
    ),
];
