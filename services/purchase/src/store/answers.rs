//! Reads of coin lots, for answers.

use std::collections::BTreeMap;

use jiff::civil::Date;
use money::{BookName, UserKey};
use sqlx::Row as _;
use uuid::Uuid;

use super::lots::{LotRowsError, lot, spend};
use super::{Error, Store};
use crate::lots::lot::{Lot, LotOrigin, LotSums, portion};
use crate::lots::working::{LotOverflow, LotSpend};
use crate::refunds::step::{RefundMoney, StepState};
use crate::sheets::day;

/// Coins of a wallet by where they come from, as far as the journal was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WalletCoins {
    /// Paid, or of unknown price.
    pub paid: i64,
    /// A package's bonus.
    pub bonus: i64,
    /// Given.
    pub promotional: i64,
    /// How many of them were bought in a currency, and what their parts of the prices come to in minor units.
    pub paid_for: BTreeMap<String, (i64, i64)>,
}

/// The lots that are summed together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MarketKey {
    /// The legal entity.
    pub entity: String,
    /// The market.
    pub market: String,
    /// The code of the currency; empty: of coins whose price nobody knows.
    pub currency: String,
}
/// Revenue with breakage, and commission, in minor units that were earned and not posted, by entity and currency.
pub type Unposted = BTreeMap<(String, String), (i64, i64)>;

impl Store {
    /// A user's lots, the newest first; those before this one where given.
    pub async fn lots_of(&self, book: &BookName, user: &UserKey, before: Option<i64>, count_max: i64) -> Result<Vec<Lot>, Error> {
        let sql = "SELECT * FROM coin_lot WHERE book = $1 AND user_id = $2 AND lot_no < $3 ORDER BY lot_no DESC LIMIT $4";
        let query = sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).bind(before.unwrap_or(i64::MAX)).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(lot).collect()
    }

    /// The lot of a purchase; `None` until the journal was read that far.
    pub async fn lot_of(&self, book: &BookName, purchase_id: Uuid) -> Result<Option<Lot>, Error> {
        let sql = "SELECT * FROM coin_lot WHERE book = $1 AND purchase_id = $2 AND purchase_id <> '' ORDER BY lot_no LIMIT 1";
        let query = sqlx::query(sql).bind(book.as_str()).bind(purchase_id.hyphenated().to_string());
        query.fetch_optional(&self.pool).await?.as_ref().map(lot).transpose()
    }

    /// What postings took of a lot, the oldest first; those after this one where given.
    pub async fn spends_of(&self, book: &BookName, lot_no: i64, after: Option<i64>, count_max: i64) -> Result<Vec<LotSpend>, Error> {
        let sql = "SELECT * FROM lot_spend WHERE book = $1 AND lot_no = $2 AND spend_no > $3 ORDER BY spend_no LIMIT $4";
        let query = sqlx::query(sql).bind(book.as_str()).bind(lot_no).bind(after.unwrap_or(0)).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(spend).collect()
    }

    /// The coins of a user's wallet by where they come from.
    pub async fn wallet_coins(&self, book: &BookName, user: &UserKey) -> Result<WalletCoins, LotRowsError> {
        let sql = "SELECT h.coins AS held, l.* FROM lot_holding h JOIN coin_lot l ON l.book = h.book AND l.lot_no = h.lot_no
            WHERE h.book = $1 AND h.account = $2";
        let query = sqlx::query(sql).bind(book.as_str()).bind(chart::Account::viewer_coins(user).name());
        let mut coins = WalletCoins::default();
        for row in query.fetch_all(&self.pool).await.map_err(Error::from)? {
            let (held, of) = (row.try_get("held").map_err(Error::from)?, lot(&row)?);
            // Of a lot that several accounts hold, each has its share of the bonus.
            let bonus = of.bonus_of(held);
            let (paid, promotional) = if of.origin == LotOrigin::Promotional { (0, held) } else { (held - bonus, 0) };
            let add = |one: i64, other: i64| one.checked_add(other).ok_or(LotOverflow);
            coins.paid = add(coins.paid, paid)?;
            coins.bonus = add(coins.bonus, bonus)?;
            coins.promotional = add(coins.promotional, promotional)?;
            if held > 0 && !of.currency.is_empty() {
                let price = portion(of.price, held.min(of.coins), of.coins);
                let in_currency = coins.paid_for.entry(of.currency).or_default();
                *in_currency = (add(in_currency.0, held)?, add(in_currency.1, price)?);
            }
        }
        Ok(coins)
    }

    /// What lots contributed up to the end of a day, by entity, market and currency.
    pub async fn sums_until(&self, book: &BookName, last: Date) -> Result<BTreeMap<MarketKey, LotSums>, LotRowsError> {
        let query = sqlx::query("SELECT * FROM lot_day WHERE book = $1 AND day <= $2").bind(book.as_str()).bind(last.to_string());
        let mut found: BTreeMap<MarketKey, LotSums> = BTreeMap::new();
        for row in query.fetch_all(&self.pool).await.map_err(Error::from)? {
            let text = |column: &'static str| row.try_get::<String, _>(column).map_err(Error::from);
            let number = |column: &'static str| row.try_get::<i64, _>(column).map_err(Error::from);
            let more = LotSums {
                sold: number("sold_minor_units")?,
                prepaid: number("prepaid_minor_units")?,
                revenue: number("revenue_minor_units")?,
                breakage: number("breakage_minor_units")?,
                commission: number("commission_minor_units")?,
                paid: number("paid_coins")?,
                bonus: number("bonus_coins")?,
                promotional: number("promotional_coins")?,
                unknown: number("unknown_coins")?,
            };
            let sums =
                found.entry(MarketKey { entity: text("entity")?, market: text("market")?, currency: text("currency")? }).or_default();
            *sums = sums.plus(more, 1).ok_or(LotOverflow)?;
        }
        found.retain(|_, sums| *sums != LotSums::default());
        Ok(found)
    }

    /// What was earned up to the end of a day and is not posted: of the open day, and of days that are just being posted.
    pub async fn unposted_until(&self, book: &BookName, last: Date) -> Result<Unposted, LotRowsError> {
        let mut unposted = Unposted::new();
        let add = |one: i64, other: i64| one.checked_add(other).ok_or(LotOverflow);
        for (MarketKey { entity, currency, .. }, sums) in
            self.sums_until(book, last).await?.into_iter().filter(|(key, _)| !key.currency.is_empty())
        {
            let of = unposted.entry((entity, currency)).or_default();
            *of = (add(add(of.0, sums.revenue)?, sums.breakage)?, add(of.1, sums.commission)?);
        }
        let sql = "SELECT entity, currency, revenue_minor_units, breakage_minor_units, commission_minor_units FROM revenue_posting
            WHERE book = $1 AND day <= $2 AND state = 2";
        let query = sqlx::query_as::<_, (String, String, i64, i64, i64)>(sql).bind(book.as_str()).bind(last.to_string());
        for (entity, currency, revenue, breakage, commission) in query.fetch_all(&self.pool).await.map_err(Error::from)? {
            let of = unposted.entry((entity, currency)).or_default();
            *of = (add(add(of.0, -revenue)?, -breakage)?, add(of.1, -commission)?);
        }
        unposted.retain(|_, amounts| *amounts != (0, 0));
        Ok(unposted)
    }

    /// What refunds of purchases took out of lots up to the end of a day, and what of that is not posted: deferred revenue and prepaid commission that the ledger
    /// still has.
    pub async fn unposted_refunds(&self, book: &BookName, last: Date) -> Result<Unposted, LotRowsError> {
        let mut unposted = Unposted::new();
        let add = |one: i64, other: i64| one.checked_add(other).ok_or(LotOverflow);
        for purchase_id in self.refunds_in_progress(book).await? {
            let Some(lot) = self.lot_of(book, purchase_id).await?.filter(|lot| !lot.reversed) else { continue };
            let steps = self.refund_steps(book, purchase_id).await?;
            if steps.iter().any(|step| step.state != StepState::Done && day(step.created_at_ms) > last) {
                continue;
            }
            let done = steps.iter().filter(|step| step.state == StepState::Done);
            let posted = done.fold(RefundMoney::default(), |sum, step| sum.plus(step.money));
            let (deferred, prepaid) = lot.undone();
            let of = unposted.entry((lot.entity, lot.currency)).or_default();
            *of = (add(of.0, deferred - posted.deferred)?, add(of.1, prepaid - posted.prepaid)?);
        }
        unposted.retain(|_, amounts| *amounts != (0, 0));
        Ok(unposted)
    }
}
