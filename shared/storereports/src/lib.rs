//! Reports in which stores say what they sold, paid back, kept and pay for us: from bytes to typed lines. No network, no clock.
//!
//! - [`line`]: a report and its lines, whichever store made it.
//! - `apple`: the App Store's finance detail report and payment summary. `google`: Google Play's earnings report. `stripe`: the balance transactions of a payout.
//!   `alipay` and `wechat`: a day's bill. `wechat_funds`: what moved on a day.
//! - [`bill`]: the same day's bill trade by trade.
//! - `table`: text as rows and named cells. `zip`: files in an archive. [`gzip`]: one file.
//!
//! Each reader knows a format as it was on a day, which is in its name ([`ReportFormat::name`]). A column or a word that it does not know is refused with its line and
//! column, never skipped: it might be money. BillSums that a file states are compared with its lines, so a file that was cut off is refused as well.

mod alipay;
mod apple;
pub mod bill;
mod google;
pub mod gzip;
pub mod line;
mod stripe;
mod table;
mod wechat;
mod wechat_funds;
mod zip;

pub use bill::{BillRefund, BillRefundStanding, BillTrade, DailyBill};
pub use line::{PayoutStanding, ReportFormat, ReportLine, ReportLineKind, StatedPayout, StoreReport};

/// Largest report as it is given, in bytes: what one message takes, with room for its other fields.
pub const REPORT_BYTES_MAX: usize = 15 * 1024 * 1024;
/// Largest report once it is unpacked, in bytes: a month of a hundred thousand orders has half of it.
pub const UNPACKED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest line, in bytes: a hundred times the longest of a real one.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// Most lines of a report.
pub const LINES_MAX: usize = 500_000;

/// Why a report is not taken: nothing of it is used then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}: {what}", if column.is_empty() { String::new() } else { format!(", column {column}") })]
pub struct ReportFault {
    /// The line, from 1; of JSON the transaction. 0: the file as a whole.
    pub line: u64,
    /// The column or the field; empty: the line as a whole.
    pub column: String,
    /// What is wrong with it, and what was expected.
    pub what: String,
}

impl ReportFault {
    pub(crate) fn new(line: u64, column: &str, what: impl Into<String>) -> Self {
        Self { line, column: column.to_owned(), what: what.into() }
    }

    pub(crate) fn of_file(what: impl Into<String>) -> Self {
        Self::new(0, "", what)
    }
}

/// Reads a report of this format.
pub fn read(format: ReportFormat, bytes: &[u8]) -> Result<StoreReport, ReportFault> {
    within_bounds(bytes)?;
    match format {
        ReportFormat::AppleDetail => apple::detail(bytes),
        ReportFormat::AppleSummary => apple::summary(bytes),
        ReportFormat::GoogleEarnings => google::earnings(bytes),
        ReportFormat::StripePayout => stripe::payout(bytes),
        ReportFormat::AlipayBill => alipay::bill(bytes),
        ReportFormat::WechatBill => wechat::bill(bytes),
        ReportFormat::WechatFundFlow => wechat_funds::fund_flow(bytes),
    }
}

/// Reads the trades of a bill of a day. Of a bill that [`read`] refuses, nothing is read.
pub fn read_trades(format: ReportFormat, bytes: &[u8]) -> Result<DailyBill, ReportFault> {
    within_bounds(bytes)?;
    match format {
        ReportFormat::AlipayBill => alipay::trades(bytes),
        ReportFormat::WechatBill => wechat::trades(bytes),
        ReportFormat::AppleDetail
        | ReportFormat::AppleSummary
        | ReportFormat::GoogleEarnings
        | ReportFormat::StripePayout
        | ReportFormat::WechatFundFlow => Err(ReportFault::of_file("only the bill of a day names trades")),
    }
}

fn within_bounds(bytes: &[u8]) -> Result<(), ReportFault> {
    if bytes.is_empty() {
        return Err(ReportFault::of_file("the file is empty"));
    }
    if bytes.len() > REPORT_BYTES_MAX {
        return Err(ReportFault::of_file(format!("the file has {} bytes, and at most {REPORT_BYTES_MAX} are taken", bytes.len())));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
