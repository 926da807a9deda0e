//! What to do about a code of a bank: what it means, who acts, whether the payment may be sent again, and what the person paid is told.
//!
//! The tables hold every code of the lists named at [`CodeList`]. A code that is not in them is kept as it is and left to a person.

mod cancellations;
mod causes;
mod return_reasons;
mod status_reasons;
mod statuses;

/// A list that a code is taken from; the same four letters may mean different things in two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CodeList {
    /// `ExternalPaymentTransactionStatus1Code`, in `TxSts`.
    TransactionStatus,
    /// `ExternalPaymentGroupStatus1Code`, in `GrpSts` and `PmtInfSts`.
    GroupStatus,
    /// `ExternalStatusReason1Code`, in `StsRsnInf`.
    StatusReason,
    /// `ExternalReturnReason1Code`, in `RtrRsnInf` and `RtrInf`.
    ReturnReason,
    /// `ExternalCancellationReason1Code`, in `CxlRsnInf`.
    CancellationReason,
    /// `ExternalPaymentCancellationRejection1Code`, in `CxlStsRsnInf`.
    CancellationRejection,
    /// `CancellationIndividualStatus1Code` and `GroupCancellationStatus1Code`, in `TxCxlSts`, `PmtInfCxlSts` and `GrpCxlSts`.
    CancellationStatus,
    /// `ExternalInvestigationExecutionConfirmation1Code`, in `Sts/Conf`.
    InvestigationConfirmation,
    /// `ExternalEntryStatus1Code`, in `Ntry/Sts`.
    EntryStatus,
}

/// Who acts next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodeOwner {
    /// The person paid: only they can correct or choose an account.
    Creator,
    /// Our staff.
    Operations,
    /// The bank: it has the payment or owes an answer.
    Bank,
}

impl CodeOwner {
    /// A word for reports: `creator`, `operations`, `bank`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Creator => "creator",
            Self::Operations => "operations",
            Self::Bank => "bank",
        }
    }
}

/// Whether and when the payment may be sent again. Always as a new payment with ids of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resend {
    /// Not at all: it was or may be paid, or it must not be.
    Never,
    /// Once what was wrong is corrected.
    AfterCorrection,
    /// Unchanged, later.
    Later,
    /// Only after the bank has said that it was not executed: a time-out does not tell.
    AfterInquiry,
}

impl Resend {
    /// A word for reports: `never`, `after_correction`, `later`, `after_inquiry`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::AfterCorrection => "after_correction",
            Self::Later => "later",
            Self::AfterInquiry => "after_inquiry",
        }
    }

    /// Whether the same payment, with nothing changed, may succeed later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Later | Self::AfterInquiry)
    }
}

/// What a code has in common with others that are handled in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The receiving account's number or address is wrong.
    PayeeAccount,
    /// The receiving account can't take it: closed, blocked, of the wrong kind.
    PayeeAccountUnusable,
    /// The receiver's name, address or identification is wrong or missing.
    PayeeDetails,
    /// The receiver's details do not satisfy a regulator.
    PayeeRegulatory,
    /// A bank on the receiving side is wrong or can't be reached.
    PayeeBank,
    /// A list of allowed or blocked parties at a bank stops it.
    PayeeService,
    /// A token that stands for an account.
    Token,
    /// The rail can't be used for this account.
    Rail,
    /// A time-out, an outage or an error at a bank or a clearing.
    BankDelay,
    /// Our message is wrong.
    OurMessage,
    /// Our account or bank is wrong.
    OurAccount,
    /// Our account lacks money.
    OurFunds,
    /// An amount or count is outside a limit.
    Limit,
    /// A duplicate.
    Duplicate,
    /// A regulator's rule.
    Regulatory,
    /// Fraud, or a suspicion of it.
    Fraud,
    /// The account's holder has died.
    Deceased,
    /// No reason, or one in words.
    NoReason,
    /// Somebody asked for the payment not to be made, or for the money back.
    Withdrawn,
    /// A date or cut-off.
    Date,
    /// A signature, certificate or right.
    Signing,
    /// News only.
    Information,
    /// Direct debits, cards, cheques, cash, requests to pay, charges: not how we pay.
    OtherProduct,
    /// A request for cancellation was refused or comes too late.
    CancellationRefused,
    /// A request for cancellation is not decided.
    CancellationOpen,
    /// The payment never arrived.
    NeverReceived,
    /// The money has moved.
    Settled,
    /// Accepted or received, not settled yet.
    Accepted,
    /// Part was decided one way and part another or not yet.
    InPart,
    /// Rejected; a reason says why.
    Rejected,
    /// Cancelled on request.
    Cancelled,
    /// Neither paid nor returned.
    Blocked,
    /// A payee check that fits. No status of the payment.
    PayeeCheckPassed,
    /// A payee check with a difference. No rejection of the payment.
    PayeeCheckDiffers,
    /// A payee check without a result. No rejection of the payment.
    PayeeCheckOpen,
}

impl Cause {
    /// Whether the code is the result of checking the payee's name and neither an acceptance nor a rejection of the payment.
    #[must_use]
    pub const fn is_payee_check(self) -> bool {
        matches!(self, Self::PayeeCheckPassed | Self::PayeeCheckDiffers | Self::PayeeCheckOpen)
    }
}

/// Code, cause, meaning.
type CodeRow = (&'static str, Cause, &'static str);

/// What to do about one code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeAdvice {
    /// The code as received.
    pub code: String,
    /// The list it was looked up in.
    pub list: CodeList,
    /// `None` if the code is not in the list as we know it: a person decides.
    pub cause: Option<Cause>,
    /// What it means, in a few words.
    pub meaning: &'static str,
    /// Who acts next.
    pub owner: CodeOwner,
    /// Whether it may be sent again.
    pub resend: Resend,
    /// What that owner does.
    pub next_step: &'static str,
    /// One sentence for the person paid.
    pub payee_text: &'static str,
}

impl CodeAdvice {
    /// Looks a code up in a list. Case and blanks count: the lists have capital letters and digits only.
    #[must_use]
    pub fn of(list: CodeList, code: &str) -> Self {
        let found = rows(list).binary_search_by(|row| row.0.cmp(code)).ok().and_then(|at| rows(list).get(at));
        let (cause, meaning) = found.map_or((None, "a code that is not in the list as we know it"), |row| (Some(row.1), row.2));
        let (_, owner, resend, next_step, payee_text) = cause.map_or(causes::UNKNOWN, causes::handling);
        Self { code: code.to_owned(), list, cause, meaning, owner, resend, next_step, payee_text }
    }

    /// Whether a person must decide, because the code is unknown.
    #[must_use]
    pub const fn is_for_a_person(&self) -> bool {
        self.cause.is_none()
    }
}

/// The codes known of a list, in their order.
pub fn known_codes(list: CodeList) -> impl Iterator<Item = &'static str> {
    rows(list).iter().map(|row| row.0)
}

fn rows(list: CodeList) -> &'static [CodeRow] {
    match list {
        CodeList::TransactionStatus => &statuses::TRANSACTION_STATUSES,
        CodeList::GroupStatus => &statuses::GROUP_STATUSES,
        CodeList::StatusReason => &status_reasons::STATUS_REASONS,
        CodeList::ReturnReason => &return_reasons::RETURN_REASONS,
        CodeList::CancellationReason => &cancellations::CANCELLATION_REASONS,
        CodeList::CancellationRejection => &cancellations::CANCELLATION_REJECTIONS,
        CodeList::CancellationStatus => &cancellations::CANCELLATION_STATUSES,
        CodeList::InvestigationConfirmation => &cancellations::INVESTIGATION_CONFIRMATIONS,
        CodeList::EntryStatus => &statuses::ENTRY_STATUSES,
    }
}

#[cfg(test)]
mod tests;
