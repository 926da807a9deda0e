//! Interest and fees of a physical account, divided among its leaves.
//!
//! - [`kept`]: the calculation as it is kept.
pub mod kept;

use crate::{
    domain::{
        PhysicalAccount, StandardLeaf,
        allocation::{self, AllocationBasis, ChargeKind, Division, LeafBasis},
        interest::{self, InterestDay},
        terms::LeafRates,
    },
    error::Error,
    movements::{Asked, Decided, OpenTurn, TRIES_MAX, Turn},
    postings::{self, movements::Portion},
    store::MovementRow,
    treasury::{Treasury, account_name, day},
};
use chart::{PostingKind, Purpose};
use jiff::civil::Date;
use kept::KeptAllocation;
use std::collections::BTreeMap;

/// Longest period of one allocation, in days: banks settle interest at least once a year.
const PERIOD_DAYS_MAX: i64 = 366;
/// Portions of one posting: the ledger takes as many transfers.
const PORTIONS_MAX: usize = 64;

/// An allocation as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedAllocation {
    /// The physical account.
    pub account: String,
    /// What the bank booked.
    pub kind: ChargeKind,
    /// The first day of the bank's period.
    pub from: Date,
    /// The last day of it.
    pub until: Date,
    /// 0, or the number of a later amount for the same period.
    pub sequence: i32,
    /// How much the bank booked, in minor units; at least 1.
    pub amount: i64,
    /// By what it is divided.
    pub basis: AllocationBasis,
    /// The leaf that takes the difference; empty: the one for rounding.
    pub residue_leaf: String,
}

/// An allocation that was booked.
#[derive(Debug, Clone)]
pub struct Allocated {
    /// All its postings, the first with the calculation.
    pub rows: Vec<MovementRow>,
    /// Whether an earlier call had booked it.
    pub replayed: bool,
}

fn refused<T>(rule: &'static str, id: &str, why: impl Into<String>) -> Result<T, Error> {
    Err(Error::FundsRefused { rule, id: id.to_owned(), why: why.into() })
}

impl AskedAllocation {
    /// What the keys of first amounts begin with. Corrections have others, because their periods do not follow each other.
    fn prefix(&self) -> String {
        format!("allocation/{}/{}/", self.account, self.kind.name())
    }

    fn key(&self, sequence: i32) -> String {
        match sequence {
            0 => format!("{}{}/{}", self.prefix(), self.from, self.until),
            _ => format!("allocation-correction/{}/{}/{}/{}/{sequence}", self.account, self.kind.name(), self.from, self.until),
        }
    }

    fn fields(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("basis", self.basis.name().to_owned()),
            ("minor_units", self.amount.to_string()),
            ("residue_leaf", self.residue_leaf.clone()),
        ])
    }
}

impl Treasury {
    /// Divides what the bank booked for a period, once for each account, kind, period and sequence.
    pub async fn allocate(&self, asked: &AskedAllocation, by: &str) -> Result<Allocated, Error> {
        let ask = Asked { key: asked.key(asked.sequence), fields: asked.fields(), by };
        for _ in 0..TRIES_MAX {
            let turn = match self.turn(&ask).await? {
                Turn::Found(rows) => return Ok(Allocated { rows, replayed: true }),
                Turn::Open(turn) => turn,
            };
            let decided = self.allocation(&turn, &ask, asked).await?;
            if let Some(rows) = self.carry_out(&turn, &ask, decided).await? {
                return Ok(Allocated { rows, replayed: false });
            }
        }
        Err(Error::MovementsBusy)
    }

    /// Allocations, the newest first, below a number: the first posting of each, which has the calculation.
    pub async fn allocations(&self, below: i64, rows_max: i64) -> Result<Vec<MovementRow>, Error> {
        Ok(self.store.movements(&self.book, PostingKind::TreasuryAllocation, below, rows_max).await?)
    }

    async fn allocation(&self, turn: &OpenTurn, ask: &Asked<'_>, asked: &AskedAllocation) -> Result<Decided, Error> {
        let Some(account) = turn.structure.accounts.get(&asked.account) else {
            return refused("account", &asked.account, "is no physical account of the structure");
        };
        self.check_period(asked, day(turn.now)).await?;
        booked(turn, account, asked)?;
        let bases = self.bases(turn, account, asked).await?;
        let Some(division) = allocation::divide(asked.amount, asked.basis, bases) else {
            return refused("no_basis", &asked.account, "has no leaf with anything to divide by in this period; choose another basis");
        };
        let residue_leaf = self.residue_leaf(turn, account, asked, &division)?;
        self.payable(turn, asked, &division)?;
        let calculation = KeptAllocation::of(asked, &division, &residue_leaf).json();
        let sign = if asked.kind.is_income() { 1 } else { -1 };
        let entity = |leaf: &str| turn.structure.nodes.get(leaf).map_or(account.entity.as_str(), |node| node.entity.as_str());
        let shares = division.shares.iter().map(|share| (share.basis.leaf.as_str(), share.amount));
        let all = shares.chain(std::iter::once((residue_leaf.as_str(), division.residue))).filter(|(_, amount)| *amount != 0);
        let portions: Vec<_> = all.map(|(leaf, amount)| Portion { entity: entity(leaf), leaf, amount: sign * amount }).collect();
        let drafts = portions.chunks(PORTIONS_MAX).zip(0_i64..);
        let drafts =
            drafts.map(|(portions, part)| postings::movements::allocation(turn.posting_key(self, ask, part), account, portions)).collect();
        Ok(Decided { drafts, calculation, ..Decided::default() })
    }

    /// Periods of an account and kind follow each other; another amount for one that was divided has the next sequence.
    async fn check_period(&self, asked: &AskedAllocation, today: Date) -> Result<(), Error> {
        let AskedAllocation { account, from, until, sequence, .. } = asked;
        let days = from.until(*until).map_or(i64::MAX, |span| i64::from(span.get_days()));
        if !(0..PERIOD_DAYS_MAX).contains(&days) {
            return refused("period_length", account, format!("is divided for 1 to {PERIOD_DAYS_MAX} days at once"));
        }
        if *until >= today {
            return refused("period_open", account, format!("can be divided for days that are over, and {until} is not"));
        }
        if *sequence > 0 {
            let before = self.store.movements_of(&self.book, &asked.key(sequence - 1)).await?;
            return match before.is_empty() {
                true => refused("sequence", account, format!("has no amount {} for {from} to {until}", sequence - 1)),
                false => Ok(()),
            };
        }
        let prefix = asked.prefix();
        let last = self.store.last_request(&self.book, PostingKind::TreasuryAllocation, &prefix).await?;
        let last = last.and_then(|key| key.strip_prefix(&prefix)?.split('/').nth(1)?.parse::<Date>().ok());
        match last {
            Some(last) if *from <= last => {
                refused("period_done", account, format!("was divided for days until {last}; another amount has a sequence"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What each leaf's share is computed from.
    async fn bases(&self, turn: &OpenTurn, account: &PhysicalAccount, asked: &AskedAllocation) -> Result<Vec<LeafBasis>, Error> {
        let (from, until) = (asked.from, asked.until);
        let mut bases = Vec::new();
        for (leaf, entity) in allocation::takers(&turn.structure, &account.id, asked.kind) {
            // A leaf that is in no line of the trial balance never had an entry.
            let used = turn.view.leaves.contains_key(leaf);
            let name = account_name(entity, leaf, Purpose::VirtualAccount, account.currency).ok_or(Error::Overflow)?;
            let (weight, runs) = match asked.basis {
                AllocationBasis::Flat => (1, Vec::new()),
                _ if !used => (0, Vec::new()),
                AllocationBasis::Items => (i128::from(self.turnover(&name, from, until).await?.0), Vec::new()),
                AllocationBasis::Turnover => (self.turnover(&name, from, until).await?.1, Vec::new()),
                AllocationBasis::Balances => {
                    let days = self.daily_balances(&name, from, until).await?;
                    let counted = days.into_iter().map(|(_, balance)| asked.kind.counted(balance).map(i128::from));
                    (counted.sum::<Option<i128>>().ok_or(Error::Overflow)?, Vec::new())
                }
                AllocationBasis::Rates => {
                    let day = |(on, balance): (Date, i64)| {
                        let LeafRates { credit, debit, year_days } = self.terms.rates(leaf, on);
                        let rate = if asked.kind.is_income() { credit } else { debit };
                        Some(InterestDay { on, balance: asked.kind.counted(balance)?, rate, year_days })
                    };
                    let days = self.daily_balances(&name, from, until).await?.into_iter().map(day);
                    let runs = interest::runs(&days.collect::<Option<Vec<_>>>().ok_or(Error::Overflow)?);
                    (i128::from(interest::interest(&runs).ok_or(Error::Overflow)?), runs)
                }
            };
            bases.push(LeafBasis { leaf: leaf.to_owned(), weight, runs });
        }
        Ok(bases)
    }

    /// The leaf that takes the difference, which must have it to give where the shares are more than what the bank paid.
    fn residue_leaf(
        &self,
        turn: &OpenTurn,
        account: &PhysicalAccount,
        asked: &AskedAllocation,
        division: &Division,
    ) -> Result<String, Error> {
        let rounding = StandardLeaf::Rounding.id(&account.id);
        let id = if asked.residue_leaf.is_empty() { rounding.clone() } else { asked.residue_leaf.clone() };
        // Leaves that pay fees are those for own funds of this account that are in use.
        let takes = allocation::takers(&turn.structure, &account.id, ChargeKind::Fees).iter().any(|(leaf, _)| *leaf == id);
        if !(asked.residue_leaf.is_empty() || takes) {
            return refused("residue", &id, "can't take the difference: it must be an open leaf for own funds of this account");
        }
        let taken = if asked.kind.is_income() { division.residue.checked_neg() } else { Some(division.residue) }.ok_or(Error::Overflow)?;
        let bound = i64::try_from(division.shares.len()).unwrap_or(i64::MAX);
        if id == rounding && division.residue.saturating_abs() > bound {
            let why =
                format!("would take a difference of {} minor units, which is more than rounding; name a residue_leaf", division.residue);
            return refused("residue", &id, why);
        }
        if id != rounding && taken > 0 && taken > self.free(turn, &id) {
            return refused("leaf_available", &id, format!("has less than the {taken} minor units of the difference that it would pay"));
        }
        Ok(id)
    }

    /// Whether each leaf that pays a share has it.
    fn payable(&self, turn: &OpenTurn, asked: &AskedAllocation, division: &Division) -> Result<(), Error> {
        if asked.kind.is_income() {
            return Ok(());
        }
        for share in &division.shares {
            let (leaf, free) = (&share.basis.leaf, self.free(turn, &share.basis.leaf));
            if free < share.amount {
                return refused("leaf_available", leaf, format!("would pay {} minor units and has {free}; fund it first", share.amount));
            }
        }
        Ok(())
    }

    fn free(&self, turn: &OpenTurn, leaf: &str) -> i64 {
        let sums = turn.view.leaves.get(leaf).copied().unwrap_or_default();
        sums.booked.saturating_sub(sums.pending_debits).saturating_sub(self.terms.bounds(leaf, day(turn.now)).minimum)
    }
}

/// Whether the leaf for fees and interest has what is to be divided: only what the bank has booked is.
fn booked(turn: &OpenTurn, account: &PhysicalAccount, asked: &AskedAllocation) -> Result<(), Error> {
    let id = StandardLeaf::FeesAndInterest.id(&account.id);
    let there = turn.view.leaves.get(&id).copied().unwrap_or_default().booked;
    let enough = if asked.kind.is_income() { there >= asked.amount } else { there.checked_neg().is_some_and(|owed| owed >= asked.amount) };
    if enough {
        return Ok(());
    }
    refused("not_booked", &id, format!("has {there} minor units, so the bank has not booked {} minor units of this yet", asked.amount))
}
