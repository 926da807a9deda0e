//! Who posts what: the table of all rules. The ledger enforces its rows on every caller, and auditors check every journal against them.
//!
//! A row says which service posts a kind, with which call, between which accounts, each pair once, and which guards it sets. Anything not in a row is
//! refused before it is written. `verify` and the monitor know kind and accounts from the journal, but not the caller: a kind belongs to one service,
//! except that the bench posts gifts too, in TEST books.
use crate::{Account, AccountClass, GuardFamily, PostingKind, Unit};
use RuleTransfers::{Decided, Of};
use Times::{Any, Once};

mod rules;

pub use rules::POSTING_RULES;

/// A poster, by the subject of its token. Operators' own services are in [`crate::OwnPosters`]; nobody else posts anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Poster {
    /// GiftService.
    Gift,
    /// PurchaseService.
    Purchase,
    /// EarningsService.
    Earnings,
    /// PayoutService.
    Payout,
    /// TreasuryService.
    Treasury,
    /// SupportService, on behalf of two members of staff: adjustments, reversals, states of accounts.
    Support,
    /// `largesse import`: what happened elsewhere before, of any kind and between any accounts. It is marked ([`crate::imported`]) and summed separately.
    Import,
    /// `largesse bench`, in TEST books only.
    Bench,
}

impl Poster {
    /// All posters.
    pub const ALL: [Self; 8] =
        [Self::Gift, Self::Purchase, Self::Earnings, Self::Payout, Self::Treasury, Self::Support, Self::Import, Self::Bench];

    /// The subject of its token.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gift => "gift",
            Self::Purchase => "purchase",
            Self::Earnings => "earnings",
            Self::Payout => "payout",
            Self::Treasury => "treasury",
            Self::Support => "support",
            Self::Import => "import",
            Self::Bench => "bench",
        }
    }

    /// The poster of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|poster| poster.name() == name)
    }

    /// Whether it posts this kind.
    #[must_use]
    pub fn posts(self, kind: PostingKind) -> bool {
        kind.rule().poster == self || (self == Self::Bench && kind == PostingKind::Gift)
    }
}

/// The call that makes a posting. The ledger itself only expires holds, which has no poster and no kind: it releases what a row allowed to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PostingAct {
    /// Post, alone, in a batch or on a stream.
    Post,
    /// PostPending.
    PostHold,
    /// VoidPending.
    VoidHold,
    /// Reverse.
    Reverse,
}

/// The effect of a transfer on its amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Movement {
    /// Moves the amount.
    Moves,
    /// Holds the amount.
    Holds,
    /// Moves the amount out of a hold, or releases a hold.
    Resolves,
}

/// A transfer that postings of a kind have.
#[derive(Debug, Clone, Copy)]
pub struct TransferRule {
    /// The class of the account debited.
    pub debit: AccountClass,
    /// The possible classes of the account credited.
    pub credit: &'static [AccountClass],
    /// Its effect on the amount.
    pub movement: Movement,
    /// How often it occurs in a posting that moves anything.
    pub times: Times,
}

/// How often a transfer is in a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Times {
    /// Once: without it the other transfers would create money from nothing.
    Once,
    /// Once, or not at all if its amount is zero.
    AtMostOnce,
    /// Any number of times.
    Any,
}

/// What a posting may do with a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GuardUse {
    /// Compares and sets it.
    Sets,
    /// Advances it, and sets its cap.
    Advances,
    /// Adds one.
    Raises,
    /// Subtracts one.
    Lowers,
}

/// The accounts of a kind's transfers.
#[derive(Debug, Clone, Copy)]
pub enum RuleTransfers {
    /// These transfers; if there are none, the posting moves nothing.
    Of(&'static [TransferRule]),
    /// Any, because two people approve, and their proposal is recorded.
    Decided,
}

/// The rule for postings of a kind.
#[derive(Debug, Clone, Copy)]
pub struct PostingRule {
    /// The kind.
    pub kind: PostingKind,
    /// The service that posts it.
    pub poster: Poster,
    /// The call that posts it.
    pub act: PostingAct,
    /// Between which accounts.
    pub transfers: RuleTransfers,
    /// An account that must be left unchanged: it receives as much as it gives.
    pub balanced: Option<AccountClass>,
    /// The first account gives at most what the second gives, whatever their units.
    pub at_most: Option<(AccountClass, AccountClass)>,
    /// Guards it may set.
    pub guards: &'static [(GuardFamily, GuardUse)],
}

/// A transfer in the form that rules check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuledTransfer {
    /// The class of the account debited.
    pub debit: AccountClass,
    /// The class of the account credited.
    pub credit: AccountClass,
    /// The unit of both accounts.
    pub unit: Unit,
    /// How much it moves, in the unit of the accounts.
    pub amount: i64,
    /// Its effect on the amount.
    pub movement: Movement,
}

/// How a posting breaks its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokenRule {
    /// This transfer, from 0, is between accounts that no row has, or has another effect on its amount.
    Transfer(usize),
    /// This transfer, from 0, repeats an earlier one.
    Again(usize),
    /// This transfer, from 0, is in another currency than those before it.
    Currency(usize),
    /// It moves something, and this transfer of the rule is missing.
    Lacks(AccountClass),
    /// This account, which must be left unchanged, is not.
    Unbalanced(AccountClass),
    /// The first account gives more than the second.
    Exceeds(AccountClass, AccountClass),
}

impl PostingRule {
    /// Whether a posting of these transfers follows the rule. Allocates nothing: every gift is checked.
    pub fn check(&self, transfers: impl Iterator<Item = RuledTransfer>) -> Result<(), BrokenRule> {
        let Of(rules) = self.transfers else { return Ok(()) };
        let (mut seen, mut currency, mut left, mut over) = (0_u16, None, 0_i128, 0_i128);
        let (bounded, bound) = (self.at_most.map(|(bounded, _)| bounded), self.at_most.map(|(_, bound)| bound));
        for (at, transfer) in transfers.enumerate() {
            let rule = rules.iter().position(|rule| rule.covers(&transfer)).ok_or(BrokenRule::Transfer(at))?;
            let bit = 1 << rule;
            if seen & bit != 0 && rules[rule].times != Any {
                return Err(BrokenRule::Again(at));
            }
            seen |= bit;
            if let Unit::Currency(code) = transfer.unit
                && *currency.get_or_insert(code) != code
            {
                return Err(BrokenRule::Currency(at));
            }
            let amount = i128::from(transfer.amount);
            left += if Some(transfer.credit) == self.balanced { amount } else { 0 };
            left -= if Some(transfer.debit) == self.balanced { amount } else { 0 };
            over += if Some(transfer.debit) == bounded { amount } else { 0 };
            over -= if Some(transfer.debit) == bound { amount } else { 0 };
        }
        let lacking = rules.iter().enumerate().find(|(at, rule)| rule.times == Once && seen & (1 << at) == 0);
        match (lacking, self.balanced, self.at_most) {
            (Some((_, rule)), ..) if seen != 0 => Err(BrokenRule::Lacks(rule.debit)),
            (_, Some(account), _) if left != 0 => Err(BrokenRule::Unbalanced(account)),
            (.., Some((bounded, bound))) if over > 0 => Err(BrokenRule::Exceeds(bounded, bound)),
            _ => Ok(()),
        }
    }

    /// Whether a posting of this rule may use a guard of that name in this way.
    #[must_use]
    pub fn sets(&self, key: &str, how: GuardUse) -> bool {
        self.guards.iter().any(|(family, allowed)| *allowed == how && key.starts_with(family.prefix()))
    }

    /// Whether any of its transfers may be between accounts of these classes.
    #[must_use]
    pub fn moves_between(&self, debit: AccountClass, credit: AccountClass) -> bool {
        match self.transfers {
            Decided => true,
            Of(rules) => rules.iter().any(|rule| rule.debit == debit && rule.credit.contains(&credit)),
        }
    }
}

impl PostingKind {
    /// The rule of its postings.
    #[must_use]
    pub fn rule(self) -> &'static PostingRule {
        POSTING_RULES.iter().find(|rule| rule.kind == self).expect("a test finds a rule for every kind")
    }

    /// Whether a posting of this kind may move from `debit` to `credit`.
    #[must_use]
    pub fn allows(self, debit: &Account<'_>, credit: &Account<'_>) -> bool {
        self.rule().moves_between(debit.class(), credit.class())
    }
}

impl TransferRule {
    fn covers(&self, transfer: &RuledTransfer) -> bool {
        self.debit == transfer.debit && self.credit.contains(&transfer.credit) && self.movement == transfer.movement
    }
}

#[cfg(test)]
mod tests;
