//! Payouts whose outcome no answer of the bank will ever tell: two people end them, on evidence from outside. A debit that the bank's statement shows is stronger
//! than what they found.

use crate::{
    domain::{Payout, PayoutKey, PayoutPhase, ach::FileState, resolution::ResolvedOutcome},
    error::Error,
    payouts::Payouts,
    review::{
        ReviewRefusal,
        decide::{StaffCaller, begin, finish},
    },
    store::{
        debits, payouts,
        resolutions::{self, ResolutionRow},
        statements::StatementAccount,
        steps::PayoutStep,
    },
};
use db::requests::SentFields;
use money::time::unix_ms;
use std::time::SystemTime;

/// The RPC's name in the table of requests.
const RPC: &str = "ResolvePayout";

/// What a member of the staff found of a payout.
#[derive(Debug, Clone)]
pub struct FoundOutcome {
    /// The member of the staff.
    pub by: StaffCaller,
    /// The payout.
    pub payout_key: PayoutKey,
    /// What became of the payout, as they found it.
    pub outcome: ResolvedOutcome,
    /// On which evidence.
    pub evidence: String,
}

impl Payouts {
    /// Records what the first person found, or ends the payout if another one agrees; true when the request was answered before.
    pub async fn resolve_payout(&self, found: &FoundOutcome, now: SystemTime) -> Result<bool, Error> {
        let fields = SentFields::new()
            .with("payout_id", found.payout_key.payout_id)
            .with("outcome", found.outcome.name())
            .with("evidence", &found.evidence);
        let key = found.by.key(RPC);
        let mut tx = self.store.begin().await?;
        if begin(&mut tx, key, &fields, now).await? {
            return Ok(true);
        }
        let payout = unknown(payouts::get(&mut tx, &found.payout_key).await?, found)?;
        tx.rollback().await?;
        self.look_for_debit(&payout, found.outcome).await?;
        let mut tx = self.store.begin().await?;
        if begin(&mut tx, key, &fields, now).await? {
            return Ok(true);
        }
        payouts::lock(&mut tx, &found.payout_key).await?;
        let payout = unknown(payouts::get(&mut tx, &found.payout_key).await?, found)?;
        if found.outcome == ResolvedOutcome::NotExecuted && resolutions::is_debited(&mut tx, &found.payout_key).await? {
            return Err(ReviewRefusal::DebitBooked.into());
        }
        if found.outcome == ResolvedOutcome::NotExecuted
            && let Some(debit_id) = debits::perhaps_debited(&mut tx, &found.payout_key).await?
        {
            return Err(ReviewRefusal::DebitUnexplained { debit_id }.into());
        }
        let row = agreed(resolutions::get(&mut tx, &found.payout_key).await?, found, &payout, unix_ms(now))?;
        resolutions::save(&mut tx, &found.payout_key, &row).await?;
        if row.decided_at_ms > 0 {
            let next = payout.resolved(row.outcome, unix_ms(now));
            let words = match row.outcome {
                ResolvedOutcome::Paid => "two members of staff have found that it was paid",
                ResolvedOutcome::NotExecuted => "two members of staff have found that it was not executed; the money is given back",
            };
            let step = PayoutStep::once(next.state, unix_ms(now), words.to_owned());
            // Locked, so nobody else writes it.
            if payouts::update(&mut tx, next, Some(&step)).await?.is_none() {
                return Err(Error::HoldUnknown);
            }
        }
        finish(&mut tx, key, now).await?;
        tx.commit().await?;
        let (payout_id, outcome, by) = (found.payout_key.payout_id, row.outcome.name(), found.by.subject.as_str());
        tracing::warn!(%payout_id, outcome, by, decided = row.decided_at_ms > 0, "staff say what became of a payout of unknown outcome");
        self.tell(payout_id);
        self.wake.notify_one();
        Ok(false)
    }

    /// Reads the statement of the account that pays now, so that a booked debit is known before anybody says that there is none.
    async fn look_for_debit(&self, payout: &Payout, outcome: ResolvedOutcome) -> Result<(), Error> {
        if outcome == ResolvedOutcome::Paid {
            return Ok(());
        }
        // Two people would end the payment, and the next upload would execute it.
        if let Some(entry) = self.store.ach_entry(&payout.attempt.bank, &payout.attempt.reference).await?
            && let Some(file) = self.store.ach_file(&entry.bank, &entry.file_name).await?
            && file.state == FileState::Sent
        {
            return Err(ReviewRefusal::InFile { file_name: file.file_name }.into());
        }
        let bank = self.banks.of(&payout.attempt).map_or_else(|| payout.attempt.bank.clone(), |bank| bank.name.clone());
        let currency = payout.amount.currency();
        let account = StatementAccount { bank, bank_account: payout.attempt.bank_account.clone(), currency };
        self.read_statement_now(&account).await.map(drop).map_err(|why| {
            tracing::warn!(payout_id = %payout.payout_id, bank = account.bank, why, "the bank's statement can't be read, so nobody can end a payout as not executed");
            ReviewRefusal::StatementUnreadable.into()
        })
    }
}

fn unknown(payout: Option<Payout>, found: &FoundOutcome) -> Result<Payout, Error> {
    let payout = payout.ok_or(Error::PayoutUnknown(found.payout_key.payout_id))?;
    if payout.phase == PayoutPhase::Unknown { Ok(payout) } else { Err(ReviewRefusal::NotUnknown { state: payout.state.name() }.into()) }
}

/// What is found after this: the first person's finding, which that person may change, or both.
fn agreed(before: Option<ResolutionRow>, found: &FoundOutcome, payout: &Payout, now_ms: i64) -> Result<ResolutionRow, Error> {
    let by = found.by.subject.as_str();
    let first = ResolutionRow {
        outcome: found.outcome,
        evidence: found.evidence.clone(),
        proposed_by: by.to_owned(),
        proposed_at_ms: now_ms,
        confirmation: String::new(),
        decided_by: String::new(),
        decided_at_ms: 0,
    };
    match before {
        None => Ok(first),
        Some(row) if row.proposed_by == by && row.outcome != found.outcome => Ok(first),
        Some(row) if row.proposed_by == by || payout.user.as_str() == by => Err(ReviewRefusal::SecondPersonNeeded.into()),
        Some(row) if row.outcome != found.outcome => Err(ReviewRefusal::ResolutionDiffers.into()),
        Some(row) => Ok(ResolutionRow { confirmation: found.evidence.clone(), decided_by: by.to_owned(), decided_at_ms: now_ms, ..row }),
    }
}
