//! The postings of a step: its coins, and then its money; and those of what is withdrawn for disputes.

use std::time::SystemTime;

use ledger_client::takes_a_fresh_id;
use money::time::unix_ms;

use super::ATTEMPTS_MAX;
use super::step::{NextTry, RefundMoney, RefundStep, StepState};
use crate::domain::Purchase;
use crate::error::Error;
use crate::postings;
use crate::purchases::Purchases;
use crate::retry::put_off_ms;

/// For so long after its row was made a step or a hold that waits for the coin lots is tried by each run, in milliseconds: they are seldom behind.
const LOTS_WITHIN_MS: i64 = 60_000;
/// Why a posting waits that needs to know whose coins there are.
const LOTS_BEHIND: &str = "the coin lots are not read that far";
/// Why a posting waits that needs to know who has the coins.
const MOVING: &str = "the buyer's wallet is being merged into another";

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
    /// Why something whose row was made then and that was tried so often in vain is not done, and when it is tried next; `None`: it is done.
    pub(super) fn next_try(self, tries: i64, created_at_ms: i64, now_ms: i64) -> Option<(String, NextTry)> {
        let later = NextTry { tries: tries + 1, at_ms: now_ms.saturating_add(put_off_ms(tries)) };
        match self {
            Self::Posted => None,
            Self::Unread(why) if now_ms.saturating_sub(created_at_ms) < LOTS_WITHIN_MS => {
                Some((why.to_owned(), NextTry { tries, at_ms: now_ms }))
            }
            Self::Unread(why) => Some((why.to_owned(), later)),
            Self::Later(why) => Some((why, later)),
        }
    }
}

impl Purchases {
    pub(super) async fn post_steps(&self, now: SystemTime, planned_at: SystemTime, count_max: i64) -> Result<(), Error> {
        for step in self.store.due_steps(unix_ms(now), count_max).await? {
            let progress = match self.post_step(&step, planned_at).await {
                Ok(progress) => progress,
                Err(error) => Progress::Later(error.of_row("refund")?),
            };
            let Some((why, next)) = progress.next_try(step.tries, step.created_at_ms, unix_ms(now)) else { continue };
            if next.tries > step.tries {
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
            self.store.coins_posted(&step, purchase, "", step.seq).await?;
            return Ok(Progress::Posted);
        }
        for _ in 0..ATTEMPTS_MAX {
            if step.plan.planned_at_ms == 0 || self.is_outdated(&step, purchase, now).await? {
                let Some(owner) = self.owner_of_coins(&step.book, &step.user).await? else { return Ok(Progress::Later(MOVING.to_owned())) };
                step.user = owner;
                let Some(plan) = self.coin_plan(&step, purchase, now).await? else { return Ok(Progress::Unread(LOTS_BEHIND)) };
                if !self.store.plan_coins(&step, &plan).await? {
                    return Ok(Progress::Later("another process posts it".to_owned()));
                }
                step.plan = plan;
            }
            let draft = if step.is_back { postings::taken_back(&step, purchase) } else { postings::granted(&step, purchase) };
            if draft.transfers().is_empty() {
                self.store.coins_posted(&step, purchase, "", step.seq).await?;
                return Ok(Progress::Posted);
            }
            let not_posted = match self.ledger.posting(&step.book, draft).await {
                Ok(posting) => {
                    self.store.coins_posted(&step, purchase, &posting.posting_id, posting.seq).await?;
                    return Ok(Progress::Posted);
                }
                Err(not_posted) => not_posted,
            };
            // Nothing was posted: it is planned for who has the coins by now.
            let Some(owner) = self.owner_of_coins(&step.book, &step.user).await? else { return Ok(Progress::Later(MOVING.to_owned())) };
            let is_another = owner != step.user && not_posted.refusal().is_some();
            step.user = if is_another { owner } else { step.user };
            let plan = match is_another {
                true => self.coin_plan(&step, purchase, now).await?,
                false => self.another_plan(&step, purchase, &not_posted, now).await?,
            };
            let Some(plan) = plan else { return Ok(Progress::Later(not_posted.to_string())) };
            if !self.store.plan_coins(&step, &plan).await? {
                return Ok(Progress::Later("another process posts it".to_owned()));
            }
            step.plan = plan;
        }
        Ok(Progress::Later("the wallet or the debt changes while it is posted".to_owned()))
    }

    /// Posts the money of the last of these steps.
    async fn post_money(&self, steps: &[RefundStep], purchase: &Purchase, now: SystemTime) -> Result<Progress, Error> {
        let (step, before) = steps.split_last().expect("the caller found the last");
        let read_until = self.store.lot_place(&step.book).await?.journal.seq;
        let issued = purchase.state.posting_id().is_some();
        let lot = self.store.lot_of(&step.book, step.purchase_id).await?;
        let Some(lot) = lot.filter(|_| issued && read_until >= step.seq) else {
            return Ok(Progress::Unread(LOTS_BEHIND));
        };
        let mut step = step.clone();
        if step.money_planned_at_ms == 0 {
            let posted = before.iter().fold(RefundMoney::default(), |sum, step| sum.plus(step.money));
            let total = RefundMoney::total(purchase, &lot, step.amount_total, step.disputed_total);
            let money = if lot.reversed { RefundMoney::default() } else { total.less(posted) };
            if !self.store.plan_money(&step, step.money_attempt, unix_ms(now), money).await? {
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
                    self.store.plan_money(&step, step.money_attempt + 1, unix_ms(now), step.money).await?;
                }
                Ok(Progress::Later(not_posted.to_string()))
            }
        }
    }
}

impl Purchases {
    pub(super) async fn post_disputes(&self, now: SystemTime, planned_at: SystemTime, count_max: i64) -> Result<(), Error> {
        for step in self.store.due_dispute_steps(unix_ms(now), count_max).await? {
            let missing = || crate::store::Error::Damaged { purchase_id: step.purchase_id.to_string(), column: "dispute_step.purchase_id" };
            let next_attempt_at_ms = unix_ms(now).saturating_add(put_off_ms(step.tries));
            let purchase = match self.store.purchase(&step.book, step.purchase_id).await.and_then(|found| found.ok_or_else(missing)) {
                Ok(purchase) => purchase,
                Err(error) => {
                    let why = Error::from(error).of_row("dispute_step")?;
                    self.store.put_off_dispute(&step, step.attempt, step.planned_at_ms, &why, next_attempt_at_ms).await?;
                    continue;
                }
            };
            match self.ledger.posting(&step.book, postings::disputed(&step, &purchase)).await {
                Ok(posting) => self.store.dispute_posted(&step, &posting.posting_id).await?,
                Err(not_posted) => {
                    tracing::warn!(purchase_id = %step.purchase_id, step_no = step.step_no, ?not_posted, "money of a dispute is not posted yet");
                    let again = takes_a_fresh_id(&not_posted, step.planned_at_ms, unix_ms(planned_at));
                    let (attempt, planned_at_ms) =
                        if again { (step.attempt + 1, unix_ms(planned_at)) } else { (step.attempt, step.planned_at_ms) };
                    self.store.put_off_dispute(&step, attempt, planned_at_ms, &not_posted.to_string(), next_attempt_at_ms).await?;
                }
            }
        }
        Ok(())
    }
}
