//! What a bank reports about an account: `camt.052` (during the day), `camt.053` (the day's statement) and `camt.054` (single bookings), in one model.
//!
//! Only a statement closes a day; reports and notifications are news. [`crate::camt053`] is the strict form of a statement that we write ourselves.

mod check;
mod dates;
mod entry;
mod read;
pub mod stream;
mod totals;
mod write;

pub use check::ClosingCheck;
pub use entry::{
    AmountConversion, BankTransactionCode, EntryBatch, EntryCharge, EntryReferences, EntryStatus, EntryTransaction, RelatedAmounts,
    RelatedParty, ReportEntry, ReturnNote,
};

pub(crate) use read::{choice, read_reason};

use crate::{camt053::Direction, pain001::AccountId};
use jiff::{Timestamp, civil::Date};
use money::{Currency, Money};
use rust_decimal::Decimal;

/// Which of the three messages it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportKind {
    /// `camt.052`: an account report during the day. Information.
    Intraday,
    /// `camt.053`: a statement.
    Statement,
    /// `camt.054`: a notification of debits and credits. Information.
    Notification,
}

impl ReportKind {
    /// The message's element and the one of each report in it.
    const fn elements(self) -> (&'static str, &'static str) {
        match self {
            Self::Intraday => ("BkToCstmrAcctRpt", "Rpt"),
            Self::Statement => ("BkToCstmrStmt", "Stmt"),
            Self::Notification => ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
        }
    }
}

/// One message: one or more reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountReports {
    /// Which message.
    pub kind: ReportKind,
    /// `MsgId`.
    pub message_id: String,
    /// `CreDtTm`.
    pub created: Timestamp,
    /// `MsgPgntn`: the message's page, if it is one of several.
    pub page: Option<ReportPage>,
    /// The reports, in order.
    pub reports: Vec<AccountReport>,
}

/// One page of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPage {
    /// `PgNb`, from 1.
    pub number: u64,
    /// `LastPgInd`.
    pub is_last: bool,
}

/// A report on one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountReport {
    /// `Id`.
    pub id: String,
    /// `RptPgntn`, `StmtPgntn` or `NtfctnPgntn`; if it has none, the message's page.
    pub page: Option<ReportPage>,
    /// `ElctrncSeqNb`: one more than that of the report before.
    pub electronic_sequence: Option<u64>,
    /// `LglSeqNb`.
    pub legal_sequence: Option<u64>,
    /// `CreDtTm`.
    pub created: Option<Timestamp>,
    /// `FrToDt`: start and end of what it covers.
    pub period: Option<(Timestamp, Timestamp)>,
    /// `CpyDplctInd`: `COPY`, `DUPL` or `CODU`. Such a report must not be booked again.
    pub copy: Option<String>,
    /// The account.
    pub account: ReportAccount,
    /// `Bal`, in order.
    pub balances: Vec<ReportBalance>,
    /// `TxsSummry`.
    pub totals: ReportTotals,
    /// `Ntry`, in order.
    pub entries: Vec<ReportEntry>,
}

/// The account of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportAccount {
    /// `Id`; absent where only a proxy names the account.
    pub id: Option<AccountId>,
    /// `Ccy`.
    pub currency: Option<Currency>,
    /// `Ownr/Nm`.
    pub owner: Option<String>,
    /// `Svcr`, its BIC.
    pub servicer_bic: Option<String>,
    /// `Svcr`, its name.
    pub servicer_name: Option<String>,
}

/// A balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportBalance {
    /// Its type, such as `OPBD`, `CLBD`, `ITBD`, `CLAV`, or a bank's own.
    pub kind: String,
    /// `SubTp`.
    pub subtype: Option<String>,
    /// The amount without its sign.
    pub amount: Money,
    /// Its sign.
    pub direction: Direction,
    /// The day.
    pub date: Date,
    /// The time, if given.
    pub moment: Option<Timestamp>,
}

impl ReportBalance {
    /// Minor units, negative for a debit balance.
    #[must_use]
    pub fn signed_minor_units(&self) -> i128 {
        self.direction.signed(self.amount)
    }
}

/// Counts and sums of the entries as the bank states them (`TxsSummry`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportTotals {
    /// `TtlNtries`.
    pub all: Option<EntryTotal>,
    /// `TtlCdtNtries`.
    pub credits: Option<EntryTotal>,
    /// `TtlDbtNtries`.
    pub debits: Option<EntryTotal>,
    /// `TtlNtriesPerBkTxCd`, in order.
    pub per_code: Vec<CodeTotal>,
}

/// What the bank states of the entries with one code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeTotal {
    /// `BkTxCd`. One without a subfamily is of the whole family, one without a family of the whole domain.
    pub code: BankTransactionCode,
    /// Of all of them.
    pub all: EntryTotal,
    /// `CdtNtries`.
    pub credits: Option<EntryTotal>,
    /// `DbtNtries`.
    pub debits: Option<EntryTotal>,
    /// `FcstInd`: of entries that are expected.
    pub is_forecast: bool,
}

/// A count and a sum of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryTotal {
    /// `NbOfNtries`.
    pub count: Option<u64>,
    /// `Sum`, in major units, without a sign.
    pub sum: Option<Decimal>,
    /// `TtlNetNtry`, in major units: positive for credits. In older versions `TtlNetNtryAmt`.
    pub net: Option<Decimal>,
}

/// Something in a report that does not add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFinding {
    /// The element's path below the message, such as `Stmt 1/Ntry 3/NtryDtls 1`; counted from 1.
    pub path: String,
    /// What does not add up. Amounts and counts, never names or accounts.
    pub what: String,
    /// Whether an amount may be wrong because of it.
    pub touches_money: bool,
}

#[cfg(test)]
mod tests;
