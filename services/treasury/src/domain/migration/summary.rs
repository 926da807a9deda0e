//! How far a migration is, by currency.
use super::{BTreeMap, BTreeSet, Currency, ImportedAccount, OldState, Structure};
use crate::config::BankCost;
use jiff::civil::Date;

/// The migration of one currency. Amounts are in its minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Old accounts.
    pub accounts: i64,
    /// Those that are not closed.
    pub open: i64,
    /// Physical accounts whose leaves have old accounts.
    pub physical: i64,
    /// Those leaves.
    pub leaves: i64,
    /// What the old accounts had when they were imported.
    pub opening: i64,
    /// What is still in them.
    pub balance: i64,
    /// What was moved to their leaves.
    pub moved: i64,
    /// Receipts on their numbers.
    pub receipts: i64,
    /// Their sum.
    pub received: i64,
    /// What banks charge in a month for all of them.
    pub cost_before: i64,
    /// What they charge for those that are not closed.
    pub cost_open: i64,
    /// What they charge for what replaces them.
    pub cost_after: i64,
    /// Where that figure comes from.
    pub cost_source: String,
    /// Mandates on those that are not closed.
    pub mandates: i64,
}

/// The summaries; `None`: sums that are more than can be counted. `balances` are those of the old accounts.
#[must_use]
pub fn summarise(
    accounts: &BTreeMap<String, ImportedAccount>,
    balances: &BTreeMap<String, i64>,
    structure: &Structure,
    costs: &[BankCost],
    today: Date,
) -> Option<BTreeMap<Currency, Summary>> {
    let mut summaries: BTreeMap<Currency, Summary> = BTreeMap::new();
    let (mut leaves, mut roots) = (BTreeSet::new(), BTreeSet::new());
    for one in accounts.values() {
        let account = &one.account;
        let sum = summaries.entry(account.currency).or_default();
        sum.add(one, balances.get(&account.id).copied().unwrap_or_default())?;
        if leaves.insert(account.leaf.as_str()) {
            sum.leaves += 1;
        }
        if let Some(root) = structure.root(&account.leaf).filter(|root| roots.insert(root.id.as_str())) {
            debug_assert!(root.currency == account.currency, "checked before it was imported");
            sum.physical += 1;
        }
    }
    for (currency, sum) in &mut summaries {
        let Some(cost) = BankCost::at(costs, currency.code(), today) else { continue };
        let physical = cost.physical_account_minor_units.checked_mul(sum.physical)?;
        sum.cost_after = cost.virtual_account_minor_units.checked_mul(sum.leaves)?.checked_add(physical)?;
        sum.cost_source.clone_from(&cost.source);
    }
    Some(summaries)
}

impl Summary {
    fn add(&mut self, one: &ImportedAccount, balance: i64) -> Option<()> {
        let is_open = one.state != OldState::Closed;
        let sum = |to: &mut i64, amount: i64| to.checked_add(amount).map(|sum| *to = sum);
        sum(&mut self.accounts, 1)?;
        sum(&mut self.opening, one.account.balance)?;
        sum(&mut self.balance, balance)?;
        sum(&mut self.moved, one.moved)?;
        sum(&mut self.receipts, one.receipts.count)?;
        sum(&mut self.received, one.receipts.sum)?;
        sum(&mut self.cost_before, one.account.monthly_cost)?;
        if is_open {
            sum(&mut self.open, 1)?;
            sum(&mut self.cost_open, one.account.monthly_cost)?;
            sum(&mut self.mandates, i64::try_from(one.account.mandates.len()).ok()?)?;
        }
        Some(())
    }
}
