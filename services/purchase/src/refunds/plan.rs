//! How the coins of a step are posted, as the wallet, the debt and suspense are when it is planned.

use std::time::SystemTime;

use api::ledger::AccountState;
use chart::{Account, GuardKey};
use ledger_client::{BalanceSeq, IN_FLIGHT_MAX_MS, LedgerReason, NotPosted, ViewerWallet, takes_a_fresh_id};
use money::time::unix_ms;

use super::step::{CoinPlan, RefundStep};
use crate::domain::{Purchase, PurchaseState};
use crate::error::Error;
use crate::postings;
use crate::purchases::Purchases;

impl Purchases {
    /// How the coins of a step are posted as the wallet, the debt and suspense are now, under another id than before; `None`: the coin lots are not read that far.
    pub(super) async fn coin_plan(&self, step: &RefundStep, purchase: &Purchase, now: SystemTime) -> Result<Option<CoinPlan>, Error> {
        // Before the debt is read: if it changes in between, the ledger refuses the posting.
        let debt_change_no = self.store.debt_change_no(&step.book, &step.user).await?;
        let ViewerWallet { balance, state, .. } = self.ledger.viewer_wallet(&step.book, &step.user).await?;
        let coins = step.coins - step.held;
        let attempt = step.plan.attempt + i64::from(step.plan.planned_at_ms > 0);
        let is_closed = step.plan.is_closed || state == AccountState::Closed;
        let plan = CoinPlan { attempt, planned_at_ms: unix_ms(now), debt_change_no, is_closed, ..CoinPlan::default() };
        if step.is_back {
            let earlier = self.left_of_earlier(step).await?;
            let debt = balance.debt.get().min(earlier.debt).min(coins);
            let staff = earlier.staff.min(coins - debt);
            return Ok(Some(CoinPlan { wallet: coins - debt - staff, debt, staff, ..plan }));
        }
        let there = if postings::is_in_suspense(&plan, purchase) {
            let Some(there) = self.in_suspense(step).await? else { return Ok(None) };
            there
        } else if self.holds.other_lots_pay {
            balance.available().get()
        } else {
            0
        };
        let wallet = there.clamp(0, coins);
        // Coins that never came to the wallet were never spent, and those that were forfeited when it was closed are taken away already: nobody owes them.
        let staff = match purchase.state {
            PurchaseState::Suspended { .. } => coins - wallet,
            _ if plan.is_closed => {
                let Some(forfeited) = self.forfeited(step, balance.seq).await? else { return Ok(None) };
                forfeited.min(coins - wallet)
            }
            _ => 0,
        };
        Ok(Some(CoinPlan { wallet, debt: coins - wallet - staff, staff, ..plan }))
    }

    /// How many coins of a step's purchase were forfeited when their wallet was closed, beyond what earlier refunds paid back of those; `None`: the coin lots are not read as
    /// far as the wallet.
    async fn forfeited(&self, step: &RefundStep, wallet: BalanceSeq) -> Result<Option<i64>, Error> {
        if self.store.lot_place(&step.book).await?.journal.seq < wallet.get() {
            return Ok(None);
        }
        let forfeited = self.store.lot_of(&step.book, step.purchase_id).await?.map_or(0, |lot| lot.forfeited);
        Ok(Some((forfeited - self.left_of_earlier(step).await?.staff).max(0)))
    }

    /// How many coins of a step's purchase are in suspense for sure; `None`: the coin lots are not read that far.
    async fn in_suspense(&self, step: &RefundStep) -> Result<Option<i64>, Error> {
        let suspense = self.ledger.suspended_coins(&step.book).await?;
        if self.store.lot_place(&step.book).await?.journal.seq < suspense.seq.get() {
            return Ok(None);
        }
        let lot = self.store.lot_of(&step.book, step.purchase_id).await?;
        Ok(Some(lot.map_or(0, |lot| lot.suspended).min(suspense.available.get())))
    }

    /// What the refunds of a step's purchase made its viewer owe and left to staff, less what was taken back of that.
    async fn left_of_earlier(&self, step: &RefundStep) -> Result<CoinPlan, Error> {
        let steps = self.store.refund_steps(&step.book, step.purchase_id).await?;
        let before = || steps.iter().filter(|other| other.step_no < step.step_no);
        let left = |of: fn(&CoinPlan) -> i64| {
            before().map(|other| if other.is_back { -of(&other.plan) } else { of(&other.plan) }).sum::<i64>().max(0)
        };
        Ok(CoinPlan { debt: left(|plan| plan.debt), staff: left(|plan| plan.staff), ..CoinPlan::default() })
    }

    /// Whether a plan takes coins out of suspense, was not posted, and is too old to be sent again: staff may have moved those coins since.
    pub(super) async fn is_outdated(&self, step: &RefundStep, purchase: &Purchase, now: SystemTime) -> Result<bool, Error> {
        let takes = !step.is_back && step.plan.wallet > 0 && postings::is_in_suspense(&step.plan, purchase);
        if !takes || unix_ms(now).saturating_sub(step.plan.planned_at_ms) <= IN_FLIGHT_MAX_MS {
            return Ok(false);
        }
        let posted = chart::id::posted(step.coins_request(), step.book.as_str());
        match self.ledger.posting_by_id(&step.book, posted).await {
            Ok(_) => Ok(false),
            Err(NotPosted::Refused(refusal)) if refusal.reason == LedgerReason::PostingUnknown => Ok(true),
            Err(other) => Err(other.into()),
        }
    }

    /// The plan that replaces one that the ledger refused for good; `None`: it is sent again as it is, or later.
    pub(super) async fn another_plan(
        &self,
        step: &RefundStep,
        purchase: &Purchase,
        not_posted: &NotPosted,
        now: SystemTime,
    ) -> Result<Option<CoinPlan>, Error> {
        let Some(refusal) = not_posted.refusal() else { return Ok(None) };
        let mut refused = step.clone();
        match refusal.reason {
            LedgerReason::GuardMismatch if refusal.fact("guard") == GuardKey::debt(&step.user).as_str() => {
                let actual = refusal.fact("actual").parse().unwrap_or(step.plan.debt_change_no);
                self.store.debt_changed(&step.book, &step.user, actual).await?;
            }
            LedgerReason::InsufficientFunds => {}
            LedgerReason::AccountClosed if not_posted.is_closed(&Account::viewer_coins(&step.user).name()) => refused.plan.is_closed = true,
            // The wallet is thawed some day; until then its coins stay where they are.
            LedgerReason::AccountFrozen => {}
            _ if takes_a_fresh_id(not_posted, step.plan.planned_at_ms, unix_ms(now)) => {}
            _ => return Ok(None),
        }
        let Some(plan) = self.coin_plan(&refused, purchase, now).await? else { return Ok(None) };
        if refusal.reason == LedgerReason::AccountFrozen {
            // Under another id next time, and not at once.
            self.store.plan_coins(step, &plan).await?;
            return Ok(None);
        }
        Ok(Some(plan))
    }
}
