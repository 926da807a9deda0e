//! What is bought in which store, how much of it is spent, and what is paid back; with what follows from that by plain arithmetic, to be compared with the services.
use crate::story::buy;
use api::purchase::{CoinPackage, PayMethod, StoreKind};
use runtime::command::UntypedError;

/// What the pretend card processor charges for a dispute, in cents.
const DISPUTE_FEE: i64 = 1_500;
/// The whole of a percentage as the App Store says it, in thousandths of a percent.
const MILLIUNITS: i64 = 100_000;

/// How a purchase is paid back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundedBy {
    /// The App Store pays back so many thousandths of a percent, and reports it.
    AppStore(i32),
    /// Google Play voids so many pieces, and reports it.
    GooglePlay(i64),
    /// One member of staff asks for so much, and because it is much another one approves.
    Staff(i64),
    /// The buyer withdraws, from all of it or from so much.
    Buyer(Option<i64>),
    /// The buyer's bank disputes the payment, and we lose.
    Bank,
    /// The buyer closes the wallet, and is paid back what is left.
    Closure,
}

/// A purchase and what becomes of it.
#[derive(Debug)]
pub struct BuyingPlan {
    /// The buyer, who has no other purchases.
    pub user: &'static str,
    /// The store that sells.
    pub store: StoreKind,
    /// The package that is bought.
    pub product_id: &'static str,
    /// Where the buyer pays, where that is not the store's usual way.
    pub method: PayMethod,
    /// How many pieces; 1 in stores that are paid for our orders.
    pub quantity: i64,
    /// Coins that are spent before the refund.
    pub spent: i64,
    /// How it is paid back.
    pub refunded_by: RefundedBy,
    /// What is bought after that in the App Store, which only its notification reports.
    pub top_up: Option<&'static str>,
}

/// Numbers of a purchase. Amounts are minor units of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseCount {
    /// What was paid.
    pub price: i64,
    /// Coins that were bought.
    pub coins: i64,
    /// What was paid back.
    pub refunded: i64,
    /// Coins that go back for it.
    pub refunded_coins: i64,
    /// Those of them that were not spent.
    pub taken: i64,
    /// Those of them that are owed.
    pub owed: i64,
    /// What the store keeps or charges.
    pub kept: i64,
    /// What is deferred of it until the day's revenue is posted.
    pub deferred: i64,
}

/// All cases, one for each way to buy and each kind of refund.
pub static CASES: [BuyingPlan; 7] = [
    BuyingPlan {
        user: "buyer-app-store",
        store: StoreKind::Apple,
        product_id: "coins.us.app.350",
        method: PayMethod::Unspecified,
        quantity: 1,
        spent: 200,
        refunded_by: RefundedBy::AppStore(70_000),
        top_up: Some("coins.us.app.70"),
    },
    BuyingPlan {
        user: "buyer-google-play",
        store: StoreKind::Google,
        product_id: "coins.us.app.70",
        method: PayMethod::Unspecified,
        quantity: 3,
        spent: 40,
        refunded_by: RefundedBy::GooglePlay(1),
        top_up: None,
    },
    BuyingPlan {
        user: "buyer-card",
        store: StoreKind::Stripe,
        product_id: "coins.us.web.1400",
        method: PayMethod::Unspecified,
        quantity: 1,
        spent: 100,
        refunded_by: RefundedBy::Staff(1_110),
        top_up: None,
    },
    BuyingPlan {
        user: "buyer-other-card",
        store: StoreKind::Stripe,
        product_id: "coins.us.web.70",
        method: PayMethod::Unspecified,
        quantity: 1,
        spent: 50,
        refunded_by: RefundedBy::Bank,
        top_up: None,
    },
    BuyingPlan {
        user: "buyer-alipay",
        store: StoreKind::Alipay,
        product_id: "coins.cn.web.630",
        method: PayMethod::Unspecified,
        quantity: 1,
        spent: 130,
        refunded_by: RefundedBy::Buyer(Some(2_000)),
        top_up: None,
    },
    BuyingPlan {
        user: "buyer-wechat-pay",
        store: StoreKind::Wechat,
        product_id: "coins.cn.web.630",
        method: PayMethod::Unspecified,
        quantity: 1,
        spent: 0,
        refunded_by: RefundedBy::Buyer(None),
        top_up: None,
    },
    BuyingPlan {
        user: "buyer-who-leaves",
        store: StoreKind::Alipay,
        product_id: "coins.cn.web.630",
        method: PayMethod::Code,
        quantity: 1,
        spent: 315,
        refunded_by: RefundedBy::Closure,
        top_up: None,
    },
];

/// A price in minor units, with its currency.
pub fn price(package: &CoinPackage) -> Result<(i64, &str), UntypedError> {
    let price = package.price.as_ref().ok_or("a package has a price")?;
    Ok((price.minor_units, &price.currency_code))
}

impl BuyingPlan {
    /// What comes of it.
    pub fn count(&self, package: &CoinPackage) -> Result<CaseCount, UntypedError> {
        let (price, coins) = (price(package)?.0 * self.quantity, package.coins * self.quantity);
        let (part, whole) = match self.refunded_by {
            RefundedBy::AppStore(milliunits) => (i64::from(milliunits), MILLIUNITS),
            RefundedBy::GooglePlay(pieces) => (pieces, self.quantity),
            RefundedBy::Staff(minor_units) | RefundedBy::Buyer(Some(minor_units)) => (minor_units, price),
            RefundedBy::Buyer(None) | RefundedBy::Bank => (1, 1),
            RefundedBy::Closure => (coins - self.spent, coins),
        };
        // The others charge later.
        let commission = if matches!(self.store, StoreKind::Apple | StoreKind::Google) { buy::commission(price) } else { 0 };
        let (refunded, refunded_coins) = (price * part / whole, coins * part / whole);
        let taken = refunded_coins.min(coins - self.spent);
        let fee = if self.refunded_by == RefundedBy::Bank { DISPUTE_FEE } else { 0 };
        Ok(CaseCount {
            price,
            coins,
            refunded,
            refunded_coins,
            taken,
            owed: refunded_coins - taken,
            kept: commission - commission * part / whole + fee,
            deferred: price - price * taken / coins,
        })
    }
}

#[cfg(test)]
mod tests;
