//! Checks that coins issued equal coins spent, coins in wallets and coins in suspense.
use books::{domain::chart::Unit, read::TrialBalanceLine};
use chart::{
    Account,
    account::{ALL_VIEWER_COINS, ALL_VIEWER_DEBT},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A book's coins by where they are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CoinSums {
    /// Ever issued, less what refunds took back.
    pub issued: i128,
    /// Spent on gifts.
    pub redeemed: i128,
    /// In wallets.
    pub held: i128,
    /// Owed by viewers whose refunded coins were spent already.
    pub owed: i128,
    /// Sold to wallets that are closed, until staff decide.
    pub suspended: i128,
}

impl CoinSums {
    /// Checks that wallets and suspense minus debt equal coins issued minus redeemed.
    pub(super) fn problem(&self) -> Option<String> {
        let Self { issued, redeemed, held, owed, suspended } = *self;
        (held + suspended - owed != issued - redeemed).then(|| {
            format!("{held} coins held, {suspended} in suspense and {owed} owed do not make {issued} issued less {redeemed} redeemed")
        })
    }
}

/// Sums the coin accounts of a trial balance.
pub(super) fn coins(lines: &BTreeMap<(Unit, String), TrialBalanceLine>) -> CoinSums {
    let balance = |group: &str| {
        let line = lines.get(&(Unit::Coin, group.to_owned()));
        line.map_or(0, |line| line.credits_posted - line.debits_posted)
    };
    CoinSums {
        issued: -balance(&Account::CoinsIssued.name()),
        redeemed: balance(&Account::CoinsRedeemed.name()),
        held: balance(ALL_VIEWER_COINS),
        owed: -balance(ALL_VIEWER_DEBT),
        suspended: balance(&Account::CoinsSuspense.name()),
    }
}
