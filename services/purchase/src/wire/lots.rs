//! Coin lots to protobuf.

use api::purchase::{self as pb, CoinLot, DeferredRevenue, LotFunding, UnpostedRefund, UnpostedRevenue};
use api::r#type::Money;
use money::BookName;
use rpc::page::{InvalidPageToken, PagedList};
use rpc::wire::timestamp_ms;

use crate::error::Error;
use crate::lots::{Lot, LotOrigin, LotSpend, LotSums, LotUse};
use crate::store::answers::MarketKey;

/// An amount of a lot that was bought: absent for others, which have no currency. It may be less than nothing.
fn amount(currency: &str, minor_units: i64) -> Option<Money> {
    (!currency.is_empty()).then(|| Money { currency_code: currency.to_owned(), minor_units })
}

/// A lot.
pub(crate) fn lot(lot: &Lot) -> CoinLot {
    let origin = match lot.origin {
        LotOrigin::Bought => pb::LotOrigin::Bought,
        LotOrigin::Promotional => pb::LotOrigin::Promotional,
        LotOrigin::Unknown => pb::LotOrigin::Unknown,
    };
    CoinLot {
        lot_no: lot.lot_no,
        user_id: lot.user_id.clone(),
        origin: origin.into(),
        purchase_id: lot.purchase_id.clone(),
        posting_id: lot.posting_id.clone(),
        market: lot.market.clone(),
        entity: lot.entity.clone(),
        price: amount(&lot.currency, lot.price),
        tax: amount(&lot.currency, lot.tax),
        commission: amount(&lot.currency, lot.commission),
        coins: lot.coins,
        bonus_coins: lot.bonus,
        coins_spent: lot.spent,
        coins_left: lot.left(),
        issue_time: Some(timestamp_ms(lot.issued_at_ms)),
        coins_forfeited: lot.forfeited,
        coins_broken: lot.broken.coins,
    }
}

/// What a posting took of a lot in this currency.
pub(crate) fn funding(spend: &LotSpend, currency: &str) -> LotFunding {
    LotFunding {
        posting_id: spend.posting_id.clone(),
        creator_id: spend.creator_id.clone(),
        coins: spend.coins,
        spent: matches!(spend.used, LotUse::Spent | LotUse::Settled | LotUse::Replaced),
        revenue: amount(currency, spend.revenue),
        commission: amount(currency, spend.commission),
        spend_time: Some(timestamp_ms(spend.spent_at_ms)),
    }
}

/// The sums of an entity, a market and a currency.
pub(crate) fn deferred(key: &MarketKey, sums: &LotSums) -> DeferredRevenue {
    let MarketKey { entity, market, currency } = key;
    DeferredRevenue {
        entity: entity.clone(),
        market: market.clone(),
        paid_coins: sums.paid,
        bonus_coins: sums.bonus,
        promotional_coins: sums.promotional,
        unknown_coins: sums.unknown,
        deferred: amount(currency, sums.sold.saturating_sub(sums.revenue).saturating_sub(sums.breakage)),
        prepaid_commission: amount(currency, sums.prepaid.saturating_sub(sums.commission)),
    }
}

/// What was earned and is not posted.
pub(crate) fn unposted(entity: &str, currency: &str, revenue: i64, commission: i64) -> UnpostedRevenue {
    UnpostedRevenue { entity: entity.to_owned(), revenue: amount(currency, revenue), commission: amount(currency, commission) }
}

/// What of refunds is not posted.
pub(crate) fn unposted_refund(entity: &str, currency: &str, deferred: i64, prepaid: i64) -> UnpostedRefund {
    UnpostedRefund { entity: entity.to_owned(), deferred: amount(currency, deferred), prepaid_commission: amount(currency, prepaid) }
}

/// A list of lots or of what they funded, to which page tokens are bound.
pub(crate) fn list(book: &BookName, rpc: &'static str, of: &str) -> PagedList {
    PagedList::new(rpc, book.as_str(), &[of])
}

/// The row from which a page goes on; none without a token.
pub(crate) fn place(list: &PagedList, token: &str) -> Result<Option<i64>, Error> {
    list.position(token).map_err(|InvalidPageToken| Error::PageToken)
}
