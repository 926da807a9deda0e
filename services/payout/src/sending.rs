//! Sends payments to their banks, each step of it durable before the first byte is sent: from then on only the bank knows.
//!
//! - [`lanes`]: where payments wait for others. [`together`]: many payments in one message.

pub(crate) mod lanes;
pub(crate) mod together;

use crate::{
    ach::entry_of,
    banks::{
        Bank, PayingAccount,
        connector::{PaymentOrder, UnwritableOrder},
    },
    beneficiaries::{sealed::SealedPayee, unseal},
    domain::{Payout, evidence::SentPayment, judgement::not_sent_again, payee::PayeeDetails},
    drive::{REMITTANCE, now_ms},
    error::Error,
    meters,
    payouts::Payouts,
    store::{
        ach,
        messages::{self, BankMessage, LoggedMessage},
        payouts, sent_payees,
    },
};
use jiff::{Timestamp, tz::TimeZone};
use lanes::PaymentParties;
use money::time::{millis, moment_ms};
use std::time::Instant;

/// A payment with all that its message says of it. Has no `Debug`: it names a person and an account.
pub(crate) struct ReadyPayment {
    payout: Payout,
    end_to_end_id: String,
    parties: PaymentParties,
    zone: TimeZone,
    created: Timestamp,
}

impl ReadyPayment {
    /// Whom the attempt pays, to be kept with its first sending; none if that was kept.
    fn payee_to_keep(&self) -> Option<Vec<u8>> {
        (!self.parties.is_repeated).then(|| SealedPayee::as_sent(&self.parties.payee))
    }
}

/// For the creator and for staff.
const CORRECTED_MEANWHILE: &str =
    "the bank never received it, and the beneficiary's account was corrected since it was sent: nothing was paid; request it again";

impl Payouts {
    pub(crate) async fn send(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        let Some(bank) = self.banks.of(&payout.attempt) else { return self.no_bank(payout).await };
        if let Err(why) = bank.connector.ready().await {
            let bank = &bank.name;
            tracing::error!(payout_id = %payout.payout_id, bank, why, "nothing can be sent to the bank now, and nothing was; trying again");
            return self.keep(&payout, payout.clone().again(now_ms(), &self.policy), String::new()).await;
        }
        let on_behalf_of = match self.pays_for(&payout).await? {
            Ok(entity) => entity,
            Err(id) => {
                tracing::error!(payout_id = %payout.payout_id, entity = id, "the entity that it is paid for has no name in payout.entities; nothing was sent; trying again");
                return self.keep(&payout, payout.clone().again(now_ms(), &self.policy), String::new()).await;
            }
        };
        let Some((payee, is_repeated)) = self.payee_of_attempt(&payout).await? else {
            if !payout.sendings.none_arrived() {
                tracing::error!(payout_id = %payout.payout_id, "the account was corrected since it was sent, and nothing proves that no sending arrived; it is not sent again; ask the bank");
                return self.keep(&payout, payout.clone().again(now_ms(), &self.policy), String::new()).await;
            }
            let next = not_sent_again(payout.clone(), CORRECTED_MEANWHILE, now_ms());
            return self.keep(&payout, next, String::new()).await;
        };
        let parties = PaymentParties { payee, is_repeated, on_behalf_of };
        match bank.bulk() {
            // Boxed, as are the sendings in it: otherwise every driver of payouts would have room for a whole batch.
            Some(bulk) => Box::pin(self.send_together(bank, bulk, payout, parties)).await,
            None => self.send_alone(bank, payout, parties).await,
        }
    }

    /// Whom an attempt pays, and whether a sending of it has said so: a message under the same id never names another account or person, since the one before may turn
    /// up although its bank has said that it never came. `None`: an older program has sent it and kept nothing of the kind, and the account was corrected at some time.
    async fn payee_of_attempt(&self, payout: &Payout) -> Result<Option<(PayeeDetails, bool)>, Error> {
        if payout.sends == 0 {
            return Ok(Some((self.payee(payout).await?, false)));
        }
        if let Some(sent) = self.store.sent_payee(&self.vault, payout).await? {
            return Ok(Some((SealedPayee::read_sent(&sent)?, true)));
        }
        let beneficiary = self.beneficiary_of(payout).await?;
        if !beneficiary.correction_code.is_empty() {
            return Ok(None);
        }
        Ok(Some((unseal(&self.vault, &payout.book, &beneficiary)?, false)))
    }

    /// Sends a payment in a message of its own, or gives it to its bank's next file.
    async fn send_alone(&self, bank: &Bank, payout: Payout, parties: PaymentParties) -> Result<Option<Payout>, Error> {
        let (time_out, sent_at_ms) = (self.banks.time_out(&payout.attempt), now_ms());
        let ready = self.ready_payment(payout, parties, sent_at_ms);
        let written = order(bank, &ready, ready.payout.message_id(ready.payout.sends + 1)).and_then(|order| bank.connector.message(&order));
        let body = match written {
            Ok(body) => body,
            Err(error) => return self.unwritable(ready.payout, &error).await,
        };
        let payee = ready.payee_to_keep();
        let sent = ready.payout.begin_sending(sent_at_ms, self.answered_by_ms(sent_at_ms, time_out));
        let logged = BankMessage::sent(sent_at_ms, body.clone().into_bytes());
        if bank.files().is_some() {
            let mut tx = self.store.begin().await?;
            let Some(sent) = payouts::update(&mut tx, sent, None).await? else { return Ok(None) };
            let logged = LoggedMessage { payout_key: sent.key(), message: &logged, content: None };
            messages::insert_all(&mut tx, &self.vault, &[logged]).await?;
            if let Some(payee) = &payee {
                sent_payees::insert_all(&mut tx, &self.vault, &[(&sent, payee)]).await?;
            }
            ach::give(&mut tx, &entry_of(&sent, sent_at_ms)).await?;
            tx.commit().await?;
            self.news.notify_waiters();
            return Ok(Some(sent));
        }
        let Some(sent) = self.store.save_sending(sent, &self.vault, logged, payee).await? else { return Ok(None) };
        let subject = SentPayment::of(&sent, &ready.end_to_end_id);
        let sending = Instant::now();
        let received = rpc::trace::in_span("bank.send", bank.connector.send(subject, body, time_out)).await;
        meters::answered("send", &received, sending.elapsed());
        self.conclude(sent, received.answer.clone(), sent_at_ms, Some(&received)).await
    }

    /// When a payment whose answer is lost is asked for.
    fn answered_by_ms(&self, sent_at_ms: i64, time_out: std::time::Duration) -> i64 {
        sent_at_ms.saturating_add(millis(time_out)).saturating_add(millis(self.config.lease))
    }

    /// Can only be a bug, since all its fields were checked; the money stays in transit until it is fixed.
    async fn unwritable(&self, payout: Payout, error: &UnwritableOrder) -> Result<Option<Payout>, Error> {
        tracing::error!(payout_id = %payout.payout_id, %error, "the payment message can't be written");
        self.keep(&payout, payout.clone().again(now_ms(), &self.policy), String::new()).await
    }

    /// A message's time is when it is sent: a bank refuses one that is older than its finality window, and that is what makes "not found" final.
    fn ready_payment(&self, payout: Payout, parties: PaymentParties, sent_at_ms: i64) -> ReadyPayment {
        let created = moment_ms(sent_at_ms);
        let record = self.banks.facts().book.record_at(&payout.attempt.rail, created);
        let zone = record.map_or(TimeZone::UTC, |record| record.zone.clone());
        let payee = if parties.is_repeated {
            parties.payee
        } else {
            self.payees.rules.as_sent(parties.payee, &payout.attempt.rail, zone.to_datetime(created).date())
        };
        ReadyPayment { end_to_end_id: payout.end_to_end_id(), payout, parties: PaymentParties { payee, ..parties }, zone, created }
    }
}

/// The account that pays.
fn paying_account<'a>(bank: &'a Bank, payout: &Payout) -> Result<&'a PayingAccount, UnwritableOrder> {
    let currency = payout.amount.currency();
    bank.account(currency).ok_or_else(|| UnwritableOrder(format!("bank {} has no account in {currency}", bank.name)))
}

/// The payment as one of this message.
fn order<'a>(bank: &'a Bank, ready: &'a ReadyPayment, message_id: String) -> Result<PaymentOrder<'a>, UnwritableOrder> {
    let payout = &ready.payout;
    Ok(PaymentOrder {
        message_id,
        end_to_end_id: &ready.end_to_end_id,
        reference: &payout.attempt.reference,
        uetr: payout.attempt.uetr(payout.payout_id),
        amount: payout.amount_sent(),
        rail: &payout.attempt.rail,
        zone: ready.zone.clone(),
        created: ready.created,
        debtor_name: &bank.debtor_name,
        debtor: &paying_account(bank, payout)?.address,
        on_behalf_of: ready.parties.on_behalf_of.as_ref(),
        payee: &ready.parties.payee,
        remittance: REMITTANCE,
    })
}
