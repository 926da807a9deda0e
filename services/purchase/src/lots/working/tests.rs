//! Which coins a transfer takes, and what that earns; and the same against a recomputation that moves one coin after another.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

use super::*;
use crate::domain::{PurchaseState, ReceiptValue, SoldAs, StoreKind};
use crate::lots::LotOrigin;
use money::{BookName, Coins, Currency, Money, UserKey};
use proptest::prelude::*;
use uuid::Uuid;

const ISSUED: &str = "house/coins/issued";
const REDEEMED: &str = "house/coins/redeemed";
const SUSPENSE: &str = "house/coins/suspense";
const ANN: &str = "viewer/ann/coins";
const BOB: &str = "viewer/bob/coins";
/// 00:00 of 1 November 2026.
const DAY_MS: i64 = 1_793_491_200_000;

fn transfer(seq: i64, kind: &str, (debit, credit): (&str, &str), coins: i64) -> CoinTransfer {
    CoinTransfer {
        no: seq * 64,
        posting_id: format!("posting-{seq}"),
        kind: kind.to_owned(),
        debit: debit.to_owned(),
        credit: credit.to_owned(),
        coins,
        effect: CoinEffect::Moves,
        purchase_id: String::new(),
        imported: false,
        reverses: Vec::new(),
        creator: "cleo".to_owned(),
        at_ms: DAY_MS + seq * 60_000,
    }
}

fn bought(coins: i64, bonus: i64, price: i64, commission: i64) -> Purchase {
    let usd = |minor| Money::try_new(Currency::try_new("USD").unwrap(), minor).unwrap();
    Purchase {
        book: BookName::try_new("demo").unwrap(),
        purchase_id: Uuid::from_u128(7),
        user: UserKey::try_new("ann").unwrap(),
        request_id: Uuid::from_u128(8),
        state: PurchaseState::Verified,
        store: StoreKind::Apple,
        environment: "Sandbox".to_owned(),
        bundle_id: "com.example".to_owned(),
        transaction_id: "1000".to_owned(),
        product_id: "coins.70".to_owned(),
        quantity: 1,
        value: ReceiptValue { coins: Coins::try_new(coins).unwrap(), price: usd(price), tax: usd(0), commission: usd(commission) },
        purchased_at_ms: DAY_MS,
        created_at_ms: DAY_MS,
        attempt: 0,
        attempt_at_ms: 0,
        tries: 0,
        blocked_by: String::new(),
        waits_since_ms: 0,
        stated_price: String::new(),
        sold: SoldAs { market: "US".to_owned(), entity: String::new(), bonus: Coins::try_new(bonus).unwrap() },
    }
}

/// Lots by number of their event: spent, removed and what of it was earned.
fn lots(working: &WorkingLots) -> Vec<(i64, i64, i64, i64)> {
    working.lots.values().map(|lot| (lot.lot_no / 64, lot.spent, lot.removed, lot.revenue())).collect()
}

fn held(working: &WorkingLots, account: &str) -> Vec<(i64, i64)> {
    working.holdings.get(account).into_iter().flatten().map(|(key, coins)| (key.lot_no / 64, *coins)).collect()
}

/// All days' sums together.
fn sums(working: &WorkingLots) -> LotSums {
    working.days.values().fold(LotSums::default(), |sum, day| sum.plus(*day, 1).unwrap())
}

#[test]
fn promotions_are_spent_first_then_the_oldest_and_the_last_coin_brings_the_rest() {
    let mut working = WorkingLots::default();
    working.apply(&transfer(1, "purchase.apple", (ISSUED, ANN), 70), Some(&bought(70, 20, 100, 30))).unwrap();
    working.apply(&transfer(2, "purchase.apple", (ISSUED, ANN), 3), Some(&bought(3, 0, 10, 1))).unwrap();
    working.apply(&transfer(3, "campaign", (ISSUED, ANN), 5), None).unwrap();
    assert_eq!((sums(&working).paid, sums(&working).bonus, sums(&working).promotional), (53, 20, 5));
    working.apply(&transfer(4, "gift", (ANN, REDEEMED), 38), None).unwrap();
    assert_eq!(lots(&working), [(1, 33, 0, 47), (2, 0, 0, 0), (3, 5, 0, 0)], "33 of 70 coins for 100");
    // Of the 37 coins left, 10 are the bonus.
    assert_eq!((sums(&working).paid, sums(&working).bonus, sums(&working).promotional), (30, 10, 0));
    working.apply(&transfer(5, "gift", (ANN, REDEEMED), 39), None).unwrap();
    assert_eq!(lots(&working), [(1, 70, 0, 100), (2, 2, 0, 6), (3, 5, 0, 0)]);
    let spends: Vec<_> = working.new_spends.iter().map(|spend| (spend.lot_no / 64, spend.coins, spend.revenue, spend.commission)).collect();
    assert_eq!(spends, [(3, 5, 0, 0), (1, 33, 47, 14), (1, 37, 53, 16), (2, 2, 6, 0)]);
    working.apply(&transfer(6, "gift", (ANN, REDEEMED), 1), None).unwrap();
    assert_eq!(sums(&working), LotSums { sold: 110, prepaid: 31, revenue: 110, commission: 31, ..LotSums::default() });
    assert!(held(&working, ANN).is_empty());
}

#[test]
fn coins_that_move_keep_their_lot() {
    let mut working = WorkingLots::default();
    working.apply(&transfer(1, "purchase.apple", (ISSUED, SUSPENSE), 70), Some(&bought(70, 0, 100, 30))).unwrap();
    working.apply(&transfer(2, "adjustment", (SUSPENSE, BOB), 40), None).unwrap();
    assert_eq!((held(&working, SUSPENSE), held(&working, BOB)), (vec![(1, 30)], vec![(1, 40)]));
    working.apply(&transfer(3, "gift", (BOB, REDEEMED), 7), None).unwrap();
    assert_eq!(lots(&working), [(1, 7, 0, 10)]);
    assert_eq!(working.lots[&64].user_id, "ann", "who bought them, also while they are in suspense");
}

#[test]
fn a_reversed_gift_gives_back_the_coins_of_its_lots() {
    let mut working = WorkingLots::default();
    working.apply(&transfer(1, "purchase.apple", (ISSUED, ANN), 10), Some(&bought(10, 0, 99, 30))).unwrap();
    working.apply(&transfer(2, "purchase.apple", (ISSUED, ANN), 10), Some(&bought(10, 0, 50, 0))).unwrap();
    working.apply(&transfer(3, "gift", (ANN, REDEEMED), 14), None).unwrap();
    working.apply(&transfer(4, "gift", (ANN, REDEEMED), 6), None).unwrap();
    let back = CoinTransfer { reverses: vec!["posting-3".to_owned()], ..transfer(5, "reversal", (REDEEMED, ANN), 14) };
    working.apply(&back, None).unwrap();
    assert_eq!(lots(&working), [(1, 0, 0, 0), (2, 6, 0, 30)]);
    assert_eq!(held(&working, ANN), [(1, 10), (2, 4)]);
}

#[test]
fn a_reversed_sale_takes_its_own_coins_and_earns_nothing() {
    let mut working = WorkingLots::default();
    working.apply(&transfer(1, "purchase.apple", (ISSUED, ANN), 10), Some(&bought(10, 0, 99, 30))).unwrap();
    working.apply(&transfer(2, "purchase.apple", (ISSUED, ANN), 10), Some(&bought(10, 0, 50, 10))).unwrap();
    working.apply(&transfer(3, "gift", (ANN, REDEEMED), 4), None).unwrap();
    let back = CoinTransfer { reverses: vec!["posting-1".to_owned()], ..transfer(4, "reversal", (ANN, ISSUED), 10) };
    working.apply(&back, None).unwrap();
    // Four coins of the other lot paid for what was spent.
    assert_eq!(lots(&working), [(1, 4, 6, 0), (2, 4, 0, 20)]);
    assert_eq!(working.new_spends.last().map(|spend| (spend.used, spend.coins)), Some((LotUse::Replaced, 4)), "which nobody gave away");
    assert_eq!(sums(&working), LotSums { sold: 50, prepaid: 10, revenue: 20, commission: 4, paid: 6, ..LotSums::default() });
}

#[test]
fn what_was_spent_before_it_was_there_is_paid_with_the_next_coins() {
    let mut working = WorkingLots::default();
    working.apply(&transfer(1, "gift", (ANN, REDEEMED), 4), None).unwrap();
    assert_eq!(held(&working, ANN), [(OVERDRAWN, -4)]);
    working.apply(&transfer(2, "purchase.apple", (ISSUED, ANN), 3), Some(&bought(3, 0, 30, 0))).unwrap();
    assert_eq!((held(&working, ANN), lots(&working)), (vec![(OVERDRAWN, -1)], vec![(2, 3, 0, 30)]));
    working.apply(&transfer(3, "purchase.apple", (ISSUED, ANN), 3), Some(&bought(3, 0, 30, 0))).unwrap();
    assert_eq!((held(&working, ANN), lots(&working)), (vec![(3, 2)], vec![(2, 3, 0, 30), (3, 1, 0, 10)]));
}

#[test]
fn coins_without_a_purchase_are_given_or_of_unknown_price() {
    let origin = |kind: &str, imported: bool| {
        let transfer = CoinTransfer { imported, ..transfer(1, kind, (ISSUED, ANN), 1) };
        Lot::issued_by(&transfer, None).origin
    };
    assert_eq!((origin("adjustment", false), origin("campaign", false)), (LotOrigin::Promotional, LotOrigin::Promotional));
    assert_eq!((origin("purchase.apple", false), origin("opening", true)), (LotOrigin::Unknown, LotOrigin::Unknown));
}

#[test]
fn what_leaves_suspense_unnamed_may_be_of_any_lot_there() {
    let mut working = WorkingLots::default();
    let other = Purchase { purchase_id: Uuid::from_u128(9), ..bought(30, 0, 50, 0) };
    working.apply(&transfer(1, "purchase.apple", (ISSUED, SUSPENSE), 70), Some(&bought(70, 0, 100, 30))).unwrap();
    working.apply(&transfer(2, "purchase.apple", (ISSUED, SUSPENSE), 30), Some(&other)).unwrap();
    let sure = |working: &WorkingLots| working.lots.values().map(|lot| lot.suspended).collect::<Vec<_>>();
    assert_eq!(sure(&working), [70, 30]);
    // A refund names its purchase.
    working.apply(&of_purchase(transfer(3, "refund.granted", (SUSPENSE, ISSUED), 10)), None).unwrap();
    assert_eq!(sure(&working), [60, 30]);
    working.apply(&transfer(4, "adjustment", (SUSPENSE, BOB), 20), None).unwrap();
    assert_eq!(sure(&working), [40, 10]);
    working.apply(&transfer(5, "adjustment", (SUSPENSE, ISSUED), 15), None).unwrap();
    assert_eq!(sure(&working), [25, 0]);
    let back =
        CoinTransfer { reverses: vec!["posting-3".to_owned()], ..of_purchase(transfer(6, "refund.reversed", (ISSUED, SUSPENSE), 10)) };
    working.apply(&back, None).unwrap();
    assert_eq!(sure(&working), [35, 0]);
    working.apply(&transfer(7, "purchase.apple", (ISSUED, ANN), 5), Some(&bought(5, 0, 10, 0))).unwrap();
    assert_eq!(sure(&working), [35, 0, 0]);
}

/// About coins of the purchase of these tests.
fn of_purchase(transfer: CoinTransfer) -> CoinTransfer {
    CoinTransfer { purchase_id: Uuid::from_u128(7).to_string(), ..transfer }
}

#[test]
fn frozen_coins_are_spent_last_and_taken_by_what_they_were_frozen_for() {
    let mut working = WorkingLots::default();
    working.apply(&transfer(1, "purchase.web", (ISSUED, ANN), 10), Some(&bought(10, 0, 100, 0))).unwrap();
    let other = Purchase { purchase_id: Uuid::from_u128(9), ..bought(10, 0, 50, 0) };
    working.apply(&transfer(2, "purchase.web", (ISSUED, ANN), 10), Some(&other)).unwrap();
    let hold = of_purchase(CoinTransfer { effect: CoinEffect::Holds, ..transfer(3, "refund.asked", (ANN, ISSUED), 8) });
    working.apply(&hold, None).unwrap();
    working.apply(&transfer(4, "gift", (ANN, REDEEMED), 7), None).unwrap();
    assert_eq!((lots(&working), working.lots[&64].frozen), (vec![(1, 2, 0, 20), (2, 5, 0, 25)], 8), "two of the older, then the other's");
    // Beyond what is free, which the ledger does not allow: what is frozen is spent all the same, and counts once.
    working.apply(&transfer(5, "gift", (ANN, REDEEMED), 6), None).unwrap();
    assert_eq!((lots(&working), working.lots[&64].frozen), (vec![(1, 3, 0, 30), (2, 10, 0, 50)], 7));
    working.apply(&of_purchase(transfer(6, "refund.taken", (ANN, ISSUED), 7)), None).unwrap();
    assert_eq!((lots(&working), working.lots[&64].frozen, working.lots[&64].refunded), (vec![(1, 3, 7, 30), (2, 10, 0, 50)], 0, 7));
    let again = of_purchase(CoinTransfer { effect: CoinEffect::Holds, ..transfer(7, "refund.asked", (ANN, ISSUED), 8) });
    working.apply(&again, None).unwrap();
    assert_eq!(working.lots[&64].frozen, 0, "nothing is left to freeze");
    let released = of_purchase(CoinTransfer { effect: CoinEffect::Releases, ..transfer(8, "refund.released", (ANN, ISSUED), 8) });
    working.apply(&released, None).unwrap();
    assert_eq!(lots(&working), [(1, 3, 7, 30), (2, 10, 0, 50)]);
}

#[test]
fn what_paid_for_a_debt_comes_back_at_its_own_price_when_the_refund_is_taken_back() {
    let mut working = WorkingLots::default();
    working.apply(&transfer(1, "purchase.web", (ISSUED, ANN), 10), Some(&bought(10, 0, 100, 0))).unwrap();
    working.apply(&transfer(2, "gift", (ANN, REDEEMED), 6), None).unwrap();
    // Four are taken, and six are owed.
    working.apply(&of_purchase(transfer(3, "refund.granted", (ANN, ISSUED), 4)), None).unwrap();
    let other = Purchase { purchase_id: Uuid::from_u128(9), ..bought(10, 0, 50, 0) };
    working.apply(&transfer(4, "purchase.web", (ISSUED, ANN), 10), Some(&other)).unwrap();
    working.apply(&transfer(5, "debt.settle", (ANN, "viewer/ann/debt"), 6), None).unwrap();
    assert_eq!(lots(&working), [(1, 6, 4, 60), (4, 6, 0, 30)]);
    let back = CoinTransfer { reverses: vec!["posting-3".to_owned()], ..of_purchase(transfer(6, "refund.reversed", (ISSUED, ANN), 10)) };
    working.apply(&back, None).unwrap();
    assert_eq!(lots(&working), [(1, 6, 0, 60), (4, 0, 0, 0)], "no lot without a price");
    assert_eq!(held(&working, ANN), [(1, 4), (4, 10)]);
    assert_eq!((sums(&working).promotional, sums(&working).revenue), (0, 60));
}

/// A coin of the recomputation: promotional coins come first, then older ones.
type OneCoin = (i64, i64);

/// Merges a wallet into the other, or has its coins forfeited; those that are.
fn emptied<'a>(
    working: &mut WorkingLots,
    wallets: &mut BTreeMap<&'a str, Vec<OneCoin>>,
    (seq, is_merge): (i64, bool),
    (own, other): (&'a str, &'a str),
) -> Vec<OneCoin> {
    let taken = wallets.remove(own).unwrap_or_default();
    let coins = i64::try_from(taken.len()).unwrap();
    if is_merge {
        let given = CoinTransfer { effect: CoinEffect::GivesLots, ..transfer(seq, "wallet.merged", (own, other), 0) };
        working.apply(&given, None).unwrap();
    }
    if coins > 0 {
        let (kind, to) = if is_merge { ("wallet.merged", other) } else { ("wallet.forfeited", ISSUED) };
        working.apply(&transfer(seq, kind, (own, to), coins), None).unwrap();
    }
    if !is_merge {
        return taken;
    }
    wallets.entry(other).or_default().extend(taken);
    Vec::new()
}

proptest! {
    /// Purchases, gifts, promotions, moves between two wallets, wallets that are forfeited and merged: holdings, sums and what was earned and kept are those of single
    /// coins.
    #[test]
    fn lots_are_what_moving_one_coin_after_another_gives(steps in prop::collection::vec((0..7_u8, 1..40_i64, 0..300_i64, any::<bool>()), 1..60)) {
        let (mut working, mut wallets): (WorkingLots, BTreeMap<&str, Vec<OneCoin>>) = (WorkingLots::default(), BTreeMap::new());
        let mut prices: BTreeMap<i64, (i64, i64, i64)> = BTreeMap::new();
        let (mut spent, mut forfeited): (BTreeMap<i64, i64>, BTreeMap<i64, i64>) = (BTreeMap::new(), BTreeMap::new());
        for (seq, (what, coins, price, is_ann)) in (1..).zip(steps) {
            let (own, other) = if is_ann { (ANN, BOB) } else { (BOB, ANN) };
            match what {
                0 | 1 => {
                    let purchase = (what == 0).then(|| bought(coins, 0, price, price / 3));
                    let kind = if what == 0 { "purchase.apple" } else { "campaign" };
                    working.apply(&transfer(seq, kind, (ISSUED, own), coins), purchase.as_ref()).unwrap();
                    let rank = i64::from(what == 0);
                    wallets.entry(own).or_default().extend((0..coins).map(|_| (rank, seq)));
                    prices.insert(seq, (if what == 0 { price } else { 0 }, if what == 0 { price / 3 } else { 0 }, coins));
                }
                5 | 6 => {
                    let lost = emptied(&mut working, &mut wallets, (seq, what == 6), (own, other));
                    lost.iter().for_each(|(_, lot)| *forfeited.entry(*lot).or_default() += 1);
                }
                _ => {
                    let wallet = wallets.entry(own).or_default();
                    wallet.sort_unstable();
                    let coins = coins.min(i64::try_from(wallet.len()).unwrap());
                    if coins == 0 {
                        continue;
                    }
                    let taken: Vec<OneCoin> = wallet.drain(..usize::try_from(coins).unwrap()).collect();
                    let to = if what == 2 { other } else { REDEEMED };
                    working.apply(&transfer(seq, "gift", (own, to), coins), None).unwrap();
                    if what == 2 {
                        wallets.entry(other).or_default().extend(taken);
                    } else {
                        taken.iter().for_each(|(_, lot)| *spent.entry(*lot).or_default() += 1);
                    }
                }
            }
        }
        for account in [ANN, BOB] {
            let mut counted: BTreeMap<OneCoin, i64> = BTreeMap::new();
            wallets.get(account).into_iter().flatten().for_each(|coin| *counted.entry(*coin).or_default() += 1);
            let counted: Vec<_> = counted.into_iter().map(|((_, lot), coins)| (lot, coins)).collect();
            prop_assert_eq!(held(&working, account), counted);
        }
        let earned = |of: fn(&(i64, i64, i64)) -> i64| -> i64 {
            prices.iter().map(|(lot, price)| of(price) * spent.get(lot).copied().unwrap_or(0) / price.2).sum()
        };
        let count = |of: &BTreeMap<i64, i64>, lot: &i64| of.get(lot).copied().unwrap_or(0);
        let kept = |(lot, (price, _, coins)): (&i64, &(i64, i64, i64))| -> i64 {
            price * (count(&spent, lot) + count(&forfeited, lot)) / coins - price * count(&spent, lot) / coins
        };
        let of_channel = |(lot, (_, commission, coins)): (&i64, &(i64, i64, i64))| -> i64 {
            commission * (count(&spent, lot) + count(&forfeited, lot)) / coins
        };
        let (sums, in_wallets) = (sums(&working), wallets.values().map(Vec::len).sum::<usize>());
        prop_assert_eq!((sums.revenue, sums.breakage), (earned(|price| price.0), prices.iter().map(kept).sum::<i64>()));
        prop_assert_eq!(sums.commission, prices.iter().map(of_channel).sum::<i64>());
        prop_assert_eq!(sums.paid + sums.promotional, i64::try_from(in_wallets).unwrap());
        prop_assert_eq!(sums.sold, prices.values().map(|price| price.0).sum::<i64>());
        prop_assert_eq!(sums.revenue + sums.breakage, working.new_spends.iter().map(|spend| spend.revenue).sum::<i64>());
    }
}

#[test]
fn forfeited_coins_are_breakage_and_earn_nothing_else() {
    let mut working = WorkingLots::default();
    working.apply(&transfer(1, "purchase.apple", (ISSUED, ANN), 70), Some(&bought(70, 20, 100, 31))).unwrap();
    working.apply(&transfer(2, "campaign", (ISSUED, ANN), 5), None).unwrap();
    working.apply(&transfer(3, "gift", (ANN, REDEEMED), 28), None).unwrap();
    // 23 of 70 coins for 100 are spent.
    assert_eq!((sums(&working).revenue, sums(&working).breakage), (32, 0));
    working.apply(&transfer(4, "wallet.forfeited", (ANN, ISSUED), 47), None).unwrap();
    let all = LotSums { sold: 100, prepaid: 31, revenue: 32, breakage: 68, commission: 31, ..LotSums::default() };
    assert_eq!(sums(&working), all, "to the unit, and none is in a wallet");
    let lot = &working.lots[&64];
    assert_eq!((lot.spent, lot.removed, lot.refunded, lot.forfeited, lot.left()), (23, 47, 0, 47, 0));
    let last = working.new_spends.last().unwrap();
    assert_eq!((last.used, last.coins, last.revenue, last.commission), (LotUse::Forfeited, 47, 68, 21));
    // Elsewhere before, and imported: nobody's breakage here.
    let mut working = WorkingLots::default();
    working.apply(&transfer(1, "purchase.apple", (ISSUED, ANN), 70), Some(&bought(70, 0, 100, 31))).unwrap();
    let imported = CoinTransfer { imported: true, ..transfer(2, "wallet.forfeited", (ANN, ISSUED), 70) };
    working.apply(&imported, None).unwrap();
    assert_eq!((sums(&working).breakage, working.lots[&64].removed), (0, 70));
}

#[test]
fn what_is_left_for_long_is_breakage_and_earns_nothing_else() {
    let mut working = WorkingLots::default();
    working.apply(&of_purchase(transfer(1, "purchase.web", (ISSUED, ANN), 10)), Some(&bought(10, 0, 100, 30))).unwrap();
    working.apply(&transfer(2, "gift", (ANN, REDEEMED), 3), None).unwrap();
    working.break_lot(64, 90_000_000).unwrap();
    let money = |working: &WorkingLots| {
        let sums = sums(working);
        (sums.sold, sums.prepaid, sums.revenue, sums.breakage, sums.commission)
    };
    assert_eq!((money(&working), sums(&working).paid), ((100, 30, 30, 70, 30), 7));
    working.break_lot(64, 180_000_000).unwrap();
    working.apply(&transfer(3, "gift", (ANN, REDEEMED), 3), None).unwrap();
    working.apply(&of_purchase(transfer(4, "refund.granted", (ANN, ISSUED), 2)), None).unwrap();
    working.apply(&transfer(5, "wallet.forfeited", (ANN, ISSUED), 1), None).unwrap();
    // Coins of before and of after come back, and are given away again.
    for (seq, reversed) in [(6, "posting-2"), (7, "posting-3")] {
        let back = CoinTransfer { reverses: vec![reversed.to_owned()], ..transfer(seq, "reversal", (REDEEMED, ANN), 3) };
        working.apply(&back, None).unwrap();
    }
    working.apply(&transfer(8, "gift", (ANN, REDEEMED), 5), None).unwrap();
    assert_eq!((money(&working), sums(&working).paid), ((100, 30, 30, 70, 30), 2), "decided once");
    assert_eq!(working.new_spends.iter().skip(1).map(|spend| spend.revenue).sum::<i64>(), 0);
    // A sale that is reversed earned nothing at all.
    let back = CoinTransfer { reverses: vec!["posting-1".to_owned()], ..transfer(9, "reversal", (ANN, ISSUED), 2) };
    working.apply(&back, None).unwrap();
    assert_eq!(money(&working), (0, 0, 0, 0, 0));
}

#[test]
fn a_merged_wallet_gives_its_lots_with_what_was_paid_and_done() {
    let mut working = WorkingLots::default();
    working.apply(&transfer(1, "purchase.apple", (ISSUED, ANN), 10), Some(&bought(10, 0, 99, 30))).unwrap();
    working.apply(&transfer(2, "purchase.apple", (ISSUED, ANN), 10), Some(&bought(10, 2, 50, 10))).unwrap();
    working.apply(&transfer(3, "gift", (ANN, REDEEMED), 14), None).unwrap();
    let before: Vec<Lot> = working.lots.values().cloned().collect();
    let given = CoinTransfer { effect: CoinEffect::GivesLots, ..transfer(4, "wallet.merged", (ANN, BOB), 0) };
    working.apply(&given, None).unwrap();
    working.apply(&transfer(4, "wallet.merged", (ANN, BOB), 6), None).unwrap();
    assert_eq!((held(&working, ANN), held(&working, BOB)), (vec![], vec![(2, 6)]));
    let after: Vec<Lot> = working.lots.values().cloned().collect();
    let bobs: Vec<Lot> = before.into_iter().map(|lot| Lot { user_id: "bob".to_owned(), ..lot }).collect();
    assert_eq!(after, bobs, "also the one of which nothing is left");
    working.apply(&transfer(5, "gift", (BOB, REDEEMED), 6), None).unwrap();
    assert_eq!(sums(&working), LotSums { sold: 149, prepaid: 40, revenue: 149, commission: 40, ..LotSums::default() }, "each once");
}
