//! Transaction codes: what account an entry moves, in which direction, and why. The first digit is the account, the second the rest.

use serde::{Serialize, Serializer};

/// Kind of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// Checking account: codes 2x.
    Checking,
    /// Savings account: codes 3x.
    Savings,
    /// General ledger of the receiving bank: codes 4x.
    GeneralLedger,
    /// Loan: codes 5x.
    Loan,
}

/// Direction of an entry, as its receiver's account sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AchDirection {
    /// The receiver gets money.
    Credit,
    /// The receiver pays.
    Debit,
}

/// Why an entry is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryPurpose {
    /// x1 and x6: a return, or a notification of change.
    Answer,
    /// x2 and x7: money.
    Live,
    /// x3 and x8: a test of the account without money.
    Prenote,
    /// x4 and x9: no money, only information in addenda (CCD and CTX).
    ZeroDollar,
}

/// A transaction code that exists, such as 22.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransactionCode {
    account: AccountKind,
    direction: AchDirection,
    purpose: EntryPurpose,
}

impl TransactionCode {
    /// The code of an entry. A loan can be debited only to reverse a credit, without prenotes, so the rest of its debits have no code.
    #[must_use]
    pub fn new(account: AccountKind, direction: AchDirection, purpose: EntryPurpose) -> Option<Self> {
        let exists = match (account, direction) {
            (AccountKind::Loan, AchDirection::Debit) => matches!(purpose, EntryPurpose::Answer | EntryPurpose::Live),
            _ => true,
        };
        exists.then_some(Self { account, direction, purpose })
    }

    /// The code of two digits, if it exists.
    #[must_use]
    pub fn from_code(code: u64) -> Option<Self> {
        let account = match code / 10 {
            2 => AccountKind::Checking,
            3 => AccountKind::Savings,
            4 => AccountKind::GeneralLedger,
            5 => AccountKind::Loan,
            _ => return None,
        };
        let purposes = [EntryPurpose::Answer, EntryPurpose::Live, EntryPurpose::Prenote, EntryPurpose::ZeroDollar];
        let (direction, purpose) = match (account, code % 10) {
            // The debits of loans are numbered differently.
            (AccountKind::Loan, 5) => (AchDirection::Debit, EntryPurpose::Live),
            (_, digit @ 1..=4) => (AchDirection::Credit, purposes[digit as usize - 1]),
            (AccountKind::Loan, 6) => (AchDirection::Debit, EntryPurpose::Answer),
            (AccountKind::Loan, _) => return None,
            (_, digit @ 6..=9) => (AchDirection::Debit, purposes[digit as usize - 6]),
            _ => return None,
        };
        Some(Self { account, direction, purpose })
    }

    /// The two digits.
    #[must_use]
    pub const fn code(self) -> u8 {
        let tens = match self.account {
            AccountKind::Checking => 20,
            AccountKind::Savings => 30,
            AccountKind::GeneralLedger => 40,
            AccountKind::Loan => 50,
        };
        let purpose = match self.purpose {
            EntryPurpose::Answer => 1,
            EntryPurpose::Live => 2,
            EntryPurpose::Prenote => 3,
            EntryPurpose::ZeroDollar => 4,
        };
        match (self.account, self.direction, self.purpose) {
            (AccountKind::Loan, AchDirection::Debit, EntryPurpose::Live) => 55,
            (_, AchDirection::Credit, _) => tens + purpose,
            (_, AchDirection::Debit, _) => tens + 5 + purpose,
        }
    }

    /// Kind of the account.
    #[must_use]
    pub const fn account(self) -> AccountKind {
        self.account
    }

    /// Direction of the money.
    #[must_use]
    pub const fn direction(self) -> AchDirection {
        self.direction
    }

    /// Why the entry is sent.
    #[must_use]
    pub const fn purpose(self) -> EntryPurpose {
        self.purpose
    }

    /// The code of an entry's return or notification of change.
    #[must_use]
    pub const fn answer(self) -> Self {
        Self { purpose: EntryPurpose::Answer, ..self }
    }
}

impl Serialize for TransactionCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.code())
    }
}

#[cfg(test)]
mod tests;
