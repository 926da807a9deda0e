//! Reads stored callbacks and does what they lead to: questions that are asked at once, and announcements.

use crate::{
    banks::{Bank, connector::CallbackNews},
    callbacks::CALLBACK_BYTES_MAX,
    domain::{Payout, PayoutPhase, evidence::plain, returns::BankCredit, statement::named_id},
    error::Error,
    payouts::Payouts,
    recalls::recall_id,
    sending::together::is_shared_message_id,
    store::{
        inbox::{InboxRow, InboxState, sealed_for},
        statements::StatementAccount,
    },
};
use money::time::{millis, unix_ms};
use std::{
    collections::{BTreeSet, HashMap},
    time::SystemTime,
};
use uuid::Uuid;

/// Callbacks read in one round.
const ROUND_MAX: i64 = 64;
/// How often a callback is put off while its payment is being sent: then the answer itself is late, and is asked for anyway.
const PUT_OFF_MAX: i64 = 200;
/// Most of its parts that the note of a callback names.
const NOTED_MAX: usize = 10;
/// Longest note, in characters.
const NOTE_CHARS_MAX: usize = 1_000;

/// What one part of a callback led to.
pub(crate) enum Heeded {
    /// Done; in words.
    Now(String),
    /// Its payment is being sent: once that is over, the callback is read again.
    Later,
}

impl Payouts {
    /// Reads callbacks that are due. True: there are more.
    pub(crate) async fn read_due_callbacks(&self) -> Result<bool, Error> {
        let due = self.store.due_callbacks(unix_ms(SystemTime::now()), ROUND_MAX).await?;
        let count = due.len();
        for row in due {
            if let Err(error) = self.read_callback(&row).await {
                tracing::error!(bank = row.bank, digest = row.digest, %error, "a callback could not be read; it is read again");
                self.put_off(&row, self.policy.backoff_ms(row.tries)).await?;
            }
        }
        Ok(i64::try_from(count).is_ok_and(|count| count == ROUND_MAX))
    }

    async fn put_off(&self, row: &InboxRow, pause_ms: i64) -> Result<(), Error> {
        let due_at_ms = unix_ms(SystemTime::now()).saturating_add(pause_ms.max(millis(self.config.poll_delay)));
        Ok(self.store.put_off_callback(row, due_at_ms).await?)
    }

    async fn read_callback(&self, row: &InboxRow) -> Result<(), Error> {
        // Removed from the configuration after it was taken: it waits.
        let Some(bank) = self.banks.all().iter().find(|bank| bank.name == row.bank) else {
            return self.put_off(row, self.policy.backoff_ms(row.tries)).await;
        };
        let body = self.vault.unseal(&sealed_for(&row.bank, &row.digest), &row.sealed)?;
        assert!(bank.files().is_some() || body.len() <= CALLBACK_BYTES_MAX, "longer ones are not taken");
        let news = match bank.connector.callback(&body) {
            Ok(news) => news,
            Err(why) => {
                let (bank, digest) = (&row.bank, &row.digest);
                tracing::error!(bank, digest, why, "a callback is signed by the bank and can't be read; it is kept for people");
                return Ok(self.store.end_callback(row, InboxState::Unread, &plain(&why, NOTE_CHARS_MAX)).await?);
            }
        };
        let named = self.named_payouts(&news).await?;
        let mut notes = Vec::new();
        for one in news {
            let heeded = match one {
                CallbackNews::Payment(id) if is_shared_message_id(&id) => self.heed_message(bank, &id).await?,
                CallbackNews::Payment(end_to_end_id) => self.heed_payment(bank, &end_to_end_id, &named, false).await?,
                CallbackNews::Returned(end_to_end_id) => self.heed_payment(bank, &end_to_end_id, &named, true).await?,
                CallbackNews::Recall(id) => self.heed_recall(bank, &id).await?,
                CallbackNews::Credit(number, credit) => self.heed_credit(bank, &number, &credit).await?,
                CallbackNews::AchReturn(back) => self.heed_ach_return(bank, &back).await?,
                CallbackNews::AchCorrection(correction) => self.heed_ach_correction(bank, &correction).await?,
            };
            match heeded {
                Heeded::Now(note) => notes.push(note),
                Heeded::Later if row.tries < PUT_OFF_MAX => return self.put_off(row, 0).await,
                Heeded::Later => notes.push("its payment is still being sent".to_owned()),
            }
        }
        let left_out = notes.len().saturating_sub(NOTED_MAX);
        notes.truncate(NOTED_MAX);
        if left_out > 0 {
            notes.push(format!("and {left_out} more"));
        }
        Ok(self.store.end_callback(row, InboxState::Done, &plain(&notes.join("; "), NOTE_CHARS_MAX)).await?)
    }

    /// The payouts of all payments that a callback names, read together: one about a message of many names hundreds. Each of them is as it was after the callback was
    /// stored, and only goes forward from there.
    async fn named_payouts(&self, news: &[CallbackNews]) -> Result<HashMap<Uuid, Payout>, Error> {
        let id = |one: &CallbackNews| match one {
            CallbackNews::Payment(id) | CallbackNews::Returned(id) => named_id(id),
            CallbackNews::Recall(_) | CallbackNews::Credit(..) | CallbackNews::AchReturn(_) | CallbackNews::AchCorrection(_) => None,
        };
        let ids: BTreeSet<Uuid> = news.iter().filter_map(id).collect();
        Ok(if ids.is_empty() { HashMap::new() } else { self.store.payouts_named(&ids).await? })
    }

    /// A payment's status is asked for at once, if the payout waits for its bank; if it was paid and is said to have come back, the statement is. Nothing else of
    /// what is reported is looked at.
    async fn heed_payment(
        &self,
        bank: &Bank,
        end_to_end_id: &str,
        named: &HashMap<Uuid, Payout>,
        came_back: bool,
    ) -> Result<Heeded, Error> {
        let Some(payout) = named_id(end_to_end_id).and_then(|id| named.get(&id)) else {
            tracing::warn!(bank = bank.name, end_to_end_id = plain(end_to_end_id, 70), "a callback names no payment of ours");
            return Ok(Heeded::Now("a payment that is not ours".to_owned()));
        };
        let key = payout.key();
        // Mostly it is the one in progress, which is in the row.
        let attempts = if payout.end_to_end_id() == end_to_end_id { Vec::new() } else { self.store.attempts(&key).await? };
        let attempt = attempts.iter().find(|one| one.end_to_end_id == end_to_end_id).map_or(&payout.attempt, |one| &one.attempt);
        if self.banks.of(attempt).is_none_or(|of| of.name != bank.name) {
            let (bank, of) = (&bank.name, &attempt.bank);
            tracing::error!(bank, of, payout_id = %key.payout_id, "a bank's callback is about another bank's payment; nothing was changed");
            return Ok(Heeded::Now(format!("another bank's payment, of payout {}", key.payout_id)));
        }
        if attempt.number != payout.attempt.number {
            return Ok(Heeded::Now(format!("an earlier attempt of payout {}", key.payout_id)));
        }
        match payout.phase {
            // The answer is on its way; to ask now would take the payout from the sender.
            PayoutPhase::Intent | PayoutPhase::Sent => Ok(Heeded::Later),
            PayoutPhase::Accepted | PayoutPhase::Unknown => {
                self.store.hasten(&key, unix_ms(SystemTime::now())).await?;
                self.wake.notify_one();
                Ok(Heeded::Now(format!("payout {} is asked for at once", key.payout_id)))
            }
            PayoutPhase::Returnable | PayoutPhase::Settled if came_back => {
                let (bank, bank_account) = (bank.name.clone(), payout.attempt.bank_account.clone());
                self.store.hasten_statement(&StatementAccount { bank, bank_account, currency: payout.amount_sent().currency() }).await?;
                self.statements_wake.notify_one();
                Ok(Heeded::Now(format!("payout {} may have come back: the statement is read at once", key.payout_id)))
            }
            _ => Ok(Heeded::Now(format!("payout {} is {}: nothing to ask", key.payout_id, payout.state.name()))),
        }
    }

    /// The status of a whole message of many payments: those that wait for their bank are asked for at once, one by one.
    async fn heed_message(&self, bank: &Bank, message_id: &str) -> Result<Heeded, Error> {
        let mut hastened = 0;
        for key in self.store.payouts_in_message(&bank.name, message_id).await? {
            // One that is not in it was left out of it, or was sent again since.
            let payout = self.store.payout(&key).await?.filter(|payout| payout.message_id(payout.sends) == message_id);
            match payout.map(|payout| payout.phase) {
                Some(PayoutPhase::Sent) => return Ok(Heeded::Later),
                Some(PayoutPhase::Accepted | PayoutPhase::Unknown) => {
                    self.store.hasten(&key, unix_ms(SystemTime::now())).await?;
                    hastened += 1;
                }
                _ => {}
            }
        }
        self.wake.notify_one();
        Ok(Heeded::Now(format!("message {message_id}: {hastened} payouts are asked for at once")))
    }

    async fn heed_recall(&self, bank: &Bank, text: &str) -> Result<Heeded, Error> {
        let known = match recall_id(text) {
            Some(id) => self.store.hasten_recall(&bank.name, id, unix_ms(SystemTime::now())).await?,
            None => false,
        };
        if !known {
            tracing::warn!(bank = bank.name, recall_id = plain(text, 70), "a callback answers no recall of ours at this bank");
            return Ok(Heeded::Now("a recall that is not ours".to_owned()));
        }
        self.news.notify_waiters();
        Ok(Heeded::Now(format!("recall {} is asked for at once", plain(text, 32))))
    }

    async fn heed_credit(&self, bank: &Bank, number: &str, credit: &BankCredit) -> Result<Heeded, Error> {
        let currency = credit.amount.currency();
        let ours = bank.accounts.iter().find(|one| one.currency == currency && one.address.number() == number);
        let Some(ours) = ours else {
            tracing::warn!(bank = bank.name, %currency, "a callback is about an account that is not ours");
            return Ok(Heeded::Now("an account that is not ours".to_owned()));
        };
        let account = StatementAccount { bank: bank.name.clone(), bank_account: ours.id.clone(), currency };
        self.keep_credits(&account, std::slice::from_ref(credit), false).await?;
        Ok(Heeded::Now(format!("a credit of {} is announced", credit.amount)))
    }
}
