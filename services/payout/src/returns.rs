//! Money of paid payouts that comes back: read from statements, announced by callbacks, and booked once, however often a statement is read.

use crate::{
    domain::{
        Attempt, CostBearer, NEVER_MS, Payout, PayoutKey, PayoutPhase,
        returns::{BankCredit, PayoutReturn, ReturnAdvice, ReturnState, ReturnedPayout, judge_return},
        statement::named_id,
    },
    error::Error,
    meters,
    payouts::Payouts,
    postings,
    store::{self, payouts, recalls, returns, statements::StatementAccount, steps::PayoutStep},
};
use ledger_client::{NotPosted, is_final_under};
use money::{
    BookName,
    time::{millis, now_ms},
};
use sqlx::AnyConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Returns booked in one round.
const ROUND_MAX: i64 = 64;
/// Tries to write beside other writers of the payout's row.
const RECORD_TRIES_MAX: usize = 16;

/// Whether the payout was, or may have been, paid: then a return of it undoes no debit.
fn may_be_paid(payout: &Payout) -> bool {
    matches!(
        payout.phase,
        PayoutPhase::Settled
            | PayoutPhase::Returnable
            | PayoutPhase::Settling
            | PayoutPhase::Intent
            | PayoutPhase::Sent
            | PayoutPhase::Accepted
            | PayoutPhase::Unknown
    )
}

/// The payout that a credit is about, and the number of its attempt.
type CreditOf = Option<(Payout, i64)>;

impl Payouts {
    /// Keeps the credits of one of our accounts that bring money back: of a statement (booked), or of a notification, which only announces. Returns the places
    /// of those that are returns of paid payouts.
    pub(crate) async fn keep_credits(
        &self,
        account: &StatementAccount,
        credits: &[BankCredit],
        is_booked: bool,
    ) -> Result<BTreeSet<usize>, store::Error> {
        let mut places = BTreeSet::new();
        for credit in credits {
            let of = self.payout_of(&account.bank, credit).await?;
            if credit.is_return && of.as_ref().is_some_and(|(payout, _)| may_be_paid(payout)) {
                places.insert(credit.place);
            }
            // A credit under the id of a payment of ours that is no return undoes a debit: the comparison of debits takes it into account.
            let undoes = !credit.is_return && of.as_ref().is_some_and(|(payout, _)| is_of(payout, &credit.end_to_end_id));
            // Whatever else arrives is none of our business before a statement has it.
            let is_any = of.is_none() && !credit.is_return && !is_booked;
            if !undoes && !is_any {
                self.keep_credit(account, credit, of, is_booked).await?;
            }
        }
        Ok(places)
    }

    /// The payout that a credit names: as the payment that came back, or as the payment by which a bank answered a recall.
    async fn payout_of(&self, bank: &str, credit: &BankCredit) -> Result<CreditOf, store::Error> {
        if let Some(id) = named_id(&credit.end_to_end_id)
            && let Some(recorded) = self.store.recorded(&[id]).await?.into_iter().next()
        {
            let key = PayoutKey { book: recorded.book, payout_id: recorded.payout_id };
            let Some(payout) = self.store.payout(&key).await? else { return Ok(None) };
            let attempts = self.store.attempts(&key).await?;
            let number = attempts.iter().find(|one| one.end_to_end_id == credit.end_to_end_id).map_or(1, |one| one.attempt.number);
            return Ok(Some((payout, number)));
        }
        let mut connection = self.store.pool().acquire().await?;
        let Some(recall) = recalls::repaid_by(&mut connection, bank, &credit.end_to_end_id).await? else { return Ok(None) };
        let payout = payouts::get(&mut connection, &PayoutKey { book: recall.book, payout_id: recall.payout_id }).await?;
        Ok(payout.map(|payout| {
            let number = payout.attempt.number;
            (payout, number)
        }))
    }

    async fn keep_credit(
        &self,
        account: &StatementAccount,
        credit: &BankCredit,
        of: CreditOf,
        is_booked: bool,
    ) -> Result<(), store::Error> {
        let now_ms = now_ms();
        let return_id = PayoutReturn::id(&account.bank, &account.bank_account, credit);
        let mut tx = self.store.begin().await?;
        let known = returns::get(&mut tx, return_id).await?;
        let goes_on = match known.as_ref().map(|known| known.state) {
            None => true,
            Some(ReturnState::Announced) => is_booked,
            Some(ReturnState::Unmatched) => is_booked && of.is_some(),
            Some(ReturnState::Matched | ReturnState::Booked | ReturnState::Unexpected) => false,
        };
        if !goes_on {
            return Ok(tx.rollback().await?);
        }
        let borne = if self.banks.bears_return_charges() == CostBearer::House { credit.charge_minor_units } else { 0 };
        let mut back = PayoutReturn {
            return_id,
            of: None,
            attempt_no: 0,
            bank: account.bank.clone(),
            bank_account: account.bank_account.clone(),
            credit: credit.clone(),
            charge_borne_minor_units: borne,
            found_at_ms: known.as_ref().map_or(now_ms, |known| known.found_at_ms),
            state: ReturnState::Unmatched,
            why: String::new(),
            suspended: false,
            step_key: Uuid::nil(),
            posting_id: String::new(),
            tries: 0,
            due_at_ms: NEVER_MS,
            version: known.as_ref().map_or(1, |known| known.version),
        };
        judge(&mut tx, &mut back, of, now_ms).await?;
        if !is_booked {
            // A notification proves no booking, and a bank's mistake in one needs nobody: the statement is what counts.
            (back.state, back.due_at_ms) = (ReturnState::Announced, NEVER_MS);
        }
        let told = back.of.as_ref().map(|(_, payout_id)| *payout_id);
        let is_new =
            if known.is_some() { returns::update(&mut tx, back.clone()).await?.is_some() } else { returns::insert(&mut tx, &back).await? };
        tx.commit().await?;
        if is_new {
            self.tell_return(&back, account).await?;
            told.into_iter().for_each(|payout_id| self.tell(payout_id));
        }
        Ok(())
    }

    /// Tells people and the workers of a return that is new in its state.
    async fn tell_return(&self, back: &PayoutReturn, account: &StatementAccount) -> Result<(), store::Error> {
        let (return_id, bank, reference, why) = (back.return_id, &back.bank, &back.credit.bank_reference, &back.why);
        match back.state {
            ReturnState::Unexpected => {
                let minor_units = back.credit.amount.minor_units();
                tracing::error!(%return_id, bank, reference, minor_units, why, "money came back that can't be a return; nothing was booked, people have to decide");
            }
            ReturnState::Unmatched => {
                tracing::warn!(%return_id, bank, reference, why, "a credit names no payment of ours; nothing was booked")
            }
            ReturnState::Announced => {
                // Only a statement books it, so the next one is read now.
                self.store.hasten_statement(account).await?;
                self.statements_wake.notify_one();
            }
            ReturnState::Matched | ReturnState::Booked => self.news.notify_waiters(),
        }
        Ok(())
    }

    /// Books returns that are due. True: there are more.
    pub(crate) async fn book_due_returns(&self) -> Result<bool, Error> {
        let due = self.store.due_returns(now_ms(), ROUND_MAX).await?;
        let count = due.len();
        for back in due {
            let return_id = back.return_id;
            match tokio::time::timeout(self.config.lease, self.book_return(back)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::error!(%return_id, %error, "a return could not be booked; it is tried again after its lease");
                }
                Err(_) => {
                    meters::timed_out("return");
                    let allowed_ms = millis(self.config.lease);
                    tracing::warn!(%return_id, allowed_ms, "booking a return took too long and was dropped; it is tried again after its lease");
                }
            }
        }
        Ok(i64::try_from(count).is_ok_and(|count| count == ROUND_MAX))
    }

    /// Posts one return, once its payout is paid in our records.
    async fn book_return(&self, mut back: PayoutReturn) -> Result<(), Error> {
        let now_ms = now_ms();
        let Some((book, payout_id)) = back.of.clone() else { return Ok(()) };
        // The claim: of several processes only one posts, so that no two ids are in use at a time.
        back.due_at_ms = now_ms.saturating_add(millis(self.config.lease));
        let Some(mut back) = self.store.save_return(back).await? else { return Ok(()) };
        let key = PayoutKey { book, payout_id };
        let Some(payout) = self.store.payout(&key).await? else { return Ok(()) };
        match payout.phase {
            PayoutPhase::Settled | PayoutPhase::Returnable => {}
            _ if may_be_paid(&payout) => {
                // It came back, so the bank has an answer to what became of it.
                self.store.hasten(&key, now_ms).await?;
                self.wake.notify_one();
                return self.book_later(back, "it is booked once the payout is settled".to_owned(), false).await;
            }
            _ => return self.doubt(back, format!("in our records the payout was not paid ({})", payout.phase.name())).await,
        }
        let mut connection = self.store.pool().acquire().await.map_err(store::Error::from)?;
        let besides = returns::returned_besides(&mut connection, &(key.book.clone(), payout_id), back.return_id, true).await?;
        drop(connection);
        if back.gross_minor_units() > payout.amount_sent().minor_units() - besides {
            return self.doubt(back, "more came back than was paid".to_owned()).await;
        }
        match self.ledger.posting(&key.book, postings::returned(&payout, &back)).await {
            Ok(posting) => {
                back.posting_id = posting.posting_id;
                // Before the return is recorded, so that a crash repeats both: each is posted once, under its own id.
                self.give_back_returned(&payout, back.return_id, back.credit.amount).await?;
                self.record_return(back, &key).await
            }
            Err(not_posted) => self.not_booked(back, &payout, not_posted).await,
        }
    }

    /// The ledger did not post. A refusal is kept under its id, so the next try gets a new one; after an unknown outcome the id stays.
    async fn not_booked(&self, mut back: PayoutReturn, payout: &Payout, not_posted: NotPosted) -> Result<(), Error> {
        let payable = postings::payable(payout).name();
        let refused = is_final_under(back.step_key, &not_posted, now_ms());
        tracing::warn!(return_id = %back.return_id, refused, ?not_posted, "the ledger did not book a return; trying again");
        if !back.suspended && not_posted.is_closed(&payable) {
            back.suspended = true;
            back.tries += 1;
            back.step_key = back.key(now_ms());
            back.due_at_ms = now_ms();
            self.store.save_return(back).await?;
            self.news.notify_waiters();
            return Ok(());
        }
        let why = if refused { not_posted.blocked_by(payout.user.as_str()) } else { back.why.clone() };
        self.book_later(back, why, refused).await
    }

    async fn book_later(&self, mut back: PayoutReturn, why: String, with_fresh_key: bool) -> Result<(), Error> {
        let now_ms = now_ms();
        back.why = why;
        back.due_at_ms = now_ms.saturating_add(self.policy.backoff_ms(back.tries));
        if with_fresh_key {
            back.tries += 1;
            back.step_key = back.key(now_ms);
        }
        self.store.save_return(back).await?;
        Ok(())
    }

    async fn doubt(&self, mut back: PayoutReturn, why: String) -> Result<(), Error> {
        tracing::error!(return_id = %back.return_id, why, "money came back that can't be a return; nothing was booked, people have to decide");
        (back.state, back.why, back.due_at_ms) = (ReturnState::Unexpected, why, NEVER_MS);
        self.store.save_return(back).await?;
        Ok(())
    }

    /// Writes down that a return is posted, and what came back of the payout in all.
    async fn record_return(&self, back: PayoutReturn, key: &PayoutKey) -> Result<(), Error> {
        let booked = PayoutReturn { state: ReturnState::Booked, why: String::new(), due_at_ms: NEVER_MS, ..back };
        let advice = ReturnAdvice::of(&booked.credit.code);
        let note = format!("{} came back ({}): {}", booked.credit.amount, booked.credit.code, advice.payee_text);
        for _ in 0..RECORD_TRIES_MAX {
            let mut tx = self.store.begin().await?;
            if returns::update(&mut tx, booked.clone()).await?.is_none() {
                // Another process had it after our lease, and posted it under the same id.
                return Ok(tx.rollback().await?);
            }
            let Some(mut payout) = payouts::get(&mut tx, key).await? else { return Ok(()) };
            let of = (key.book.clone(), key.payout_id);
            payout.returned_minor_units = returns::returned_besides(&mut tx, &of, Uuid::nil(), true).await?;
            let step = PayoutStep::once(payout.state, now_ms(), note.clone());
            if payouts::update(&mut tx, payout, Some(&step)).await?.is_some() {
                tx.commit().await?;
                self.tell(key.payout_id);
                return Ok(());
            }
            tx.rollback().await?;
        }
        Ok(())
    }
}

/// Whether this id is of one of the payout's attempts.
fn is_of(payout: &Payout, end_to_end_id: &str) -> bool {
    (1..=payout.attempt.number).any(|number| Attempt { number, ..payout.attempt.clone() }.end_to_end_id(payout.payout_id) == end_to_end_id)
}

/// Decides what a credit is, of this payout or of none; in the transaction that writes it, so that no two returns together exceed what was paid.
pub(crate) async fn judge(tx: &mut AnyConnection, back: &mut PayoutReturn, of: CreditOf, now_ms: i64) -> Result<(), store::Error> {
    let Some((payout, attempt_no)) = of else {
        (back.state, back.why) = judge_return(back, None);
        return Ok(());
    };
    let place: (BookName, Uuid) = (payout.book.clone(), payout.payout_id);
    payouts::lock(tx, &payout.key()).await?;
    let returned_minor_units = returns::returned_besides(tx, &place, back.return_id, false).await?;
    let is_last_attempt = attempt_no == payout.attempt.number;
    (back.state, back.why) = judge_return(back, Some(ReturnedPayout { payout: &payout, is_last_attempt, returned_minor_units }));
    (back.of, back.attempt_no) = (Some(place), attempt_no);
    if back.state == ReturnState::Matched {
        back.step_key = back.key(now_ms);
        back.due_at_ms = now_ms;
    }
    Ok(())
}
