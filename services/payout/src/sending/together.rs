//! Many payments in one message. Each payout is stored as sent in it before the message leaves, and each is concluded on its own by whoever drives it: a crash in
//! between leaves payouts that are asked for one by one, and none that is in two messages of which the first may still be executed.

use super::{
    ReadyPayment,
    lanes::{PaymentParties, SharedSending, WaitingPayment, in_turn},
    order,
};
use crate::{
    banks::{Bank, iso20022::Iso20022Bank},
    domain::{Payout, evidence::SentPayment, shared::PAYMENTS_MAX},
    drive::now_ms,
    error::Error,
    meters,
    payouts::Payouts,
    store::{messages::BankMessage, shared_messages::SharedMessage},
};
use futures::{StreamExt as _, stream};
use std::time::Instant;
use tokio::sync::oneshot;
use uuid::Uuid;

/// Payouts of one message that are stored at once: they share statements and commits.
const STORED_AT_ONCE: usize = 128;
/// How the id of a message of many payments begins; 32 hexadecimal digits follow, and no hyphen, as there is in that of a message of one.
const ID_PREFIX: char = 'B';

/// A payment that is stored as sent in a message, and whoever waits for its answer.
type StoredPayment = (ReadyPayment, oneshot::Sender<SharedSending>);

fn new_message_id() -> String {
    format!("{ID_PREFIX}{}", Uuid::now_v7().simple())
}

/// Whether a text has the form of the id of a message of many payments.
pub(crate) fn is_shared_message_id(text: &str) -> bool {
    text.strip_prefix(ID_PREFIX).is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl Payouts {
    /// Sends a payment with those that wait for the same account and rail, as soon as their turn comes; alone if there are none.
    pub(super) async fn send_together(
        &self,
        bank: &Bank,
        bulk: &Iso20022Bank,
        payout: Payout,
        parties: PaymentParties,
    ) -> Result<Option<Payout>, Error> {
        let lane = self.lanes.of(&payout);
        let (number, mut sending) = lane.join(payout.clone(), parties);
        loop {
            let turn = tokio::select! {
                biased;
                sent = &mut sending => return self.conclude_shared(payout, sent.ok()).await,
                turn = lane.turn() => turn,
            };
            if !lane.is_waiting(number) {
                // Another one sends it.
                drop(turn);
                return self.conclude_shared(payout, sending.await.ok()).await;
            }
            let mut batch = lane.take(bulk.payments_max().min(PAYMENTS_MAX));
            if batch.len() == 1
                && let Some(WaitingPayment { payout, parties, .. }) = batch.pop()
            {
                // With room for two, the only one taken is this one.
                return in_turn(turn, Box::pin(self.send_alone(bank, payout, parties))).await;
            }
            in_turn(turn, Box::pin(self.send_batch(bank, bulk, batch))).await?;
        }
    }

    /// None: whoever sent it was dropped, or failed; the payout goes on from its row, once it is due.
    async fn conclude_shared(&self, payout: Payout, sending: Option<SharedSending>) -> Result<Option<Payout>, Error> {
        match sending {
            Some(SharedSending::Answered { sent, sent_at_ms, received }) => {
                self.conclude(*sent, received.answer.clone(), sent_at_ms, Some(&received)).await
            }
            Some(SharedSending::Unwritable(error)) => self.unwritable(payout, &error).await,
            Some(SharedSending::Changed) | None => Ok(None),
        }
    }

    async fn send_batch(&self, bank: &Bank, bulk: &Iso20022Bank, batch: Vec<WaitingPayment>) -> Result<(), Error> {
        let (sent_at_ms, message_id) = (now_ms(), new_message_id());
        let mut written = Vec::new();
        for WaitingPayment { payout, parties, done, .. } in batch {
            let ready = self.ready_payment(payout, parties, sent_at_ms);
            let part = order(bank, &ready, message_id.clone()).and_then(|order| bulk.shared_message(std::slice::from_ref(&order)));
            match part {
                Ok(part) => written.push((ready, part, done)),
                Err(error) => drop(done.send(SharedSending::Unwritable(error))),
            }
        }
        let Some((first, ..)) = written.first() else { return Ok(()) };
        let message = SharedMessage::new(&bank.name, &message_id, &first.payout, written.iter().map(|(ready, ..)| ready.payout.key()));
        let time_out = self.banks.time_out(&first.payout.attempt);
        self.store.keep_shared_message(&message, sent_at_ms).await?;
        let due_at_ms = self.answered_by_ms(sent_at_ms, time_out);
        let stored =
            stream::iter(written).map(|(ready, part, done)| self.store_sending(ready, part, done, sent_at_ms, due_at_ms, &message_id));
        let stored: Vec<StoredPayment> = stored.buffered(STORED_AT_ONCE).filter_map(std::future::ready).collect().await;
        let orders: Result<Vec<_>, _> = stored.iter().map(|(ready, _)| order(bank, ready, message_id.clone())).collect();
        let body = match orders.and_then(|orders| bulk.shared_message(&orders)) {
            Ok(body) => body,
            Err(error) => {
                // Each of its parts was written before. They are asked for, and sent again when the bank has proved that it has none of them.
                tracing::error!(message_id, %error, payments = stored.len(), "a message of many payments can't be written, and was not sent");
                return Ok(());
            }
        };
        let subjects: Vec<SentPayment<'_>> = stored.iter().map(|(ready, _)| SentPayment::of(&ready.payout, &ready.end_to_end_id)).collect();
        let sending = Instant::now();
        let answers = rpc::trace::in_span("bank.send", bulk.send_shared(&subjects, body, time_out)).await;
        let took = sending.elapsed();
        for ((ready, done), received) in stored.into_iter().zip(answers) {
            meters::answered("send", &received, took);
            // Nobody waits any more: then it is asked for once it is due.
            drop(done.send(SharedSending::Answered { sent: Box::new(ready.payout), sent_at_ms, received }));
        }
        Ok(())
    }

    /// Stores that a payment is sent in this message, before it is. None: it is not sent in it, because another process has changed its payout, or because it could
    /// not be stored.
    async fn store_sending(
        &self,
        ready: ReadyPayment,
        part: String,
        done: oneshot::Sender<SharedSending>,
        sent_at_ms: i64,
        due_at_ms: i64,
        message_id: &str,
    ) -> Option<StoredPayment> {
        let sent = ready.payout.clone().begin_shared_sending(message_id, sent_at_ms, due_at_ms);
        let logged = BankMessage::sent(sent_at_ms, part.into_bytes());
        match self.store.save_sending(sent, &self.vault, logged, ready.payee_to_keep()).await {
            Ok(Some(sent)) => Some((ReadyPayment { payout: sent, ..ready }, done)),
            Ok(None) => {
                drop(done.send(SharedSending::Changed));
                None
            }
            Err(error) => {
                tracing::error!(payout_id = %ready.payout.payout_id, %error, "a sending could not be stored, and was not sent; it is retried after its lease");
                None
            }
        }
    }
}
