//! Booked debits of whole messages that nothing explains: open items until a later statement explains them, or two people find what they are. While one is open, no
//! payout of its message is ended as not executed. Nothing is booked here: what a bank account is short of is a case of the treasury service.

pub mod refusal;

use crate::{
    banks::connector::BookedBatch,
    domain::{
        PayoutKey,
        debit::{DebitFinding, DebitOutcome, DebitStanding, UnexplainedDebit, debit_id},
    },
    error::Error,
    payouts::Payouts,
    prune::SHARED_MESSAGE_RETENTION,
    review::{
        ReviewRefusal,
        decide::{StaffCaller, begin, finish},
    },
    store::{
        debits::{get, pays, save_finding},
        statements::StatementAccount,
    },
};
use db::requests::SentFields;
use iso20022::camt053::StatementEntry;
use money::{
    BookName,
    time::{millis, unix_ms},
};
use refusal::DebitRefusal;
use std::time::SystemTime;
use uuid::Uuid;

/// The RPC's name in the table of requests.
const RPC: &str = "ResolveUnexplainedDebit";

/// What a member of the staff found of a debit.
#[derive(Debug, Clone)]
pub struct FoundDebit {
    /// The member of the staff.
    pub by: StaffCaller,
    /// The debit.
    pub debit_id: Uuid,
    /// What it is, as they found it.
    pub outcome: DebitOutcome,
    /// On which evidence.
    pub evidence: String,
}

/// When an entry was booked, in Unix milliseconds; 0: the statement does not say.
fn booked_at_ms(entry: &StatementEntry) -> i64 {
    entry.booked.map_or(0, |booked| booked.as_millisecond())
}

/// The id of a booking on one of our accounts.
pub(crate) fn id_of(account: &StatementAccount, batch: &BookedBatch, entry: &StatementEntry) -> Uuid {
    let of_account = [account.bank.as_str(), &account.bank_account, account.currency.code()];
    debit_id(of_account, &batch.reference, &batch.ids, entry.amount, booked_at_ms(entry))
}

/// Whether the messages that a debit names may be forgotten by now: then it is no news that nothing is known of them.
pub(crate) fn is_forgotten(entry: &StatementEntry, now_ms: i64) -> bool {
    let at_ms = booked_at_ms(entry);
    at_ms > 0 && at_ms < now_ms.saturating_sub(millis(SHARED_MESSAGE_RETENTION))
}

/// A debit that nothing explains.
pub(crate) fn unexplained(
    account: &StatementAccount,
    statement_id: &str,
    batch: &BookedBatch,
    entry: &StatementEntry,
    now_ms: i64,
) -> UnexplainedDebit {
    UnexplainedDebit {
        debit_id: id_of(account, batch, entry),
        bank: account.bank.clone(),
        bank_account: account.bank_account.clone(),
        amount: entry.amount,
        bank_reference: batch.reference.clone(),
        message_ids: batch.ids.clone(),
        statement_id: statement_id.to_owned(),
        booked_at_ms: booked_at_ms(entry),
        found_at_ms: now_ms,
        candidates: 0,
        standing: DebitStanding::Open,
        ended_at_ms: 0,
        finding: None,
    }
}

impl Payouts {
    /// Records what the first person found of a debit, or ends it if another one agrees; true when the request was answered before. `covers`: the books that the
    /// caller may act on.
    pub async fn resolve_debit(
        &self,
        found: &FoundDebit,
        covers: &(dyn Fn(&BookName) -> bool + Send + Sync),
        now: SystemTime,
    ) -> Result<bool, Error> {
        let fields =
            SentFields::new().with("debit_id", found.debit_id).with("outcome", found.outcome.name()).with("evidence", &found.evidence);
        let key = found.by.key(RPC);
        let mut tx = self.store.begin().await?;
        let is_answered = begin(&mut tx, key, &fields, now).await?;
        tx.rollback().await?;
        if is_answered {
            return Ok(true);
        }
        let debit = self.open_debit(found, covers).await?;
        if found.outcome == DebitOutcome::OtherMoney {
            self.look_for_explanation(&debit).await?;
        }
        let mut tx = self.store.begin().await?;
        if begin(&mut tx, key, &fields, now).await? {
            return Ok(true);
        }
        let debit = get(&mut tx, found.debit_id).await?.ok_or(DebitRefusal::Unknown)?;
        let is_payee = pays(&mut tx, found.debit_id, &found.by.subject).await?;
        let finding = agreed(debit.finding, found, is_payee)?;
        if !save_finding(&mut tx, found.debit_id, &finding, unix_ms(now)).await? {
            // What was just read has explained it, or another call was first.
            let state = get(&mut tx, found.debit_id).await?.map_or("", |debit| debit.standing.name());
            return Err(DebitRefusal::Ended { state }.into());
        }
        finish(&mut tx, key, now).await?;
        tx.commit().await?;
        let (debit_id, outcome, by) = (found.debit_id, finding.outcome.name(), found.by.subject.as_str());
        tracing::warn!(%debit_id, outcome, by, decided = !finding.decided_by.is_empty(), "staff say what an unexplained debit is");
        Ok(false)
    }

    /// The debit, if the caller may say something about it, and there is something to say.
    async fn open_debit(&self, found: &FoundDebit, covers: &(dyn Fn(&BookName) -> bool + Send + Sync)) -> Result<UnexplainedDebit, Error> {
        let (debit, candidates) = self.store.debit(found.debit_id).await?.ok_or(DebitRefusal::Unknown)?;
        if !is_shown(&candidates, &found.by.book) {
            return Err(DebitRefusal::Unknown.into());
        }
        if !candidates.iter().all(|candidate| covers(&candidate.book)) {
            return Err(DebitRefusal::OtherBooks.into());
        }
        if debit.standing != DebitStanding::Open {
            return Err(DebitRefusal::Ended { state: debit.standing.name() }.into());
        }
        Ok(debit)
    }

    /// Reads the account's statement, so that whatever explains the debit by now is known before anybody says that it is something else.
    async fn look_for_explanation(&self, debit: &UnexplainedDebit) -> Result<(), Error> {
        let (bank, bank_account, currency) = (debit.bank.clone(), debit.bank_account.clone(), debit.amount.currency());
        let account = StatementAccount { bank, bank_account, currency };
        self.read_statement_now(&account).await.map_err(|why| {
            tracing::warn!(debit_id = %debit.debit_id, bank = account.bank, why, "the bank's statement can't be read, so nobody can say that a debit is other money");
            DebitRefusal::from(ReviewRefusal::StatementUnreadable).into()
        })
    }
}

/// Whether a debit is the book's, or no book's.
fn is_shown(candidates: &[PayoutKey], book: &BookName) -> bool {
    candidates.is_empty() || candidates.iter().any(|candidate| candidate.book == *book)
}

/// What is found after this: the first person's finding, which that person may change, or both.
fn agreed(before: Option<DebitFinding>, found: &FoundDebit, is_payee: bool) -> Result<DebitFinding, Error> {
    let by = found.by.subject.as_str();
    let first = DebitFinding {
        outcome: found.outcome,
        evidence: found.evidence.clone(),
        proposed_by: by.to_owned(),
        confirmation: String::new(),
        decided_by: String::new(),
    };
    match before {
        None => Ok(first),
        Some(row) if row.proposed_by == by && row.outcome != found.outcome => Ok(first),
        Some(row) if row.proposed_by == by || is_payee => Err(DebitRefusal::from(ReviewRefusal::SecondPersonNeeded).into()),
        Some(row) if row.outcome != found.outcome => Err(DebitRefusal::from(ReviewRefusal::ResolutionDiffers).into()),
        Some(row) => Ok(DebitFinding { confirmation: found.evidence.clone(), decided_by: by.to_owned(), ..row }),
    }
}
