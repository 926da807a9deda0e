//! The same payouts over an e-wallet, by dated figures: what they would have cost, how long they would have taken, and from which amount a bank payout costs a
//! tenth. No clock, no I/O. All arithmetic is exact decimals in currency units; nothing is rounded here but quotients, where their functions say so.

use super::report::ReportedPayout;
use jiff::civil::Date;
use money::{AMOUNT_MAX, Currency, Money};
use rails::record::RailCost;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::BTreeSet;

/// How many times cheaper the break-even amount asks for.
const TIMES_CHEAPER: i64 = 10;
const BASIS: i64 = 10_000;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// A figure at its low, typical and high value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leveled<T> {
    /// The lowest.
    pub low: T,
    /// As a rule.
    pub typical: T,
    /// The highest.
    pub high: T,
}

/// Names of the levels, in the order of [`Leveled::each`].
pub const LEVELS: [&str; 3] = ["low", "typical", "high"];

impl<T> Leveled<T> {
    /// The three values, lowest first.
    #[must_use]
    pub fn each(&self) -> [&T; 3] {
        [&self.low, &self.typical, &self.high]
    }
}

/// A price of one payment: a fixed part and a part of the amount, within bounds. In currency units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WalletFee {
    /// For every payment.
    pub fixed: Decimal,
    /// Part of the amount, in hundredths of a per cent.
    pub basis_points: Decimal,
    /// The least that both come to.
    pub least: Decimal,
    /// The most that both come to.
    pub most: Option<Decimal>,
}

impl WalletFee {
    /// The price for this amount; none if it can't be computed.
    #[must_use]
    pub fn of(&self, amount: Decimal) -> Option<Decimal> {
        let part = amount.checked_mul(self.basis_points)?.checked_div(Decimal::from(BASIS))?;
        let sum = self.fixed.checked_add(part)?.max(self.least);
        Some(self.most.map_or(sum, |most| sum.min(most)))
    }

    /// Amounts at which the price reaches a bound.
    fn bends(&self) -> impl Iterator<Item = Decimal> {
        let reaches = |bound: Decimal| {
            let part = bound.checked_sub(self.fixed)?.checked_mul(Decimal::from(BASIS))?;
            part.checked_div(self.basis_points)
        };
        [reaches(self.least), self.most.and_then(reaches)].into_iter().flatten()
    }
}

/// What a wallet asks, as of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletRecord {
    /// Id of its records.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Currency of its figures; payouts in others are not compared.
    pub currency: Currency,
    /// First day on which it applies.
    pub valid_from: Date,
    /// For sending to the wallet.
    pub fee: Leveled<WalletFee>,
    /// For moving the money from the wallet to a bank account.
    pub withdrawal: Leveled<WalletFee>,
    /// Spread on the exchange rate, in hundredths of a per cent of the amount.
    pub spread_basis_points: Leveled<Decimal>,
    /// Days until the money is in a bank account.
    pub days: Leveled<Decimal>,
    /// Origin, confidence and date of the figures.
    pub origin: FigureOrigin,
}

/// What bank accounts cost beside their items, as of a day, in currency units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankPrices {
    /// Id of its records.
    pub id: String,
    /// Currency of its figures.
    pub currency: Currency,
    /// First day on which it applies.
    pub valid_from: Date,
    /// Per account and month.
    pub monthly: Leveled<Decimal>,
    /// Per payout that comes back.
    pub returned: Leveled<Decimal>,
    /// Per check of a payee.
    pub check: Leveled<Decimal>,
    /// Origin, confidence and date of the figures.
    pub origin: FigureOrigin,
}

/// Where figures come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureOrigin {
    /// The source, in words.
    pub source: String,
    /// `P`, `S` or `K`.
    pub confidence: String,
    /// The day on which somebody looked.
    pub as_of: Date,
}

/// What the payouts of one currency come to, at one level, in currency units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct LevelSums {
    fee: Decimal,
    withdrawal: Decimal,
    spread: Decimal,
    items: Decimal,
}

/// One level of a comparison, in currency units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletLevel {
    /// `low`, `typical` or `high`.
    pub level: &'static str,
    /// The wallet's fee, its withdrawal, its spread.
    pub wallet: [Decimal; 3],
    /// The bank's items, monthly price, returns, checks.
    pub bank: [Decimal; 4],
    /// The wallet's days.
    pub days: Decimal,
    /// How many times cheaper the bank is, two places, cut; none if it costs nothing.
    pub times_cheaper: Option<Decimal>,
    /// How many times faster the bank is, one place, cut; none if it takes no time.
    pub times_faster: Option<Decimal>,
    /// From which amount to which the bank costs a tenth or less, in minor units.
    pub ten_times: Option<TenTimes>,
}

impl WalletLevel {
    /// What the wallet costs in all.
    #[must_use]
    pub fn wallet_total(&self) -> Decimal {
        self.wallet.iter().sum()
    }

    /// What the bank costs in all.
    #[must_use]
    pub fn bank_total(&self) -> Decimal {
        self.bank.iter().sum()
    }
}

/// Amounts at which a bank payout costs a tenth of the wallet or less, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenTimes {
    /// The smallest such amount.
    pub from: i64,
    /// The last one of the unbroken row of them; none: every larger amount.
    pub until: Option<i64>,
}

/// The paid payouts of one currency beside one wallet, in the making.
#[derive(Debug, Clone)]
pub struct WalletBaseline {
    wallet: WalletRecord,
    bank: BankPrices,
    /// Compared payouts.
    pub payouts: u64,
    /// Their amounts, in minor units.
    pub minor_units: i64,
    /// Paid payouts whose rail's cost is not known in the currency, or that can't be computed.
    pub left_out: u64,
    returned: u64,
    accounts: BTreeSet<(String, String)>,
    sums: [LevelSums; 3],
    /// Costs of the rails' items at each level, for the break-even amount: of the rail with most payouts.
    rails: Vec<(String, u64, [WalletFee; 3])>,
}

impl WalletBaseline {
    /// An empty comparison of a wallet and a bank with the same currency.
    #[must_use]
    pub fn new(wallet: WalletRecord, bank: BankPrices) -> Self {
        assert!(wallet.currency == bank.currency, "figures in two currencies can't be compared");
        let sums = Default::default();
        Self { wallet, bank, payouts: 0, minor_units: 0, left_out: 0, returned: 0, accounts: BTreeSet::new(), sums, rails: Vec::new() }
    }

    /// The wallet's record.
    #[must_use]
    pub fn wallet(&self) -> &WalletRecord {
        &self.wallet
    }

    /// The bank's record.
    #[must_use]
    pub fn bank(&self) -> &BankPrices {
        &self.bank
    }

    /// Counts a payout if it was paid in this currency; `cost` is that of its rail's record.
    pub fn add(&mut self, payout: &ReportedPayout, cost: Option<&RailCost>) {
        if payout.currency != self.wallet.currency || !payout.is_paid() {
            return;
        }
        let cost = cost.filter(|cost| cost.currency == payout.currency);
        if cost.and_then(|cost| self.counted(payout, cost)).is_none() {
            self.left_out += 1;
        }
    }

    /// Adds it to every sum, or to none.
    fn counted(&mut self, payout: &ReportedPayout, cost: &RailCost) -> Option<()> {
        let amount = Money::try_new(payout.currency, payout.minor_units).ok()?.to_decimal();
        let items = item_fees(cost)?;
        let mut sums = self.sums.clone();
        for (at, sum) in sums.iter_mut().enumerate() {
            let spread = WalletFee { basis_points: *self.wallet.spread_basis_points.each()[at], ..WalletFee::default() };
            sum.fee = sum.fee.checked_add(self.wallet.fee.each()[at].of(amount)?)?;
            sum.withdrawal = sum.withdrawal.checked_add(self.wallet.withdrawal.each()[at].of(amount)?)?;
            sum.spread = sum.spread.checked_add(spread.of(amount)?)?;
            sum.items = sum.items.checked_add(items[at].of(amount)?)?;
        }
        self.minor_units = self.minor_units.checked_add(payout.minor_units)?;
        self.sums = sums;
        self.payouts += 1;
        self.returned += u64::from(payout.returned_minor_units > 0);
        let account = (payout.bank.clone(), payout.bank_account.clone());
        if !self.accounts.contains(&account) {
            self.accounts.insert(account);
        }
        match self.rails.iter_mut().find(|(rail, _, fees)| *rail == payout.rail && *fees == items) {
            Some((_, count, _)) => *count += 1,
            None => self.rails.push((payout.rail.clone(), 1, items)),
        }
        Some(())
    }

    /// The comparison of a period of so many days, in which half of the payouts took at most `p50_ms`. None if nothing is compared.
    #[must_use]
    pub fn levels(&self, days: Decimal, p50_ms: u64) -> Option<[WalletLevel; 3]> {
        let [low, typical, high] = [0, 1, 2].map(|at| self.level(at, days, p50_ms));
        Some([low?, typical?, high?])
    }

    fn level(&self, at: usize, days: Decimal, p50_ms: u64) -> Option<WalletLevel> {
        let payouts = Decimal::from(self.payouts);
        let (sums, bank) = (&self.sums[at], &self.bank);
        // A month is the twelfth part of 365 days.
        let months = days.checked_mul(Decimal::from(12))?.checked_div(Decimal::from(365))?;
        let monthly = bank.monthly.each()[at].checked_mul(months)?.checked_mul(Decimal::from(self.accounts.len()))?;
        let returns = bank.returned.each()[at].checked_mul(Decimal::from(self.returned))?;
        let checks = bank.check.each()[at].checked_mul(payouts)?;
        let share = monthly.checked_add(returns)?.checked_add(checks)?.checked_div(payouts)?;
        let wallet_days = *self.wallet.days.each()[at];
        let (_, _, items) = self.rails.iter().max_by_key(|(rail, count, _)| (*count, std::cmp::Reverse(rail)))?;
        let spread = WalletFee { basis_points: *self.wallet.spread_basis_points.each()[at], ..WalletFee::default() };
        let asks = [self.wallet.fee.each()[at], self.wallet.withdrawal.each()[at], &spread];
        let mut level = WalletLevel {
            level: LEVELS[at],
            wallet: [sums.fee, sums.withdrawal, sums.spread],
            bank: [sums.items, monthly, returns, checks],
            days: wallet_days,
            times_cheaper: None,
            times_faster: quotient(wallet_days.checked_mul(Decimal::from(DAY_MS))?, Decimal::from(p50_ms), 1),
            ten_times: ten_times_cheaper(asks, &items[at], share, self.wallet.currency.minor_digits()),
        };
        level.times_cheaper = quotient(level.wallet_total(), level.bank_total(), 2);
        Some(level)
    }
}

/// A quotient cut to so many places; none if it is divided by zero.
fn quotient(of: Decimal, by: Decimal, places: u32) -> Option<Decimal> {
    of.checked_div(by).map(|quotient| quotient.round_dp_with_strategy(places, RoundingStrategy::ToZero))
}

/// The price of a rail's item at each level.
fn item_fees(cost: &RailCost) -> Option<[WalletFee; 3]> {
    let fee = |fixed: Decimal| {
        let most = match cost.basis_points_max {
            Some(most) => Some(fixed.checked_add(most)?),
            None => None,
        };
        Some(WalletFee { fixed, basis_points: cost.basis_points, least: Decimal::ZERO, most })
    };
    Some([fee(cost.low)?, fee(cost.typical)?, fee(cost.high)?])
}

/// Amounts at which the wallet asks ten times of what the bank does, or more: `asks` are the wallet's prices, `item` the bank's, and `share` is what one payout
/// bears of the bank's other prices. `digits` are those of the currency's minor unit.
#[must_use]
pub fn ten_times_cheaper(asks: [&WalletFee; 3], item: &WalletFee, share: Decimal, digits: u32) -> Option<TenTimes> {
    let holds = |minor_units: i64| {
        let amount = Decimal::new(minor_units, digits);
        let asked = asks.iter().try_fold(Decimal::ZERO, |sum, fee| sum.checked_add(fee.of(amount)?));
        let bank = item.of(amount).and_then(|item| item.checked_add(share)?.checked_mul(Decimal::from(TIMES_CHEAPER)));
        matches!((asked, bank), (Some(asked), Some(bank)) if asked >= bank)
    };
    // Between two of these, both sides are straight lines in whole minor units, so the answer changes once at most.
    let mut corners = BTreeSet::from([1, AMOUNT_MAX]);
    for bend in asks.into_iter().chain([item]).flat_map(WalletFee::bends) {
        let minor = bend.checked_mul(Decimal::from(10_i64.pow(digits))).and_then(|minor| i64::try_from(minor.floor()).ok());
        let around = minor.into_iter().flat_map(|minor| [minor, minor.saturating_add(1)]);
        corners.extend(around.filter(|minor| (1..=AMOUNT_MAX).contains(minor)));
    }
    let corners: Vec<i64> = corners.into_iter().collect();
    let mut found: Option<TenTimes> = None;
    let mut before = 1;
    for corner in corners {
        match (found, holds(corner)) {
            (None, true) => found = Some(TenTimes { from: turning(before, corner, |minor| !holds(minor)) + 1, until: None }),
            (Some(from), false) => return Some(TenTimes { until: Some(turning(before, corner, holds)), ..from }),
            (None, false) | (Some(_), true) => {}
        }
        before = corner;
    }
    found
}

/// The last number from `low` on, below `high`, for which this is so; one less than `low` if it never is. From the first for which it is not, it stays so.
fn turning(low: i64, high: i64, is_so: impl Fn(i64) -> bool) -> i64 {
    if !is_so(low) {
        return low - 1;
    }
    let (mut yes, mut no) = (low, high);
    while no - yes > 1 {
        let middle = yes + (no - yes) / 2;
        if is_so(middle) { yes = middle } else { no = middle }
    }
    yes
}

#[cfg(test)]
mod tests;
