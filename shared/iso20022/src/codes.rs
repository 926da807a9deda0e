//! External status and reason codes of ISO 20022 (the registration authority's quarterly lists), the common ones with our own texts.

use crate::{
    Error,
    value::{REFERENCE_CHARS_MAX, text_leaf},
    xml::Element,
};
use std::fmt;

pub mod handling;

/// A bank's status of a transaction or a group (`ExternalPaymentTransactionStatus1Code`, `ExternalPaymentGroupStatus1Code`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TransactionStatus {
    /// The message is authentic and well formed.
    Actc,
    /// The customer's profile was checked as well.
    Accp,
    /// The funds were checked as well.
    Acfc,
    /// Accepted with a change, such as a date.
    Acwc,
    /// Accepted for execution.
    Acsp,
    /// Settled on the debtor's side; final for an instant rail.
    Acsc,
    /// Settled on the creditor's account.
    Accc,
    /// Accepted without having been posted to the creditor yet.
    Acwp,
    /// Received, not checked yet.
    Rcvd,
    /// Waiting for further checks.
    Pdng,
    /// Part of a group was accepted.
    Part,
    /// Refused; nothing moved.
    Rjct,
    /// Cancelled on request.
    Canc,
    /// Blocked: neither paid nor returned.
    Blck,
    /// Any other code of the list, or one unknown here.
    Other(String),
}

/// What a status means for money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusOutcome {
    /// The money has moved. Final.
    Settled,
    /// The money has not moved and will not. Final.
    Rejected,
    /// The bank has it and has not decided.
    Pending,
    /// Its meaning is unclear; nothing may follow from it.
    Unclear,
}

/// Codes in the order of [`TransactionStatus`].
const STATUSES: [(&str, TransactionStatus, StatusOutcome); 14] = [
    ("ACTC", TransactionStatus::Actc, StatusOutcome::Pending),
    ("ACCP", TransactionStatus::Accp, StatusOutcome::Pending),
    ("ACFC", TransactionStatus::Acfc, StatusOutcome::Pending),
    ("ACWC", TransactionStatus::Acwc, StatusOutcome::Pending),
    ("ACSP", TransactionStatus::Acsp, StatusOutcome::Pending),
    ("ACSC", TransactionStatus::Acsc, StatusOutcome::Settled),
    ("ACCC", TransactionStatus::Accc, StatusOutcome::Settled),
    ("ACWP", TransactionStatus::Acwp, StatusOutcome::Pending),
    ("RCVD", TransactionStatus::Rcvd, StatusOutcome::Pending),
    ("PDNG", TransactionStatus::Pdng, StatusOutcome::Pending),
    ("PART", TransactionStatus::Part, StatusOutcome::Unclear),
    ("RJCT", TransactionStatus::Rjct, StatusOutcome::Rejected),
    // We request no cancellations, and a block needs people: neither is acted on automatically.
    ("CANC", TransactionStatus::Canc, StatusOutcome::Unclear),
    ("BLCK", TransactionStatus::Blck, StatusOutcome::Unclear),
];

impl TransactionStatus {
    /// Reads any text of the schema's type; unknown codes are kept.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        let known = STATUSES.iter().find(|(known, _, _)| *known == code);
        known.map_or_else(|| Self::Other(code.to_owned()), |(_, status, _)| status.clone())
    }

    /// The code of four letters.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Other(code) => code,
            known => STATUSES.iter().find(|(_, status, _)| status == known).map_or("", |(code, _, _)| code),
        }
    }

    /// What it means for money.
    #[must_use]
    pub fn outcome(&self) -> StatusOutcome {
        STATUSES.iter().find(|(_, status, _)| status == self).map_or(StatusOutcome::Unclear, |(_, _, outcome)| *outcome)
    }
}

impl fmt::Display for TransactionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Reasons (`ExternalStatusReason1Code`). The ones that a creator's payout can get have names; every other code of the list is kept
/// as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KnownReason {
    /// AB05: time ran out at the creditor's bank.
    TimeoutAtCreditorBank,
    /// AB08: the creditor's bank is not online.
    CreditorBankOffline,
    /// AC01: account number wrong or missing.
    AccountNumberWrong,
    /// AC03: creditor's account number wrong or missing.
    CreditorAccountWrong,
    /// AC04: account closed.
    AccountClosed,
    /// AC06: account blocked.
    AccountBlocked,
    /// AC07: creditor's account closed.
    CreditorAccountClosed,
    /// AG01: not allowed on this kind of account.
    TransactionForbidden,
    /// AG03: kind of transaction not supported on this account.
    TransactionUnsupported,
    /// AG09: the original payment never arrived.
    NeverReceived,
    /// AM02: above the maximum.
    AmountTooLarge,
    /// AM04: not enough funds.
    InsufficientFunds,
    /// AM05: a duplicate.
    Duplicate,
    /// AM09: not the amount agreed.
    WrongAmount,
    /// AM10: control sum wrong.
    ControlSumWrong,
    /// AM18: number of transactions wrong.
    CountWrong,
    /// BE04: creditor's address missing or wrong.
    CreditorAddress,
    /// BE06: end customer unknown.
    CustomerUnknown,
    /// CUST: at the customer's request.
    CustomerRequest,
    /// DS02: order cancelled.
    OrderCancelled,
    /// FF01: file format wrong.
    FormatWrong,
    /// MD07: account holder deceased.
    HolderDeceased,
    /// MS02: customer gave no reason.
    UnspecifiedByCustomer,
    /// MS03: bank gave no reason.
    UnspecifiedByBank,
    /// NARR: in words only.
    Narrative,
    /// RC01: bank identifier has a wrong form.
    BankIdentifierForm,
    /// RC04: creditor's bank unknown.
    CreditorBankUnknown,
    /// RR04: regulatory reason.
    Regulatory,
    /// TM01: came after the cut-off.
    CutOff,
}

const REASONS: [(&str, KnownReason, &str); 29] = [
    ("AB05", KnownReason::TimeoutAtCreditorBank, "time ran out at the receiving bank"),
    ("AB08", KnownReason::CreditorBankOffline, "the receiving bank is not online"),
    ("AC01", KnownReason::AccountNumberWrong, "the account number is wrong"),
    ("AC03", KnownReason::CreditorAccountWrong, "the receiving account's number is wrong"),
    ("AC04", KnownReason::AccountClosed, "the account is closed"),
    ("AC06", KnownReason::AccountBlocked, "the account is blocked"),
    ("AC07", KnownReason::CreditorAccountClosed, "the receiving account is closed"),
    ("AG01", KnownReason::TransactionForbidden, "this kind of account may not receive it"),
    ("AG03", KnownReason::TransactionUnsupported, "the account does not take this kind of payment"),
    ("AG09", KnownReason::NeverReceived, "the bank never received the payment"),
    ("AM02", KnownReason::AmountTooLarge, "the amount is above the maximum"),
    ("AM04", KnownReason::InsufficientFunds, "not enough money on the paying account"),
    ("AM05", KnownReason::Duplicate, "a duplicate of another payment"),
    ("AM09", KnownReason::WrongAmount, "not the amount agreed"),
    ("AM10", KnownReason::ControlSumWrong, "the control sum does not match"),
    ("AM18", KnownReason::CountWrong, "the number of transactions does not match"),
    ("BE04", KnownReason::CreditorAddress, "the receiver's address is missing or wrong"),
    ("BE06", KnownReason::CustomerUnknown, "the receiver is not known there"),
    ("CUST", KnownReason::CustomerRequest, "at a customer's request"),
    ("DS02", KnownReason::OrderCancelled, "the order was cancelled"),
    ("FF01", KnownReason::FormatWrong, "the message's form is wrong"),
    ("MD07", KnownReason::HolderDeceased, "the account's holder has died"),
    ("MS02", KnownReason::UnspecifiedByCustomer, "the customer gave no reason"),
    ("MS03", KnownReason::UnspecifiedByBank, "the bank gave no reason"),
    ("NARR", KnownReason::Narrative, "in the bank's own words"),
    ("RC01", KnownReason::BankIdentifierForm, "the bank's identifier has a wrong form"),
    ("RC04", KnownReason::CreditorBankUnknown, "the receiving bank is unknown"),
    ("RR04", KnownReason::Regulatory, "a regulatory reason"),
    ("TM01", KnownReason::CutOff, "received too late"),
];

/// A reason code: a known one, another of the external list, or a bank's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReasonCode {
    /// One of the common codes.
    Known(KnownReason),
    /// Another code, as received.
    Other(String),
    /// A bank's own text (`Prtry`), outside the external list.
    Proprietary(String),
}

impl ReasonCode {
    /// Reads the text of `Cd`.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        let known = REASONS.iter().find(|(known, _, _)| *known == code);
        known.map_or_else(|| Self::Other(code.to_owned()), |(_, reason, _)| Self::Known(*reason))
    }

    /// The code, or the bank's own text.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Known(reason) => REASONS.iter().find(|(_, known, _)| known == reason).map_or("", |(code, _, _)| code),
            Self::Other(code) | Self::Proprietary(code) => code,
        }
    }

    /// A text for people.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::Known(reason) => REASONS.iter().find(|(_, known, _)| known == reason).map_or("", |(_, _, words)| words),
            Self::Other(_) => "a reason we have no words for",
            Self::Proprietary(_) => "a reason of the bank's own",
        }
    }
}

/// `Rsn`: a code of an external list, or a bank's own text.
pub(crate) fn write_reason_code(reason: &ReasonCode) -> Result<Element, Error> {
    let code = match reason {
        ReasonCode::Known(_) | ReasonCode::Other(_) => text_leaf("Cd", reason.code(), 4)?,
        ReasonCode::Proprietary(own) => text_leaf("Prtry", own, REFERENCE_CHARS_MAX)?,
    };
    Ok(Element::new("Rsn").with(code))
}

#[cfg(test)]
mod tests;
