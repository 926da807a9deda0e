//! Accounts of users as amounts of their unit.
use api::ledger::Account as AccountState;
use money::{Coins, Currency, Diamonds, Money};

/// Orders states of one account: the highest is the newest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BalanceSeq(i64);

impl BalanceSeq {
    /// From the ledger, or from where a service kept it.
    #[must_use]
    pub const fn new(seq: i64) -> Self {
        Self(seq)
    }

    /// As callers see it.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// What a viewer has and owes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ViewerCoins {
    /// Coins, holds included.
    pub coins: Coins,
    /// The state of the coins.
    pub seq: BalanceSeq,
    /// Coins owed after refunds.
    pub debt: Coins,
}

impl ViewerCoins {
    pub(crate) fn of(coins: &AccountState, debt: &AccountState) -> Self {
        // Debt is an asset of the company: it grows by debits.
        let owed = debt.balance.checked_neg().unwrap_or(0);
        Self { coins: at_least_zero(coins.balance), seq: BalanceSeq(coins.balance_seq), debt: at_least_zero(owed) }
    }
}

fn at_least_zero(coins: i64) -> Coins {
    Coins::try_new(coins.max(0)).unwrap_or(Coins::ZERO)
}

/// What a creator received and has not converted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CreatorDiamonds {
    /// Diamonds, holds included.
    pub balance: Diamonds,
    /// Of those, not held.
    pub available: Diamonds,
    /// The state of the account.
    pub seq: BalanceSeq,
}

impl CreatorDiamonds {
    pub(crate) fn of(account: &AccountState) -> Self {
        let diamonds = |value: i64| Diamonds::try_new(value.max(0)).unwrap_or(Diamonds::ZERO);
        Self { balance: diamonds(account.balance), available: diamonds(account.available), seq: BalanceSeq(account.balance_seq) }
    }
}

/// What is available of an account in a currency; nothing where it is overdrawn.
pub(crate) fn payable(account: &AccountState, currency: Currency) -> Money {
    let money = |minor_units| Money::try_new(currency, minor_units);
    money(account.available.max(0)).or_else(|_| money(0)).expect("zero is an amount of every currency")
}
