//! An order that we make and a store is paid for, and what the store says about its payment. No I/O, no clock.

use money::{BookName, Coins, Money, UserKey};
use uuid::Uuid;

use super::paying::OrderPaying;
use crate::domain::{
    BASIS_POINTS, Channel, OutOfRange, Package, RECEIPT_COINS_MAX, RECEIPT_MINOR_UNITS_MAX, ReceiptValue, StoreKind, share,
};
use crate::stores::refunding::RefundWord;

/// Name under which request ids are kept.
pub(crate) const CREATE: &str = "CreateCheckout";

/// The state of an order. Only a payment changes an order that has ended: what was paid is credited, also late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// Nobody has paid yet.
    Open,
    /// The buyer has done their part, and the payment is on its way.
    Processing,
    /// Paid; a purchase was recorded.
    Paid,
    /// Nobody paid in time.
    Expired,
    /// The payment failed for good, or the store refused the order.
    Failed,
    /// The store says that something else was paid than was ordered. Nothing is credited; a person decides.
    Flagged,
}

impl OrderState {
    /// All states.
    pub const ALL: [Self; 6] = [Self::Open, Self::Processing, Self::Paid, Self::Expired, Self::Failed, Self::Flagged];

    /// The number in the table; never changed.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Open => 1,
            Self::Processing => 2,
            Self::Paid => 3,
            Self::Expired => 4,
            Self::Failed => 5,
            Self::Flagged => 6,
        }
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The book.
    pub book: BookName,
    /// Our id, a UUID of version 7; the store keeps it with everything that it makes for the order.
    pub order_id: Uuid,
    /// The user who gets the coins.
    pub user: UserKey,
    /// The request that made it.
    pub request_id: Uuid,
    /// Who is paid.
    pub store: StoreKind,
    /// The store's environment: `live` or `test`.
    pub environment: String,
    /// Our account at the store.
    pub merchant: String,
    /// What is bought.
    pub product_id: String,
    /// ISO 3166 alpha-2 country of the price.
    pub market: String,
    /// Id of the selling entity; empty: the main one.
    pub entity: String,
    /// How many of its coins are a bonus.
    pub bonus: Coins,
    /// How it is sold.
    pub channel: Channel,
    /// Its worth: coins, price and tax. The store's fee is known only once it is billed, so its commission is zero.
    pub value: ReceiptValue,
    /// How it is paid.
    pub paying: OrderPaying,
    /// The buyer must be authenticated by the card's bank.
    pub authenticate: bool,
    /// Where the buyer comes back to after paying.
    pub success_url: String,
    /// Where the buyer comes back to without having paid.
    pub cancel_url: String,
    /// The state of the order.
    pub state: OrderState,
    /// The store's id of what the buyer is sent to; empty until the store has answered.
    pub session_id: String,
    /// The address of that, or what our app gives to the wallet; empty until then.
    pub pay_url: String,
    /// The store's id of the payment; empty until it is paid.
    pub transaction_id: String,
    /// Our purchase; `None` until it is paid.
    pub purchase_id: Option<Uuid>,
    /// What a person should know about it; usually empty.
    pub note: String,
    /// When it was made, in Unix milliseconds.
    pub created_at_ms: i64,
    /// When it can no longer be paid, in Unix milliseconds.
    pub expires_at_ms: i64,
    /// When the store was last asked to make the session, in Unix milliseconds; 0: never.
    pub asked_at_ms: i64,
    /// How often the store was asked about it.
    pub tries: i64,
}

/// How far a payment is, in the store's words read into ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentStanding {
    /// Nobody has paid.
    Open,
    /// On its way.
    Processing,
    /// Paid.
    Paid,
    /// Can't be paid any more.
    Expired,
    /// Failed for good.
    Failed,
}

/// What a store says about the payment of one of our orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentFacts {
    /// The order that the store keeps with it; `None`: it is about no order of ours.
    pub order_id: Option<Uuid>,
    /// `live` or `test`.
    pub environment: String,
    /// The account that is paid.
    pub merchant: String,
    /// The store's id of what the buyer was sent to.
    pub session_id: String,
    /// Its address; empty where it has none any more.
    pub pay_url: String,
    /// The store's id of the payment; empty where there is none yet.
    pub transaction_id: String,
    /// What is paid; `None` where it can't be expressed here.
    pub amount: Option<Money>,
    /// The same as the store writes it, for people.
    pub amount_shown: String,
    /// How far the payment is.
    pub standing: PaymentStanding,
    /// When the store said it, in Unix milliseconds.
    pub said_at_ms: i64,
    /// What of the payment was paid back by then.
    pub refunded: RefundedSoFar,
}

/// What a store says, together with a payment, was paid back of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RefundedSoFar {
    /// Nothing, or it does not say.
    #[default]
    Unsaid,
    /// Something, and it does not say how much.
    Something,
    /// These, which may be on their way or have failed.
    Known(Vec<RefundWord>),
}

/// What an event of a store is about that is paid for our orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventNews {
    /// A payment, with our order in it or not.
    Payment(PaymentFacts),
    /// A payment succeeded, and what the store made for the order decides: the order is to be asked about.
    AskAbout(Option<Uuid>),
    /// A refund, a dispute or a warning, for people to read.
    MoneyBack(String),
    /// Nothing that changes anything.
    Nothing,
    /// A type that this program does not know.
    Unknown,
}

impl PaymentFacts {
    /// In what the facts contradict the order, for a person; `None` where they agree. One that agrees pays exactly what was ordered, to our account.
    #[must_use]
    pub fn contradict(&self, order: &Order) -> Option<String> {
        if self.merchant != order.merchant {
            return Some(format!("account {} is paid, not {}", self.merchant, order.merchant));
        }
        if self.environment != order.environment {
            return Some(format!("it is in {} mode, not {}", self.environment, order.environment));
        }
        if !order.session_id.is_empty() && self.session_id != order.session_id {
            return Some(format!("it is session {}, and the order's is {}", self.session_id, order.session_id));
        }
        let price = order.value.price;
        if self.amount != Some(price) {
            return Some(format!("{} is paid, and the order's price is {} {}", self.amount_shown, price.to_decimal(), price.currency()));
        }
        if self.standing == PaymentStanding::Paid && self.transaction_id.is_empty() {
            return Some("it is paid without a payment".to_owned());
        }
        if !order.transaction_id.is_empty() && self.transaction_id != order.transaction_id {
            return Some(format!("payment {} is another than the one that paid the order", self.transaction_id));
        }
        None
    }
}

/// What a package is worth that is sold through us: the price with the tax in it, which we remit. The tax's remainder counts as tax.
pub fn value(package: &Package, tax_basis_points: u32) -> Result<ReceiptValue, OutOfRange> {
    let (coins, price) = (package.coins, package.price);
    if coins.get() > RECEIPT_COINS_MAX || price.minor_units() > RECEIPT_MINOR_UNITS_MAX {
        return Err(OutOfRange);
    }
    let whole = u64::from(BASIS_POINTS);
    let without_tax = share(price, whole, whole + u64::from(tax_basis_points))?;
    let tax = price.checked_sub(without_tax).ok_or(OutOfRange)?;
    let commission = Money::try_new(price.currency(), 0).map_err(|_| OutOfRange)?;
    Ok(ReceiptValue { coins, price, tax, commission })
}

#[cfg(test)]
mod tests;
