//! The postings of a step: its coins, and then its money.

use std::time::SystemTime;

use chart::{Account, GuardKey};
use ledger_client::{LedgerReason, NotPosted, Retry};
use money::time::unix_ms;

use super::ATTEMPTS_MAX;
use super::dispute::takes_a_fresh_id;
use super::step::{CoinPlan, RefundMoney, RefundStep, StepState};
use crate::domain::{Purchase, PurchaseState};
use crate::error::Error;
use crate::postings;
use crate::purchases::Purchases;
use crate::sweeper::put_off_ms;

/// After this time no call is in flight any more, in milliseconds.
pub(super) const IN_FLIGHT_MAX_MS: i64 = 3_600_000;

/// For so long after it was planned a step or a hold that waits for the coin lots is tried by each run, in milliseconds: they are seldom behind.
const LOTS_WITHIN_MS: i64 = 60_000;

/// How far a run got with a step or a hold.
pub(super) enum Progress {
    /// What is next is done.
    Posted,
    /// Not before the coin lots have read what was posted before.
    Unread(&'static str),
    /// Not yet, for this reason.
    Later(String),
}

impl Progress {
    /// Why something that was planned then and tried so often in vain is not done, how many tries that makes, and when the next one is; `None`: it is done.
    pub(super) fn next_try(self, (tries, created_at_ms): (i64, i64), now_ms: i64) -> Option<(String, (i64, i64))> {
        let later = (tries + 1, now_ms.saturating_add(put_off_ms(tries)));
        match self {
            Self::Posted => None,
            Self::Unread(why) if now_ms.saturating_sub(created_at_ms) < LOTS_WITHIN_MS => Some((why.to_owned(), (tries, now_ms))),
            Self::Unread(why) => Some((why.to_owned(), later)),
            Self::Later(why) => Some((why, later)),
        }
    }
}

impl Purchases {
    pub(super) async fn post_steps(&self, (now, planned_at): (SystemTime, SystemTime), count_max: i64) -> Result<(), Error> {
        for step in self.store.due_steps(unix_ms(now), count_max).await? {
            let progress = match self.post_step(&step, planned_at).await {
                Ok(progress) => progress,
                Err(error @ Error::Store(_)) => return Err(error),
                Err(error) => Progress::Later(tonic::Status::from(error).message().to_owned()),
            };
            let Some((why, next)) = progress.next_try((step.tries, step.created_at_ms), unix_ms(now)) else { continue };
            if next.0 > step.tries {
                tracing::warn!(purchase_id = %step.purchase_id, step_no = step.step_no, why, "a refund is not posted to its end yet");
            }
            self.store.put_off_step(&step, &why, next).await?;
        }
        Ok(())
    }

    /// Posts the coins of a step, and its money too if the coin lots are that far.
    async fn post_step(&self, step: &RefundStep, now: SystemTime) -> Result<Progress, Error> {
        let missing = || crate::store::Error::Damaged { purchase_id: step.purchase_id.to_string(), column: "refund.purchase_id" };
        let purchase = self.store.purchase(&step.book, step.purchase_id).await?.ok_or_else(missing)?;
        if step.state == StepState::Coins {
            match self.post_coins(step.clone(), &purchase, now).await? {
                Progress::Posted => {}
                waits => return Ok(waits),
            }
        }
        let steps = self.store.refund_steps(&step.book, step.purchase_id).await?;
        match steps.last() {
            Some(last) if last.step_no == step.step_no && last.state == StepState::Money => self.post_money(&steps, &purchase, now).await,
            _ => Ok(Progress::Posted),
        }
    }

    async fn post_coins(&self, mut step: RefundStep, purchase: &Purchase, now: SystemTime) -> Result<Progress, Error> {
        if step.hold_no > 0 && step.held == 0 {
            match self.take_hold(&mut step, now).await? {
                Progress::Posted => {}
                waits => return Ok(waits),
            }
        }
        if step.coins == step.held {
            self.store.coins_posted(&step, ("", step.seq)).await?;
            return Ok(Progress::Posted);
        }
        for _ in 0..ATTEMPTS_MAX {
            if step.plan.planned_at_ms == 0 {
                let plan = self.coin_plan(&step, purchase, now).await?;
                if !self.store.plan_coins(&step, &plan).await? {
                    return Ok(Progress::Later("another process posts it".to_owned()));
                }
                step.plan = plan;
            }
            let draft = if step.is_back { postings::taken_back(&step, purchase) } else { postings::granted(&step, purchase) };
            let not_posted = match self.ledger.posting(&step.book, draft).await {
                Ok(posting) => {
                    self.store.coins_posted(&step, (&posting.posting_id, posting.seq)).await?;
                    return Ok(Progress::Posted);
                }
                Err(not_posted) => not_posted,
            };
            let Some(plan) = self.another_plan(&step, purchase, &not_posted, now).await? else {
                return Ok(Progress::Later(not_posted.to_string()));
            };
            if !self.store.plan_coins(&step, &plan).await? {
                return Ok(Progress::Later("another process posts it".to_owned()));
            }
            step.plan = plan;
        }
        Ok(Progress::Later("the wallet or the debt changes while it is posted".to_owned()))
    }

    /// How the coins of a step are posted as the wallet and the debt are now.
    async fn coin_plan(&self, step: &RefundStep, purchase: &Purchase, now: SystemTime) -> Result<CoinPlan, Error> {
        let is_suspended = matches!(purchase.state, PurchaseState::Suspended { .. });
        // Before the debt is read: if it changes in between, the ledger refuses the posting.
        let debt_change_no = self.store.debt_change_no(&step.book, &step.user).await?;
        let owed = self.ledger.account(&step.book, Account::viewer_debt(&step.user)).await?.balance.saturating_neg().max(0);
        let coins = step.coins - step.held;
        let debt = if step.is_back {
            owed.min(self.owed_for(step).await?).min(coins)
        } else {
            let account = if is_suspended { Account::CoinsSuspense } else { Account::viewer_coins(&step.user) };
            let there = if step.plan.is_closed && !is_suspended { 0 } else { self.ledger.account(&step.book, account).await?.available };
            let other_lots_pay = self.holds.other_lots_pay || is_suspended;
            coins - if other_lots_pay { there.clamp(0, coins) } else { 0 }
        };
        Ok(CoinPlan { planned_at_ms: unix_ms(now), wallet: coins - debt, debt, debt_change_no, ..step.plan })
    }

    /// What the refunds of a step's purchase made its viewer owe, less what was taken back of that.
    async fn owed_for(&self, step: &RefundStep) -> Result<i64, Error> {
        let steps = self.store.refund_steps(&step.book, step.purchase_id).await?;
        let before = steps.iter().filter(|other| other.step_no < step.step_no);
        Ok(before.map(|other| if other.is_back { -other.plan.debt } else { other.plan.debt }).sum::<i64>().max(0))
    }

    /// The plan that replaces one that the ledger refused for good; `None`: it is sent again as it is.
    async fn another_plan(
        &self,
        step: &RefundStep,
        purchase: &Purchase,
        not_posted: &NotPosted,
        now: SystemTime,
    ) -> Result<Option<CoinPlan>, Error> {
        let Some(refusal) = not_posted.refusal() else { return Ok(None) };
        let mut refused = step.clone();
        refused.plan.attempt += 1;
        match refusal.reason {
            LedgerReason::GuardMismatch if refusal.fact("guard") == GuardKey::debt(&step.user).as_str() => {
                let actual = refusal.fact("actual").parse().unwrap_or(step.plan.debt_change_no);
                self.store.debt_changed(&step.book, &step.user, actual).await?;
            }
            LedgerReason::InsufficientFunds => {}
            LedgerReason::AccountClosed if not_posted.is_closed(&Account::viewer_coins(&step.user).name()) => refused.plan.is_closed = true,
            // The wallet is thawed some day; until then its coins stay where they are.
            LedgerReason::AccountFrozen => {}
            LedgerReason::RequestIdTime if unix_ms(now).saturating_sub(step.plan.planned_at_ms) <= IN_FLIGHT_MAX_MS => return Ok(None),
            _ if refusal.retry() == Retry::FreshId => {}
            _ => return Ok(None),
        }
        let plan = self.coin_plan(&refused, purchase, now).await?;
        if refusal.reason == LedgerReason::AccountFrozen {
            // Under another id next time, and not at once.
            self.store.plan_coins(step, &plan).await?;
            return Ok(None);
        }
        Ok(Some(plan))
    }

    /// Posts the money of the last of these steps.
    async fn post_money(&self, steps: &[RefundStep], purchase: &Purchase, now: SystemTime) -> Result<Progress, Error> {
        let (step, before) = steps.split_last().expect("the caller found the last");
        let read_until = self.store.lot_place(&step.book).await?.journal.seq;
        let issued = purchase.state.posting_id().is_some();
        let lot = self.store.lot_of(&step.book, step.purchase_id).await?;
        let Some(lot) = lot.filter(|_| issued && read_until >= step.seq) else {
            return Ok(Progress::Unread("the coin lots are not read that far"));
        };
        let mut step = step.clone();
        if step.money_planned_at_ms == 0 {
            let totals = (step.amount_total, step.disputed_total);
            let posted = before.iter().fold(RefundMoney::default(), |sum, step| sum.plus(step.money));
            let money = if lot.reversed { RefundMoney::default() } else { RefundMoney::total(purchase, &lot, totals).less(posted) };
            if !self.store.plan_money(&step, (step.money_attempt, unix_ms(now)), money).await? {
                return Ok(Progress::Later("another process posts it".to_owned()));
            }
            (step.money, step.money_planned_at_ms) = (money, unix_ms(now));
        }
        if step.money == RefundMoney::default() {
            self.store.money_posted(&step, purchase, "").await?;
            return Ok(Progress::Posted);
        }
        match self.ledger.posting(&step.book, postings::paid_back(&step, purchase)).await {
            Ok(posting) => {
                self.store.money_posted(&step, purchase, &posting.posting_id).await?;
                Ok(Progress::Posted)
            }
            Err(not_posted) => {
                if takes_a_fresh_id(&not_posted, step.money_planned_at_ms, unix_ms(now)) {
                    self.store.plan_money(&step, (step.money_attempt + 1, unix_ms(now)), step.money).await?;
                }
                Ok(Progress::Later(not_posted.to_string()))
            }
        }
    }
}
