//! The classes of exceptions: a closed list, with who works on each and what is done first.

use serde::Serialize;

/// What is wrong. The list is closed: whatever is found has one of these classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExceptionClass {
    /// A statement was there before, or another one has its number.
    DuplicateStatement,
    /// A statement is missing, or does not begin where the one before ended.
    Gap,
    /// A file contradicts itself or what is known of its account: it is refused.
    Totals,
    /// The statements of virtual accounts do not come to that of the physical one.
    VirtualNePhysical,
    /// A payment was debited again.
    DuplicateDebit,
    /// A payment came back, whole.
    SettledThenReturned,
    /// The bank refused a payment and debited it.
    RejectedButDebited,
    /// A payment came back, and not with the amount that was paid.
    ReturnDiffers,
    /// The reference is another one, or the account is.
    ReferenceMismatch,
    /// The reference is right, the currency is not.
    CurrencyMismatch,
    /// Parts differ and their sum does not.
    SplitMismatch,
    /// Less was booked than expected.
    UnderAmount,
    /// More was booked than expected.
    OverAmount,
    /// What differs is a fee that the bank states.
    FeeNetted,
    /// The time in which a payment could still be debited is over.
    LostInBank,
    /// Money left and nothing says why.
    UnknownDebit,
    /// Money came and nothing says why.
    UnknownCredit,
    /// A payment was sent and not debited within its time.
    SentNotDebited,
    /// A payment was debited of which the books do not know that it was settled.
    DebitedNotKnownSettled,
    /// A receipt did not come within its time.
    ReceiptExpected,
    /// Money counts from a later day than agreed.
    LateValue,
}

/// Groups of classes, in order of precedence: what is said of an entry is of the first group that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassGroup {
    /// Of a file or a statement as a whole. Nothing of it is matched.
    Statement,
    /// Of accounts beside each other.
    Structure,
    /// Something is there twice.
    Duplicate,
    /// What the bank did contradicts what it said.
    Contradiction,
    /// References, currencies or parts disagree.
    Reference,
    /// Amounts disagree.
    Amount,
    /// One side has nothing.
    Missing,
    /// One side is late.
    Timing,
}

/// Who works on a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseOwner {
    /// Those who run payouts.
    Payments,
    /// Those who run accounts and liquidity.
    Treasury,
    /// Those who react to theft.
    Security,
    /// Those who run the system; nobody books by hand.
    System,
}

impl ExceptionClass {
    /// Every class, in order of precedence.
    pub const ALL: [Self; 21] = [
        Self::DuplicateStatement,
        Self::Gap,
        Self::Totals,
        Self::VirtualNePhysical,
        Self::DuplicateDebit,
        Self::SettledThenReturned,
        Self::RejectedButDebited,
        Self::ReturnDiffers,
        Self::ReferenceMismatch,
        Self::CurrencyMismatch,
        Self::SplitMismatch,
        Self::UnderAmount,
        Self::OverAmount,
        Self::FeeNetted,
        Self::LostInBank,
        Self::UnknownDebit,
        Self::UnknownCredit,
        Self::SentNotDebited,
        Self::DebitedNotKnownSettled,
        Self::ReceiptExpected,
        Self::LateValue,
    ];

    /// Its name in reports and tables.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::DuplicateStatement => "DUPLICATE_STATEMENT",
            Self::Gap => "GAP",
            Self::Totals => "TOTALS",
            Self::VirtualNePhysical => "VIRTUAL_NE_PHYSICAL",
            Self::DuplicateDebit => "DUPLICATE_DEBIT",
            Self::SettledThenReturned => "SETTLED_THEN_RETURNED",
            Self::RejectedButDebited => "REJECTED_BUT_DEBITED",
            Self::ReturnDiffers => "RETURN_DIFFERS",
            Self::ReferenceMismatch => "REFERENCE_MISMATCH",
            Self::CurrencyMismatch => "CURRENCY_MISMATCH",
            Self::SplitMismatch => "SPLIT_MISMATCH",
            Self::UnderAmount => "UNDER_AMOUNT",
            Self::OverAmount => "OVER_AMOUNT",
            Self::FeeNetted => "FEE_NETTED",
            Self::LostInBank => "LOST_IN_BANK",
            Self::UnknownDebit => "UNKNOWN_DEBIT",
            Self::UnknownCredit => "UNKNOWN_CREDIT",
            Self::SentNotDebited => "SENT_NOT_DEBITED",
            Self::DebitedNotKnownSettled => "DEBITED_NOT_KNOWN_SETTLED",
            Self::ReceiptExpected => "RECEIPT_EXPECTED",
            Self::LateValue => "LATE_VALUE",
        }
    }

    /// Its group.
    #[must_use]
    pub const fn group(self) -> ClassGroup {
        match self {
            Self::DuplicateStatement | Self::Gap | Self::Totals => ClassGroup::Statement,
            Self::VirtualNePhysical => ClassGroup::Structure,
            Self::DuplicateDebit => ClassGroup::Duplicate,
            Self::SettledThenReturned | Self::RejectedButDebited | Self::ReturnDiffers => ClassGroup::Contradiction,
            Self::ReferenceMismatch | Self::CurrencyMismatch | Self::SplitMismatch => ClassGroup::Reference,
            Self::UnderAmount | Self::OverAmount | Self::FeeNetted => ClassGroup::Amount,
            Self::LostInBank | Self::UnknownDebit | Self::UnknownCredit => ClassGroup::Missing,
            Self::SentNotDebited | Self::DebitedNotKnownSettled | Self::ReceiptExpected | Self::LateValue => ClassGroup::Timing,
        }
    }

    /// Who works on it.
    #[must_use]
    pub const fn owner(self) -> CaseOwner {
        match self {
            Self::DuplicateStatement | Self::Gap | Self::Totals | Self::VirtualNePhysical => CaseOwner::System,
            Self::UnknownDebit => CaseOwner::Security,
            Self::UnknownCredit
            | Self::FeeNetted
            | Self::CurrencyMismatch
            | Self::SplitMismatch
            | Self::ReceiptExpected
            | Self::LateValue => CaseOwner::Treasury,
            Self::DuplicateDebit
            | Self::SettledThenReturned
            | Self::RejectedButDebited
            | Self::ReturnDiffers
            | Self::ReferenceMismatch
            | Self::UnderAmount
            | Self::OverAmount
            | Self::LostInBank
            | Self::SentNotDebited
            | Self::DebitedNotKnownSettled => CaseOwner::Payments,
        }
    }

    /// Whether somebody is woken for it.
    #[must_use]
    pub const fn is_urgent(self) -> bool {
        matches!(self, Self::RejectedButDebited | Self::UnknownDebit | Self::VirtualNePhysical)
    }

    /// What is done first.
    #[must_use]
    pub const fn next_step(self) -> &'static str {
        match self {
            Self::DuplicateStatement => "nothing if it is the same; if it differs, ask the bank which one is right",
            Self::Gap => "fetch the missing statement again",
            Self::Totals => "refuse the file and ask the bank for a right one",
            Self::VirtualNePhysical => "find the leaf that differs; never correct it by hand",
            Self::DuplicateDebit => "recall the second debit; it stays in suspense until it is back",
            Self::SettledThenReturned => "record the return and give the money back to the payee's balance",
            Self::RejectedButDebited => "demand proof from the bank; the payee has the money back, so the bank owes it",
            Self::ReturnDiffers => "apply the charge policy to what was kept",
            Self::ReferenceMismatch => "compare both sides and link them by hand, with a reason",
            Self::CurrencyMismatch => "ask the bank",
            Self::SplitMismatch => "divide the sum as the bank did, or ask it to divide as ordered",
            Self::UnderAmount => "find out who kept the rest: a correspondent's charge, else ask the bank",
            Self::OverAmount => "ask the bank for the excess",
            Self::FeeNetted => "book the gross amount and the fee apart",
            Self::LostInBank => "start an inquiry (camt.027 or pacs.028); nothing is posted before the answer",
            Self::UnknownDebit => "freeze the account for debits and dispute the entry",
            Self::UnknownCredit => "allocate it to a leaf or send it back",
            Self::SentNotDebited => "wait for the next statement, then ask the bank",
            Self::DebitedNotKnownSettled => "the debit decides: record the settlement",
            Self::ReceiptExpected => "wait for the channel's time, then chase the payer",
            Self::LateValue => "claim interest for the days between",
        }
    }
}
