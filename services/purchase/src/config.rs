//! Options of the purchase service. Their comments are their documentation.

mod apple;
mod bills;
mod review;
mod settlements;
mod stripe;
mod wallets;

use std::path::PathBuf;
use std::time::Duration;

use money::BookName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::BASIS_POINTS;

mod google;
mod refunds;

pub use apple::{AppleOptions, PretendApple};
pub use bills::{BillOptions, BillReady};
pub use google::{GoogleApp, GoogleOptions, SandboxGoogle, ServiceAccountKey};
pub use refunds::{RefundOptions, WithdrawalRight};
pub use review::RefundReview;
pub use settlements::SettlementAccount;
pub use stripe::{PretendStripe, PriceFrom, StripeAccount};
pub use wallets::{AlipayAccount, AlipayCertificates, PretendAlipay, PretendCertificates, PretendWechat, WechatAccount, WechatKey};

const DAY_S: u64 = 86_400;
const YEAR_S: u64 = 365 * DAY_S;

/// Options of the purchase service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// File with the list of coin packages, or with a price sheet; by default the built-in list.
    pub packages: Option<PathBuf>,
    /// File with the rules of markets by which purchases are limited: ages, and amounts by day and month; by default there are none.
    pub spending_rules: Option<PathBuf>,
    /// Seconds for which a higher limit that a user asks for is awaited. Less counts at once.
    #[serde(rename = "spending_raise_delay_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub spending_raise_delay: Duration,
    /// Files with the root certificates (DER) trusted for LIVE books: Apple Root CA G3, from Apple's site. Without any, LIVE books accept no receipts.
    pub apple_roots: Vec<PathBuf>,
    /// Root certificates (DER) trusted for TEST books. Set by the program in sandbox mode only, never by a file, so that no configuration can make real
    /// books trust a pretend store.
    #[serde(skip)]
    pub sandbox_roots: Vec<Vec<u8>>,
    /// Which app's receipts credit which book. Each app (bundle) may be listed only once.
    pub bundles: Vec<Bundle>,
    /// The App Store Server API.
    pub apple: AppleOptions,
    /// The pretend App Store, for TEST books. Set by the program in sandbox mode only, never by a file.
    #[serde(skip)]
    pub sandbox_apple: Option<PretendApple>,
    /// What stores are answered that ask about refunds.
    pub refund_review: RefundReview,
    /// Google Play.
    pub google: GoogleOptions,
    /// The pretend Google Play. Set by the program in sandbox mode only, never by a file.
    #[serde(skip)]
    pub sandbox_google: Option<SandboxGoogle>,
    /// Seconds between two looks for what stores list and no notification reported: at Google and the App Store, and for events of Stripe and bills of wallets.
    #[serde(rename = "lost_refunds_interval_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub lost_refunds_interval: Duration,
    /// Our accounts at Stripe, through which coins are sold on the web. One for each book.
    pub stripe: Vec<StripeAccount>,
    /// Accounts at the pretend card processor, for TEST books. Set by the program in sandbox mode only, never by a file.
    #[serde(skip)]
    pub sandbox_stripe: Vec<PretendStripe>,
    /// Our apps at Alipay, through which coins are sold in China. One for each book.
    pub alipay: Vec<AlipayAccount>,
    /// Apps at the pretend Alipay, for TEST books. Set by the program in sandbox mode only, never by a file.
    #[serde(skip)]
    pub sandbox_alipay: Vec<PretendAlipay>,
    /// Our merchants at WeChat Pay, through which coins are sold in China. One for each book.
    pub wechat: Vec<WechatAccount>,
    /// Merchants at the pretend WeChat Pay, for TEST books. Set by the program in sandbox mode only, never by a file.
    #[serde(skip)]
    pub sandbox_wechat: Vec<PretendWechat>,
    /// Refunds that are started here.
    pub refunds: RefundOptions,
    /// File with what becomes of the coins of wallets that are closed, by market and day, each with its source. Without one no wallet is closed that has coins which were
    /// paid.
    pub wallet_rules: Option<PathBuf>,
    /// Our accounts at stores, by which their reports are settled.
    pub settlements: Vec<SettlementAccount>,
    /// The daily bills of Alipay and WeChat Pay.
    pub bills: BillOptions,
    /// Seconds between two searches for open orders about which the store is to be asked, because its events may be lost.
    #[serde(rename = "order_sweep_interval_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub order_sweep_interval: Duration,
    /// Seconds for which a new order is left to its buyer before the store is asked about it.
    #[serde(rename = "order_check_after_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub order_check_after: Duration,
    /// Most orders of one user in a book that nobody has paid and that can still be paid. One more is refused until one of them is paid or has expired.
    pub open_orders_max: u32,
    /// The store's commission on a sale, in basis points of the price without tax, where the price sheet has none. 0 to 10,000.
    pub store_commission_basis_points: u32,
    /// Tax that the store's prices include and that the store remits, in basis points of the price without tax, where the price sheet has none. 0 to 10,000.
    /// The tax is not revenue; the posting records it as a memo only.
    pub included_tax_basis_points: u32,
    /// Whether a receipt that states another price or currency than the price list is credited, and flagged. `false`: it is refused with RECEIPT_PRICE until
    /// the list agrees.
    pub credit_other_prices: bool,
    /// Whether a viewer's other coins pay for what was spent of a refunded purchase. `false`: only coins that come later do, and until then the viewer spends none.
    pub other_lots_pay: bool,
    /// Seconds for which coins are held for a refund that is on its way. After that they are released, and the refund is a case for staff.
    #[serde(rename = "pending_refund_hold_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub pending_refund_hold: Duration,
    /// The same for a payment that its buyer's bank disputes, which takes months.
    #[serde(rename = "dispute_hold_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub dispute_hold: Duration,
    /// Whether this process follows the ledger's journals to know to which purchase each spent coin belonged, and posts what each day earned. Several may.
    pub follow_lots: bool,
    /// Seconds between two searches (sweeps) for purchases that were verified but not credited.
    #[serde(rename = "sweep_interval_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub sweep_interval: Duration,
    /// Seconds after which an uncredited purchase is no longer left to the call that submitted it, but retried by a sweep.
    #[serde(rename = "sweep_after_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub sweep_after: Duration,
    /// Maximum purchases processed in one sweep; the others wait for the next.
    pub sweep_batch_max: u32,
    /// Seconds for which a refusal is stored as the answer to its request id.
    #[serde(rename = "refusal_retention_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub refusal_retention: Duration,
    /// Seconds for which what stores reported is kept once it is over. Longer than the 180 days in which the App Store lists what it said, or each look would find it
    /// again.
    #[serde(rename = "store_event_retention_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub store_event_retention: Duration,
    /// Seconds for which support can look up a refused receipt. Default 90 days, the time in which buyers can request a refund from Apple.
    #[serde(rename = "refused_receipt_retention_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub refused_receipt_retention: Duration,
}

/// One app in the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bundle {
    /// The app's bundle id at the store, such as `com.example.app`.
    pub bundle_id: String,
    /// The book that the app's receipts credit.
    pub book: String,
    /// The app's numeric id at Apple. Signed transactions do not contain it; notifications do.
    #[serde(default)]
    pub app_apple_id: i64,
}

/// Why options are refused.
#[derive(Debug, thiserror::Error)]
#[error("purchase.{option}: {why}")]
pub struct InvalidPurchaseOption {
    /// The option's name.
    pub option: &'static str,
    /// What is wrong with it.
    pub why: String,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            packages: None,
            spending_rules: None,
            spending_raise_delay: Duration::from_secs(7 * DAY_S),
            apple_roots: Vec::new(),
            sandbox_roots: Vec::new(),
            bundles: Vec::new(),
            apple: AppleOptions::default(),
            sandbox_apple: None,
            refund_review: RefundReview::default(),
            google: GoogleOptions::default(),
            sandbox_google: None,
            lost_refunds_interval: Duration::from_secs(3_600),
            stripe: Vec::new(),
            sandbox_stripe: Vec::new(),
            alipay: Vec::new(),
            sandbox_alipay: Vec::new(),
            wechat: Vec::new(),
            sandbox_wechat: Vec::new(),
            refunds: RefundOptions::default(),
            wallet_rules: None,
            settlements: Vec::new(),
            bills: BillOptions::default(),
            order_sweep_interval: Duration::from_secs(30),
            order_check_after: Duration::from_secs(600),
            open_orders_max: 20,
            store_commission_basis_points: 3_000,
            included_tax_basis_points: 0,
            credit_other_prices: true,
            other_lots_pay: true,
            pending_refund_hold: Duration::from_secs(45 * DAY_S),
            dispute_hold: Duration::from_secs(180 * DAY_S),
            follow_lots: true,
            sweep_interval: Duration::from_secs(5),
            sweep_after: Duration::from_secs(10),
            sweep_batch_max: 100,
            refusal_retention: db::requests::REFUSAL_RETENTION,
            store_event_retention: Duration::from_secs(400 * DAY_S),
            refused_receipt_retention: Duration::from_secs(90 * 24 * 3_600),
        }
    }
}

impl Config {
    /// Refuses invalid options before anything starts.
    pub fn check(&self) -> Result<(), InvalidPurchaseOption> {
        let wrong = |option, why: &str| Err(InvalidPurchaseOption { option, why: why.to_owned() });
        if self.store_commission_basis_points > BASIS_POINTS {
            return wrong("store_commission_basis_points", "0 to 10,000");
        }
        if self.included_tax_basis_points > BASIS_POINTS {
            return wrong("included_tax_basis_points", "0 to 10,000");
        }
        let within = |duration: Duration, least, most| (least..=most).contains(&duration.as_secs());
        let rules = [
            // Google lists 30 days, and allows some thousand requests in a day.
            ("lost_refunds_interval_s", within(self.lost_refunds_interval, 60, 7 * DAY_S), "60 to 604,800"),
            ("spending_raise_delay_s", within(self.spending_raise_delay, 60, YEAR_S), "60 to 31,536,000"),
            ("sweep_interval_s", within(self.sweep_interval, 1, DAY_S), "1 to 86,400"),
            ("sweep_after_s", within(self.sweep_after, 0, DAY_S), "0 to 86,400"),
            ("order_sweep_interval_s", within(self.order_sweep_interval, 1, DAY_S), "1 to 86,400"),
            ("order_check_after_s", within(self.order_check_after, 1, DAY_S), "1 to 86,400"),
            ("pending_refund_hold_s", within(self.pending_refund_hold, 3_600, YEAR_S), "3,600 to 31,536,000"),
            ("dispute_hold_s", within(self.dispute_hold, 3_600, YEAR_S), "3,600 to 31,536,000"),
            ("open_orders_max", (1..=1_000).contains(&self.open_orders_max), "1 to 1,000"),
            ("sweep_batch_max", (1..=10_000).contains(&self.sweep_batch_max), "1 to 10,000"),
            // Below an hour, a client that retries would be judged again and might get another answer.
            ("refusal_retention_s", within(self.refusal_retention, 3_600, YEAR_S), "3,600 to 31,536,000"),
            ("store_event_retention_s", within(self.store_event_retention, 190 * DAY_S, 10 * YEAR_S), "16,416,000 to 315,360,000"),
            ("refused_receipt_retention_s", within(self.refused_receipt_retention, 3_600, 10 * YEAR_S), "3,600 to 315,360,000"),
        ];
        if let Some((option, _, why)) = rules.into_iter().find(|(_, fits, _)| !fits) {
            return wrong(option, why);
        }
        let of_accounts = [
            ("stripe", self.stripe.iter().find_map(StripeAccount::fault)),
            ("alipay", self.alipay.iter().find_map(AlipayAccount::fault)),
            ("wechat", self.wechat.iter().find_map(WechatAccount::fault)),
            ("settlements", self.settlements.iter().find_map(SettlementAccount::fault)),
        ];
        if let Some((option, why)) = of_accounts.into_iter().find_map(|(option, why)| Some((option, why?))) {
            return Err(InvalidPurchaseOption { option, why });
        }
        for (at, bundle) in self.bundles.iter().enumerate() {
            if BookName::try_new(&bundle.book).is_err() || bundle.bundle_id.is_empty() {
                return wrong("bundles", "each needs a bundle_id and a book");
            }
            if self.bundles[..at].iter().any(|other| other.bundle_id == bundle.bundle_id) {
                return Err(InvalidPurchaseOption { option: "bundles", why: format!("{} is listed twice", bundle.bundle_id) });
            }
        }
        match self
            .google
            .problem()
            .or_else(|| self.apple.problem())
            .or_else(|| self.refund_review.problem())
            .or_else(|| self.refunds.problem())
            .or_else(|| self.bills.problem())
        {
            Some((option, why)) => Err(InvalidPurchaseOption { option, why }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
