//! Who posts what: the one table of it. The ledger holds every caller to its rows, and auditors hold every journal to them.
//!
//! A row says which service posts a kind, by which act, between which accounts, each pair once, and which guards it sets. What is not in a row is refused
//! before anything is written. `verify` and the monitor know kind and accounts from the journal, not who asked: a kind is one service's own, and only the
//! bench posts gifts too, in TEST books.
use crate::{AccountClass, GuardFamily, PostingKind, Purpose, Unit};
use AccountClass::{
    CoinsIssued, CoinsRedeemed, CoinsSuspense, CreatorDiamonds, CreatorPayable, DiamondsIssued, DiamondsRedeemed, ViewerCoins,
};
use RuleTransfers::{Decided, Of};
use Times::{Any, AtMostOnce, Once};

/// Who posts, by the subject of its token. Services of one's own are in [`crate::OwnPosters`]; everybody else posts nothing.
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
    /// SupportService, for two members of staff: adjustments, reversals, states of accounts.
    Support,
    /// `largesse import`: what happened elsewhere before, of any kind and between any accounts. It is marked ([`crate::imported`]) and summed apart.
    Import,
    /// `largesse bench`, in TEST books only.
    Bench,
}

impl Poster {
    /// Every one.
    pub const ALL: [Self; 7] = [Self::Gift, Self::Purchase, Self::Earnings, Self::Payout, Self::Support, Self::Import, Self::Bench];

    /// The subject of its token.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gift => "gift",
            Self::Purchase => "purchase",
            Self::Earnings => "earnings",
            Self::Payout => "payout",
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

/// The call by which a posting is made. What the ledger does by itself, the expiry of a hold, has no poster and no kind: it gives back what a row let hold.
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

/// What a transfer does with its amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Movement {
    /// Moves it.
    Moves,
    /// Holds it.
    Holds,
    /// Moves it out of a hold, or gives a hold back.
    Resolves,
}

/// A transfer that a kind's postings have.
#[derive(Debug, Clone, Copy)]
pub struct TransferRule {
    /// The account that gives is one of these.
    pub debit: AccountClass,
    /// The account that receives is one of these.
    pub credit: &'static [AccountClass],
    /// What it does.
    pub movement: Movement,
    /// How often it is there, where the posting moves anything.
    pub times: Times,
}

/// How often a transfer is in a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Times {
    /// Once: without it the rest would be money from nothing.
    Once,
    /// Not at all, where its amount is zero, or once.
    AtMostOnce,
    /// As often as there are transfers.
    Any,
}

/// What a posting may do with a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GuardUse {
    /// Compare and set.
    Sets,
    /// Advance, and cap.
    Advances,
    /// Add one.
    Raises,
    /// Take one away.
    Lowers,
}

/// Which accounts a kind's transfers are between.
#[derive(Debug, Clone, Copy)]
pub enum RuleTransfers {
    /// These; none: it moves nothing.
    Of(&'static [TransferRule]),
    /// Any, because two people decide, and their proposal is kept.
    Decided,
}

/// What a posting of a kind may look like.
#[derive(Debug, Clone, Copy)]
pub struct PostingRule {
    /// The kind.
    pub kind: PostingKind,
    /// Who posts it.
    pub poster: Poster,
    /// By which call.
    pub act: PostingAct,
    /// Between which accounts.
    pub transfers: RuleTransfers,
    /// An account that is left as it was: it receives as much as it gives.
    pub balanced: Option<AccountClass>,
    /// The first account gives at most what the second gives, whatever they count.
    pub at_most: Option<(AccountClass, AccountClass)>,
    /// Guards it may set.
    pub guards: &'static [(GuardFamily, GuardUse)],
}

const IN_TRANSIT: AccountClass = AccountClass::House(Purpose::InTransit);
const ACCRUED: AccountClass = AccountClass::House(Purpose::AccruedCreatorLiability);
const DEFERRED: &[AccountClass] = &[AccountClass::House(Purpose::DeferredRevenue)];

const fn moved(debit: AccountClass, credit: &'static [AccountClass], times: Times) -> TransferRule {
    TransferRule { debit, credit, movement: Movement::Moves, times }
}

/// A kind that its poster posts by Post, which sets no guard, leaves nothing balanced and compares no amounts.
const fn posted(kind: PostingKind, poster: Poster, transfers: &'static [TransferRule]) -> PostingRule {
    PostingRule { kind, poster, act: PostingAct::Post, transfers: Of(transfers), balanced: None, at_most: None, guards: &[] }
}

/// The end of a payout: what is in transit goes to these.
const fn payout_end(kind: PostingKind, transfers: &'static [TransferRule]) -> PostingRule {
    PostingRule { guards: &[(GuardFamily::InFlight, GuardUse::Lowers)], ..posted(kind, Poster::Payout, transfers) }
}

/// Who may post what. One row for each kind.
pub const POSTING_RULES: [PostingRule; 12] = [
    PostingRule {
        // No creator's rate is above one diamond for a coin.
        at_most: Some((DiamondsIssued, ViewerCoins)),
        guards: &[(GuardFamily::Streak, GuardUse::Advances)],
        ..posted(
            PostingKind::Gift,
            Poster::Gift,
            // A gift without its coins would be diamonds from nothing; one of few coins may be worth no diamond.
            &[moved(ViewerCoins, &[CoinsRedeemed], Once), moved(DiamondsIssued, &[CreatorDiamonds], AtMostOnce)],
        )
    },
    PostingRule {
        guards: &[(GuardFamily::Receipt, GuardUse::Raises), (GuardFamily::InFlight, GuardUse::Lowers)],
        ..posted(
            PostingKind::PurchaseApple,
            Poster::Purchase,
            &[
                moved(CoinsIssued, &[ViewerCoins, CoinsSuspense], Once),
                moved(AccountClass::House(Purpose::StoreReceivable), DEFERRED, AtMostOnce),
                moved(AccountClass::House(Purpose::PrepaidCommission), DEFERRED, AtMostOnce),
            ],
        )
    },
    PostingRule {
        guards: &[(GuardFamily::Receipt, GuardUse::Sets), (GuardFamily::InFlight, GuardUse::Raises)],
        ..posted(PostingKind::ReceiptWait, Poster::Purchase, &[])
    },
    PostingRule {
        balanced: Some(ACCRUED),
        guards: &[(GuardFamily::Quote, GuardUse::Sets)],
        ..posted(
            PostingKind::Conversion,
            Poster::Earnings,
            &[
                moved(CreatorDiamonds, &[DiamondsRedeemed], Once),
                moved(AccountClass::House(Purpose::CreatorCost), &[ACCRUED], AtMostOnce),
                moved(ACCRUED, &[CreatorPayable], AtMostOnce),
                moved(ACCRUED, &[AccountClass::House(Purpose::WithholdingPayable)], AtMostOnce),
                moved(ACCRUED, &[AccountClass::House(Purpose::FeeIncome)], AtMostOnce),
            ],
        )
    },
    PostingRule {
        guards: &[(GuardFamily::InFlight, GuardUse::Raises)],
        ..posted(
            PostingKind::PayoutHold,
            Poster::Payout,
            &[TransferRule { movement: Movement::Holds, ..moved(CreatorPayable, &[IN_TRANSIT], Once) }],
        )
    },
    PostingRule {
        act: PostingAct::PostHold,
        ..posted(
            PostingKind::PayoutSubmit,
            Poster::Payout,
            &[TransferRule { movement: Movement::Resolves, ..moved(CreatorPayable, &[IN_TRANSIT], Once) }],
        )
    },
    payout_end(PostingKind::PayoutSettle, &[moved(IN_TRANSIT, &[AccountClass::House(Purpose::BankCash)], Once)]),
    payout_end(PostingKind::PayoutReject, &[moved(IN_TRANSIT, &[CreatorPayable], Once)]),
    payout_end(PostingKind::PayoutSuspend, &[moved(IN_TRANSIT, &[AccountClass::House(Purpose::Suspense)], Once)]),
    PostingRule { transfers: Decided, ..posted(PostingKind::Adjustment, Poster::Support, &[]) },
    PostingRule { transfers: Decided, act: PostingAct::Reverse, ..posted(PostingKind::Reversal, Poster::Support, &[]) },
    posted(PostingKind::BenchCoins, Poster::Bench, &[moved(CoinsIssued, &[ViewerCoins], Any)]),
];

/// A transfer as far as rules look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuledTransfer {
    /// What the account that gives is for.
    pub debit: AccountClass,
    /// What the account that receives is for.
    pub credit: AccountClass,
    /// What both count.
    pub unit: Unit,
    /// How much it moves, in the unit of the accounts.
    pub amount: i64,
    /// What it does.
    pub movement: Movement,
}

/// How a posting breaks its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokenRule {
    /// This transfer, from 0, is between accounts that no row has, or does something else with its amount.
    Transfer(usize),
    /// This transfer, from 0, is there before.
    Again(usize),
    /// This transfer, from 0, is in another currency than those before it.
    Currency(usize),
    /// It moves something, and this transfer of the rule is not there.
    Lacks(AccountClass),
    /// This account, which must be left as it was, is not.
    Unbalanced(AccountClass),
    /// The first account gives more than the second.
    Exceeds(AccountClass, AccountClass),
}

impl PostingRule {
    /// Whether a posting of these transfers is as the rule says. Allocates nothing: every gift is looked at.
    pub fn check(&self, transfers: impl Iterator<Item = RuledTransfer>) -> Result<(), BrokenRule> {
        let Of(rules) = self.transfers else { return Ok(()) };
        let (mut seen, mut currency, mut left, mut over) = (0_u8, None, 0_i128, 0_i128);
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

    /// Whether a posting of this rule may set a guard of that name so.
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

impl TransferRule {
    fn covers(&self, transfer: &RuledTransfer) -> bool {
        self.debit == transfer.debit && self.credit.contains(&transfer.credit) && self.movement == transfer.movement
    }
}

#[cfg(test)]
mod tests;
