//! Entries of account reports and the transactions in them.

use crate::{ReasonCode, camt053::Direction, pain001::AccountId};
use jiff::{Timestamp, civil::Date};
use money::{Currency, Money};
use rust_decimal::Decimal;

/// Where a booking stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EntryStatus {
    /// `BOOK`: in the bank's books. The only one that counts into a closing balance.
    Booked,
    /// `PDNG`: expected.
    Pending,
    /// `INFO`: told, not booked.
    Information,
    /// `FUTR`: in the books with a value date to come.
    Future,
    /// Another code, or a bank's own.
    Other(String),
}

impl EntryTransaction {
    /// Its amount in a currency: its own, the converted one, or the one between the banks, whichever is in it.
    #[must_use]
    pub fn amount_in(&self, currency: Currency) -> Option<Money> {
        let behind = [&self.amounts.counter_value, &self.amounts.transaction].map(|part| part.as_ref().map(|part| part.amount));
        [self.amount].into_iter().chain(behind).flatten().find(|amount| amount.currency() == currency)
    }
}

impl EntryStatus {
    /// Reads the code.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        match code {
            "BOOK" => Self::Booked,
            "PDNG" => Self::Pending,
            "INFO" => Self::Information,
            "FUTR" => Self::Future,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Booked => "BOOK",
            Self::Pending => "PDNG",
            Self::Information => "INFO",
            Self::Future => "FUTR",
            Self::Other(other) => other,
        }
    }
}

/// What kind of booking it is (`BkTxCd`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BankTransactionCode {
    /// `Domn/Cd`, such as `PMNT`.
    pub domain: Option<String>,
    /// `Fmly/Cd`, such as `ICDT`.
    pub family: Option<String>,
    /// `SubFmlyCd`, such as `ESCT`.
    pub subfamily: Option<String>,
    /// `Prtry/Cd`.
    pub proprietary: Option<String>,
    /// `Prtry/Issr`.
    pub issuer: Option<String>,
}

/// One booking (`Ntry`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportEntry {
    /// `NtryRef`.
    pub reference: Option<String>,
    /// The amount without its sign.
    pub amount: Money,
    /// Where the money went, also for a reversal: a credit that reverses undoes a debit.
    pub direction: Direction,
    /// `RvslInd`: it undoes an earlier entry of the other direction.
    pub is_reversal: bool,
    /// `Sts`.
    pub status: EntryStatus,
    /// `BookgDt`.
    pub booked: Option<Date>,
    /// `BookgDt` where it is a time.
    pub booked_at: Option<Timestamp>,
    /// `ValDt`.
    pub value_date: Option<Date>,
    /// `AcctSvcrRef`: the bank's reference.
    pub bank_reference: Option<String>,
    /// `BkTxCd`.
    pub code: BankTransactionCode,
    /// `AmtDtls`.
    pub amounts: RelatedAmounts,
    /// `Chrgs`.
    pub charges: Vec<EntryCharge>,
    /// `NtryDtls`, in order.
    pub batches: Vec<EntryBatch>,
    /// `AddtlNtryInf`.
    pub additional: Option<String>,
}

/// Transactions that were booked together (`NtryDtls`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryBatch {
    /// `Btch/MsgId`: the message with which they were ordered.
    pub message_id: Option<String>,
    /// `Btch/PmtInfId`.
    pub payment_id: Option<String>,
    /// `Btch/NbOfTxs`. The transactions themselves may be absent.
    pub stated_count: Option<u64>,
    /// `Btch/TtlAmt`.
    pub stated_total: Option<Money>,
    /// `Btch/CdtDbtInd`.
    pub direction: Option<Direction>,
    /// `TxDtls`, in order.
    pub transactions: Vec<EntryTransaction>,
}

/// One transaction of an entry (`TxDtls`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryTransaction {
    /// `Refs`.
    pub references: EntryReferences,
    /// `Amt`; in older versions `AmtDtls/TxAmt`. Absent if the entry's amount is meant.
    pub amount: Option<Money>,
    /// `CdtDbtInd`; the entry's if absent.
    pub direction: Option<Direction>,
    /// `BkTxCd`.
    pub code: BankTransactionCode,
    /// `AmtDtls`.
    pub amounts: RelatedAmounts,
    /// `Chrgs`.
    pub charges: Vec<EntryCharge>,
    /// `RltdPties/Dbtr`.
    pub debtor: RelatedParty,
    /// `RltdPties/UltmtDbtr`, its name: on whose behalf was paid, where that is not the payer.
    pub ultimate_debtor: Option<String>,
    /// `RltdPties/Cdtr`.
    pub creditor: RelatedParty,
    /// `RmtInf/Ustrd`, in order.
    pub remittance: Vec<String>,
    /// `RmtInf/Strd/CdtrRefInf/Ref`, in order.
    pub creditor_references: Vec<String>,
    /// `RtrInf`: the payment came back. Its references are those of the payment that came back.
    pub returned: Option<ReturnNote>,
    /// `AddtlTxInf`.
    pub additional: Option<String>,
}

/// The references of a transaction (`Refs`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryReferences {
    /// `MsgId`.
    pub message_id: Option<String>,
    /// `AcctSvcrRef`.
    pub bank_reference: Option<String>,
    /// `PmtInfId`.
    pub payment_id: Option<String>,
    /// `InstrId`.
    pub instruction_id: Option<String>,
    /// `EndToEndId`; `NOTPROVIDED` is none.
    pub end_to_end_id: Option<String>,
    /// `UETR`.
    pub uetr: Option<String>,
    /// `TxId`.
    pub transaction_id: Option<String>,
    /// `ClrSysRef`.
    pub clearing_reference: Option<String>,
}

/// The amounts behind a booking (`AmtDtls`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelatedAmounts {
    /// `InstdAmt`: as ordered.
    pub instructed: Option<AmountConversion>,
    /// `TxAmt`: between the banks.
    pub transaction: Option<AmountConversion>,
    /// `CntrValAmt`: converted.
    pub counter_value: Option<AmountConversion>,
}

/// An amount and the exchange behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmountConversion {
    /// The amount.
    pub amount: Money,
    /// `SrcCcy`.
    pub source: Option<Currency>,
    /// `TrgtCcy`.
    pub target: Option<Currency>,
    /// `UnitCcy`: the currency of which one unit is worth the rate.
    pub unit: Option<Currency>,
    /// `XchgRate`.
    pub rate: Option<Decimal>,
}

/// A charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryCharge {
    /// The amount; for a total (`TtlChrgsAndTaxAmt`) without records, the total.
    pub amount: Money,
    /// `CdtDbtInd`; a charge is a debit if absent.
    pub direction: Option<Direction>,
    /// `ChrgInclInd`: whether the entry's amount has it in it already.
    pub is_included: Option<bool>,
    /// `Tp`, its code or a bank's own.
    pub kind: Option<String>,
}

/// A party at the other end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelatedParty {
    /// `Nm`.
    pub name: Option<String>,
    /// Its account.
    pub account: Option<AccountId>,
}

/// Why a payment came back (`RtrInf`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnNote {
    /// `Rsn`.
    pub reason: Option<ReasonCode>,
    /// `OrgnlBkTxCd`.
    pub original_code: BankTransactionCode,
    /// `Orgtr/Nm`.
    pub originator: Option<String>,
    /// `AddtlInf`, in order.
    pub additional: Vec<String>,
}
