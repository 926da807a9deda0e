//! What stores said of a transaction becomes the next step of its purchase's refunds.

use std::time::SystemTime;

use money::time::unix_ms;

use super::dispute::DisputeStep;
use super::fact::{NotApplicable, RefundFact, paid_back, withdrawn};
use super::hold::{self, CoinHold, HoldTerms};
use super::step::{CoinPlan, RefundMoney, RefundPlan, RefundStep, StepState};
use crate::domain::{Purchase, PurchaseState};
use crate::error::Error;
use crate::lots::read::named;
use crate::purchases::Purchases;
use crate::retry::put_off_ms;
use crate::store::RefundSubject;

/// Postings that a step names at most; the ledger takes 4 KB of fields.
const RESTORES_MAX: usize = 64;

impl Purchases {
    pub(super) async fn apply_refunds(&self, now: SystemTime, planned_at: SystemTime, count_max: i64) -> Result<(), Error> {
        for subject in self.store.due_refunds(unix_ms(now), count_max).await? {
            let why = match self.apply_facts(&subject, planned_at).await {
                Ok(None) => continue,
                Ok(Some(why)) => why.to_owned(),
                Err(error) => error.of_row("refund_fact")?,
            };
            let next_attempt_at_ms = unix_ms(now).saturating_add(put_off_ms(subject.tries));
            self.store.put_off_refund(&subject, &why, next_attempt_at_ms).await?;
        }
        Ok(())
    }

    /// Applies what a store said of a transaction; or says why it can't be applied yet.
    async fn apply_facts(&self, subject: &RefundSubject, now: SystemTime) -> Result<Option<&'static str>, Error> {
        let (facts, purchase) = self.store.refund_facts(subject).await?;
        let Some(purchase) = purchase else { return Ok(Some("no purchase here is of this transaction yet")) };
        match purchase.state {
            PurchaseState::Verified => return Ok(Some("the coins of the purchase are not issued yet")),
            PurchaseState::Blocked => {
                // Nothing was posted for the sale.
                self.store.apply_refund(&facts, &RefundPlan::default()).await?;
                return Ok(None);
            }
            PurchaseState::Credited(_) | PurchaseState::Suspended { .. } => {}
        }
        let steps = self.store.refund_steps(&purchase.book, purchase.purchase_id).await?;
        if steps.iter().any(|step| step.state != StepState::Done) {
            return Ok(Some("an earlier change of what was paid back is not posted yet"));
        }
        let disputes = self.store.dispute_steps(&purchase.book, purchase.purchase_id).await?;
        let holds = self.store.coin_holds(&purchase.book, purchase.purchase_id).await?;
        // Who has the coins by now: the buyer's wallet may have been merged into another.
        let Some(owner) = self.owner_of_coins(&purchase.book, &purchase.user).await? else {
            return Ok(Some("the buyer's wallet is being merged into another"));
        };
        let of_owner = Purchase { user: owner, ..purchase.clone() };
        let planned = plan(
            &facts,
            &of_owner,
            &EarlierChanges { steps: &steps, disputes: &disputes, last_hold: holds.last() },
            self.holds,
            unix_ms(now),
        );
        let plan = match planned {
            Ok(plan) => plan,
            Err(not) => {
                tracing::error!(purchase_id = %purchase.purchase_id, why = %not, "what a store says was paid back can't be applied");
                self.store.flag_refund(&facts, &not.to_string()).await?;
                return Ok(None);
            }
        };
        if let Some(step) = &plan.step {
            let (coins, is_back) = (step.coins, step.is_back);
            tracing::info!(purchase_id = %purchase.purchase_id, step_no = step.step_no, coins, is_back, "a store changed what is paid back of a purchase");
        }
        if let Some(step) = &plan.dispute {
            let (withdrawn, fee) = (step.withdrawn, step.fee);
            tracing::info!(purchase_id = %purchase.purchase_id, step_no = step.step_no, withdrawn, fee, "a store moved money for a dispute");
        }
        let is_first = self.store.apply_refund(&facts, &plan).await?;
        Ok(if is_first { None } else { Some("another process applies it") })
    }
}

/// What was done before about the refunds of a purchase.
struct EarlierChanges<'a> {
    steps: &'a [RefundStep],
    disputes: &'a [DisputeStep],
    last_hold: Option<&'a CoinHold>,
}

/// What follows from the facts, beside what was done before.
fn plan(
    facts: &[RefundFact],
    purchase: &Purchase,
    earlier: &EarlierChanges<'_>,
    terms: HoldTerms,
    now_ms: i64,
) -> Result<RefundPlan, NotApplicable> {
    let EarlierChanges { steps, disputes, last_hold } = *earlier;
    let step = next_step(facts, purchase, steps, now_ms)?;
    let granted = step.as_ref().filter(|step| !step.is_back).map_or(0, |step| step.coins);
    let holds = hold::change(facts, purchase, last_hold, granted, terms, now_ms)?;
    let step = step.map(|step| RefundStep { hold_no: holds.taken, ..step });
    Ok(RefundPlan { step, dispute: next_dispute(facts, purchase, disputes, now_ms)?, holds, now_ms })
}

/// The difference between what is paid back and what was posted for it; `None` if there is none.
fn next_step(facts: &[RefundFact], purchase: &Purchase, steps: &[RefundStep], now_ms: i64) -> Result<Option<RefundStep>, NotApplicable> {
    let (portion, disputed_total) = paid_back(facts, purchase)?;
    let (coins_total, amount_total) = (portion.of(purchase.value.coins.get()), portion.of(purchase.value.price.minor_units()));
    let last = steps.last();
    let (coins_before, amount_before) = last.map_or((0, 0), |last| (last.coins_total, last.amount_total));
    let disputed_before = last.map_or(0, |last| last.disputed_total);
    if (coins_total, amount_total, disputed_total) == (coins_before, amount_before, disputed_before) {
        return Ok(None);
    }
    let is_back = (coins_total, amount_total) < (coins_before, amount_before);
    Ok(Some(RefundStep {
        book: purchase.book.clone(),
        purchase_id: purchase.purchase_id,
        step_no: last.map_or(0, |last| last.step_no) + 1,
        user: purchase.user.clone(),
        is_back,
        coins: (coins_total - coins_before).abs(),
        currency: purchase.value.price.currency(),
        amount: (amount_total - amount_before).abs(),
        coins_total,
        amount_total,
        disputed_total,
        state: StepState::Coins,
        tries: 0,
        created_at_ms: now_ms,
        hold_no: 0,
        held: 0,
        plan: CoinPlan::default(),
        restores: if is_back { restores(steps) } else { String::new() },
        posting_id: String::new(),
        seq: 0,
        money_attempt: 0,
        money_planned_at_ms: 0,
        money: RefundMoney::default(),
        money_posting_id: String::new(),
    }))
}

/// The postings that took coins and gave some back since nothing was paid back: the coin lots find by them what is to come back to which lot. Of very many the last.
fn restores(steps: &[RefundStep]) -> String {
    let begun = steps.iter().rposition(|step| step.coins_total == 0).map_or(0, |at| at + 1);
    let postings: Vec<&str> =
        steps[begun..].iter().map(|step| step.posting_id.as_str()).filter(|posting_id| !posting_id.is_empty()).collect();
    named(&postings[postings.len().saturating_sub(RESTORES_MAX)..])
}

/// The difference between what a store moved for disputes and what was posted for it; `None` if there is none.
fn next_dispute(
    facts: &[RefundFact],
    purchase: &Purchase,
    steps: &[DisputeStep],
    now_ms: i64,
) -> Result<Option<DisputeStep>, NotApplicable> {
    let beyond = || NotApplicable { what: "what was withdrawn for disputes is more than can be represented".to_owned() };
    let (withdrawn_total, fee_total) = withdrawn(facts).ok_or_else(beyond)?;
    let last = steps.last();
    let (withdrawn_before, fee_before) = last.map_or((0, 0), |last| (last.withdrawn_total, last.fee_total));
    if (withdrawn_total, fee_total) == (withdrawn_before, fee_before) {
        return Ok(None);
    }
    let step = DisputeStep {
        book: purchase.book.clone(),
        purchase_id: purchase.purchase_id,
        step_no: last.map_or(0, |last| last.step_no) + 1,
        currency: purchase.value.price.currency(),
        withdrawn: withdrawn_total.checked_sub(withdrawn_before).ok_or_else(beyond)?,
        fee: fee_total.checked_sub(fee_before).ok_or_else(beyond)?,
        withdrawn_total,
        fee_total,
        attempt: 0,
        planned_at_ms: now_ms,
        created_at_ms: now_ms,
        tries: 0,
        posting_id: String::new(),
    };
    if step.is_sound() { Ok(Some(step)) } else { Err(beyond()) }
}
