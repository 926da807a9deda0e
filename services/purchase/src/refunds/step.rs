//! A change of what was paid back of a purchase, and what it does to its money. No I/O, no clock.

use chart::PostingKind;
use chart::id::PlannedAttempt;
use money::{BookName, Coins, Currency, UserKey};
use uuid::Uuid;

use super::dispute::DisputeStep;
use super::fact::PaidBack;
use super::hold::HoldChange;
use crate::domain::Purchase;
use crate::lots::lot::Lot;
use crate::lots::revenue::SignedMoney;

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Its coins are to be posted.
    Coins,
    /// Its money is to be posted, once the coin lots say which of the coins were spent.
    Money,
    /// Done.
    Done,
}

impl StepState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Coins, Self::Money, Self::Done];

    /// The number in the table; never changed.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Coins => 1,
            Self::Money => 2,
            Self::Done => 3,
        }
    }
}

/// When something that is not done yet is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NextTry {
    /// How many tries in vain its row counts until then.
    pub(crate) tries: i64,
    /// In Unix milliseconds.
    pub(crate) at_ms: i64,
}

/// Minor units by which a refund changes accounts, less than nothing where they go back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RefundMoney {
    /// Less deferred revenue: of coins that were not spent.
    pub deferred: i64,
    /// Less prepaid commission: the channel's part of that.
    pub prepaid: i64,
    /// Contra-revenue: of coins that were spent.
    pub contra: i64,
    /// Less commission expense: the channel's part of that.
    pub commission: i64,
    /// Less tax that we remit.
    pub tax: i64,
    /// Of all that, what the processor withdrew before for disputes that were lost.
    pub disputed: i64,
}

impl RefundMoney {
    /// What a purchase's refunds come to in all, when `amount` of its price is paid back, in minor units, and `disputed` of that by disputes.
    #[must_use]
    pub fn total(purchase: &Purchase, lot: &Lot, amount: i64, disputed: i64) -> RefundMoney {
        let value = &purchase.value;
        let portion = PaidBack::new(amount, value.price.minor_units());
        let tax = portion.of(value.tax.minor_units());
        let (deferred, prepaid) = lot.undone();
        RefundMoney {
            deferred,
            prepaid,
            contra: amount - tax - deferred,
            commission: portion.of(value.commission.minor_units()) - prepaid,
            // A store that remits the tax itself takes it back itself.
            tax: if purchase.store.remits_tax() { 0 } else { tax },
            disputed,
        }
    }

    /// What is left of this after another.
    #[must_use]
    pub fn less(self, other: RefundMoney) -> RefundMoney {
        RefundMoney {
            deferred: self.deferred - other.deferred,
            prepaid: self.prepaid - other.prepaid,
            contra: self.contra - other.contra,
            commission: self.commission - other.commission,
            tax: self.tax - other.tax,
            disputed: self.disputed - other.disputed,
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: RefundMoney) -> RefundMoney {
        self.less(RefundMoney::default().less(other))
    }
}

/// A change of what was paid back of a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundStep {
    /// The book.
    pub book: BookName,
    /// The purchase.
    pub purchase_id: Uuid,
    /// 1 and up.
    pub step_no: i64,
    /// The viewer.
    pub user: UserKey,
    /// Taken back: coins come back to the viewer.
    pub is_back: bool,
    /// How many coins change hands, by the wallet or by the debt.
    pub coins: i64,
    /// Of the amounts.
    pub currency: Currency,
    /// Minor units of the price that are paid back, or taken back, with this step.
    pub amount: i64,
    /// Coins paid back in all after it.
    pub coins_total: i64,
    /// Minor units of the price paid back in all after it.
    pub amount_total: i64,
    /// Minor units of those that were paid back by disputes that were lost.
    pub disputed_total: i64,
    /// How far it is.
    pub state: StepState,
    /// How often it was tried in vain.
    pub tries: i64,
    /// When it was planned first, in Unix milliseconds.
    pub created_at_ms: i64,
    /// The hold whose coins it takes first; 0 without one.
    pub hold_no: i64,
    /// How many coins it took of that.
    pub held: i64,
    /// The posting of the other coins.
    pub plan: CoinPlan,
    /// The postings of coins before it whose coins this step gives back, with commas between them; empty without one.
    pub restores: String,
    /// The posting of coins, once it is made; empty where it moves none.
    pub posting_id: String,
    /// Its sequence number in the journal.
    pub seq: i64,
    /// Refusals of the posting of money.
    pub money_attempt: i64,
    /// When that was planned, in Unix milliseconds; 0: it is not.
    pub money_planned_at_ms: i64,
    /// What it moves.
    pub money: RefundMoney,
    /// The posting of money, once it is made.
    pub money_posting_id: String,
}

/// What follows from what a store said of a transaction.
#[derive(Debug, Default)]
pub(crate) struct RefundPlan {
    /// The next step of the refunds.
    pub(crate) step: Option<RefundStep>,
    /// The next movement of money for disputes.
    pub(crate) dispute: Option<DisputeStep>,
    /// What is held.
    pub(crate) holds: HoldChange,
    /// When it was planned, in Unix milliseconds.
    pub(crate) now_ms: i64,
}

impl RefundPlan {
    /// Whose coins are taken, given back or held.
    pub(crate) fn wallets(&self) -> impl Iterator<Item = (&BookName, &UserKey)> {
        self.step.iter().map(|step| (&step.book, &step.user)).chain(self.holds.new.iter().map(|hold| (&hold.book, &hold.user)))
    }
}

/// The posting of a step's coins as it is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CoinPlan {
    /// Refusals of the ledger before it.
    pub attempt: i64,
    /// When it was planned, in Unix milliseconds; 0: it is not.
    pub planned_at_ms: i64,
    /// Coins out of the wallet, or into it.
    pub wallet: i64,
    /// Coins that are owed more, or less.
    pub debt: i64,
    /// Coins that no posting moves: they were in suspense, and no longer are for sure, so that they are left to staff; or they were forfeited when their wallet was closed.
    pub staff: i64,
    /// The change of the viewer's debt before it, where it changes the debt.
    pub debt_change_no: i64,
    /// The wallet is closed.
    pub is_closed: bool,
}

impl RefundStep {
    /// Whether its numbers are such as postings can have.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let RefundMoney { deferred, prepaid, contra, commission, tax, disputed } = self.money;
        let plain = [prepaid, commission, tax, disputed].map(Some);
        let differences = [deferred.checked_sub(prepaid), contra.checked_sub(commission)].into_iter().chain(plain);
        let of_money = |minor: Option<i64>| minor.is_some_and(|minor| SignedMoney::try_new(self.currency, minor).is_ok());
        [self.plan.wallet, self.plan.debt, self.plan.staff, self.held].into_iter().all(|coins| Coins::try_new(coins).is_ok())
            && differences.into_iter().all(of_money)
    }

    /// The kind of its posting of coins.
    #[must_use]
    pub fn kind(&self) -> PostingKind {
        if self.is_back { PostingKind::RefundReversed } else { PostingKind::RefundGranted }
    }

    /// The request id of its posting of coins, by the present plan.
    #[must_use]
    pub fn coins_request(&self) -> Uuid {
        let planned = PlannedAttempt { number: self.step_no, attempt: self.plan.attempt, planned_at_ms: self.plan.planned_at_ms };
        chart::id::refund(&self.book, self.purchase_id, self.kind(), planned)
    }

    /// The request id of its posting of money.
    #[must_use]
    pub fn money_request(&self) -> Uuid {
        let planned = PlannedAttempt { number: self.step_no, attempt: self.money_attempt, planned_at_ms: self.money_planned_at_ms };
        chart::id::refund(&self.book, self.purchase_id, PostingKind::RefundMoney, planned)
    }
}

/// Coins of a wallet that pay for its owner's debt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebtSettlement {
    /// The book.
    pub book: BookName,
    /// The viewer.
    pub user: UserKey,
    /// The change of the viewer's debt that it is, from 1.
    pub change_no: i64,
    /// How many coins of the wallet pay.
    pub coins: i64,
    /// Refusals of the ledger before it.
    pub attempt: i64,
    /// When it was planned, in Unix milliseconds.
    pub planned_at_ms: i64,
    /// The posting; empty before it is made.
    pub posting_id: String,
}

impl DebtSettlement {
    /// The request id of its posting.
    #[must_use]
    pub fn request(&self) -> Uuid {
        let planned = PlannedAttempt { number: self.change_no, attempt: self.attempt, planned_at_ms: self.planned_at_ms };
        chart::id::debt_settlement(&self.book, self.user.as_str(), planned)
    }
}
