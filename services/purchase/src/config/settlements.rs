//! Options of our accounts at stores, by which their reports are settled.

use chart::HouseId;
use jiff::civil::Date;
use money::BookName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::StoreKind;

/// One of our accounts at a store, and where the store pays what it owes us.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettlementAccount {
    /// The store: `apple`, `google`, `stripe`, `alipay` or `wechat`.
    pub store: String,
    /// The account there, such as a vendor's number: it only tells one account from another.
    pub account: String,
    /// The book whose sales it reports.
    pub book: String,
    /// The legal entity that it pays. Sales of other entities are not settled by its reports.
    #[serde(default = "main")]
    pub entity: String,
    /// The bank account to which it pays.
    #[serde(default = "main")]
    pub bank_account: String,
    /// WeChat Pay: the first day, such as `2026-11-28`, from which on its fund flow bill says what was withdrawn to the bank, and the rest stays there for later days. Before
    /// it, and empty: each day's bill is paid in full.
    #[serde(default)]
    pub fund_flow_from: String,
    /// The treasury's leaf to which it pays: what should come is announced there. Empty: nothing is announced.
    #[serde(default)]
    pub leaf: String,
    /// The treasury's book. Needed with `leaf`, unless the service's token covers exactly one book.
    #[serde(default)]
    pub treasury_book: String,
    /// Days after its report, or after the day that it names, within which the money should come. 0 to 380.
    #[serde(default = "within")]
    pub arrives_within_days: u16,
}

fn main() -> String {
    HouseId::MAIN.as_str().to_owned()
}

/// App stores pay about 33 days after their month (as of November 2026, not checked against their terms), and a week is for banks.
const fn within() -> u16 {
    40
}

/// Most days within which money should come: treasury takes 400 with those before.
const WITHIN_DAYS_MAX: u16 = 380;

impl SettlementAccount {
    /// An account with the defaults of a file.
    #[must_use]
    pub fn new(store: StoreKind, account: &str, book: &str) -> Self {
        Self {
            store: store.as_str().to_owned(),
            account: account.to_owned(),
            book: book.to_owned(),
            entity: main(),
            bank_account: main(),
            fund_flow_from: String::new(),
            leaf: String::new(),
            treasury_book: String::new(),
            arrives_within_days: within(),
        }
    }

    /// Whether the fund flow bill of a period says what was withdrawn; periods that are no days have none.
    #[must_use]
    pub fn has_fund_flow(&self, period: &str) -> bool {
        let begun = self.fund_flow_from.parse::<Date>().ok().zip(period.parse::<Date>().ok());
        begun.is_some_and(|(from, day)| from <= day)
    }

    /// What is wrong with it, if anything.
    pub(super) fn fault(&self) -> Option<String> {
        let is_id = |text: &str| HouseId::try_new(text).is_some();
        let rules = [
            (StoreKind::from_name(&self.store).is_some(), "store is apple, google, stripe, alipay or wechat"),
            ((1..=64).contains(&self.account.len()) && money::text::is_plain(&self.account), "account has 1 to 64 bytes"),
            (BookName::try_new(&self.book).is_ok(), "each needs a book"),
            (is_id(&self.entity) && is_id(&self.bank_account), "entity and bank_account match [a-z0-9-]{1,32}"),
            (self.arrives_within_days <= WITHIN_DAYS_MAX, "arrives_within_days is 0 to 380"),
            (
                self.fund_flow_from.is_empty() || (self.store == StoreKind::Wechat.as_str() && self.fund_flow_from.parse::<Date>().is_ok()),
                "fund_flow_from is a day such as 2026-11-28, of store wechat",
            ),
        ];
        let broken = rules.into_iter().find(|(holds, _)| !holds);
        broken.map(|(_, rule)| format!("{}: {rule}", self.account))
    }
}
