//! The reservation of a bank account's money before a payout is submitted, and its release when the payout was not executed.
//!
//! Payouts that the ledger refuses for lack of money wait in a queue for each account, the oldest request first, whatever the amounts: a payout reserves only if
//! no older one waits for the same account. So a large payout waits as long as the next top-up takes, and smaller ones behind it wait as well; the alternative,
//! to let small ones pass, would starve it for ever on a busy account. Only payouts that wait for nothing but money hold up others.

use crate::{
    domain::{
        Payout, PayoutPhase,
        reservation::{LIQUIDITY, PayingSource, Release, Reservation, ReservationState},
    },
    error::Error,
    payouts::Payouts,
    postings,
    store::{
        payouts,
        reservations::{self, advance, advance_release},
        steps::{PayoutStep, WAITING},
    },
};
use ledger_client::{LedgerReason, NotPosted, is_final_under};
use money::{
    Money,
    time::{millis, now_ms},
};
use std::time::Duration;
use telemetry::UnfinishedCount;
use uuid::Uuid;

/// How long a payout sleeps behind older ones that wait for money. It is woken when it becomes the oldest, so this is only for a crash in between.
pub(crate) const BEHIND: Duration = Duration::from_secs(300);

/// Whether a payout may be submitted.
pub(crate) enum ReservationStep {
    /// It may: the row as it is now.
    Go(Payout),
    /// It waits, or another process has advanced it: the step's result.
    Stop(Option<Payout>),
}

/// What became of giving up a payout's reservations.
pub(crate) enum GivenUp {
    /// None is left.
    Done,
    /// The ledger did not say; try again.
    Later(NotPosted),
}

pub(crate) fn source(payout: &Payout) -> PayingSource {
    PayingSource { entity: payout.attempt.entity.clone(), bank_account: payout.attempt.bank_account.clone() }
}

impl Payouts {
    /// Reserves what `next`, the payout with the attempt that is about to be made, takes from its account, if that account needs it. `payout` is the row as
    /// read, in a phase in which nothing that is not proved unexecuted has been sent.
    pub(crate) async fn clear(&self, payout: Payout, next: &Payout) -> Result<ReservationStep, Error> {
        let needed = self.banks.needs_liquidity(&next.attempt, next.amount.currency());
        if !needed && !self.banks.any_liquidity() {
            return Ok(ReservationStep::Go(payout));
        }
        let (source, amount) = (source(next), next.amount_sent());
        let kept = reservations::of(&mut *self.store.reader().await?, &payout.key()).await?;
        let open = |row: &&Reservation| !matches!(row.state, ReservationState::Released | ReservationState::Withdrawn);
        let fitting = |row: &&Reservation| open(row) && needed && row.fits(&source, amount);
        if kept.iter().any(|row| open(&row) && !fitting(&row)) {
            // The rail, and with it the account, or the amount has changed since.
            for row in kept.iter().filter(open).filter(|row| !fitting(row)) {
                if let GivenUp::Later(not_posted) = self.give_up(row.clone()).await? {
                    return Ok(ReservationStep::Stop(self.give_up_later(payout, &not_posted).await?));
                }
            }
        }
        match kept.iter().find(fitting) {
            Some(row) if row.state == ReservationState::Reserved => Ok(ReservationStep::Go(payout)),
            _ if !needed => Ok(ReservationStep::Go(payout)),
            row => {
                let number = kept.last().map_or(1, |last| last.number + 1);
                let row = row.cloned();
                self.ask_for_money(payout, row, number, next.attempt.number, source, amount).await
            }
        }
    }

    /// Takes a place in the account's queue and, if nobody is ahead, posts the reservation.
    async fn ask_for_money(
        &self,
        payout: Payout,
        row: Option<Reservation>,
        number: i64,
        attempt_no: i64,
        source: PayingSource,
        amount: Money,
    ) -> Result<ReservationStep, Error> {
        let now_ms = now_ms();
        let mut tx = self.store.begin().await?;
        // The row and the payout's version in one transaction: a payout that was cancelled meanwhile reserves nothing any more.
        let Some(payout) = payouts::update(&mut tx, payout, None).await? else { return Ok(ReservationStep::Stop(None)) };
        let ahead = reservations::ahead_of(&mut tx, &payout, &source).await?;
        let fresh = row.is_none();
        let mut asked = row.unwrap_or_else(|| Reservation {
            book: payout.book.clone(),
            payout_id: payout.payout_id,
            number,
            attempt_no,
            source,
            amount,
            state: ReservationState::Waiting,
            reserve_key: Uuid::nil(),
            posting_id: String::new(),
            tries: 0,
            waiting_since_ms: 0,
            payout_created_at_ms: payout.created_at_ms,
        });
        let before = asked.clone();
        if ahead > 0 && asked.state == ReservationState::Waiting {
            if asked.waiting_since_ms == 0 {
                asked.waiting_since_ms = now_ms;
            }
        } else if asked.state == ReservationState::Waiting {
            asked.reserve_key = asked.next_key(now_ms);
            asked.state = ReservationState::Asked;
        }
        if fresh {
            reservations::insert(&mut tx, &asked).await?;
        } else if !advance(&mut tx, &before, &asked).await? {
            return Ok(ReservationStep::Stop(None));
        }
        if asked.state == ReservationState::Waiting {
            let due_at_ms = now_ms.saturating_add(millis(BEHIND));
            let why = format!("{LIQUIDITY}older payouts wait for money at the bank account {}", asked.source.bank_account);
            let saved = self.queued(&mut tx, &payout, why, due_at_ms).await?;
            tx.commit().await?;
            self.tell(payout.payout_id);
            return Ok(ReservationStep::Stop(saved));
        }
        tx.commit().await?;
        self.post_reservation(payout, asked).await
    }

    async fn post_reservation(&self, payout: Payout, asked: Reservation) -> Result<ReservationStep, Error> {
        match self.ledger.posting(&asked.book, postings::reservation(&asked)).await {
            Ok(posting) => Ok(match self.record_reserved(&asked, posting.posting_id).await? {
                Some(_) => ReservationStep::Go(payout),
                None => ReservationStep::Stop(None),
            }),
            Err(not_posted) if is_final_under(asked.reserve_key, &not_posted, now_ms()) => {
                let now_ms = now_ms();
                let mut tx = self.store.begin().await?;
                let waiting_since_ms = if asked.waiting_since_ms == 0 { now_ms } else { asked.waiting_since_ms };
                let waiting = Reservation { state: ReservationState::Waiting, tries: asked.tries + 1, waiting_since_ms, ..asked.clone() };
                if !advance(&mut tx, &asked, &waiting).await? {
                    return Ok(ReservationStep::Stop(None));
                }
                let short = not_posted.refusal().is_some_and(|refusal| refusal.reason == LedgerReason::InsufficientFunds);
                let account = &asked.source.bank_account;
                let why = if short {
                    format!("{LIQUIDITY}there is not enough money at the bank account {account}")
                } else {
                    format!(
                        "{LIQUIDITY}money of the bank account {account} can't be reserved: {}",
                        not_posted.blocked_by(payout.user.as_str())
                    )
                };
                let due_at_ms = payout.clone().again(now_ms, &self.policy).due_at_ms;
                let saved = self.queued(&mut tx, &payout, why, due_at_ms).await?;
                tx.commit().await?;
                self.tell(payout.payout_id);
                Ok(ReservationStep::Stop(saved))
            }
            Err(not_posted) => Ok(ReservationStep::Stop(self.later(payout, not_posted).await?)),
        }
    }

    /// Records a posted reservation and wakes the next in the queue; `None`: another process recorded it.
    async fn record_reserved(&self, asked: &Reservation, posting_id: String) -> Result<Option<Reservation>, Error> {
        let reserved = Reservation { state: ReservationState::Reserved, posting_id, ..asked.clone() };
        let mut tx = self.store.begin().await?;
        if !advance(&mut tx, asked, &reserved).await? {
            return Ok(None);
        }
        reservations::wake_oldest(&mut tx, &asked.book, &asked.source, asked.amount.currency(), now_ms()).await?;
        tx.commit().await?;
        self.wake.notify_one();
        Ok(Some(reserved))
    }

    /// The payout as it waits for money: before its submission it is queued, after that it stays in its phase, its money in transit.
    pub(crate) async fn queued(
        &self,
        tx: &mut sqlx::AnyConnection,
        payout: &Payout,
        why: String,
        due_at_ms: i64,
    ) -> Result<Option<Payout>, Error> {
        let now_ms = now_ms();
        let mut next =
            if payout.phase == PayoutPhase::Returning { payout.clone() } else { payout.clone().enter(PayoutPhase::Queued, now_ms) };
        // The key stays: it may name a submission whose outcome is not known.
        (next.step_key, next.attempts, next.due_at_ms) = (payout.step_key, payout.attempts + 1, due_at_ms);
        let note = if why == payout.blocked_by { None } else { Some(format!("{WAITING}{why}")) };
        next.blocked_by = why;
        let step = note.map(|note| PayoutStep::once(next.state, now_ms, note));
        Ok(payouts::update(tx, next, step.as_ref()).await?)
    }

    /// The payout tries again later to give up a reservation. Its key stays, since it may name a submission whose outcome is not known.
    pub(crate) async fn give_up_later(&self, payout: Payout, not_posted: &NotPosted) -> Result<Option<Payout>, Error> {
        tracing::warn!(payout_id = %payout.payout_id, ?not_posted, "a reservation is not given up yet; trying again");
        self.keep(&payout, payout.clone().again(now_ms(), &self.policy), String::new()).await
    }

    /// What is unfinished, for metrics: payouts by state, and those that wait for money at a bank account.
    pub async fn unfinished(&self) -> Result<Vec<UnfinishedCount>, crate::store::Error> {
        let mut unfinished = self.store.unfinished(now_ms()).await?;
        unfinished.push(self.store.waiting_for_money().await?);
        unfinished.push(self.store.unfinished_debits().await?);
        unfinished.extend(self.store.unfinished_files().await?);
        Ok(unfinished)
    }

    /// Gives up every reservation of a payout that is proved not to be executed, before its money goes back to the creator. Settled ones keep theirs.
    pub(crate) async fn give_up_all(&self, payout: &Payout) -> Result<GivenUp, Error> {
        let mut reader = self.store.reader().await?;
        let kept = reservations::of(&mut reader, &payout.key()).await?;
        let releases = if kept.is_empty() { Vec::new() } else { reservations::releases_of(&mut reader, &payout.key()).await? };
        drop(reader);
        for row in kept {
            if let GivenUp::Later(not_posted) = self.give_up(row).await? {
                return Ok(GivenUp::Later(not_posted));
            }
        }
        for row in releases.into_iter().filter(|row| row.posting_id.is_empty()) {
            if let GivenUp::Later(not_posted) = self.post_release(row).await? {
                return Ok(GivenUp::Later(not_posted));
            }
        }
        self.give_up_holds(payout).await
    }

    /// Gives up one. One that may have been posted is posted again under its id, which finds out.
    async fn give_up(&self, row: Reservation) -> Result<GivenUp, Error> {
        let reserved = match row.state {
            ReservationState::Released | ReservationState::Withdrawn => return Ok(GivenUp::Done),
            ReservationState::Waiting => return self.withdraw(row).await,
            ReservationState::Reserved => row,
            ReservationState::Asked => match self.ledger.posting(&row.book, postings::reservation(&row)).await {
                Ok(posting) => {
                    let reserved = Reservation { state: ReservationState::Reserved, posting_id: posting.posting_id, ..row.clone() };
                    let mut tx = self.store.begin().await?;
                    if !advance(&mut tx, &row, &reserved).await? {
                        return Ok(GivenUp::Later(NotPosted::lost("another process is giving it up")));
                    }
                    tx.commit().await?;
                    reserved
                }
                Err(not_posted) if is_final_under(row.reserve_key, &not_posted, now_ms()) => return self.withdraw(row).await,
                Err(not_posted) => return Ok(GivenUp::Later(not_posted)),
            },
        };
        let release = reserved.unused(now_ms());
        let mut tx = self.store.begin().await?;
        let released = Reservation { state: ReservationState::Released, ..reserved.clone() };
        if !advance(&mut tx, &reserved, &released).await? {
            return Ok(GivenUp::Later(NotPosted::lost("another process is giving it up")));
        }
        reservations::insert_release(&mut tx, &release).await?;
        tx.commit().await?;
        self.post_release(release).await
    }

    async fn withdraw(&self, row: Reservation) -> Result<GivenUp, Error> {
        let withdrawn = Reservation { state: ReservationState::Withdrawn, ..row.clone() };
        let mut tx = self.store.begin().await?;
        if !advance(&mut tx, &row, &withdrawn).await? {
            return Ok(GivenUp::Later(NotPosted::lost("another process is giving it up")));
        }
        reservations::wake_oldest(&mut tx, &row.book, &row.source, row.amount.currency(), now_ms()).await?;
        tx.commit().await?;
        self.wake.notify_one();
        Ok(GivenUp::Done)
    }

    async fn post_release(&self, row: Release) -> Result<GivenUp, Error> {
        match self.ledger.posting(&row.book, postings::release(&row)).await {
            Ok(posting) => {
                let posted = Release { posting_id: posting.posting_id, ..row.clone() };
                let mut tx = self.store.begin().await?;
                advance_release(&mut tx, &row, &posted).await?;
                reservations::wake_oldest(&mut tx, &row.book, &row.source, row.amount.currency(), now_ms()).await?;
                tx.commit().await?;
                self.wake.notify_one();
                Ok(GivenUp::Done)
            }
            Err(not_posted) => {
                if is_final_under(row.release_key, &not_posted, now_ms()) {
                    let again = Release { release_key: row.next_key(now_ms()), tries: row.tries + 1, ..row.clone() };
                    let mut tx = self.store.begin().await?;
                    advance_release(&mut tx, &row, &again).await?;
                    tx.commit().await?;
                }
                Ok(GivenUp::Later(not_posted))
            }
        }
    }

    /// Gives spendable money back to the account of a settled payout, because `amount` came back and its return is booked: once for each `return_id`, and never
    /// more than was reserved. Does nothing for a payout without a reservation. To be called again until it succeeds.
    pub async fn give_back_returned(&self, payout: &Payout, return_id: Uuid, amount: Money) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        // Two returns booked at once are counted one after the other.
        reservations::hold(&mut tx, &payout.key()).await?;
        let kept = reservations::of(&mut tx, &payout.key()).await?;
        let Some(used) = kept.into_iter().find(|row| row.state == ReservationState::Reserved) else { return Ok(()) };
        let earlier = reservations::releases_of(&mut tx, &payout.key()).await?;
        let release = used.returned(return_id, amount, now_ms());
        let row = if let Some(known) = earlier.iter().find(|row| row.cause == release.cause) {
            known.clone()
        } else {
            let given: i64 = earlier.iter().filter(|row| row.cause.starts_with("return-")).map(|row| row.amount.minor_units()).sum();
            let left = used.amount.minor_units().saturating_sub(given);
            let capped = amount.minor_units().min(left);
            if capped <= 0 || amount.currency() != used.amount.currency() {
                return Ok(());
            }
            let capped = Money::try_new(amount.currency(), capped).map_err(|_| crate::store::Error::Row("amount"))?;
            let release = Release { amount: capped, ..release };
            reservations::insert_release(&mut tx, &release).await?;
            release
        };
        tx.commit().await?;
        if !row.posting_id.is_empty() {
            return Ok(());
        }
        match self.post_release(row).await? {
            GivenUp::Done => Ok(()),
            GivenUp::Later(not_posted) => Err(not_posted.into()),
        }
    }
}
