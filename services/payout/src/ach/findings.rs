//! Files of which the bank says nothing: two people end the doubt, on evidence from outside. The bank's acknowledgement and its statement are stronger than what
//! they found, and both are read before a file counts as never received. From the first such finding on nothing of the file is sent.

use super::{files::UPLOAD_TIME_OUT, refusal::FileRefusal};
use crate::{
    domain::ach::{FileState, GivenPayment, PaymentFile, finding::FileOutcome, steps::FileVerdict},
    drive::now_ms,
    error::Error,
    payouts::Payouts,
    review::{
        ReviewRefusal,
        decide::{StaffCaller, begin, finish},
    },
    store::{
        ach::{hasten_payouts, update_file},
        ach_findings::{self, FileFindingRow},
        statements::StatementAccount,
    },
};
use db::requests::SentFields;
use money::{
    BookName,
    time::{millis, unix_ms},
};
use sqlx::AnyConnection;
use std::time::SystemTime;

/// The RPC's name in the table of requests.
const RPC: &str = "ResolveAchFile";
/// Tries against whoever advances the file.
const TRIES_MAX: usize = 16;

/// What a member of the staff found of a file.
#[derive(Debug, Clone)]
pub struct FoundFile {
    /// The member of the staff.
    pub by: StaffCaller,
    /// Our bank's name.
    pub bank: String,
    /// The file's name.
    pub file_name: String,
    /// What became of the file, as they found it.
    pub outcome: FileOutcome,
    /// On which evidence.
    pub evidence: String,
}

impl Payouts {
    /// Records what the first person found, or decides the file if another one agrees; true when the request was answered before. `covers`: the books that the
    /// caller may act on.
    pub async fn resolve_file(
        &self,
        found: &FoundFile,
        covers: &(dyn Fn(&BookName) -> bool + Send + Sync),
        now: SystemTime,
    ) -> Result<bool, Error> {
        let fields = SentFields::new()
            .with("bank", &found.bank)
            .with("file_name", &found.file_name)
            .with("outcome", found.outcome.name())
            .with("evidence", &found.evidence);
        let key = found.by.key(RPC);
        let mut tx = self.store.begin().await?;
        let is_answered = begin(&mut tx, key, &fields, now).await?;
        tx.rollback().await?;
        if is_answered {
            return Ok(true);
        }
        let file = self.file_in_doubt(found, covers).await?;
        if found.outcome == FileOutcome::NeverReceived {
            self.look_for_receipt(&file).await?;
        }
        for _ in 0..TRIES_MAX {
            // What was just read may have decided it.
            let file = self.file_in_doubt(found, covers).await?;
            let mut tx = self.store.begin().await?;
            if begin(&mut tx, key, &fields, now).await? {
                return Ok(true);
            }
            let Some((saved, row)) = self.record_finding(&mut tx, found, file, now).await? else {
                // It is being advanced meanwhile.
                tx.rollback().await?;
                continue;
            };
            finish(&mut tx, key, now).await?;
            tx.commit().await?;
            let (bank, file_name, outcome, by) = (&saved.bank, &saved.file_name, row.outcome.name(), found.by.subject.as_str());
            tracing::warn!(bank, file_name, outcome, by, decided = row.decided_at_ms > 0, "staff say what became of an ACH file");
            self.wake.notify_one();
            return Ok(false);
        }
        Err(FileRefusal::Busy.into())
    }

    /// `None`: another writer of the file was first.
    async fn record_finding(
        &self,
        tx: &mut AnyConnection,
        found: &FoundFile,
        file: PaymentFile,
        now: SystemTime,
    ) -> Result<Option<(PaymentFile, FileFindingRow)>, Error> {
        let before = ach_findings::get(tx, &file.bank, &file.file_name).await?;
        let is_payee = ach_findings::pays(tx, &file, &found.by.subject).await?;
        let row = self.agreed(before, found, is_payee, unix_ms(now))?;
        if found.outcome == FileOutcome::NeverReceived && ach_findings::is_debited(tx, &file).await? {
            return Err(FileRefusal::from(ReviewRefusal::DebitBooked).into());
        }
        ach_findings::save(tx, &file, &row).await?;
        let is_decided = row.decided_at_ms > 0;
        let next = if is_decided { file.found(row.outcome) } else { file };
        // Also of one that is not decided: whoever advances the file meanwhile has to look at it again.
        let Some(saved) = update_file(tx, next).await? else { return Ok(None) };
        if is_decided {
            hasten_payouts(tx, &saved, now_ms()).await?;
        }
        Ok(Some((saved, row)))
    }

    /// The file, if the caller may say something about it, and there is something to say.
    async fn file_in_doubt(&self, found: &FoundFile, covers: &(dyn Fn(&BookName) -> bool + Send + Sync)) -> Result<PaymentFile, Error> {
        let file = self.store.ach_file(&found.bank, &found.file_name).await?.ok_or(FileRefusal::Unknown)?;
        let entries: Vec<GivenPayment> = self.store.entries_of(&file).await?;
        if !entries.iter().any(|entry| entry.book == found.by.book) {
            return Err(FileRefusal::Unknown.into());
        }
        if !entries.iter().all(|entry| covers(&entry.book)) {
            return Err(FileRefusal::OtherBooks.into());
        }
        if !file.is_in_doubt() {
            return Err(FileRefusal::NotInDoubt { state: file.state.name() }.into());
        }
        if found.outcome == FileOutcome::NeverReceived && file.taken && file.state == FileState::Sent {
            return Err(FileRefusal::Received.into());
        }
        Ok(file)
    }

    /// Asks the bank for the acknowledgement and reads its statement, so that whatever it knows of the file is known before anybody says that it has none.
    async fn look_for_receipt(&self, file: &PaymentFile) -> Result<(), Error> {
        let bank = self.banks.all().iter().find(|bank| bank.name == file.bank);
        let Some((bank, files)) = bank.and_then(|bank| Some((bank, bank.files()?))) else {
            return Err(FileRefusal::Unasked.into());
        };
        match files.acknowledgement(&file.sent()).await {
            // Of other bytes under its name, or against what was known before: it decides nothing of this file.
            Ok((_, FileVerdict::Foreign(_))) => {}
            Ok((_, FileVerdict::Rejected(_))) if file.state == FileState::Doubtful => {}
            Ok((answer, verdict)) => {
                self.acknowledge(file.clone(), answer, verdict).await?;
                return Err(FileRefusal::Acknowledged.into());
            }
            Err(missing) if missing.is_absent => {}
            Err(missing) => {
                tracing::warn!(
                    bank = bank.name,
                    file_name = file.file_name,
                    why = missing.why,
                    "the bank can't be asked, so nobody can end a file as never received"
                );
                return Err(FileRefusal::Unasked.into());
            }
        }
        let account = bank.accounts.iter().find(|account| account.id == file.bank_account);
        let Some(account) = account else { return Err(FileRefusal::from(ReviewRefusal::StatementUnreadable).into()) };
        let account = StatementAccount { bank: bank.name.clone(), bank_account: account.id.clone(), currency: account.currency };
        self.read_statement_now(&account).await.map_err(|why| {
            tracing::warn!(
                bank = account.bank,
                file_name = file.file_name,
                why,
                "the bank's statement can't be read, so nobody can end a file as never received"
            );
            ReviewRefusal::StatementUnreadable.into()
        })
    }

    /// What is found after this: the first person's finding, which that person may change, or both.
    fn agreed(&self, before: Option<FileFindingRow>, found: &FoundFile, is_payee: bool, now_ms: i64) -> Result<FileFindingRow, Error> {
        let by = found.by.subject.as_str();
        let first = FileFindingRow {
            outcome: found.outcome,
            evidence: found.evidence.clone(),
            proposed_by: by.to_owned(),
            proposed_at_ms: now_ms,
            confirmation: String::new(),
            decided_by: String::new(),
            decided_at_ms: 0,
        };
        let Some(row) = before else { return Ok(first) };
        if row.proposed_by == by && row.outcome != found.outcome {
            return Ok(first);
        }
        if row.proposed_by == by || is_payee {
            return Err(ReviewRefusal::SecondPersonNeeded.into());
        }
        if row.outcome != found.outcome {
            return Err(ReviewRefusal::ResolutionDiffers.into());
        }
        // Whoever claimed the file before the first finding has sent it by then, or never does.
        let in_flight_until_ms = row.proposed_at_ms.saturating_add(millis(UPLOAD_TIME_OUT)).saturating_add(millis(self.config.lease));
        if row.outcome == FileOutcome::NeverReceived && now_ms < in_flight_until_ms {
            let seconds = in_flight_until_ms.saturating_sub(now_ms).saturating_add(999) / 1_000;
            return Err(FileRefusal::InFlight { seconds }.into());
        }
        Ok(FileFindingRow { confirmation: found.evidence.clone(), decided_by: by.to_owned(), decided_at_ms: now_ms, ..row })
    }
}
