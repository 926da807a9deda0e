//! Advances a payout by one durable step after the other. Each step is keyed and may be cut off at any await: the payout then becomes due again after
//! its lease and continues from its last stored state.

use crate::{
    bank::{self, ReceivedAnswer},
    beneficiaries,
    config::RailConfig,
    domain::{BankAnswer, Payout, PayoutPhase, evidence::SentPayment, judge},
    error::Error,
    meters,
    payouts::Payouts,
    postings,
    store::{
        messages::{self, BankMessage},
        payouts::{self, PayoutKey},
        steps::PayoutStep,
    },
};
use iso20022::pain001::{CreditTransfer, Initiation, Party, PaymentInstruction, TransferAmount};
use jiff::Timestamp;
use ledger_client::NotPosted;
use money::time::{millis, unix_ms};
use std::time::{Instant, SystemTime};

fn now_ms() -> i64 {
    unix_ms(SystemTime::now())
}

/// The beginning of a step's note that says why a payout is waiting.
pub const WAITING: &str = "waiting: ";
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
            while !payout.phase.is_final() && payout.due_at_ms <= now_ms() {
                // The claim: the process that writes this version first has the payout until the lease ends.
                payout.due_at_ms = now_ms().saturating_add(millis(self.config.lease));
                let Some(claimed) = self.store.save(payout, None).await? else { return Ok(()) };
                let (turn, phase) = (self.turn(&claimed), claimed.phase);
                let Ok(step) = tokio::time::timeout(turn, self.step(claimed)).await else {
                    meters::timed_out(phase);
                    let (phase, allowed_ms) = (phase.name(), millis(turn));
                    tracing::warn!(payout_id = %payout_key.payout_id, phase, allowed_ms, "a payout's step took too long and was dropped; it is retried after its lease");
                    return Ok(());
                };
                match step? {
                    Some(next) => payout = next,
                    None => return Ok(()),
                }
            }
            Ok(())
        })
        .await
    }

    /// How long one step may take: its lease, and for a sending the rail's time-out as well.
    fn turn(&self, payout: &Payout) -> std::time::Duration {
        let longest = self.bank.iter().flat_map(|(_, bank)| &bank.rails).map(|rail| rail.time_out).max().unwrap_or_default();
        if payout.phase == PayoutPhase::Intent { self.config.lease + longest } else { self.config.lease }
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
            PayoutPhase::Held => self.submit(payout).await,
            PayoutPhase::Intent => self.send(payout).await,
            PayoutPhase::Sent => {
                let lost = BankAnswer::Lost("the sending was cut off; only the bank knows whether it arrived".to_owned());
                self.conclude(payout, lost, now_ms(), None).await
            }
            PayoutPhase::Accepted | PayoutPhase::Unknown => self.ask(payout).await,
            PayoutPhase::Settling | PayoutPhase::Returning | PayoutPhase::Suspending => self.finish(payout).await,
            PayoutPhase::Refused | PayoutPhase::Settled | PayoutPhase::Rejected => Ok(None),
        }
    }

    async fn submit(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        let (hold, fields) = (postings::submission(&payout), postings::submission_fields(&payout));
        match self.ledger.post_pending(hold, fields).await {
            Ok(posting) => {
                let mut next = payout.clone().enter(PayoutPhase::Intent, now_ms());
                next.submit_posting_id = posting.posting_id;
                self.keep(&payout, next, String::new()).await
            }
            Err(not_posted) => self.later(payout, not_posted).await,
        }
    }

    async fn finish(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        let end = match payout.phase {
            PayoutPhase::Settling => postings::settlement(&payout),
            PayoutPhase::Returning => postings::rejection(&payout),
            PayoutPhase::Suspending => postings::suspension(&payout),
            PayoutPhase::Requested
            | PayoutPhase::Refused
            | PayoutPhase::Held
            | PayoutPhase::Intent
            | PayoutPhase::Sent
            | PayoutPhase::Accepted
            | PayoutPhase::Unknown
            | PayoutPhase::Settled
            | PayoutPhase::Rejected => unreachable!("only decided payouts are finished"),
        };
        match self.ledger.posting(&payout.book, end).await {
            Ok(posting) => {
                let now_ms = now_ms();
                let phase = if payout.phase == PayoutPhase::Settling { PayoutPhase::Settled } else { PayoutPhase::Rejected };
                let suspended = if payout.phase == PayoutPhase::Suspending { IN_SUSPENSE } else { "" };
                let note = [payout.bank_status.as_str(), &payout.reason_code, &payout.reason, suspended];
                let note = note.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
                let mut next = payout.clone().enter(phase, now_ms);
                next.final_posting_id = posting.posting_id;
                next.final_at_ms = now_ms;
                self.keep(&payout, next, note).await
            }
            Err(not_posted) => self.later(payout, not_posted).await,
        }
    }

    /// The ledger did not post. A refusal is kept under its id (a frozen account may thaw), so the next try gets a new one; an unknown outcome keeps
    /// the id. A closed account stays closed: then the money goes to suspense.
    async fn later(&self, payout: Payout, not_posted: NotPosted) -> Result<Option<Payout>, Error> {
        let refused = not_posted.refusal().is_some();
        let phase = payout.phase.name();
        tracing::warn!(payout_id = %payout.payout_id, phase, refused, %not_posted, "the ledger did not post; trying again");
        let now_ms = now_ms();
        let payable = postings::payable(&payout).name();
        if payout.phase == PayoutPhase::Returning && not_posted.is_closed(&payable) {
            return self.keep(&payout, payout.clone().enter(PayoutPhase::Suspending, now_ms), String::new()).await;
        }
        let mut next = payout.clone().again(now_ms, &self.policy);
        if !refused {
            return self.keep(&payout, next, String::new()).await;
        }
        next.blocked_by = not_posted.blocked_by(&payable);
        // Noted once, and not at every try.
        let note = if next.blocked_by == payout.blocked_by { String::new() } else { format!("{WAITING}{}", next.blocked_by) };
        self.keep(&payout, next.with_fresh_key(now_ms), note).await
    }

    async fn send(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        let Some((bank, config)) = &self.bank else { return self.no_bank(payout).await };
        let Some(rail) = Self::rail(config, payout.rail) else { return self.no_bank(payout).await };
        let sent_at_ms = now_ms();
        let body = match self.message(&payout, rail, &config.debtor_name, sent_at_ms).await? {
            Ok(body) => body,
            Err(error) => {
                // Can only be a bug, since all its fields were checked; the money stays in transit until it is fixed.
                tracing::error!(payout_id = %payout.payout_id, %error, "the payment message can't be written");
                return self.keep(&payout, payout.clone().again(sent_at_ms, &self.policy), String::new()).await;
            }
        };
        let due_at_ms = sent_at_ms.saturating_add(millis(rail.time_out)).saturating_add(millis(self.config.lease));
        let sent = payout.begin_sending(sent_at_ms, due_at_ms);
        // Durable before the first byte is sent: from here on only the bank knows.
        let mut tx = self.store.begin().await?;
        let Some(sent) = payouts::update(&mut tx, sent, None).await? else { return Ok(None) };
        let logged = BankMessage::sent(sent_at_ms, body.clone().into_bytes());
        messages::insert(&mut tx, &self.vault, &sent.key(), &logged, None).await?;
        tx.commit().await?;
        let end_to_end_id = sent.end_to_end_id();
        let subject = SentPayment { end_to_end_id: &end_to_end_id, sends: sent.sends, amount: sent.amount };
        let sending = Instant::now();
        let received = rpc::trace::in_span("bank.send", bank.send(subject, body, rail.time_out)).await;
        meters::answered("send", &received, sending.elapsed());
        self.conclude(sent, received.answer.clone(), sent_at_ms, Some(&received)).await
    }

    async fn ask(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        let Some((bank, _)) = &self.bank else { return self.no_bank(payout).await };
        let asked_at_ms = now_ms();
        let end_to_end_id = payout.end_to_end_id();
        let subject = SentPayment { end_to_end_id: &end_to_end_id, sends: payout.sends, amount: payout.amount };
        let asking = Instant::now();
        let received = rpc::trace::in_span("bank.ask", bank.ask(subject)).await;
        meters::answered("ask", &received, asking.elapsed());
        self.conclude(payout, received.answer.clone(), asked_at_ms, Some(&received)).await
    }

    /// The bank was removed from the configuration while payouts were in flight: they wait, nothing is guessed.
    async fn no_bank(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        tracing::error!(payout_id = %payout.payout_id, rail = payout.rail.name(), "no bank is configured for a payout in flight");
        self.keep(&payout, payout.clone().again(now_ms(), &self.policy), String::new()).await
    }

    /// Judges an answer and records the decision, with the answer itself.
    async fn conclude(
        &self,
        payout: Payout,
        answer: BankAnswer,
        asked_at_ms: i64,
        received: Option<&ReceivedAnswer>,
    ) -> Result<Option<Payout>, Error> {
        let now_ms = now_ms();
        let rail = self.bank.as_ref().and_then(|(_, bank)| Self::rail(bank, payout.rail));
        let time_out_ms = millis(rail.map(|rail| rail.time_out).unwrap_or_default());
        let why = if let BankAnswer::Lost(why) = &answer { why.clone().into_bytes() } else { Vec::new() };
        let (next, note) = judge(payout.clone(), answer, asked_at_ms, now_ms, &self.policy, time_out_ms);
        let step = (next.state != payout.state).then_some(PayoutStep::once(next.state, now_ms, note));
        let mut tx = self.store.begin().await?;
        let Some(saved) = payouts::update(&mut tx, next, step.as_ref()).await? else { return Ok(None) };
        if let Some(received) = received {
            let body = if received.body.is_empty() { why } else { received.body.clone() };
            let content = bank::content(received.http_status, &body);
            let logged = BankMessage::received(received.http_status, now_ms, body);
            messages::insert(&mut tx, &self.vault, &saved.key(), &logged, Some(&content)).await?;
        }
        tx.commit().await?;
        if step.is_some() {
            meters::entered(&saved);
        }
        self.tell(saved.payout_id);
        Ok(Some(saved))
    }

    async fn keep(&self, before: &Payout, next: Payout, note: String) -> Result<Option<Payout>, Error> {
        let entered = next.state != before.state;
        let step = (entered || !note.is_empty()).then(|| PayoutStep::once(next.state, now_ms(), note));
        let saved = self.store.save(next, step.as_ref()).await?;
        if let Some(saved) = &saved {
            if entered {
                meters::entered(saved);
            }
            self.tell(saved.payout_id);
        }
        Ok(saved)
    }

    /// The `pain.001` of one payout. Its time is when it is sent: a bank refuses one that is older than its finality window, and that is what makes
    /// "not found" final.
    async fn message(
        &self,
        payout: &Payout,
        rail: &RailConfig,
        debtor_name: &str,
        sent_at_ms: i64,
    ) -> Result<Result<String, iso20022::Error>, Error> {
        let beneficiary = self.store.beneficiary(&payout.book, payout.beneficiary_id).await?;
        let beneficiary = beneficiary.ok_or(crate::store::Error::Row("beneficiary"))?;
        let holder = beneficiaries::unseal(&self.vault, &payout.book, &beneficiary)?;
        let account = match holder.account() {
            Ok(account) => account,
            Err(error) => return Ok(Err(error)),
        };
        let transfer = CreditTransfer {
            end_to_end_id: payout.end_to_end_id(),
            uetr: Some(uuid::Builder::from_random_bytes(*payout.payout_id.as_bytes()).into_uuid().to_string()),
            amount: TransferAmount::Instructed(payout.amount),
            creditor: Party::with_account(&holder.holder_name, &account),
            remittance: Some(REMITTANCE.to_owned()),
        };
        let created = Timestamp::from_millisecond(sent_at_ms).unwrap_or_default();
        let zone = self.config.zones.zone(payout.rail).unwrap_or_else(|| payout.rail.zone());
        let payment = PaymentInstruction {
            payment_id: payout.end_to_end_id(),
            rail: Some(payout.rail),
            execution: payout.rail.at_once(created, &zone),
            debtor: Party::with_account(debtor_name, &rail.debtor),
            transfers: vec![transfer],
        };
        Ok(Initiation::new(payout.message_id(payout.sends + 1), created, debtor_name, vec![payment]).write())
    }
}
