//! A store's report as it comes: in parts, known by the hash of all of it. No I/O, no clock.

use storereports::{REPORT_BYTES_MAX, ReportFault, ReportFormat};

use super::settlement::SettlementKey;
use crate::domain::StoreKind;

/// Bytes of a part, but for the last: with the rest of its message it fits into what the audit log takes of a call by staff.
pub const PART_BYTES: usize = 192 << 10;
/// Largest report, in bytes, as messages state it.
pub const SIZE_BYTES_MAX: i64 = REPORT_BYTES_MAX as i64;

/// How far a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportState {
    /// Parts are missing.
    Receiving,
    /// It counts.
    Current,
    /// A later one counts in its place.
    Replaced,
}

/// A report as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReport {
    /// What it is of.
    pub key: SettlementKey,
    /// Which of the period's reports it is; empty where a period has one.
    pub part: String,
    /// Its format.
    pub format: ReportFormat,
    /// SHA-256 of it, in hexadecimal digits.
    pub sha256: String,
    /// Its bytes.
    pub size_bytes: i64,
    /// Bytes that are here while parts are missing.
    pub received_bytes: i64,
    /// How far it is.
    pub state: ReportState,
    /// Its lines, once it was taken.
    pub line_count: i64,
}

/// A part of a report.
#[derive(Debug, Clone)]
pub struct ReportPart {
    /// What the report is of.
    pub key: SettlementKey,
    /// Which of the period's reports it is.
    pub part: String,
    /// Its format.
    pub format: ReportFormat,
    /// SHA-256 of the whole report.
    pub sha256: String,
    /// Bytes of the whole report.
    pub size_bytes: i64,
    /// Where this part begins.
    pub offset_bytes: i64,
    /// This part.
    pub bytes: Vec<u8>,
}

/// Why a report is not taken. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportRefusal {
    /// No account at this store is configured for the book.
    AccountUnknown(String),
    /// These bytes came before as another account's, period's or part's.
    Differs(&'static str),
    /// Its parts are not what the hash is of.
    Hash,
    /// It can't be read.
    Unreadable(ReportFault),
    /// It says itself that it is of this other period.
    Period(String),
}

/// The formats in which a store reports.
#[must_use]
pub fn store_of(format: ReportFormat) -> StoreKind {
    match format {
        ReportFormat::AppleDetail | ReportFormat::AppleSummary => StoreKind::Apple,
        ReportFormat::GoogleEarnings => StoreKind::Google,
        ReportFormat::StripePayout => StoreKind::Stripe,
        ReportFormat::AlipayBill => StoreKind::Alipay,
        ReportFormat::WechatBill | ReportFormat::WechatFundFlow => StoreKind::Wechat,
    }
}

impl ReportPart {
    /// In what it differs from a report with the same hash that came before.
    #[must_use]
    pub fn differs_from(&self, row: &StoredReport) -> Option<&'static str> {
        let same = [
            ("account", self.key.account == row.key.account),
            ("period", self.key.period == row.key.period),
            ("part", self.part == row.part),
            ("format", self.format == row.format),
            ("size_bytes", self.size_bytes == row.size_bytes),
        ];
        same.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
    }
}
