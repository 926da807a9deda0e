//! The rules of a purchase: what a receipt is worth and how a sale is split. No I/O, no clock.

pub mod event;
pub mod refusal;

use ledger_client::BalanceSeq;
use money::{BookName, Coins, Currency, Money, Rounding, UserKey};
use rust_decimal::Decimal;
use uuid::Uuid;

/// The whole, in basis points.
pub const BASIS_POINTS: u32 = 10_000;

/// Most packages of a single receipt: Apple's own limit.
pub const QUANTITY_MAX: i32 = 10;

/// How a package is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Through an app store.
    App,
    /// On our own page.
    Web,
}

impl Channel {
    /// The name in files and requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::App => "app",
            Channel::Web => "web",
        }
    }

    /// The channel of a name.
    pub fn from_name(name: &str) -> Option<Channel> {
        [Channel::App, Channel::Web].into_iter().find(|channel| channel.as_str() == name)
    }
}

/// Through whom a package is sold. Each has prices and commissions of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PriceChannel {
    /// Apple's App Store.
    AppStore,
    /// Google Play.
    GooglePlay,
    /// Cards on the web.
    Stripe,
    /// Alipay's wallet.
    Alipay,
    /// WeChat's wallet.
    WechatPay,
}

impl PriceChannel {
    /// All channels.
    pub const ALL: [PriceChannel; 5] =
        [PriceChannel::AppStore, PriceChannel::GooglePlay, PriceChannel::Stripe, PriceChannel::Alipay, PriceChannel::WechatPay];

    /// The name in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            PriceChannel::AppStore => "app_store",
            PriceChannel::GooglePlay => "google_play",
            PriceChannel::Stripe => "stripe",
            PriceChannel::Alipay => "alipay",
            PriceChannel::WechatPay => "wechat_pay",
        }
    }

    /// The channel of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<PriceChannel> {
        PriceChannel::ALL.into_iter().find(|channel| channel.as_str() == name)
    }

    /// Whether it is an app store, which sells in its own name, or sells on the web.
    #[must_use]
    pub fn sales_channel(self) -> Channel {
        match self {
            PriceChannel::AppStore | PriceChannel::GooglePlay => Channel::App,
            PriceChannel::Stripe | PriceChannel::Alipay | PriceChannel::WechatPay => Channel::Web,
        }
    }
}

/// A store that sells our packages and remits what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// The App Store.
    Apple,
    /// Google Play.
    Google,
    /// Stripe, for cards on our own page; what is paid is ours, and so is the tax.
    Stripe,
    /// Alipay's wallet, for orders of ours.
    Alipay,
    /// WeChat Pay, for orders of ours.
    Wechat,
}

impl StoreKind {
    /// All stores.
    pub const ALL: [StoreKind; 5] = [StoreKind::Apple, StoreKind::Google, StoreKind::Stripe, StoreKind::Alipay, StoreKind::Wechat];

    /// The name in tables and paths. Stored, so never changed.
    pub fn as_str(self) -> &'static str {
        match self {
            StoreKind::Apple => "apple",
            StoreKind::Google => "google",
            StoreKind::Stripe => "stripe",
            StoreKind::Alipay => "alipay",
            StoreKind::Wechat => "wechat",
        }
    }

    /// Whether it remits the tax on what it sells for us; of what we sell ourselves we remit it.
    pub fn remits_tax(self) -> bool {
        match self {
            StoreKind::Apple | StoreKind::Google => true,
            StoreKind::Stripe | StoreKind::Alipay | StoreKind::Wechat => false,
        }
    }

    /// The channel of its prices and commissions.
    pub fn price_channel(self) -> PriceChannel {
        match self {
            StoreKind::Apple => PriceChannel::AppStore,
            StoreKind::Google => PriceChannel::GooglePlay,
            StoreKind::Stripe => PriceChannel::Stripe,
            StoreKind::Alipay => PriceChannel::Alipay,
            StoreKind::Wechat => PriceChannel::WechatPay,
        }
    }

    /// The store of a name.
    pub fn from_name(name: &str) -> Option<StoreKind> {
        StoreKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether it is paid for orders that we make. The others make the orders themselves.
    pub fn takes_orders(self) -> bool {
        match self {
            StoreKind::Apple | StoreKind::Google => false,
            StoreKind::Stripe | StoreKind::Alipay | StoreKind::Wechat => true,
        }
    }
}

/// A package of coins, as it is sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Store product id.
    pub product_id: String,
    /// ISO 3166 alpha-2 country.
    pub market: String,
    /// How it is sold.
    pub channel: Channel,
    /// Coins in it.
    pub coins: Coins,
    /// What the buyer pays.
    pub price: Money,
    /// No longer listed; receipts for it are still accepted.
    pub withdrawn: bool,
}

/// A verified transaction of a store. Store, environment, app and id together name it, once for all books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Who sold.
    pub store: StoreKind,
    /// The store's environment.
    pub environment: String,
    /// The app.
    pub bundle_id: String,
    /// The store's id of the transaction.
    pub transaction_id: String,
    /// What was bought.
    pub product_id: String,
    /// How many packages were bought.
    pub quantity: i32,
    /// The price of one package, in thousandths of the currency's unit, and its currency. Set if the store states them.
    pub price: Option<(i64, Currency)>,
    /// The price of one where its currency is unknown to this program; then `price` is empty.
    pub unknown_price: Option<UnknownPrice>,
    /// Binds the transaction to a user.
    pub app_account_token: Option<Uuid>,
    /// The time of purchase according to the store, in Unix milliseconds.
    pub purchased_at_ms: i64,
}

/// A price in a currency that is unknown to this program. The buyer has paid it all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPrice {
    /// In thousandths of the currency's unit; not negative.
    pub thousandths: i64,
    /// As the store wrote it; empty where it states none.
    pub currency: String,
}

impl UnknownPrice {
    /// For display, such as `19.900 XQQ`.
    #[must_use]
    pub fn shown(&self) -> String {
        let currency = if self.currency.is_empty() { "(no currency)" } else { &self.currency };
        format!("{} {currency}", Decimal::new(self.thousandths, 3))
    }
}

/// The state of a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PurchaseState {
    /// The coins are about to be credited.
    Verified,
    /// The coins are in the wallet.
    Credited(Credit),
    /// The wallet is closed: the coins are in suspense, and staff decide.
    Suspended {
        /// The issuing posting.
        posting_id: String,
    },
    /// The ledger will never accept the sale, neither to the wallet nor to suspense, for the reason in `blocked_by`: nothing was issued, and staff
    /// decide.
    Blocked,
}

impl PurchaseState {
    /// The posting that issued the coins, to the wallet or to suspense.
    #[must_use]
    pub fn posting_id(&self) -> Option<&str> {
        match self {
            Self::Credited(credit) => Some(&credit.posting_id),
            Self::Suspended { posting_id } => Some(posting_id),
            Self::Verified | Self::Blocked => None,
        }
    }
}

/// The credit, as the ledger answered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// The issuing posting.
    pub posting_id: String,
    /// The user's coins right after it.
    pub coin_balance: Coins,
    /// The position of that state among the account's states.
    pub balance_seq: BalanceSeq,
}

/// Which row of the price sheet a purchase was sold by. Of packages without a sheet, only the market is known; of older purchases, nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SoldAs {
    /// ISO 3166 alpha-2 country; empty where it is not known.
    pub market: String,
    /// Id of the legal entity that sold; empty: the main one.
    pub entity: String,
    /// How many of the coins are a bonus.
    pub bonus: Coins,
}

/// A purchase: one verified receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// The book.
    pub book: BookName,
    /// Our own id, a UUID of version 7.
    pub purchase_id: Uuid,
    /// The user who gets the coins.
    pub user: UserKey,
    /// The request that submitted the receipt first.
    pub request_id: Uuid,
    /// The state of the purchase.
    pub state: PurchaseState,
    /// Who sold.
    pub store: StoreKind,
    /// The store's environment.
    pub environment: String,
    /// The app.
    pub bundle_id: String,
    /// The store's id of the transaction.
    pub transaction_id: String,
    /// What was bought.
    pub product_id: String,
    /// How many packages were bought.
    pub quantity: i32,
    /// The value of the receipt.
    pub value: ReceiptValue,
    /// The time of purchase according to the store, in Unix milliseconds.
    pub purchased_at_ms: i64,
    /// When it was verified, in Unix milliseconds.
    pub created_at_ms: i64,
    /// Number of final refusals by the ledger; part of the credit's derived id.
    pub attempt: i64,
    /// When the current attempt was begun, in Unix milliseconds; 0: with the purchase.
    pub attempt_at_ms: i64,
    /// Number of failed requests to the ledger for the coins, for whatever reason.
    pub tries: i64,
    /// Why the last request failed; empty before that.
    pub blocked_by: String,
    /// When it was counted among the purchases waiting for their wallet, in Unix milliseconds; 0: it is not.
    pub waits_since_ms: i64,
    /// The price of one that the receipt states, if it differs from the price list, whose price is booked. Empty otherwise.
    pub stated_price: String,
    /// By which row of the price sheet it was sold.
    pub sold: SoldAs,
}

impl Purchase {
    /// Request id of the posting that issues its coins, until the ledger finally refuses that and the next attempt gets another id.
    #[must_use]
    pub fn credit_id(&self) -> Uuid {
        chart::id::purchase_credit(self.purchase_id, self.attempt, self.attempt_at_ms)
    }
}

/// What a receipt is worth to the user and to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptValue {
    /// Coins for the user.
    pub coins: Coins,
    /// What the buyer paid.
    pub price: Money,
    /// Tax included in the price, which the store remits. A memo.
    pub tax: Money,
    /// The store's share of the rest.
    pub commission: Money,
}

/// The rates by which a sale is split, in basis points.
#[derive(Debug, Clone, Copy)]
pub struct SaleRates {
    /// The store's commission, of the price without tax.
    pub commission: u32,
    /// Tax on top of the price without tax, included in the price.
    pub tax: u32,
}

/// A receipt's numbers exceed what money can represent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the receipt states a price, or is worth coins or money, outside of what one receipt may: 0 to {RECEIPT_MINOR_UNITS_MAX} hundredths and {RECEIPT_COINS_MAX} coins"
)]
pub struct OutOfRange;

/// Most coins of one receipt: a nine-millionth of the 2^53 that an account can have.
pub const RECEIPT_COINS_MAX: i64 = 1_000_000_000;
/// Most minor units of one receipt, by the price list and by what the receipt states: an equally small part.
pub const RECEIPT_MINOR_UNITS_MAX: i64 = 1_000_000_000;

/// What `transaction` is worth, given the package it names: its coins, and the price list's price, or nothing where the store charged nothing. A
/// different price in the receipt is only shown beside it, see [`stated_price`]: the signer of receipts does not decide the amounts in our books.
pub fn value(transaction: &Transaction, package: &Package, rates: SaleRates) -> Result<ReceiptValue, OutOfRange> {
    let quantity = i64::from(transaction.quantity);
    let coins = package.coins.checked_mul(quantity).filter(|coins| coins.get() <= RECEIPT_COINS_MAX).ok_or(OutOfRange)?;
    if let Some(stated) = stated(transaction) {
        let whole = i128::from(stated.thousandths) * i128::from(quantity) * i128::from(CENTS_OF_UNIT) / i128::from(THOUSANDTHS_OF_UNIT);
        if stated.thousandths < 0 || whole > i128::from(RECEIPT_MINOR_UNITS_MAX) {
            return Err(OutOfRange);
        }
    }
    // A free purchase is no revenue, in any currency.
    let one = if stated(transaction).is_some_and(|stated| stated.thousandths == 0) { 0 } else { package.price.minor_units() };
    let price = one.checked_mul(quantity).filter(|price| *price <= RECEIPT_MINOR_UNITS_MAX).ok_or(OutOfRange)?;
    let price = Money::try_new(package.price.currency(), price).map_err(|_| OutOfRange)?;
    let tax = tax(price, rates)?;
    let without_tax = price.checked_sub(tax).ok_or(OutOfRange)?;
    let commission = share(without_tax, u64::from(rates.commission), u64::from(BASIS_POINTS))?;
    Ok(ReceiptValue { coins, price, tax, commission })
}

/// The tax that a price includes.
pub fn tax(price: Money, rates: SaleRates) -> Result<Money, OutOfRange> {
    let whole = u64::from(BASIS_POINTS);
    price.checked_sub(share(price, whole, whole + u64::from(rates.tax))?).ok_or(OutOfRange)
}

/// The price of one that the receipt states, if it differs from the price list: for display, such as `19.900 XQQ`.
#[must_use]
pub fn stated_price(transaction: &Transaction, package: &Package) -> Option<String> {
    let stated = stated(transaction)?;
    let as_listed = transaction.price.is_some_and(|(thousandths, currency)| from_thousandths(currency, thousandths) == Ok(package.price));
    (!as_listed).then(|| stated.shown())
}

/// The price of one that the receipt states, in whatever currency.
fn stated(transaction: &Transaction) -> Option<UnknownPrice> {
    let known = transaction.price.map(|(thousandths, currency)| UnknownPrice { thousandths, currency: currency.code().to_owned() });
    known.or_else(|| transaction.unknown_price.clone())
}

/// Hundredths of a unit, in which a stated price is bounded whatever its currency.
const CENTS_OF_UNIT: i64 = 100;
const THOUSANDTHS_OF_UNIT: i64 = 1_000;

impl ReceiptValue {
    /// Revenue once the coins are spent: the price without tax.
    pub fn deferred(&self) -> Money {
        self.price.checked_sub(self.tax).expect("tax is a part of the price")
    }

    /// What the store owes us.
    pub fn receivable(&self) -> Money {
        self.deferred().checked_sub(self.commission).expect("commission is a part of the price without tax")
    }
}

/// Apple's prices have three decimals whatever the currency; the store settles the nearest minor unit.
fn from_thousandths(currency: Currency, thousandths: i64) -> Result<Money, OutOfRange> {
    Money::from_decimal(currency, Decimal::new(thousandths, 3), Rounding::HalfUp).map_err(|_| OutOfRange)
}

/// `of * part / whole`, rounded down: the remainder stays with the amount that the share is taken from. For the tax split that means that the remainder
/// counts as tax; for the commission, that it stays with us.
pub(crate) fn share(of: Money, part: u64, whole: u64) -> Result<Money, OutOfRange> {
    let product = i128::from(of.minor_units()) * i128::from(part) / i128::from(whole);
    let minor_units = i64::try_from(product).map_err(|_| OutOfRange)?;
    Money::try_new(of.currency(), minor_units).map_err(|_| OutOfRange)
}

#[cfg(test)]
mod tests;
