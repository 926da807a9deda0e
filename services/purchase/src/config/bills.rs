//! Options of the daily bills of Alipay and WeChat Pay.

use jiff::civil::{Date, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::StoreKind;

/// Daily bills of Alipay and WeChat Pay: each lists a day's payments and refunds, so it finds those whose notifications were lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BillOptions {
    /// Whether they are fetched. A bill is imported as well if `purchase.settlements` has an account of the wallet for the book.
    pub fetch: bool,
    /// The first day whose bill is read, such as `2026-11-28`. Empty: the day before the first look. Wallets keep bills for three months.
    pub from: String,
    /// From which hour of the next day on a wallet has the bill of a day. Of each wallet the last row counts that begins at that day or before it.
    pub ready: Vec<BillReady>,
    /// Hours after that hour for which a bill that the wallet does not have may still come. After them the wallet has none of that day: nothing was paid or paid
    /// back. 1 to 720.
    pub absent_after_hours: u16,
}

/// From when on a wallet has the bill of a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BillReady {
    /// The wallet: `alipay` or `wechat`.
    pub store: String,
    /// The first day of which this is so, such as `2026-11-28`.
    pub from: String,
    /// The time in Beijing, such as `10:00`.
    pub at: String,
}

impl Default for BillOptions {
    fn default() -> Self {
        // As of November 2026: WeChat Pay's reference of the trade bill names 8 in the morning and that of the fund flow bill 10; Alipay's names 9. Not agreed with
        // either.
        let ready =
            |store: StoreKind| BillReady { store: store.as_str().to_owned(), from: "2026-01-01".to_owned(), at: "10:00".to_owned() };
        let ready = vec![ready(StoreKind::Alipay), ready(StoreKind::Wechat)];
        Self { fetch: true, from: String::new(), ready, absent_after_hours: 24 }
    }
}

impl BillReady {
    fn from(&self) -> Option<Date> {
        self.from.parse().ok()
    }

    fn at(&self) -> Option<Time> {
        self.at.parse().ok()
    }
}

impl BillOptions {
    /// From when of the next day on a wallet has the bill of this day. A wallet without a row has it from its beginning.
    #[must_use]
    pub fn ready_at(&self, store: StoreKind, day: Date) -> Time {
        let rows = self.ready.iter().filter(|row| row.store == store.as_str());
        let begun = rows.filter_map(|row| Some((row.from()?, row.at()?))).filter(|(from, _)| *from <= day);
        begun.max_by_key(|(from, _)| *from).map_or(Time::midnight(), |(_, at)| at)
    }

    /// The first day whose bill is read, if one is named.
    #[must_use]
    pub fn first_day(&self) -> Option<Date> {
        self.from.parse().ok()
    }

    /// What is wrong with them, if anything.
    pub(super) fn problem(&self) -> Option<(&'static str, String)> {
        let is_wallet = |row: &BillReady| row.store == StoreKind::Alipay.as_str() || row.store == StoreKind::Wechat.as_str();
        let rules = [
            (self.from.is_empty() || self.first_day().is_some(), "from is a day such as 2026-11-28"),
            (
                self.ready.iter().all(|row| is_wallet(row) && row.from().is_some() && row.at().is_some()),
                "ready has a wallet, a day and a time such as 10:00",
            ),
            ((1..=720).contains(&self.absent_after_hours), "absent_after_hours is 1 to 720"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map(|(_, rule)| ("bills", rule.to_owned()))
    }
}
