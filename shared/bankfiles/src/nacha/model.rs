//! What an ACH file holds. Texts are as in the file without the blanks at their end; blanks at their beginning are kept, because both ways
//! of aligning a field exist. Counts, hashes and totals are not stored: they follow from the entries, and a file that states others is not
//! read.

use super::layout::AchLayout;
use super::routing::is_digits;
use super::transaction::{AccountKind, AchDirection, TransactionCode};
use jiff::civil::Date;
use serde::Serialize;

/// The most that an entry's ten digits can hold, in cents.
pub const AMOUNT_CENTS_MAX: i64 = 9_999_999_999;
/// The most that a total's twelve digits can hold, in cents.
pub const TOTAL_CENTS_MAX: i64 = 999_999_999_999;
/// Hashes keep their last ten digits.
const HASH_MODULUS: u64 = 10_000_000_000;

/// An ACH file: batches between a header and a control record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AchFile {
    /// Record 1.
    pub header: AchFileHeader,
    /// In the order of the file.
    pub batches: Vec<AchBatch>,
    /// Line ends and padding, which say nothing about money.
    pub layout: AchLayout,
    /// Positions 56 to 94 of record 9, which are reserved.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub control_reserved: String,
}

/// Record 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AchFileHeader {
    /// Who gets the file: a blank and the routing number of the operator or the originating bank. Ten characters.
    pub destination: String,
    /// Who sends it: ten characters that the bank assigns.
    pub origin: String,
    /// `YYMMDD`.
    pub created_date: String,
    /// `HHMM`, or empty.
    pub created_time: String,
    /// A to Z, then 0 to 9: which file of the day it is.
    pub modifier: char,
    /// Name of the destination, 23 characters.
    pub destination_name: String,
    /// Name of the origin, 23 characters.
    pub origin_name: String,
    /// Free, 8 characters.
    pub reference: String,
}

/// Records 5 to 8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AchBatch {
    /// Record 5.
    pub header: AchBatchHeader,
    /// Records 6 and 7.
    pub entries: Vec<AchEntry>,
    /// What record 8 says beside sums.
    pub control: AchBatchControl,
}

/// Record 5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AchBatchHeader {
    /// Which directions the batch may have.
    pub service_class: ServiceClass,
    /// Who pays: positions 5 to 40 and 64 to 69, which depend on the kind of batch.
    pub originator: AchOriginator,
    /// Company identification as registered with the bank, 10 characters.
    pub company_id: String,
    /// Standard entry class, such as `PPD`; see [`super::sec_code`].
    pub sec: String,
    /// Company entry description, shown to the receiver, 10 characters.
    pub description: String,
    /// Effective entry date, `YYMMDD`: the banking day on which the originator wants to settle. Empty or `000000` where there is none.
    pub effective_date: String,
    /// Settlement date as day of the year, three digits, filled in by the operator; else empty.
    pub settlement_day: String,
    /// Originator status code: `1` for a bank that follows the rules, `2` for a federal agency.
    pub originator_status: char,
    /// Originating DFI: the first eight digits of its routing number.
    pub odfi: String,
    /// Ascending in the file.
    pub number: u32,
}

/// Who pays, in record 5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AchOriginator {
    /// Every class but IAT.
    Company {
        /// Shown to the receiver, 16 characters.
        name: String,
        /// Free, 20 characters.
        discretionary: String,
        /// Free, 6 characters; `SD1300` and the like ask for settlement on the same day.
        descriptive_date: String,
    },
    /// IAT, and notifications of change of IAT entries.
    International {
        /// Blank, or `IATCOR` in a notification of change. 16 characters.
        indicator: String,
        /// Foreign exchange indicator: `FF`, `FV` or `VF`.
        exchange: String,
        /// 1: the reference is a rate; 2: it is a reference number; 3: there is none.
        reference_kind: String,
        /// 15 characters.
        reference: String,
        /// ISO 3166 code.
        destination_country: String,
        /// ISO 4217 code of the money sent.
        originating_currency: String,
        /// ISO 4217 code of the money received.
        destination_currency: String,
    },
}

/// Record 8 beside its sums, and what repeats the header.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct AchBatchControl {
    /// As in the header, or empty.
    pub company_id: String,
    /// Message authentication code, 19 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub authentication: String,
    /// Positions 74 to 79, which are reserved.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reserved: String,
}

/// Record 6 with its addenda.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AchEntry {
    /// Kind of account, direction and purpose, two digits.
    pub transaction_code: TransactionCode,
    /// Receiving DFI: routing number, nine digits with the check digit.
    pub routing_number: String,
    /// Account number: 17 characters, 35 in IAT. Zeros at its beginning matter.
    pub account_number: String,
    /// 0 to [`AMOUNT_CENTS_MAX`].
    pub amount_cents: i64,
    /// The rest, which depends on the kind of batch.
    pub detail: AchDetail,
    /// Fifteen digits: originating DFI and a number ascending in the batch. Returns and notifications of change name it.
    pub trace: String,
    /// Records 7.
    pub addenda: Vec<AchAddenda>,
}

/// The part of record 6 that depends on the kind of batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AchDetail {
    /// Every class but IAT. Classes other than PPD, CCD and COR give some of these positions another meaning.
    Domestic {
        /// Individual identification number (PPD) or identification number (CCD): the originator's reference, 15 characters.
        identification: String,
        /// Individual name or receiving company, 22 characters.
        name: String,
        /// Free, 2 characters.
        discretionary: String,
    },
    /// IAT.
    International {
        /// Number of addenda that the entry states.
        addenda_stated: u16,
        /// Screening indicators of the gateway, 2 characters.
        screening: String,
        /// Positions 17 to 29, which are reserved.
        #[serde(skip_serializing_if = "String::is_empty")]
        reserved: String,
        /// Positions 75 and 76, which are reserved.
        #[serde(skip_serializing_if = "String::is_empty")]
        reserved_end: String,
    },
}

/// Record 7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AchAddenda {
    /// 05, and 17 of IAT: information for the receiver.
    Payment {
        /// 05 or 17.
        type_code: u8,
        /// 80 characters.
        information: String,
        /// From 1 in each entry.
        sequence: u16,
    },
    /// 98: a notification of change, or its refusal.
    Change(AchAnswer),
    /// 99: a return.
    Return(AchAnswer),
    /// 10 to 16 and 18 of IAT.
    International(super::iat::IatAddenda),
    /// Another type, such as 02: positions 4 to 94 as they are, 91 characters.
    Other {
        /// Two characters.
        type_code: String,
        /// As in the file.
        text: String,
    },
}

/// An addenda record that a bank answers with: 98 or 99.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AchAnswer {
    /// Return reason (`R03`) or change code (`C01`).
    pub code: String,
    /// Trace number of our entry: the key to it.
    pub original_trace: String,
    /// Positions 22 to 27: the date of death with R14 and R15, `YYMMDD`; else empty.
    pub date: String,
    /// First eight digits of the routing number that our entry went to.
    pub original_rdfi: String,
    /// Positions 36 to 79, 44 characters: information of the bank in a return, corrected data in a notification of change. Its layout
    /// depends on the code. In a return of an IAT entry, its first ten characters are the amount of that entry.
    pub information: String,
    /// Trace number that the answering bank gave.
    pub trace: String,
}

/// Which directions a batch may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceClass {
    /// 200: debits and credits.
    Mixed,
    /// 220: credits only.
    Credits,
    /// 225: debits only.
    Debits,
}

impl ServiceClass {
    /// The three digits.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Mixed => 200,
            Self::Credits => 220,
            Self::Debits => 225,
        }
    }

    /// The class of three digits. 280 (accounting advices) has other record layouts and is not read.
    #[must_use]
    pub const fn from_code(code: u64) -> Option<Self> {
        match code {
            200 => Some(Self::Mixed),
            220 => Some(Self::Credits),
            225 => Some(Self::Debits),
            _ => None,
        }
    }
}

/// Sums of a batch or a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct AchTotals {
    /// Entries and addenda: records 6 and 7.
    pub records: usize,
    /// The last ten digits of the sum of the first eight digits of the entries' routing numbers.
    pub hash: u64,
    /// In cents.
    pub debit_cents: i64,
    /// In cents.
    pub credit_cents: i64,
}

impl AchTotals {
    /// Adds another part's sums. Sums beyond any field stay beyond it: nothing wraps around.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            records: self.records.saturating_add(other.records),
            hash: (self.hash % HASH_MODULUS + other.hash % HASH_MODULUS) % HASH_MODULUS,
            debit_cents: self.debit_cents.saturating_add(other.debit_cents),
            credit_cents: self.credit_cents.saturating_add(other.credit_cents),
        }
    }
}

impl AchFileHeader {
    /// The day of creation, if it is one. Two digits of a year mean the years 2000 to 2099.
    #[must_use]
    pub fn created_day(&self) -> Option<Date> {
        day(&self.created_date)
    }
}

impl AchBatchHeader {
    /// The day of the effective entry date, if it is one.
    #[must_use]
    pub fn effective_day(&self) -> Option<Date> {
        day(&self.effective_date)
    }
}

fn day(yymmdd: &str) -> Option<Date> {
    if !is_digits(yymmdd, 6) {
        return None;
    }
    Date::strptime("%Y%m%d", format!("20{yymmdd}")).ok()
}

impl AchEntry {
    /// The entry's part of its batch's sums.
    #[must_use]
    pub fn totals(&self) -> AchTotals {
        let (debit_cents, credit_cents) = match self.transaction_code.direction() {
            AchDirection::Debit => (self.amount_cents, 0),
            AchDirection::Credit => (0, self.amount_cents),
        };
        let hash = self.routing_number.bytes().take(8).fold(0, |sum, digit| sum * 10 + u64::from(digit.saturating_sub(b'0')));
        AchTotals { records: self.addenda.len().saturating_add(1), hash, debit_cents, credit_cents }
    }

    /// The kind of its account.
    #[must_use]
    pub const fn account_kind(&self) -> AccountKind {
        self.transaction_code.account()
    }

    /// The return that it is, if it is one.
    #[must_use]
    pub fn returned(&self) -> Option<&AchAnswer> {
        self.addenda.iter().find_map(|addenda| if let AchAddenda::Return(answer) = addenda { Some(answer) } else { None })
    }

    /// The notification of change that it is, if it is one.
    #[must_use]
    pub fn change(&self) -> Option<&AchAnswer> {
        self.addenda.iter().find_map(|addenda| if let AchAddenda::Change(answer) = addenda { Some(answer) } else { None })
    }
}

impl AchBatch {
    /// The batch's sums.
    #[must_use]
    pub fn totals(&self) -> AchTotals {
        self.entries.iter().fold(AchTotals::default(), |sum, entry| sum.plus(entry.totals()))
    }
}

impl AchFile {
    /// The file's sums.
    #[must_use]
    pub fn totals(&self) -> AchTotals {
        self.batches.iter().fold(AchTotals::default(), |sum, batch| sum.plus(batch.totals()))
    }

    /// Number of records without padding.
    #[must_use]
    pub fn records(&self) -> usize {
        2 + self.batches.iter().map(|batch| 2 + batch.totals().records).sum::<usize>()
    }
}
