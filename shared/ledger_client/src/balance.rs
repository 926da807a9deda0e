//! Accounts of users as amounts of their unit.
use api::ledger::{Account as AccountMessage, AccountState, DebitLimit};
use chart::Unit;
use money::{Coins, Currency, Diamonds, Money};

/// Orders states of one account: the highest is the latest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BalanceSeq(i64);

impl BalanceSeq {
    /// From the ledger, or from a stored value.
    #[must_use]
    pub const fn new(seq: i64) -> Self {
        Self(seq)
    }

    /// The number that callers see.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// A viewer's coins and debt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ViewerCoins {
    /// Coins, including those on hold.
    pub coins: Coins,
    /// The state of the coins.
    pub seq: BalanceSeq,
    /// Coins owed after refunds.
    pub debt: Coins,
    /// Of the coins, those on hold.
    pub held: Coins,
}

impl ViewerCoins {
    pub(crate) fn of(coins: &AccountMessage, debt: &AccountMessage) -> Self {
        // Debt is an asset of the company: it grows by debits.
        let owed = debt.balance.checked_neg().unwrap_or(0);
        let held = coins.balance.saturating_sub(coins.available);
        Self {
            coins: at_least_zero(coins.balance),
            seq: BalanceSeq(coins.balance_seq),
            debt: at_least_zero(owed),
            held: at_least_zero(held),
        }
    }
}

impl ViewerCoins {
    /// Coins that are not on hold, whatever stops them from being spent.
    #[must_use]
    pub fn available(&self) -> Coins {
        at_least_zero(self.coins.get() - self.held.get())
    }
}

/// Coins whose wallets were closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SuspendedCoins {
    /// Coins that are not on hold.
    pub available: Coins,
    /// The state of the account.
    pub seq: BalanceSeq,
}

impl SuspendedCoins {
    pub(crate) fn of(account: &AccountMessage) -> Self {
        Self { available: at_least_zero(account.available), seq: BalanceSeq(account.balance_seq) }
    }
}

/// A viewer's coins and what stops them from being spent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ViewerWallet {
    /// What the viewer has and owes.
    pub balance: ViewerCoins,
    /// What the account of coins may do.
    pub state: AccountState,
    /// Its debit limits, the shortest window first.
    pub limits: Vec<DebitLimit>,
}

impl ViewerWallet {
    pub(crate) fn of(coins: AccountMessage, debt: &AccountMessage) -> Self {
        Self { balance: ViewerCoins::of(&coins, debt), state: state(&coins), limits: coins.limits }
    }
}

impl ViewerWallet {
    /// What can be spent now: nothing while coins are owed, or while the account is not open.
    #[must_use]
    pub fn spendable(&self) -> Coins {
        let ViewerCoins { coins, held, debt, .. } = self.balance;
        let is_open = self.state == AccountState::Open && debt == Coins::ZERO;
        at_least_zero(if is_open { coins.get() - held.get() } else { 0 })
    }
}

/// What an account may do; one that nobody has used yet would be open.
fn state(account: &AccountMessage) -> AccountState {
    match account.state() {
        AccountState::Unspecified => AccountState::Open,
        state => state,
    }
}

fn at_least_zero(coins: i64) -> Coins {
    Coins::try_new(coins.max(0)).unwrap_or(Coins::ZERO)
}

/// What a creator received and has not converted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CreatorDiamonds {
    /// Diamonds, including those on hold.
    pub balance: Diamonds,
    /// Of those, the ones not on hold.
    pub available: Diamonds,
    /// The state of the account.
    pub seq: BalanceSeq,
    /// What the account may do.
    pub state: AccountState,
}

impl CreatorDiamonds {
    pub(crate) fn of(account: &AccountMessage) -> Self {
        let diamonds = |value: i64| Diamonds::try_new(value.max(0)).unwrap_or(Diamonds::ZERO);
        Self {
            balance: diamonds(account.balance),
            available: diamonds(account.available),
            seq: BalanceSeq(account.balance_seq),
            state: state(account),
        }
    }
}

/// Money that a creator can have paid out in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreatorPayable {
    /// Without what is held.
    pub available: Money,
    /// Whether the account is frozen, so that nothing can be paid out of it.
    pub frozen: bool,
}

impl CreatorPayable {
    pub(crate) fn of(account: &AccountMessage, currency: Currency) -> Self {
        Self { available: available(account, currency), frozen: state(account) == AccountState::Frozen }
    }
}

/// What an account of any unit has: it may be below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedBalance {
    /// Its unit.
    pub unit: Unit,
    /// Credits less debits, holds not counted, in the smallest part of the unit.
    pub credits_less_debits: i64,
    /// The state of the account.
    pub seq: BalanceSeq,
}

impl SignedBalance {
    pub(crate) fn of(account: &AccountMessage, unit: Unit) -> Self {
        Self { unit, credits_less_debits: account.balance, seq: BalanceSeq(account.balance_seq) }
    }
}

/// What is available of an account in a currency; nothing where it is overdrawn.
fn available(account: &AccountMessage, currency: Currency) -> Money {
    let money = |minor_units| Money::try_new(currency, minor_units);
    money(account.available.max(0)).or_else(|_| money(0)).expect("zero is an amount of every currency")
}
