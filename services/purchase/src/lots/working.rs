//! Lots, and who holds them, as transfers change them: the part that a batch of the journal touches. No I/O; the same transfers give the same lots,
//! however they are divided into batches.

use std::collections::{BTreeMap, BTreeSet};

use chart::Account;

use jiff::civil::Date;

use super::lot::{BrokenCoins, Lot, LotSums};
use super::read::{CoinEffect, CoinTransfer, holds_lots};
use crate::domain::Purchase;
use crate::sheets::day;

/// The lot in whose name an account has less than nothing.
pub(crate) const OVERDRAWN: i64 = 0;

/// A number exceeds what the tables can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sums of coin lots exceed 64 bits")]
pub struct LotOverflow;

/// What a posting did with coins of a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LotUse {
    /// Spent them: they are revenue.
    Spent,
    /// Took them away: nothing is earned by that.
    Removed,
    /// Took them away because their price was paid back.
    Refunded,
    /// Paid with them for what their viewer owed: they count as spent.
    Settled,
    /// Took them away for good when their wallet was closed: what was deferred of them is breakage.
    Forfeited,
    /// Took them in the place of coins that were spent of a sale that was reversed or paid back: they count as spent, although their owner did nothing.
    Replaced,
}

impl LotUse {
    /// All uses.
    pub const ALL: [LotUse; 6] = [LotUse::Spent, LotUse::Removed, LotUse::Refunded, LotUse::Settled, LotUse::Forfeited, LotUse::Replaced];

    /// The number in the table.
    pub(crate) fn number(self) -> i64 {
        match self {
            LotUse::Spent => 1,
            LotUse::Removed => 2,
            LotUse::Refunded => 3,
            LotUse::Settled => 4,
            LotUse::Forfeited => 5,
            LotUse::Replaced => 6,
        }
    }
}

impl Lot {
    /// Counts what a posting did with so many of its coins.
    pub(crate) fn used(&mut self, used: LotUse, coins: i64) {
        let since = if self.broken.coins > 0 { coins } else { 0 };
        match used {
            LotUse::Spent | LotUse::Settled | LotUse::Replaced => {
                (self.spent, self.broken.spent) = (self.spent + coins, self.broken.spent + since)
            }
            LotUse::Removed => self.removed += coins,
            LotUse::Refunded => {
                self.removed += coins;
                (self.refunded, self.broken.refunded) = (self.refunded + coins, self.broken.refunded + since);
            }
            LotUse::Forfeited => {
                self.removed += coins;
                (self.forfeited, self.broken.forfeited) = (self.forfeited + coins, self.broken.forfeited + since);
            }
        }
    }
}

/// Coins that a posting took of a lot; less than nothing where a reversal gave them back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotSpend {
    /// The lot.
    pub lot_no: i64,
    /// 64 times the sequence number of the event, and the transfer's place in it.
    pub spend_no: i64,
    /// The posting.
    pub posting_id: String,
    /// What it did with them.
    pub used: LotUse,
    /// Who got the gift; empty if nobody did.
    pub creator_id: String,
    /// How many coins it took.
    pub coins: i64,
    /// What they earned, in minor units of the lot's currency.
    pub revenue: i64,
    /// The channel's part of that.
    pub commission: i64,
    /// When, in Unix milliseconds.
    pub spent_at_ms: i64,
}

/// A lot of which an account has coins, in the order of spending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HeldLot {
    /// The rank of its origin: a lower one is spent first.
    pub(crate) rank: i64,
    pub(crate) lot_no: i64,
}

impl HeldLot {
    /// Stands for what an account has less than nothing.
    const OVERDRAWN: Self = Self { rank: OVERDRAWN, lot_no: OVERDRAWN };
}

/// The coins of an account, in the order of spending.
pub(crate) type Holding = BTreeMap<HeldLot, i64>;
/// The lots of a day that are summed together: the day, the entity, the market, the currency.
pub(crate) type DayKey = (Date, String, String, String);

/// The lots that a batch touches, and what it changed.
#[derive(Debug, Default)]
pub(crate) struct WorkingLots {
    pub(crate) lots: BTreeMap<i64, Lot>,
    pub(crate) holdings: BTreeMap<String, Holding>,
    /// What postings took that the batch reverses.
    pub(crate) spends: Vec<LotSpend>,
    pub(crate) changed_lots: BTreeSet<i64>,
    pub(crate) changed_holdings: BTreeSet<(String, HeldLot)>,
    pub(crate) new_spends: Vec<LotSpend>,
    pub(crate) days: BTreeMap<DayKey, LotSums>,
}

impl WorkingLots {
    /// Follows a transfer. What its accounts hold, and what the posting it reverses took, is there already.
    pub(crate) fn apply(&mut self, transfer: &CoinTransfer, purchase: Option<&Purchase>) -> Result<(), LotOverflow> {
        if transfer.effect == CoinEffect::Holds {
            self.freeze(transfer);
            return Ok(());
        }
        if transfer.effect == CoinEffect::GivesLots {
            self.give_lots(transfer);
            return Ok(());
        }
        if transfer.ends_hold() {
            self.thaw(transfer);
        }
        if transfer.effect == CoinEffect::Releases {
            return Ok(());
        }
        match (holds_lots(&transfer.debit), holds_lots(&transfer.credit)) {
            (false, true) => {
                let back = if transfer.reverses.is_empty() && !transfer.is_refund_back() { 0 } else { self.give_back(transfer)? };
                self.issue(transfer, transfer.coins - back, purchase)
            }
            (true, false) => {
                let used = match Account::parse(&transfer.credit) {
                    _ if transfer.is_forfeiture() => LotUse::Forfeited,
                    Some(Account::CoinsRedeemed) => LotUse::Spent,
                    // What pays for a debt was spent before it was there.
                    Some(Account::ViewerDebt(_)) => LotUse::Settled,
                    _ => LotUse::Removed,
                };
                self.take_away(transfer, used)
            }
            (true, true) => {
                let mut missing = 0;
                for (key, coins) in self.take(&transfer.debit, transfer.coins, &BTreeSet::new()) {
                    if key.lot_no == OVERDRAWN {
                        self.hold(&transfer.debit, key, -coins);
                        missing = coins;
                    } else {
                        self.hold(&transfer.credit, key, coins);
                    }
                }
                self.issue(transfer, missing, None)
            }
            (false, false) => Ok(()),
        }
    }

    /// What was deferred of what is left of a lot is breakage, once, at the end of a day.
    pub(crate) fn break_lot(&mut self, lot_no: i64, at_ms: i64) -> Result<(), LotOverflow> {
        if self.lots.get(&lot_no).is_some_and(|lot| lot.broken.coins == 0 && lot.left() > 0) {
            self.change(lot_no, day(at_ms), |lot| lot.broken = BrokenCoins { coins: lot.left(), at_ms, ..BrokenCoins::default() })?;
        }
        Ok(())
    }

    /// Lots of one viewer become another's, with what was paid for them and what was done with them. Coins are moved beside that.
    fn give_lots(&mut self, transfer: &CoinTransfer) {
        let owner = |account: &str| chart::account::owner(account).unwrap_or_default().to_owned();
        let (from, to) = (owner(&transfer.debit), owner(&transfer.credit));
        for lot in self.lots.values_mut().filter(|lot| lot.user_id == from) {
            lot.user_id.clone_from(&to);
            self.changed_lots.insert(lot.lot_no);
        }
    }

    /// Keeps coins of a purchase from being spent, as many as its buyer's wallet has.
    fn freeze(&mut self, transfer: &CoinTransfer) {
        let held = self.holdings.get(&transfer.debit);
        for lot in self.lots.values_mut().filter(|lot| is_named(lot, transfer)) {
            let there =
                held.and_then(|held| held.get(&HeldLot { rank: lot.origin.spend_rank(), lot_no: lot.lot_no })).copied().unwrap_or(0);
            lot.frozen = transfer.coins.min(there);
            self.changed_lots.insert(lot.lot_no);
        }
    }

    fn thaw(&mut self, transfer: &CoinTransfer) {
        for lot in self.lots.values_mut().filter(|lot| is_named(lot, transfer) && lot.frozen > 0) {
            lot.frozen = 0;
            self.changed_lots.insert(lot.lot_no);
        }
    }

    /// New coins, of which an account that has less than nothing spends some at once.
    fn issue(&mut self, transfer: &CoinTransfer, coins: i64, purchase: Option<&Purchase>) -> Result<(), LotOverflow> {
        if coins > 0 {
            let mut lot = Lot::issued_by(&CoinTransfer { coins, ..transfer.clone() }, purchase);
            lot.suspended = if is_suspense(&transfer.credit) { coins } else { 0 };
            let (key, rank) = (lot.lot_no, lot.origin.spend_rank());
            self.count(&lot, day(transfer.at_ms), 1)?;
            self.lots.insert(key, lot);
            self.changed_lots.insert(key);
            self.hold(&transfer.credit, HeldLot { rank, lot_no: key }, coins);
        }
        self.cover(transfer)
    }

    /// Spends what an account has for what it spent before it had it.
    fn cover(&mut self, transfer: &CoinTransfer) -> Result<(), LotOverflow> {
        let account = &transfer.credit;
        let Some(short) = self.holdings.get(account).and_then(|held| held.get(&HeldLot::OVERDRAWN)).map(|coins| -coins) else {
            return Ok(());
        };
        let there: i64 = self.holdings.get(account).into_iter().flatten().filter(|(_, coins)| **coins > 0).map(|(_, coins)| coins).sum();
        let paid = short.min(there);
        self.hold(account, HeldLot::OVERDRAWN, paid);
        for (HeldLot { lot_no, .. }, coins) in self.take(account, paid, &BTreeSet::new()) {
            self.used(lot_no, coins, LotUse::Spent, transfer)?;
        }
        Ok(())
    }

    fn take_away(&mut self, transfer: &CoinTransfer, used: LotUse) -> Result<(), LotOverflow> {
        // A reversed sale, or one that is paid back, takes its own coins first.
        let is_refund = transfer.is_refund();
        let own: BTreeSet<i64> = self.lots.values().filter(|lot| is_own(lot, transfer)).map(|lot| lot.lot_no).collect();
        for (HeldLot { lot_no, .. }, coins) in self.take(&transfer.debit, transfer.coins, &own) {
            let used = match own.contains(&lot_no) {
                true if is_refund => LotUse::Refunded,
                true => used,
                // What was spent of such a sale is paid with other coins: they count as spent.
                false if is_refund || !own.is_empty() => LotUse::Replaced,
                false => used,
            };
            if lot_no == OVERDRAWN {
                self.hold(&transfer.debit, HeldLot::OVERDRAWN, -coins);
            } else {
                self.used(lot_no, coins, used, transfer)?;
            }
        }
        for lot_no in if is_refund { BTreeSet::new() } else { own } {
            self.change(lot_no, day(transfer.at_ms), |lot| lot.reversed = true)?;
        }
        Ok(())
    }

    /// Takes coins out of an account's lots: the named ones first, then in the order of spending, and frozen ones last. What is missing is of lot [`OVERDRAWN`].
    fn take(&mut self, account: &str, coins: i64, first: &BTreeSet<i64>) -> Vec<(HeldLot, i64)> {
        let held = self.holdings.get(account).into_iter().flatten().filter(|(_, there)| **there > 0);
        let mut order: Vec<(HeldLot, i64)> = held.map(|(key, there)| (*key, *there)).collect();
        order.sort_by_key(|(key, _)| !first.contains(&key.lot_no));
        let is_owner = |lot: &&Lot| chart::account::owner(account) == Some(lot.user_id.as_str());
        let frozen = |HeldLot { lot_no, .. }: HeldLot| match first.contains(&lot_no) {
            true => 0,
            false => self.lots.get(&lot_no).filter(is_owner).map_or(0, |lot| lot.frozen),
        };
        let free: Vec<(HeldLot, i64)> = order.iter().map(|(key, there)| (*key, (there - frozen(*key)).max(0))).collect();
        let last: Vec<(HeldLot, i64)> = order.iter().map(|(key, there)| (*key, frozen(*key).min(*there))).collect();
        let mut taken: Vec<(HeldLot, i64)> = Vec::new();
        let mut missing = coins;
        for (key, there) in free.into_iter().chain(last).filter(|(_, there)| *there > 0) {
            let some = there.min(missing);
            if some == 0 {
                break;
            }
            missing -= some;
            self.hold(account, key, -some);
            match taken.iter_mut().find(|(other, _)| *other == key) {
                Some((_, before)) => *before += some,
                None => taken.push((key, some)),
            }
        }
        if missing > 0 {
            taken.push((HeldLot::OVERDRAWN, missing));
        }
        if is_suspense(account) {
            self.leave_suspense(&taken, first);
        }
        taken
    }

    /// What leaves suspense for one of these lots was that lot's. Anything else may have been of any lot: each has as many coins less there for sure.
    fn leave_suspense(&mut self, taken: &[(HeldLot, i64)], named: &BTreeSet<i64>) {
        let (own, others): (Vec<_>, Vec<_>) =
            taken.iter().map(|(key, coins)| (key.lot_no, *coins)).partition(|(lot_no, _)| named.contains(lot_no));
        let others: i64 = others.iter().map(|(_, coins)| coins).sum();
        for lot in self.lots.values_mut().filter(|lot| lot.suspended > 0) {
            let own = own.iter().find(|(lot_no, _)| *lot_no == lot.lot_no).map_or(0, |(_, coins)| *coins);
            let left = (lot.suspended - own - others).max(0);
            if left != lot.suspended {
                lot.suspended = left;
                self.changed_lots.insert(lot.lot_no);
            }
        }
    }

    /// Coins of a lot that come back to suspense are there for sure.
    fn return_to(&mut self, account: &str, key: HeldLot, coins: i64) {
        self.hold(account, key, coins);
        if is_suspense(account)
            && let Some(lot) = self.lots.get_mut(&key.lot_no)
        {
            lot.suspended += coins;
            self.changed_lots.insert(key.lot_no);
        }
    }

    /// Gives back what a reversed posting took, up to what the transfer moves; says how much that was.
    fn give_back(&mut self, transfer: &CoinTransfer) -> Result<i64, LotOverflow> {
        // Of its own lot a refund gives everything back anyway, and what paid for its debt comes after that.
        let apart = |used: LotUse| used == LotUse::Refunded || (transfer.is_refund_back() && used == LotUse::Settled);
        // What they took of each lot, less what they and other transfers of this posting gave back.
        let of = |posting_id: &String| transfer.reverses.contains(posting_id) || *posting_id == transfer.posting_id;
        let concerned = |spend: &&LotSpend| of(&spend.posting_id) && !apart(spend.used);
        let mut taken: BTreeMap<i64, (i64, LotUse)> = BTreeMap::new();
        for spend in self.spends.iter().chain(&self.new_spends).filter(concerned) {
            taken.entry(spend.lot_no).or_insert((0, spend.used)).0 += spend.coins;
        }
        let mut back = self.give_back_own(transfer)?;
        for (lot_no, (coins, used)) in taken {
            let some = coins.min(transfer.coins - back);
            let Some(rank) = self.lots.get(&lot_no).map(|lot| lot.origin.spend_rank()) else { continue };
            if some <= 0 {
                continue;
            }
            self.used(lot_no, -some, used, transfer)?;
            self.hold(&transfer.credit, HeldLot { rank, lot_no }, some);
            back += some;
        }
        self.give_back_settled(transfer, back)
    }

    /// What is left of a refund that is taken back was owed, and was paid with other coins of the viewer: those that paid last come back, at their own price.
    fn give_back_settled(&mut self, transfer: &CoinTransfer, mut back: i64) -> Result<i64, LotOverflow> {
        let Some(owner) = chart::account::owner(&transfer.credit).filter(|_| transfer.is_refund_back()) else { return Ok(back) };
        let mut paid: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        let settled = self.spends.iter().chain(&self.new_spends).filter(|spend| spend.used == LotUse::Settled);
        for spend in settled.filter(|spend| self.lots.get(&spend.lot_no).is_some_and(|lot| lot.user_id == owner)) {
            let of = paid.entry(spend.lot_no).or_default();
            *of = (of.0 + spend.coins, of.1.max(spend.spend_no));
        }
        let mut order: Vec<(i64, (i64, i64))> = paid.into_iter().collect();
        order.sort_by_key(|(lot_no, (_, last))| std::cmp::Reverse((*last, *lot_no)));
        for (lot_no, (coins, _)) in order {
            let (some, rank) = (coins.min(transfer.coins - back), self.lots[&lot_no].origin.spend_rank());
            if some > 0 {
                self.used(lot_no, -some, LotUse::Settled, transfer)?;
                self.hold(&transfer.credit, HeldLot { rank, lot_no }, some);
                back += some;
            }
        }
        Ok(back)
    }

    /// A refund that is taken back gives the coins of its purchase back first, whichever posting took them.
    fn give_back_own(&mut self, transfer: &CoinTransfer) -> Result<i64, LotOverflow> {
        let own: Vec<(i64, i64, i64)> = match transfer.is_refund_back() && !transfer.purchase_id.is_empty() {
            true => self
                .lots
                .values()
                .filter(|lot| lot.purchase_id == transfer.purchase_id)
                .map(|lot| (lot.lot_no, lot.refunded, lot.origin.spend_rank()))
                .collect(),
            false => Vec::new(),
        };
        let mut back = 0;
        for (lot_no, refunded, rank) in own {
            let some = refunded.min(transfer.coins - back);
            if some > 0 {
                self.used(lot_no, -some, LotUse::Refunded, transfer)?;
                self.return_to(&transfer.credit, HeldLot { rank, lot_no }, some);
                back += some;
            }
        }
        Ok(back)
    }

    fn used(&mut self, lot_no: i64, coins: i64, used: LotUse, transfer: &CoinTransfer) -> Result<(), LotOverflow> {
        let (before, after) = self.change(lot_no, day(transfer.at_ms), |lot| lot.used(used, coins))?;
        // What a lot gave for a refund and what it paid for a debt may come back to it by one transfer: each has a row.
        let mut others = self.new_spends.iter().rev().take_while(|spend| spend.posting_id == transfer.posting_id);
        let is_second = others.any(|spend| (spend.lot_no, spend.spend_no) == (lot_no, transfer.no));
        self.new_spends.push(LotSpend {
            lot_no,
            spend_no: if is_second { transfer.other_no() } else { transfer.no },
            posting_id: transfer.posting_id.clone(),
            used,
            creator_id: transfer.creator.clone(),
            coins,
            revenue: after.revenue + after.breakage - before.revenue - before.breakage,
            commission: after.commission - before.commission,
            spent_at_ms: transfer.at_ms,
        });
        Ok(())
    }

    fn hold(&mut self, account: &str, key: HeldLot, coins: i64) {
        let held = self.holdings.entry(account.to_owned()).or_default();
        let there = held.entry(key).or_insert(0);
        *there += coins;
        if *there == 0 {
            held.remove(&key);
        }
        self.changed_holdings.insert((account.to_owned(), key));
    }

    /// Changes a lot, and the sums of its day by as much; what it contributed before and contributes now.
    fn change(&mut self, lot_no: i64, on: Date, change: impl FnOnce(&mut Lot)) -> Result<(LotSums, LotSums), LotOverflow> {
        let lot = self.lots.get_mut(&lot_no).expect("a lot that is held was read");
        let before = lot.clone();
        change(lot);
        lot.frozen = lot.frozen.clamp(0, lot.left().max(0));
        let after = lot.clone();
        self.changed_lots.insert(lot_no);
        self.count(&before, on, -1)?;
        self.count(&after, on, 1)?;
        Ok((before.sums(), after.sums()))
    }

    fn count(&mut self, lot: &Lot, on: Date, times: i64) -> Result<(), LotOverflow> {
        let sums = self.days.entry((on, lot.entity.clone(), lot.market.clone(), lot.currency.clone())).or_default();
        *sums = sums.plus(lot.sums(), times).ok_or(LotOverflow)?;
        Ok(())
    }
}

/// Whether an account is that of coins whose wallet was closed.
fn is_suspense(account: &str) -> bool {
    account == Account::CoinsSuspense.name()
}

/// Whether a lot is of the purchase that a transfer names.
fn is_named(lot: &Lot, transfer: &CoinTransfer) -> bool {
    !transfer.purchase_id.is_empty() && lot.purchase_id == transfer.purchase_id
}

/// Whether a lot is that of the sale that a transfer reverses or pays back.
fn is_own(lot: &Lot, transfer: &CoinTransfer) -> bool {
    if transfer.is_refund() {
        return is_named(lot, transfer);
    }
    transfer.reverses.contains(&lot.posting_id)
}

#[cfg(test)]
mod tests;
