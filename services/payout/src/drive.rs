//! Advances a payout by one durable step after the other. Each step is keyed and may be cut off at any await: the payout then becomes due again after
//! its lease and continues from its last stored state.

use crate::{
    ach::rested,
    banks::connector::ReceivedAnswer,
    beneficiaries::unseal,
    domain::{BankAnswer, CostBearer, Payout, PayoutKey, PayoutPhase, attempt::ReferenceNumbering, evidence::SentPayment, judge},
    error::Error,
    liquidity::{GivenUp, ReservationStep},
    meters,
    payouts::Payouts,
    postings,
    routes::why_not,
    store::{
        attempts,
        messages::BankMessage,
        payouts,
        steps::{PayoutStep, WAITING},
    },
};
use ledger_client::{LedgerReason, NotPosted, is_final_under};
use money::time::{millis, moment_ms};
use std::time::Instant;

pub(crate) use money::time::now_ms;

/// Where the money of a closed account is, for the creator and for staff.
const IN_SUSPENSE: &str = "the account that the money came from is closed: it is kept in suspense until staff decide";
/// The text that the receiver reads beside the amount.
pub(crate) const REMITTANCE: &str = "Creator payout";

impl Payouts {
    /// Advances a due payout as far as possible now.
    pub async fn drive(&self, payout_key: &PayoutKey) -> Result<(), Error> {
        let Some(payout) = self.store.payout(payout_key).await? else { return Ok(()) };
        let traceparent = payout.traceparent.clone();
        rpc::trace::with_traceparent("payout", Some(&traceparent).filter(|text| !text.is_empty()).map(String::as_str), async {
            let mut payout = payout;
            loop {
                if !payout.claimed {
                    payout = self.claimed(payout);
                    if !payout.claimed {
                        return Ok(());
                    }
                    let Some(saved) = self.store.save(payout, None).await? else { return Ok(()) };
                    payout = saved;
                }
                let (turn, phase) = (self.turn(&payout), payout.phase);
                let Ok(step) = tokio::time::timeout(turn, self.step(Payout { claimed: false, ..payout })).await else {
                    let (phase, allowed_ms) = (phase.name(), millis(turn));
                    meters::timed_out(phase);
                    tracing::warn!(payout_id = %payout_key.payout_id, phase, allowed_ms, "a payout's step took too long and was dropped; it is retried after its lease");
                    return Ok(());
                };
                match step? {
                    Some(next) => payout = next,
                    None => return Ok(()),
                }
            }
        })
        .await
    }

    /// With a claim, if it is due: the process that writes this version first has the payout until the lease ends. A step after which it is due at once is
    /// written with the claim for the next one.
    fn claimed(&self, payout: Payout) -> Payout {
        let now_ms = now_ms();
        if payout.phase.is_final() || payout.due_at_ms > now_ms {
            return payout;
        }
        Payout { due_at_ms: now_ms.saturating_add(millis(self.config.lease)), claimed: true, ..payout }
    }

    /// How long one step may take: its lease, and for a sending the rail's time-out as well.
    fn turn(&self, payout: &Payout) -> std::time::Duration {
        let time_out = self.banks.time_out(&payout.attempt);
        if payout.phase == PayoutPhase::Intent { self.config.lease + time_out } else { self.config.lease }
    }

    /// One step. `None`: another process has advanced the payout, or it was refused.
    async fn step(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        match payout.phase {
            PayoutPhase::Requested => match self.place_hold(payout.clone()).await {
                Ok(held) => Ok(Some(held)),
                Err(Error::HoldUnknown) => self.keep(&payout, payout.clone().again(now_ms(), &self.policy), String::new()).await,
                Err(Error::Kept(_)) => Ok(None),
                Err(error) => Err(error),
            },
            PayoutPhase::Held | PayoutPhase::Queued => self.prepare(payout).await,
            // Staff decide; here only what ends by itself.
            PayoutPhase::Review => self.review_again(payout, now_ms()).await,
            PayoutPhase::Cancelling => match self.give_up_all(&payout).await? {
                GivenUp::Done => self.cancel_hold(payout).await,
                GivenUp::Later(not_posted) => self.give_up_later(payout, &not_posted).await,
            },
            PayoutPhase::Intent => self.send(payout).await,
            PayoutPhase::Sent if self.banks.files_of(&payout.attempt).is_some() => self.ask(payout).await,
            PayoutPhase::Sent => {
                let lost = BankAnswer::Lost("the sending was cut off; only the bank knows whether it arrived".to_owned());
                self.conclude(payout, lost, now_ms(), None).await
            }
            PayoutPhase::Accepted | PayoutPhase::Unknown => self.ask(payout).await,
            PayoutPhase::Returning => match self.fallback(&payout, now_ms()).await? {
                Some(route) => self.try_elsewhere(payout, route).await,
                None => self.give_up_and_finish(payout).await,
            },
            PayoutPhase::Blocking if payout.submit_posting_id.is_empty() => self.take_for_blocking(payout).await,
            PayoutPhase::Unblocking => self.unblock(payout).await,
            PayoutPhase::Suspending | PayoutPhase::Blocking => self.give_up_and_finish(payout).await,
            PayoutPhase::Settling => self.finish(payout).await,
            // The time in which it could come back is over: nothing is posted for that.
            PayoutPhase::Returnable => self.keep(&payout, payout.clone().enter(PayoutPhase::Settled, now_ms()), String::new()).await,
            PayoutPhase::Refused | PayoutPhase::Settled | PayoutPhase::Rejected => Ok(None),
            PayoutPhase::Cancelled | PayoutPhase::Blocked | PayoutPhase::Unblocked => Ok(None),
        }
    }

    /// Chooses the rail as of now, and waits until it is open; then posts the intent to send. What was offered when the payout was requested may have closed,
    /// or been withdrawn, meanwhile.
    async fn prepare(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        let now_ms = now_ms();
        // Each time before it is submitted, with the lists and the beneficiary as they are now.
        let beneficiary = self.beneficiary_of(&payout).await?;
        let payee = unseal(&self.vault, &payout.book, &beneficiary)?;
        let needs = self.review_needs(&payout, &beneficiary, &payee, now_ms).await?;
        if !needs.is_empty() {
            return self.open_reviews(&payout, &needs, now_ms).await;
        }
        let Some(options) = self.options_with_payee(&payout, &payee, &payout.rails_tried, now_ms).await? else {
            return self.no_bank(payout).await;
        };
        let Some(route) = &options.choice.chosen else {
            let why = why_not(&options.choice.refused);
            let due_at_ms = payout.clone().again(now_ms, &self.policy).due_at_ms;
            let mut next = payout.clone().queued(now_ms, due_at_ms);
            next.blocked_by = format!("NO_RAIL: {why}");
            let note = if next.blocked_by == payout.blocked_by { String::new() } else { format!("{WAITING}{}", next.blocked_by) };
            return self.keep(&payout, next, note).await;
        };
        let mut attempt = self.banks.attempt(payout.attempt.number, route, payout.amount);
        attempt.reference.clone_from(&payout.attempt.reference);
        if payout.bearer == CostBearer::Creator {
            // Never more than was shown when it was requested.
            attempt.cost_minor_units = attempt.cost_minor_units.min(payout.attempt.cost_minor_units);
        }
        let (rail, starts_at_ms) = (attempt.rail.clone(), attempt.starts_at_ms);
        let same_account = (&attempt.bank, &attempt.bank_account) == (&payout.attempt.bank, &payout.attempt.bank_account);
        let mut next = Payout { attempt, ..payout.clone() };
        if !same_account || next.attempt.reference.is_empty() {
            next.attempt.reference = self.take_reference(&next, &route.account.1).await?;
        } else if (&next.attempt.rail, next.attempt.cost_minor_units) != (&payout.attempt.rail, payout.attempt.cost_minor_units) {
            self.store.change_attempt(&next, now_ms).await?;
        }
        // A file is taken at any hour, for the banking day that it names.
        if starts_at_ms > now_ms && self.banks.files_of(&next.attempt).is_none() {
            let waiting = next.queued(now_ms, starts_at_ms);
            let opens = moment_ms(starts_at_ms);
            return self.keep(&payout, waiting, format!("{WAITING}{rail} takes payments again at {opens}")).await;
        }
        self.submit(payout, next).await
    }

    /// Takes a short reference of the account that pays. One that is taken and not used, because of a crash, is never used.
    async fn take_reference(&self, payout: &Payout, numbering: &ReferenceNumbering) -> Result<String, Error> {
        let mut tx = self.store.begin().await?;
        let account = format!("{}/{}", payout.attempt.bank_account, payout.amount.currency());
        let reference = attempts::next_reference(&mut tx, &payout.attempt.bank, &account, numbering).await?;
        let named = Payout { attempt: crate::domain::Attempt { reference: reference.clone(), ..payout.attempt.clone() }, ..payout.clone() };
        attempts::begin(&mut tx, &named, now_ms()).await?;
        tx.commit().await?;
        Ok(reference)
    }

    /// Begins an attempt over another rail. That nothing was paid over the last one is proved; the money stays in transit.
    async fn try_elsewhere(&self, payout: Payout, route: crate::banks::BankRoute) -> Result<Option<Payout>, Error> {
        let now_ms = now_ms();
        let mut attempt = self.banks.attempt(payout.attempt.number + 1, &route, payout.amount);
        if payout.bearer == CostBearer::Creator {
            attempt.cost_minor_units = attempt.cost_minor_units.min(payout.attempt.cost_minor_units);
        }
        let elsewhere = Payout { attempt: attempt.clone(), ..payout.clone() };
        let payout = match self.reserve(payout, &elsewhere).await? {
            ReservationStep::Go(payout) => payout,
            ReservationStep::Stop(saved) => return Ok(saved),
        };
        let (from, to, code) = (payout.attempt.rail.clone(), attempt.rail.clone(), payout.reason_code.clone());
        let mut tx = self.store.begin().await?;
        attempts::end_all(&mut tx, &[(&payout, now_ms)]).await?;
        let account = format!("{}/{}", attempt.bank_account, payout.amount.currency());
        attempt.reference = attempts::next_reference(&mut tx, &attempt.bank, &account, &route.account.1).await?;
        let starts_at_ms = if self.banks.files_of(&attempt).is_some() { now_ms } else { attempt.starts_at_ms };
        let mut next = payout.clone().begin_attempt(attempt, now_ms);
        next.due_at_ms = starts_at_ms.max(now_ms);
        attempts::begin(&mut tx, &next, now_ms).await?;
        let step = PayoutStep::once(next.state, now_ms, format!("{from} refused it ({code}), nothing was paid; trying {to}"));
        let saved = payouts::update(&mut tx, next, Some(&step)).await?;
        if saved.is_some() {
            tx.commit().await?;
            self.tell(payout.payout_id);
        }
        Ok(saved)
    }

    /// Releases the hold of a payout that was cancelled.
    async fn cancel_hold(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        if self.store.is_refused_by_staff(&payout.key()).await? {
            return self.give_back_unsent(payout, "refused; nothing was sent to a bank").await;
        }
        let (hold, guard) = (postings::cancellation(&payout), postings::in_flight(&payout));
        match self.ledger.void_pending(hold, Some(guard), postings::submission_fields(&payout)).await {
            Ok(posting) => {
                let now_ms = now_ms();
                let mut next = payout.clone().enter(PayoutPhase::Cancelled, now_ms);
                next.final_posting_id = posting.posting_id;
                next.final_at_ms = now_ms;
                self.keep(&payout, next, String::new()).await
            }
            Err(not_posted) if not_posted.refusal().is_some_and(|refusal| refusal.reason == LedgerReason::PendingResolved) => {
                self.give_back_unsent(payout, "cancelled while it was being submitted; nothing was sent to a bank").await
            }
            Err(not_posted) => self.later(payout, not_posted).await,
        }
    }

    /// The submission was posted before the cancellation, and nothing was sent, because its worker found the row changed. So the money is in transit, and goes
    /// back from there. The same for a payout that the staff refused, which ends as a rejected one: it is submitted here, and not sent.
    async fn give_back_unsent(&self, payout: Payout, reason: &str) -> Result<Option<Payout>, Error> {
        assert!(payout.sends == 0 || payout.sendings.none_executed(), "what was sent is never given back by a cancellation");
        let (hold, fields) = (postings::submission(&payout), postings::submission_fields(&payout));
        match self.ledger.post_pending(hold, fields).await {
            Ok(posting) => {
                let mut next = payout.clone().enter(PayoutPhase::Returning, now_ms());
                next.submit_posting_id = posting.posting_id;
                next.reason = reason.to_owned();
                self.keep(&payout, next, String::new()).await
            }
            Err(not_posted) => self.later(payout, not_posted).await,
        }
    }

    /// Posts the intent: `payout` is the row as read, `next` the same with the route that was chosen now.
    async fn submit(&self, payout: Payout, next: Payout) -> Result<Option<Payout>, Error> {
        let payout = match self.reserve(payout, &next).await? {
            ReservationStep::Go(payout) => payout,
            ReservationStep::Stop(saved) => return Ok(saved),
        };
        let next = Payout { attempt: next.attempt, ..payout.clone() };
        let (hold, fields) = (postings::submission(&payout), postings::submission_fields(&payout));
        match self.ledger.post_pending(hold, fields).await {
            Ok(posting) => {
                let mut next = next.enter(PayoutPhase::Intent, now_ms());
                next.submit_posting_id = posting.posting_id;
                self.keep(&payout, next, String::new()).await
            }
            Err(not_posted) => {
                // It may take long until the ledger accepts it, and others need the money; if treasury does not answer, it releases the hold by itself.
                if not_posted.refusal().is_some() {
                    self.give_up_holds(&payout).await?;
                }
                self.later(payout, not_posted).await
            }
        }
    }

    /// Reserves what an attempt takes: of the bank account's own money, and with treasury.
    async fn reserve(&self, payout: Payout, next: &Payout) -> Result<ReservationStep, Error> {
        match self.clear(payout, next).await? {
            ReservationStep::Go(payout) => self.hold_on_leaf(payout, next).await,
            stopped @ ReservationStep::Stop(_) => Ok(stopped),
        }
    }

    /// Ends a payout that was not executed: what it reserved goes back to the bank account first, so that no payout ends with a reservation that nobody gives up.
    async fn give_up_and_finish(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        match self.give_up_all(&payout).await? {
            GivenUp::Done => self.finish(payout).await,
            GivenUp::Later(not_posted) => self.give_up_later(payout, &not_posted).await,
        }
    }

    async fn finish(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        let end = match payout.phase {
            PayoutPhase::Settling => postings::settlement(&payout),
            PayoutPhase::Returning => postings::rejection(&payout),
            PayoutPhase::Suspending => postings::suspension(&payout),
            PayoutPhase::Blocking => postings::blocking(&payout),
            PayoutPhase::Requested
            | PayoutPhase::Refused
            | PayoutPhase::Held
            | PayoutPhase::Review
            | PayoutPhase::Queued
            | PayoutPhase::Cancelling
            | PayoutPhase::Cancelled
            | PayoutPhase::Blocked
            | PayoutPhase::Unblocking
            | PayoutPhase::Unblocked
            | PayoutPhase::Intent
            | PayoutPhase::Sent
            | PayoutPhase::Accepted
            | PayoutPhase::Unknown
            | PayoutPhase::Returnable
            | PayoutPhase::Settled
            | PayoutPhase::Rejected => unreachable!("only decided payouts are finished"),
        };
        match self.ledger.posting(&payout.book, end).await {
            Ok(posting) => {
                let now_ms = now_ms();
                let returnable_until_ms = match payout.phase {
                    PayoutPhase::Settling => self.banks.returnable_until_ms(&payout.attempt.rail, moment_ms(now_ms)),
                    _ => 0,
                };
                let phase = payout.phase.after_posting(returnable_until_ms > 0).expect("a posting ends the phase of a decided payout");
                let suspended = if payout.phase == PayoutPhase::Suspending { IN_SUSPENSE } else { "" };
                let note = [payout.bank_status.as_str(), &payout.reason_code, &payout.reason, suspended];
                let note = note.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
                let mut next = payout.clone().enter(phase, now_ms);
                next.final_posting_id = posting.posting_id;
                next.final_at_ms = now_ms;
                if phase == PayoutPhase::Returnable {
                    (next.returnable_until_ms, next.due_at_ms) = (returnable_until_ms, returnable_until_ms);
                }
                let paid = matches!(phase, PayoutPhase::Settled | PayoutPhase::Returnable);
                let ended_at_ms = if paid { 0 } else { now_ms };
                let step = step_of(&payout, &next, note);
                let saved = self.store.save_end(next, step.as_ref(), ended_at_ms).await?;
                self.kept(&payout, saved)
            }
            Err(not_posted) => self.later(payout, not_posted).await,
        }
    }

    /// The ledger did not post. A refusal is kept under its id (a frozen account may thaw), so the next try gets a new one; an unknown outcome keeps
    /// the id. A closed account stays closed: then the money goes to suspense.
    pub(crate) async fn later(&self, payout: Payout, not_posted: NotPosted) -> Result<Option<Payout>, Error> {
        let now_ms = now_ms();
        let refused = is_final_under(payout.step_key, &not_posted, now_ms);
        let phase = payout.phase.name();
        tracing::warn!(payout_id = %payout.payout_id, phase, refused, ?not_posted, "the ledger did not post; trying again");
        let payable = postings::payable(&payout).name();
        if let Some(suspending) = payout.phase.after_closing().filter(|_| not_posted.is_closed(&payable)) {
            return self.keep(&payout, payout.clone().enter(suspending, now_ms), String::new()).await;
        }
        let mut next = payout.clone().again(now_ms, &self.policy);
        if !refused {
            return self.keep(&payout, next, String::new()).await;
        }
        next.blocked_by = not_posted.blocked_by(payout.user.as_str());
        // Noted once, and not at every try.
        let note = if next.blocked_by == payout.blocked_by { String::new() } else { format!("{WAITING}{}", next.blocked_by) };
        self.keep(&payout, next.with_fresh_key(now_ms), note).await
    }

    async fn ask(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        let Some(bank) = self.banks.of(&payout.attempt) else { return self.no_bank(payout).await };
        let asked_at_ms = now_ms();
        let end_to_end_id = payout.end_to_end_id();
        let subject = SentPayment::of(&payout, &end_to_end_id);
        let asking = Instant::now();
        let received = match bank.files() {
            None => rpc::trace::in_span("bank.ask", bank.connector.ask(subject)).await,
            Some(_) => match self.filed_answer(&payout).await? {
                Some(received) => received,
                // Its file is not closed, or is on its way.
                None => return self.keep(&payout, rested(payout.clone(), asked_at_ms), String::new()).await,
            },
        };
        meters::answered("ask", &received, asking.elapsed());
        self.conclude(payout, received.answer.clone(), asked_at_ms, Some(&received)).await
    }

    /// The bank was removed from the configuration while payouts were in flight: they wait, nothing is guessed.
    pub(crate) async fn no_bank(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        tracing::error!(payout_id = %payout.payout_id, rail = payout.attempt.rail, bank = payout.attempt.bank, "no bank is configured for a payout in flight");
        self.keep(&payout, payout.clone().again(now_ms(), &self.policy), String::new()).await
    }

    /// Judges an answer and records the decision, with the answer itself.
    pub(crate) async fn conclude(
        &self,
        payout: Payout,
        answer: BankAnswer,
        asked_at_ms: i64,
        received: Option<&ReceivedAnswer>,
    ) -> Result<Option<Payout>, Error> {
        let now_ms = now_ms();
        let time_out_ms = millis(self.banks.time_out(&payout.attempt));
        let why = if let BankAnswer::Lost(why) | BankAnswer::NotTaken(why) = &answer { why.clone().into_bytes() } else { Vec::new() };
        let (next, note) = judge(payout.clone(), answer, asked_at_ms, now_ms, &self.policy, time_out_ms);
        let next = if self.banks.files_of(&payout.attempt).is_some() { rested(next, now_ms) } else { next };
        let step = (next.state != payout.state).then_some(PayoutStep::once(next.state, now_ms, note));
        let next = self.claimed(next);
        let saved = match received {
            None => self.store.save(next, step.as_ref()).await?,
            Some(received) => {
                let body = if received.body.is_empty() { why } else { received.body.clone() };
                let connector = self.banks.of(&next.attempt).map(|bank| bank.connector.clone());
                let content = connector.map_or_else(String::new, |connector| connector.content(received.http_status, &body));
                let logged = BankMessage::received(received.http_status, now_ms, body);
                self.store.save_message(next, step.as_ref(), &self.vault, logged, Some(content)).await?
            }
        };
        let Some(saved) = saved else { return Ok(None) };
        if step.is_some() {
            meters::entered(&saved);
        }
        self.tell(saved.payout_id);
        Ok(Some(saved))
    }

    pub(crate) async fn keep(&self, before: &Payout, next: Payout, note: String) -> Result<Option<Payout>, Error> {
        let step = step_of(before, &next, note);
        let saved = self.store.save(self.claimed(next), step.as_ref()).await?;
        self.kept(before, saved)
    }

    /// Counts and tells what was written.
    fn kept(&self, before: &Payout, saved: Option<Payout>) -> Result<Option<Payout>, Error> {
        if let Some(saved) = &saved {
            if saved.state != before.state {
                meters::entered(saved);
            }
            self.tell(saved.payout_id);
        }
        Ok(saved)
    }
}

/// The visible step from one row to the next, if there is one.
fn step_of(before: &Payout, next: &Payout, note: String) -> Option<PayoutStep> {
    (next.state != before.state || !note.is_empty()).then(|| PayoutStep::once(next.state, now_ms(), note))
}
