//! Protobuf to domain and back.
//!
//! - `escheat`: the report of unclaimed property. `lots`: coin lots. `prices`: price sheets. `refunds`: refunds, and what purchases show of them. `settlements`: reports
//!   of stores. `spending`: limits. `wallet_changes`: closures and merges of wallets.

pub(crate) mod checkout;
pub(crate) mod escheat;
pub(crate) mod lots;
pub(crate) mod prices;
pub(crate) mod refunds;
pub(crate) mod settlements;
pub(crate) mod spending;
pub(crate) mod store_lists;
pub(crate) mod wallet_changes;

use api::purchase::redeem_purchase_request::Receipt as SentReceipt;
use api::purchase::{self as pb, CoinPackage, RedeemPurchaseResponse};
use money::{BookName, UserKey};
use rpc::page::{InvalidPageSize, InvalidPageToken, PageSizes, PagedList};
use rpc::wire::{TimeRange, money, timestamp_ms};
use tonic::Status;
use uuid::Uuid;

use crate::catalogue::PackageOffer;
use crate::domain::event::EventState;
use crate::domain::{self, Channel, PriceChannel, Purchase, PurchaseState, SaleRates};
use crate::error::Error;
use crate::purchases::Redeemed;
use crate::store::ArrivedEvent;
use crate::store::refused::{RefusedFilter, RefusedRow};
use crate::stores::apple::RECEIPT_BYTES_MAX;
use crate::stores::google::PURCHASE_TOKEN_BYTES_MAX;
use crate::stores::receipt::GoogleReceipt;
use crate::stores::{ID_BYTES_MAX, StoreReceipt};

/// Rows of one page: default and maximum.
const PAGES: PageSizes = PageSizes { default: 50, max: 200 };

/// Packages of one page: all of them, unless a price list is longer than any that we know.
const PACKAGE_PAGES: PageSizes = PageSizes { default: 5_000, max: 5_000 };

/// Which of the packages of a market are listed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfferFilter {
    /// Only those sold in this way.
    pub(crate) channel: Option<Channel>,
    /// Only those sold through this channel.
    pub(crate) price_channel: Option<PriceChannel>,
}

impl OfferFilter {
    /// Whether it lists an offer. Packages that don't say through whom they are sold are sold through each.
    pub(crate) fn takes(self, offer: &PackageOffer<'_>) -> bool {
        let kind = self.price_channel.map(PriceChannel::sales_channel).into_iter().chain(self.channel);
        let named = self.price_channel.is_none_or(|named| offer.channel.is_none_or(|own| own == named));
        named && kind.into_iter().all(|kind| kind == offer.package.channel)
    }
}

/// A package with the tax that its price includes.
pub(crate) fn package(offer: &PackageOffer<'_>, rates: SaleRates) -> CoinPackage {
    let package = offer.package;
    let sales_channel = match package.channel {
        Channel::App => pb::SalesChannel::App,
        Channel::Web => pb::SalesChannel::Web,
    };
    #[allow(deprecated)]
    CoinPackage {
        product_id: package.product_id.clone(),
        market: package.market.clone(),
        channel: package.channel.as_str().to_owned(),
        sales_channel: sales_channel.into(),
        coins: package.coins.get(),
        price: Some(money(package.price)),
        bonus_coins: offer.bonus.get(),
        tax: domain::tax(package.price, rates).ok().map(money),
        price_channel: offer.channel.map_or(pb::PriceChannel::Unspecified, price_channel_of).into(),
    }
}

fn price_channel_of(channel: PriceChannel) -> pb::PriceChannel {
    match channel {
        PriceChannel::AppStore => pb::PriceChannel::AppStore,
        PriceChannel::GooglePlay => pb::PriceChannel::GooglePlay,
        PriceChannel::Stripe => pb::PriceChannel::Stripe,
        PriceChannel::Alipay => pb::PriceChannel::Alipay,
        PriceChannel::WechatPay => pb::PriceChannel::WechatPay,
    }
}

/// The channel that a request names; none for any.
pub(crate) fn price_channel(number: i32) -> Result<Option<PriceChannel>, Error> {
    let why = || "must be one of the channels that there are".to_owned();
    let named = pb::PriceChannel::try_from(number).map_err(|_| Error::Malformed { field: "price_channel", why: why() })?;
    Ok(PriceChannel::ALL.into_iter().find(|channel| price_channel_of(*channel) == named))
}

pub(crate) fn purchase(purchase: &Purchase) -> api::purchase::Purchase {
    let (state, posting_id) = match &purchase.state {
        PurchaseState::Verified => (pb::PurchaseState::Verified, String::new()),
        PurchaseState::Credited(credit) => (pb::PurchaseState::Credited, credit.posting_id.clone()),
        PurchaseState::Suspended { posting_id } => (pb::PurchaseState::Suspended, posting_id.clone()),
        PurchaseState::Blocked => (pb::PurchaseState::Blocked, String::new()),
    };
    #[allow(deprecated)]
    api::purchase::Purchase {
        purchase_id: purchase.purchase_id.to_string(),
        user_id: purchase.user.to_string(),
        state: state.into(),
        store: purchase.store.as_str().to_owned(),
        environment: purchase.environment.clone(),
        transaction_id: purchase.transaction_id.clone(),
        product_id: purchase.product_id.clone(),
        quantity: purchase.quantity,
        coins: purchase.value.coins.get(),
        price: Some(money(purchase.value.price)),
        posting_id,
        purchase_time: Some(timestamp_ms(purchase.purchased_at_ms)),
        create_time: Some(timestamp_ms(purchase.created_at_ms)),
        blocked_by: purchase.blocked_by.clone(),
        attempts: purchase.tries,
        stated_price: purchase.stated_price.clone(),
        store_kind: checkout::store_kind(purchase.store).into(),
        store_environment: environment(&purchase.environment).into(),
        tax: Some(money(purchase.value.tax)),
        coins_left: None,
        refunded: None,
        refunded_coins: 0,
        refunds: Vec::new(),
        over_limit: String::new(),
    }
}

pub(crate) fn refused(row: &RefusedRow) -> pb::RefusedReceipt {
    #[allow(deprecated)]
    pb::RefusedReceipt {
        refuse_time: Some(timestamp_ms(row.refused_at_ms)),
        user_id: row.user.to_string(),
        request_id: row.request_id.to_string(),
        reason: row.reason.clone(),
        message: row.message.clone(),
        authentic: row.authentic,
        environment: row.claims.environment.clone(),
        bundle_id: row.claims.bundle_id.clone(),
        transaction_id: row.claims.transaction_id.clone(),
        product_id: row.claims.product_id.clone(),
        store_environment: environment(&row.claims.environment).into(),
    }
}

/// The most reports of one purchase that are shown.
pub(crate) const REPORTS_MAX: i64 = 100;

/// The receipt of a request, or which field of it is not of its form.
pub(crate) fn receipt(sent: Option<SentReceipt>) -> Result<StoreReceipt, Status> {
    let within = |text: &str, most: usize| (1..=most).contains(&text.len());
    match sent {
        Some(SentReceipt::AppleSignedTransaction(text)) if within(&text, RECEIPT_BYTES_MAX) => Ok(StoreReceipt::Apple(text)),
        Some(SentReceipt::AppleSignedTransaction(_)) => Err(rpc::malformed("apple_signed_transaction", "must have 1 byte to 16 KiB")),
        Some(SentReceipt::GooglePurchase(sent)) => {
            let pb::GooglePurchase { package_name, product_id, purchase_token } = sent;
            let is_graphic = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
            if !within(&purchase_token, PURCHASE_TOKEN_BYTES_MAX) || !is_graphic(&purchase_token) {
                return Err(rpc::malformed("google_purchase.purchase_token", "must have 1 to 1,024 ASCII characters without spaces"));
            }
            if !within(&product_id, ID_BYTES_MAX) || !is_graphic(&product_id) {
                return Err(rpc::malformed("google_purchase.product_id", "must have 1 to 255 ASCII characters without spaces"));
            }
            if package_name.len() > ID_BYTES_MAX || !is_graphic(&package_name) {
                return Err(rpc::malformed("google_purchase.package_name", "must have at most 255 ASCII characters without spaces"));
            }
            Ok(StoreReceipt::Google(GoogleReceipt { package_name, product_id, purchase_token }))
        }
        None => Err(rpc::malformed("receipt", "must be given")),
    }
}

/// What a store reported about a purchase, with the time of arrival of each.
pub(crate) fn reports(events: &[ArrivedEvent]) -> Vec<pb::StoreReport> {
    let report = |ArrivedEvent { event, note, received_at_ms }: &ArrivedEvent| pb::StoreReport {
        kind: event.kind.clone(),
        subtype: event.subtype.clone(),
        report_time: (event.signed_at_ms > 0).then(|| timestamp_ms(event.signed_at_ms)),
        receive_time: Some(timestamp_ms(*received_at_ms)),
        state: event.state.name().to_owned(),
        event_id: event.event_id.clone(),
        // Of a sale, the note names our purchase.
        note: if event.state == EventState::Kept && Uuid::try_parse(note).is_ok() { String::new() } else { note.clone() },
    };
    events.iter().map(report).collect()
}

/// A store's word for an environment.
fn environment(word: &str) -> pb::StoreEnvironment {
    match word {
        "Production" | "live" => pb::StoreEnvironment::Production,
        // Apple's word, Google's, and Stripe's.
        "Sandbox" | "Test" | "test" => pb::StoreEnvironment::Sandbox,
        "Xcode" | "LocalTesting" => pb::StoreEnvironment::Local,
        _ => pb::StoreEnvironment::Unspecified,
    }
}

/// The store's transaction id, as typed by a person; empty for any.
pub(crate) fn transaction_id(text: &str) -> Result<&str, Error> {
    let fits = text.len() <= ID_BYTES_MAX && money::text::is_plain(text);
    if fits {
        Ok(text)
    } else {
        Err(Error::Malformed { field: "transaction_id", why: "must have at most 255 bytes and no control characters".to_owned() })
    }
}

pub(crate) fn redeemed(redeemed: &Redeemed) -> RedeemPurchaseResponse {
    RedeemPurchaseResponse {
        purchase: Some(purchase(&redeemed.purchase)),
        coin_balance: redeemed.credit.coin_balance.get(),
        balance_seq: redeemed.credit.balance_seq.get(),
        replayed: redeemed.replayed,
    }
}

/// The channel that a request names in either of its two fields; none for any.
pub(crate) fn channel(text: &str, sales_channel: i32) -> Result<Option<Channel>, Error> {
    let malformed = |field, why: &str| Error::Malformed { field, why: why.to_owned() };
    let named = match pb::SalesChannel::try_from(sales_channel) {
        Ok(pb::SalesChannel::Unspecified) => None,
        Ok(pb::SalesChannel::App) => Some(Channel::App),
        Ok(pb::SalesChannel::Web) => Some(Channel::Web),
        Err(_) => return Err(malformed("sales_channel", "must be one of the channels that there are")),
    };
    if text.is_empty() {
        return Ok(named);
    }
    match Channel::from_name(text) {
        None => Err(malformed("channel", "must be `app`, `web` or empty")),
        Some(channel) if named.is_some_and(|named| named != channel) => {
            Err(malformed("channel", "must be the same as sales_channel, or empty"))
        }
        Some(channel) => Ok(Some(channel)),
    }
}

/// The number of rows of the requested page.
pub(crate) fn page_size(asked: i32) -> Result<usize, Error> {
    PAGES.read(asked).map_err(|InvalidPageSize| Error::Malformed { field: "page_size", why: "must not be negative".to_owned() })
}

/// The number of packages of the requested page.
pub(crate) fn catalogue_page_size(asked: i32) -> Result<usize, Error> {
    PACKAGE_PAGES.read(asked).map_err(|InvalidPageSize| Error::Malformed { field: "page_size", why: "must not be negative".to_owned() })
}

/// The packages on sale in a market, as their page tokens are bound to them: to the version of the price list and the day too, which fix their order.
pub(crate) fn packages_list(book: &BookName, market: &str, filter: OfferFilter, version: &str) -> PagedList {
    let (channel, through) = (filter.channel.map_or("", Channel::as_str), filter.price_channel.map_or("", PriceChannel::as_str));
    PagedList::new("ListCoinPackages", book.as_str(), &[market, channel, through, version])
}

/// The place in a token, 0 without one.
pub(crate) fn place(list: &PagedList, token: &str) -> Result<i64, Error> {
    match list.position(token) {
        Ok(None) => Ok(0),
        Ok(Some(place @ 1..)) => Ok(place),
        Ok(Some(_)) | Err(InvalidPageToken) => Err(Error::PageToken),
    }
}

/// A user's purchases, as their page tokens are bound to them.
pub(crate) fn purchases_list(book: &BookName, user: &UserKey, created: TimeRange) -> PagedList {
    let times = created.named();
    let filter: Vec<&str> = std::iter::once(user.as_str()).chain(times.iter().map(String::as_str)).collect();
    PagedList::new("ListPurchases", book.as_str(), &filter)
}

/// Refused receipts of a filter, as a list to which page tokens are bound.
pub(crate) fn refused_list(book: &BookName, filter: RefusedFilter<'_>) -> PagedList {
    let times = filter.refused.named();
    let filter: Vec<&str> = [filter.user_id, filter.transaction_id].into_iter().chain(times.iter().map(String::as_str)).collect();
    PagedList::new("ListRefusedReceipts", book.as_str(), &filter)
}

/// The purchase before which the page begins; `None`: at the newest. A token of another list is refused.
pub(crate) fn before(list: &PagedList, token: &str) -> Result<Option<Uuid>, Error> {
    list.position(token).map_err(|InvalidPageToken| Error::PageToken)
}

#[cfg(test)]
mod tests;
