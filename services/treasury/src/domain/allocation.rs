//! How interest and fees of a physical account are divided among its leaves: to the last minor unit, or at agreed rates with the difference named.
use super::{FundsClass, LeafState, Structure, interest::InterestRun};

#[cfg(test)]
mod tests;

/// What the bank booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeKind {
    /// Interest that it paid.
    CreditInterest,
    /// Interest that it took.
    DebitInterest,
    /// Fees that it took.
    Fees,
}

/// By what it is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllocationBasis {
    /// The sum of the balances at the end of each day.
    Balances,
    /// Interest on the balances at the end of each day, at the leaf's own rate.
    Rates,
    /// The same for every leaf.
    Flat,
    /// How many entries each has.
    Items,
    /// How much went in and out.
    Turnover,
}

/// What a leaf's share is computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafBasis {
    /// The leaf.
    pub leaf: String,
    /// Its weight among all, or at rates its interest in minor units.
    pub weight: i128,
    /// At rates, how its interest came about.
    pub runs: Vec<InterestRun>,
}

/// What a leaf gets or pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafShare {
    /// What it was computed from.
    pub basis: LeafBasis,
    /// The share in minor units.
    pub amount: i64,
}

/// How an amount is divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// The shares that are not nothing, in the order of the leaves.
    pub shares: Vec<LeafShare>,
    /// What the bank booked less the shares. Below zero where the shares are more.
    pub residue: i64,
}

impl ChargeKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::CreditInterest, Self::DebitInterest, Self::Fees];

    /// The spelling in keys.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreditInterest => "credit_interest",
            Self::DebitInterest => "debit_interest",
            Self::Fees => "fees",
        }
    }

    /// Whether the bank paid it.
    #[must_use]
    pub const fn is_income(self) -> bool {
        matches!(self, Self::CreditInterest)
    }

    /// The part of a day's balance that counts: what earns interest, or what costs it. Fees are divided by what is there, whichever way.
    #[must_use]
    pub fn counted(self, balance: i64) -> Option<i64> {
        match self {
            Self::CreditInterest => Some(balance.max(0)),
            Self::DebitInterest => balance.min(0).checked_neg(),
            Self::Fees => balance.checked_abs(),
        }
    }
}

impl AllocationBasis {
    /// The spelling in keys.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Balances => "balances",
            Self::Rates => "rates",
            Self::Flat => "flat",
            Self::Items => "items",
            Self::Turnover => "turnover",
        }
    }
}

/// The leaves that take part, in the order of their ids, each with its entity. Standard leaves do not: what is in them is nobody's yet. Closed ones take nothing. Clients'
/// and blocked funds earn what the bank pays for them, and never pay what the bank charges the company.
#[must_use]
pub fn takers<'a>(structure: &'a Structure, account: &str, kind: ChargeKind) -> Vec<(&'a str, &'a str)> {
    let takes = |id: &str| {
        let leaf = structure.nodes.get(id)?.leaf()?;
        let usable = leaf.standard.is_none() && matches!(leaf.state, LeafState::Open | LeafState::PendingClose);
        Some(usable && (kind.is_income() || leaf.funds == FundsClass::Own))
    };
    let inside = structure.nodes.values().filter(|node| takes(&node.id).unwrap_or(false));
    let inside = inside.filter(|node| structure.root(&node.id).is_some_and(|root| root.id == account));
    inside.map(|node| (node.id.as_str(), node.entity.as_str())).collect()
}

/// Divides an amount; `None` where nothing says how, or where it can't be counted.
#[must_use]
pub fn divide(amount: i64, basis: AllocationBasis, leaves: Vec<LeafBasis>) -> Option<Division> {
    let amounts = match basis {
        AllocationBasis::Rates => leaves.iter().map(|leaf| i64::try_from(leaf.weight).ok()).collect::<Option<Vec<_>>>()?,
        AllocationBasis::Balances | AllocationBasis::Flat | AllocationBasis::Items | AllocationBasis::Turnover => {
            largest_remainder(amount, &leaves.iter().map(|leaf| leaf.weight).collect::<Vec<_>>())?
        }
    };
    let sum = amounts.iter().try_fold(0_i64, |sum, share| sum.checked_add(*share))?;
    let shares = leaves.into_iter().zip(amounts).filter(|(_, amount)| *amount != 0);
    let shares = shares.map(|(basis, amount)| LeafShare { basis, amount }).collect();
    Some(Division { shares, residue: amount.checked_sub(sum)? })
}

/// Whole shares that add up to the amount: each weight's part rounded down, and the units that are left one each to the largest fractions, of equal ones to the first.
fn largest_remainder(amount: i64, weights: &[i128]) -> Option<Vec<i64>> {
    let total = weights.iter().try_fold(0_i128, |total, weight| total.checked_add(*weight))?;
    if total <= 0 {
        return None;
    }
    let mut shares = Vec::with_capacity(weights.len());
    let mut fractions = Vec::with_capacity(weights.len());
    for (at, weight) in weights.iter().enumerate() {
        let exact = weight.checked_mul(i128::from(amount))?;
        shares.push(i64::try_from(exact / total).ok()?);
        fractions.push((std::cmp::Reverse(exact % total), at));
    }
    let given = shares.iter().try_fold(0_i64, |sum, share| sum.checked_add(*share))?;
    fractions.sort_unstable();
    let left = usize::try_from(amount.checked_sub(given)?).ok()?;
    for (_, at) in fractions.into_iter().take(left) {
        shares[at] += 1;
    }
    Some(shares)
}
