//! The postings of holds: coins are held, what is not of the purchase is released once the coin lots say so, and what is decided is taken or released.

use std::time::SystemTime;

use chart::Account;
use ledger_client::{LedgerReason, NotPosted, takes_a_fresh_id};
use money::time::unix_ms;

use super::ATTEMPTS_MAX;
use super::hold::{CoinHold, HoldEnd, HoldState, placed_transfer};
use super::post::Progress;
use super::step::{RefundStep, StepState};
use crate::error::Error;
use crate::postings;
use crate::purchases::Purchases;

impl Purchases {
    /// Does what is due of holds. Those whose date has come are released, with a case for staff.
    pub(super) async fn keep_holds(&self, now: SystemTime, planned_at: SystemTime, count_max: i64) -> Result<(), Error> {
        for hold in self.store.holds_past_date(unix_ms(now), count_max).await? {
            tracing::error!(purchase_id = %hold.purchase_id, hold_no = hold.hold_no, "nobody decided until the date of a hold; its coins are released");
            self.store.release_hold(&hold, HoldEnd::Date, unix_ms(planned_at)).await?;
        }
        for hold in self.store.due_holds(unix_ms(now), count_max).await? {
            let progress = match self.keep_hold(&hold, planned_at).await {
                Ok(progress) => progress,
                Err(error) => Progress::Later(error.of_row("coin_hold")?),
            };
            let Some((why, next)) = progress.next_try(hold.tries, hold.created_at_ms, unix_ms(now)) else { continue };
            if next.tries > hold.tries {
                tracing::warn!(purchase_id = %hold.purchase_id, hold_no = hold.hold_no, why, "a hold of coins is not as it is to be yet");
            }
            self.store.put_off_hold(&hold, &why, next).await?;
        }
        Ok(())
    }

    async fn keep_hold(&self, hold: &CoinHold, now: SystemTime) -> Result<Progress, Error> {
        match hold.state {
            HoldState::Asked => self.place(hold.clone(), now).await,
            HoldState::Placed => self.count(hold, now).await,
            HoldState::Releasing => self.release(hold, now).await,
            // Its step takes it.
            HoldState::Counted | HoldState::Taking | HoldState::Over => Ok(Progress::Posted),
        }
    }

    /// Holds as many coins as there are, once what was held before is over and what is granted is taken.
    async fn place(&self, mut hold: CoinHold, now: SystemTime) -> Result<Progress, Error> {
        let before = self.store.coin_holds(&hold.book, hold.purchase_id).await?;
        if before.iter().any(|other| other.hold_no < hold.hold_no && other.state != HoldState::Over) {
            return Ok(Progress::Later("an earlier hold is not over yet".to_owned()));
        }
        let steps = self.store.refund_steps(&hold.book, hold.purchase_id).await?;
        if steps.iter().any(|step| step.state == StepState::Coins && step.hold_no != hold.hold_no) {
            return Ok(Progress::Later("the coins of a refund are not taken yet".to_owned()));
        }
        for _ in 0..ATTEMPTS_MAX {
            if hold.planned_at_ms == 0 && !self.plan_hold(&mut hold, now).await? {
                return Ok(Progress::Posted);
            }
            let not_posted = match self.ledger.posting(&hold.book, postings::asked(&hold)).await {
                Ok(posting) => {
                    self.store.hold_placed(&hold, &posting).await?;
                    return Ok(Progress::Posted);
                }
                Err(not_posted) => not_posted,
            };
            match refused_for(&not_posted, &hold, now) {
                Refused::TooMuch => (hold.attempt, hold.planned_at_ms) = (hold.attempt + 1, 0),
                Refused::Closed => {
                    self.store.nothing_to_hold(&hold).await?;
                    return Ok(Progress::Posted);
                }
                Refused::Otherwise(is_fresh) => {
                    if is_fresh {
                        let again = CoinHold { attempt: hold.attempt + 1, planned_at_ms: unix_ms(now), ..hold.clone() };
                        self.store.plan_hold(&again).await?;
                    }
                    return Ok(Progress::Later(not_posted.to_string()));
                }
            }
        }
        Ok(Progress::Later("the wallet changes while its coins are held".to_owned()))
    }

    /// Plans how many coins are held. False: there are none, and the hold is over.
    async fn plan_hold(&self, hold: &mut CoinHold, now: SystemTime) -> Result<bool, Error> {
        let there = self.ledger.viewer_wallet(&hold.book, &hold.user).await?.balance.available();
        hold.coins = there.get().clamp(0, hold.wanted);
        hold.planned_at_ms = unix_ms(now);
        if hold.coins == 0 {
            self.store.nothing_to_hold(hold).await?;
            return Ok(false);
        }
        Ok(self.store.plan_hold(hold).await?)
    }

    /// Keeps what is left of the purchase, as the coin lots say at the hold's posting.
    async fn count(&self, hold: &CoinHold, now: SystemTime) -> Result<Progress, Error> {
        let read_until = self.store.lot_place(&hold.book).await?.journal.seq;
        let lot = self.store.lot_of(&hold.book, hold.purchase_id).await?;
        let Some(lot) = lot.filter(|_| read_until >= hold.seq) else {
            return Ok(Progress::Unread("the coin lots are not read that far"));
        };
        let left = lot.left().clamp(0, hold.coins);
        // A refund that was decided meanwhile waits for it.
        self.news.notify_one();
        if left == hold.coins {
            self.store.hold_counted(hold).await?;
        } else {
            // The ledger holds no less of a hold: it is released, and another takes its place.
            let less = CoinHold {
                hold_no: hold.hold_no + 1,
                wanted: left,
                is_counted: true,
                state: HoldState::Asked,
                coins: 0,
                attempt: 0,
                planned_at_ms: 0,
                posting_id: String::new(),
                seq: 0,
                transfer_no: 0,
                tries: 0,
                ..hold.clone()
            };
            if self.store.shrink_hold(hold, &less, unix_ms(now)).await? {
                // At once: in between, the coins can be spent.
                let over = CoinHold { state: HoldState::Releasing, end_planned_at_ms: unix_ms(now), ..hold.clone() };
                if let Progress::Posted = self.release(&over, now).await? {
                    return self.place(less, now).await;
                }
            }
        }
        Ok(Progress::Posted)
    }

    async fn release(&self, hold: &CoinHold, now: SystemTime) -> Result<Progress, Error> {
        let mut hold = hold.clone();
        if hold.posting_id.is_empty() {
            if hold.planned_at_ms == 0 {
                self.store.hold_over(&hold, "").await?;
                return Ok(Progress::Posted);
            }
            // It was sent, perhaps: the same again says what became of it.
            match self.ledger.posting(&hold.book, postings::asked(&hold)).await {
                Ok(posting) => {
                    self.store.hold_placed(&hold, &posting).await?;
                    (hold.posting_id, hold.transfer_no) = (posting.posting_id.clone(), placed_transfer(&posting));
                }
                Err(not_posted) => match refused_for(&not_posted, &hold, now) {
                    Refused::Otherwise(false) => return Ok(Progress::Later(not_posted.to_string())),
                    Refused::TooMuch | Refused::Closed | Refused::Otherwise(true) => {
                        self.store.hold_over(&hold, "").await?;
                        return Ok(Progress::Posted);
                    }
                },
            }
        }
        match self.ledger.void_pending(postings::released(&hold), None, postings::end_fields(&hold)).await {
            Ok(posting) => {
                self.store.hold_over(&hold, &posting.posting_id).await?;
                Ok(Progress::Posted)
            }
            Err(not_posted) => self.end_again(&hold, &not_posted, now).await,
        }
    }

    /// A later try ends a hold under another id, if the ledger refused this one for good.
    async fn end_again(&self, hold: &CoinHold, not_posted: &NotPosted, now: SystemTime) -> Result<Progress, Error> {
        if takes_a_fresh_id(not_posted, hold.end_planned_at_ms, unix_ms(now)) {
            self.store.end_hold_again(hold, unix_ms(now)).await?;
        }
        Ok(Progress::Later(not_posted.to_string()))
    }

    /// Takes the coins of a step that are held for it. What the hold has beyond them is released by the same posting.
    pub(super) async fn take_hold(&self, step: &mut RefundStep, now: SystemTime) -> Result<Progress, Error> {
        let holds = self.store.coin_holds(&step.book, step.purchase_id).await?;
        let Some(mut hold) = holds.into_iter().find(|hold| hold.hold_no == step.hold_no) else { return Ok(Progress::Posted) };
        match hold.state {
            HoldState::Asked => return Ok(Progress::Later("its coins are not held yet".to_owned())),
            HoldState::Placed => return Ok(Progress::Unread("the coin lots have not read yet what is held")),
            HoldState::Releasing => return Ok(Progress::Later("a hold of its coins is not released yet".to_owned())),
            HoldState::Over => return Ok(Progress::Posted),
            HoldState::Counted => {
                (hold.taken, hold.end_planned_at_ms) = (hold.coins.min(step.coins), unix_ms(now));
                if !self.store.begin_taking(&hold).await? {
                    return Ok(Progress::Later("another process takes its coins".to_owned()));
                }
            }
            HoldState::Taking => {}
        }
        match self.ledger.post_part(postings::taken(&hold), hold.taken, postings::end_fields(&hold)).await {
            Ok(posting) => {
                self.store.hold_taken(&hold, step.step_no, &posting.posting_id, posting.seq).await?;
                (step.held, step.seq) = (hold.taken, posting.seq);
                Ok(Progress::Posted)
            }
            Err(not_posted) => self.end_again(&hold, &not_posted, now).await,
        }
    }
}

/// Why coins are not held.
enum Refused {
    /// There are fewer by now.
    TooMuch,
    /// The wallet is closed, and empty.
    Closed,
    /// For another reason; whether another id is to be tried.
    Otherwise(bool),
}

fn refused_for(not_posted: &NotPosted, hold: &CoinHold, now: SystemTime) -> Refused {
    let reason = not_posted.refusal().map(|refusal| &refusal.reason);
    match reason {
        Some(LedgerReason::InsufficientFunds) => Refused::TooMuch,
        Some(LedgerReason::AccountClosed) if not_posted.is_closed(&Account::viewer_coins(&hold.user).name()) => Refused::Closed,
        // A frozen wallet is held by that.
        _ => Refused::Otherwise(takes_a_fresh_id(not_posted, hold.planned_at_ms, unix_ms(now))),
    }
}
