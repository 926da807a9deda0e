//! A lot of coins: what it cost, and what of that was earned. No I/O.

use chart::HouseId;

use super::read::CoinTransfer;
use crate::domain::Purchase;

/// Where the coins of a lot come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LotOrigin {
    /// Bought, at the price of the lot. A package's bonus shares it.
    Bought,
    /// Given: by staff, by a campaign.
    Promotional,
    /// From before this installation, or of a purchase that it does not have.
    Unknown,
}

impl LotOrigin {
    /// All origins.
    pub const ALL: [LotOrigin; 3] = [LotOrigin::Bought, LotOrigin::Promotional, LotOrigin::Unknown];

    /// The number in the table.
    pub(crate) fn number(self) -> i64 {
        match self {
            LotOrigin::Bought => 1,
            LotOrigin::Promotional => 2,
            LotOrigin::Unknown => 3,
        }
    }

    /// The place in the order of spending: the lowest first.
    pub(crate) fn spend_rank(self) -> i64 {
        match self {
            LotOrigin::Promotional => 0,
            LotOrigin::Bought | LotOrigin::Unknown => 1,
        }
    }
}

/// Coins that one transfer brought to a wallet. Amounts are minor units of `currency`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// 64 times the sequence number of the event, and the transfer's place in it: later lots have higher numbers.
    pub lot_no: i64,
    /// Whose wallet, or who bought; empty for other coins in suspense.
    pub user_id: String,
    /// The posting that brought them.
    pub posting_id: String,
    /// The purchase; empty if there is none.
    pub purchase_id: String,
    /// Where they come from.
    pub origin: LotOrigin,
    /// The store that sold; empty without a purchase, as are market, entity and currency.
    pub store: String,
    /// ISO 3166 alpha-2 country; empty also where it is not known.
    pub market: String,
    /// Id of the selling entity.
    pub entity: String,
    /// ISO 4217 code.
    pub currency: String,
    /// What the buyer paid.
    pub price: i64,
    /// Tax included in the price.
    pub tax: i64,
    /// What the channel keeps of the rest.
    pub commission: i64,
    /// How many there were.
    pub coins: i64,
    /// How many of them were a bonus.
    pub bonus: i64,
    /// How many were spent.
    pub spent: i64,
    /// How many were taken away without being spent.
    pub removed: i64,
    /// How many of those were paid back to the buyer: they are never revenue.
    pub refunded: i64,
    /// How many of those were forfeited when their wallet was closed: what was deferred of them is breakage.
    pub forfeited: i64,
    /// How many of those in its buyer's wallet are held while a refund is not decided: they are not spent.
    pub frozen: i64,
    /// How many of them are in suspense for sure: of what staff move out of there, nobody says whose it was.
    pub suspended: i64,
    /// The sale was reversed: nothing of it is revenue.
    pub reversed: bool,
    /// When they came, in Unix milliseconds.
    pub issued_at_ms: i64,
    /// What became of what was deferred of those that were left for long.
    pub broken: BrokenCoins,
}

/// Coins of a lot that its owner left for so long that what was deferred of them is breakage. They stay in the wallet, and earn nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BrokenCoins {
    /// How many were left; 0: it is no breakage.
    pub coins: i64,
    /// The end of the day of which it is breakage, in Unix milliseconds.
    pub at_ms: i64,
    /// How many coins of the lot were spent since; less than nothing where a reversal gave earlier ones back.
    pub spent: i64,
    /// How many were paid back since, likewise.
    pub refunded: i64,
    /// How many were forfeited since.
    pub forfeited: i64,
}

/// The sums to which a lot contributes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LotSums {
    /// Sold without tax, and not paid back unspent.
    pub sold: i64,
    /// The channel's part of that.
    pub prepaid: i64,
    /// Earned by what was spent.
    pub revenue: i64,
    /// Kept of what was forfeited.
    pub breakage: i64,
    /// The channel's part of what was earned and kept.
    pub commission: i64,
    /// Coins in wallets that were paid, or are of unknown price (`unknown` counts them again).
    pub paid: i64,
    /// Coins in wallets that are a package's bonus.
    pub bonus: i64,
    /// Coins in wallets that were given.
    pub promotional: i64,
    /// Coins in wallets of unknown price.
    pub unknown: i64,
}

impl LotSums {
    /// Each sum more or less the other's; `None` if one of them can't be represented.
    pub(crate) fn plus(self, other: LotSums, times: i64) -> Option<LotSums> {
        let add = |one: i64, other: i64| other.checked_mul(times).and_then(|other| one.checked_add(other));
        Some(LotSums {
            sold: add(self.sold, other.sold)?,
            prepaid: add(self.prepaid, other.prepaid)?,
            revenue: add(self.revenue, other.revenue)?,
            breakage: add(self.breakage, other.breakage)?,
            commission: add(self.commission, other.commission)?,
            paid: add(self.paid, other.paid)?,
            bonus: add(self.bonus, other.bonus)?,
            promotional: add(self.promotional, other.promotional)?,
            unknown: add(self.unknown, other.unknown)?,
        })
    }
}

impl Lot {
    /// The lot of a transfer that brought coins: with the price of its purchase, if there is one.
    pub(crate) fn issued_by(transfer: &CoinTransfer, purchase: Option<&Purchase>) -> Lot {
        let origin = match purchase {
            Some(_) => LotOrigin::Bought,
            None if transfer.is_sale() || transfer.imported => LotOrigin::Unknown,
            None => LotOrigin::Promotional,
        };
        let lot = Lot {
            lot_no: transfer.no,
            user_id: chart::account::owner(&transfer.credit).unwrap_or_default().to_owned(),
            posting_id: transfer.posting_id.clone(),
            purchase_id: String::new(),
            origin,
            store: String::new(),
            market: String::new(),
            entity: String::new(),
            currency: String::new(),
            price: 0,
            tax: 0,
            commission: 0,
            coins: transfer.coins,
            bonus: 0,
            spent: 0,
            removed: 0,
            refunded: 0,
            forfeited: 0,
            frozen: 0,
            suspended: 0,
            reversed: false,
            issued_at_ms: transfer.at_ms,
            broken: BrokenCoins::default(),
        };
        let Some(purchase) = purchase else { return lot };
        Lot {
            user_id: purchase.user.to_string(),
            purchase_id: purchase.purchase_id.to_string(),
            store: purchase.store.as_str().to_owned(),
            market: purchase.sold.market.clone(),
            entity: if purchase.sold.entity.is_empty() { HouseId::MAIN.as_str().to_owned() } else { purchase.sold.entity.clone() },
            currency: purchase.value.price.currency().code().to_owned(),
            price: purchase.value.price.minor_units(),
            tax: purchase.value.tax.minor_units(),
            commission: purchase.value.commission.minor_units(),
            bonus: purchase.sold.bonus.get().min(transfer.coins),
            ..lot
        }
    }

    /// How many of its coins are in wallets.
    #[must_use]
    pub fn left(&self) -> i64 {
        self.coins - self.spent - self.removed
    }

    /// How many of so many coins are its bonus, rounded down.
    #[must_use]
    pub fn bonus_of(&self, coins: i64) -> i64 {
        portion(self.bonus, coins, self.coins)
    }

    /// What its spent coins earned: the price without tax, in proportion and rounded down; the last coin brings the rest.
    #[must_use]
    pub fn revenue(&self) -> i64 {
        if self.reversed { 0 } else { self.portion_of_spent(self.price - self.tax) }
    }

    /// What is kept of its forfeited coins, and of those that were left for long: the price without tax, in proportion, after what was paid back and spent. They earn
    /// nothing else.
    #[must_use]
    pub fn breakage(&self) -> i64 {
        if self.reversed { 0 } else { self.portion_of_kept(self.price - self.tax) }
    }

    /// The channel's part of what its spent coins earned and what is kept of others.
    #[must_use]
    pub fn earned_commission(&self) -> i64 {
        if self.reversed { 0 } else { self.portion_of_spent(self.commission) + self.portion_of_kept(self.commission) }
    }

    /// What was deferred of coins that were paid back before they were spent, and the channel's part of it, which is no longer prepaid.
    #[must_use]
    pub fn undone(&self) -> (i64, i64) {
        let (refunded, _) = self.deferred_until();
        (portion(self.price - self.tax, refunded, self.coins), portion(self.commission, refunded, self.coins))
    }

    /// How many of its coins were paid back, and how many spent, while something was deferred of them. What became breakage is earned: nothing that happens to the lot
    /// after that earns it again, or takes it out of deferred revenue.
    fn deferred_until(&self) -> (i64, i64) {
        (self.refunded - self.broken.refunded, self.spent - self.broken.spent)
    }

    /// Counted after what was paid back, so that both together are never more than the whole.
    fn portion_of_spent(&self, of: i64) -> i64 {
        let (refunded, spent) = self.deferred_until();
        portion(of, refunded + spent, self.coins) - portion(of, refunded, self.coins)
    }

    /// Counted last.
    fn portion_of_kept(&self, of: i64) -> i64 {
        let (refunded, spent) = self.deferred_until();
        let (before, kept) = (refunded + spent, self.forfeited - self.broken.forfeited + self.broken.coins);
        portion(of, before + kept, self.coins) - portion(of, before, self.coins)
    }

    /// What it contributes to the sums of its entity, market and currency.
    pub(crate) fn sums(&self) -> LotSums {
        let (left, bonus) = (self.left(), self.bonus_of(self.left()));
        let of = |origin: LotOrigin| if self.origin == origin { left } else { 0 };
        LotSums {
            sold: if self.reversed { 0 } else { self.price - self.tax - self.undone().0 },
            prepaid: if self.reversed { 0 } else { self.commission - self.undone().1 },
            revenue: self.revenue(),
            breakage: self.breakage(),
            commission: self.earned_commission(),
            paid: of(LotOrigin::Bought) + of(LotOrigin::Unknown) - bonus,
            bonus,
            promotional: of(LotOrigin::Promotional),
            unknown: of(LotOrigin::Unknown),
        }
    }
}

/// `of * part / whole`, rounded down.
pub(crate) fn portion(of: i64, part: i64, whole: i64) -> i64 {
    let product = i128::from(of) * i128::from(part) / i128::from(whole.max(1));
    i64::try_from(product).expect("a part is not more than the whole")
}
