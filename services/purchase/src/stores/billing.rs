//! What a wallet does that makes a bill of each day.

use std::fmt::Debug;
use std::time::SystemTime;

use chart::BookKind;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use money::{BookName, Money, time::moment_ms};
use storereports::{BillTrade, DailyBill, ReportFormat};

use crate::domain::StoreKind;
use crate::domain::event::StoreEvent;

/// Days for which both keep bills, less one for the clocks (three months, as of November 2026, by both references).
pub(crate) const KEPT_DAYS: i32 = 89;
/// How long the download of a bill may take.
pub(crate) const DOWNLOAD_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(120);
/// The type of an event that a bill says and no notification has a word for.
pub(crate) const BILL_REFUND: &str = "BILL_REFUND";

/// One of our accounts at a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BilledAccount {
    /// The book.
    pub(crate) book: BookName,
    /// The wallet.
    pub(crate) store: StoreKind,
    /// The account, as orders keep it.
    pub(crate) account: String,
}

/// Why there is no bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoBill {
    /// The wallet has none of that day, or not yet.
    Absent,
    /// It can't be asked now, for this reason.
    Later(String),
}

/// What a wallet says now of a refund that was on its way when the bill was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LaterStanding {
    /// Paid back.
    PaidBack,
    /// Still on its way, or with nowhere to go until people choose another way.
    OnItsWay,
    /// It failed.
    Failed,
}

/// An account of ours at a wallet, of which there is a bill of each day.
#[tonic::async_trait]
pub(crate) trait BillingAccount: Debug + Send + Sync {
    /// Whose bills they are.
    fn billed(&self) -> BilledAccount;

    /// The kind of book that it is for.
    fn of_kind(&self) -> BookKind;

    /// Our number at the wallet, by which its settlements may name the account.
    fn seller(&self) -> &str;

    /// The format of its bills.
    fn format(&self) -> ReportFormat;

    /// What says that a bill is not of this account and day; `None` where nothing does.
    fn strange(&self, bill: &DailyBill, day: Date) -> Option<String>;

    /// The bytes of a day's bill, as they can be imported.
    async fn bill(&self, day: Date, now: SystemTime) -> Result<Vec<u8>, NoBill>;

    /// The bytes of what moved on the account on a day, where the wallet has that beside the bill; with its format.
    async fn fund_flow(&self, _day: Date) -> Result<(Vec<u8>, ReportFormat), NoBill> {
        Err(NoBill::Absent)
    }

    /// How far a refund is now. An error: the wallet can't be asked, for this reason.
    async fn standing_of(&self, trade: &BillTrade) -> Result<LaterStanding, String>;

    /// How much was paid back of a transaction under this id, which a notification named in a sum; `None`: the wallet does not know it by that. An error: it can't be asked
    /// now, for this reason.
    async fn part_of_sum(&self, transaction_id: &str, refund_id: &str, now: SystemTime) -> Result<Option<Money>, String>;

    /// What a notification would have said of a trade of a bill.
    fn event_of(&self, trade: &BillTrade) -> StoreEvent;
}

/// Where wallets count days: eight hours ahead, without daylight saving.
pub(crate) const BEIJING: TimeZone = TimeZone::fixed(Offset::constant(8));

/// The day in Beijing at this time, in Unix milliseconds.
pub(crate) fn day_at(at_ms: i64) -> Date {
    moment_ms(at_ms).to_zoned(BEIJING).date()
}

/// The Unix milliseconds of a time in Beijing.
pub(crate) fn at_ms(at: DateTime) -> i64 {
    at.to_zoned(BEIJING).map_or(0, |at| at.timestamp().as_millisecond())
}

/// The Unix milliseconds of a time of a day.
pub(crate) fn time_of(day: Date, time: Time) -> i64 {
    at_ms(day.to_datetime(time))
}
