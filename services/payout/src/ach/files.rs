//! ACH files: built once, durable before anything is sent, uploaded under one name, and asked for until the bank has acknowledged them.

use crate::{
    banks::{
        Bank,
        nacha::{
            NachaBank,
            acknowledgement::SentFile,
            file::{self, FiledEntry, NewFile},
        },
    },
    domain::{
        PayoutKey,
        ach::{ENTRIES_MAX, FILE_CENTS_MAX, FileState, GivenPayment, PaymentFile, closes_at, collected_for, steps::FileVerdict},
    },
    drive::now_ms,
    error::Error,
    payouts::Payouts,
};
use bankfiles::nacha::build::file_modifier;
use jiff::Timestamp;
use money::time::{millis, moment_ms};
use rails::SendTerms;
use ring::digest::{SHA256, digest};
use std::{fmt::Write as _, time::Duration};

/// Files advanced in one round.
const ROUND_MAX: i64 = 16;
/// How long an upload may take.
pub(crate) const UPLOAD_TIME_OUT: Duration = Duration::from_secs(30);
/// Longest pause between two tries of a file.
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(600);

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Payments for one file, in the order of their numbers.
struct CollectedEntries {
    entries: Vec<GivenPayment>,
    filed: Vec<FiledEntry>,
    /// More wait than this file has.
    others: bool,
}

impl PaymentFile {
    /// As the bank is asked for it.
    pub(super) fn sent(&self) -> SentFile {
        SentFile { name: self.file_name.clone(), sha256: self.sha256.clone(), entries: self.entries, cents: self.cents }
    }
}

impl Payouts {
    /// Builds the files that are to be closed now, and advances those that the bank has not acknowledged. True: there is more to do at once.
    pub async fn advance_ach_files(&self) -> Result<bool, Error> {
        let mut more = false;
        for bank in self.banks.all() {
            let Some(files) = bank.files() else { continue };
            more |= self.close_files(bank, files).await?;
            for file in self.store.due_files(&bank.name, now_ms(), ROUND_MAX).await? {
                self.advance_file(bank, files, file).await?;
            }
        }
        Ok(more)
    }

    async fn close_files(&self, bank: &Bank, files: &NachaBank) -> Result<bool, Error> {
        let mut more = false;
        for (rail, first_ms, count) in self.store.unfiled_rails(&bank.name).await? {
            let (now, first) = (moment_ms(now_ms()), moment_ms(first_ms));
            let facts = self.banks.facts();
            let Some(record) = facts.book.record_at(&rail, now) else {
                tracing::error!(bank = bank.name, rail, "no record of the rail is valid now, so its payments can't be put into a file");
                continue;
            };
            let today = self.store.files_of_day(&bank.name, record.zone.to_datetime(now).date()).await?;
            let collect = collected_for(files.terms().collect, today);
            let closes = match closes_at(record, facts.book.calendars(), first, collect, bank.lead_minutes(&rail)) {
                Ok(closes) => closes,
                Err(gap) => {
                    tracing::error!(bank = bank.name, rail, %gap, "payments can't be put into a file, because their day is not known");
                    continue;
                }
            };
            if count >= ENTRIES_MAX || closes <= now {
                more |= self.build_file(bank, files, &rail, now).await?.is_some_and(|left| left);
            }
        }
        Ok(more)
    }

    /// Builds one file of a rail's payments and stores it; whether others are left for the next file. `None`: nothing was stored.
    async fn build_file(&self, bank: &Bank, files: &NachaBank, rail: &str, now: Timestamp) -> Result<Option<bool>, Error> {
        let facts = self.banks.facts();
        let Some(record) = facts.book.record_at(rail, now) else { return Ok(None) };
        let terms = SendTerms { lead_minutes: bank.lead_minutes(rail), ..SendTerms::default() };
        let created = record.zone.to_datetime(now);
        let settles = match record.expectation(facts.book.calendars(), now, terms) {
            Ok(expectation) => expectation.settles,
            Err(gap) => {
                tracing::error!(bank = bank.name, rail, %gap, "the day on which payments settle is not known, so they can't be put into a file");
                return Ok(None);
            }
        };
        let nth = self.store.files_of_day(&bank.name, created.date()).await?;
        let Some(modifier) = usize::try_from(nth).ok().and_then(file_modifier) else {
            tracing::error!(bank = bank.name, rail, "all 36 files of the day are used; payments wait for the next day");
            return Ok(None);
        };
        let CollectedEntries { entries, filed, others } = self.collect_entries(bank, rail).await?;
        if entries.is_empty() {
            return Ok(None);
        }
        let new = NewFile { created, modifier, effective: record.zone.to_datetime(settles).date().max(created.date()) };
        let content = match file::build(files.terms(), &new, &filed) {
            Ok(content) => content,
            Err(why) => {
                // Can only be a bug, since every entry was checked; the payouts wait until it is fixed.
                tracing::error!(bank = bank.name, rail, why, "an ACH file can't be written");
                return Ok(None);
            }
        };
        let bank_account = entries[0].bank_account.clone();
        let row = PaymentFile {
            bank: bank.name.clone(),
            file_name: format!("{bank_account}-{rail}-{}-{modifier}.ach", created.date()),
            bank_account,
            rail: rail.to_owned(),
            sha256: sha256(&content),
            modifier,
            created_on: created.date(),
            effective: new.effective,
            company_id: files.terms().company_id.clone(),
            entries: i64::try_from(filed.len()).unwrap_or(i64::MAX),
            cents: filed.iter().map(|entry| entry.cents).sum(),
            state: FileState::Built,
            taken: false,
            tries: 0,
            due_at_ms: now_ms(),
            why: String::new(),
            answer: String::new(),
            booked_by: String::new(),
            built_at_ms: now_ms(),
            version: 1,
        };
        let traces: Vec<String> = filed.into_iter().map(|entry| entry.trace).collect();
        let stored = self.store.keep_file(&self.vault, &row, &content, &traces).await?;
        if stored {
            let (file_name, entries, cents) = (&row.file_name, row.entries, row.cents);
            tracing::info!(bank = bank.name, file_name, entries, cents, "an ACH file is closed");
        }
        Ok(stored.then_some(others))
    }

    /// The next file's payments, with what they say: all to persons, or all to companies, and on behalf of one company, as the first one is. One whose message can't be found stays where it is,
    /// and a person looks.
    async fn collect_entries(&self, bank: &Bank, rail: &str) -> Result<CollectedEntries, Error> {
        let (mut entries, mut filed, mut cents) = (Vec::new(), Vec::<FiledEntry>::new(), 0_i64);
        let unfiled = self.store.unfiled_entries(&bank.name, rail, ENTRIES_MAX).await?;
        let mut others = i64::try_from(unfiled.len()).is_ok_and(|count| count == ENTRIES_MAX);
        for entry in unfiled {
            let key = PayoutKey { book: entry.book.clone(), payout_id: entry.payout_id };
            let messages = self.store.messages(&self.vault, &key).await?;
            let mut sent = messages.iter().filter(|message| message.direction == "sent").rev();
            let said =
                sent.find_map(|message| serde_json::from_slice::<FiledEntry>(&message.body).ok().filter(|said| said.trace == entry.trace));
            let Some(said) = said.filter(|said| said.cents == entry.cents) else {
                tracing::error!(payout_id = %entry.payout_id, trace = entry.trace, "what the payment says is not there, so it can't be put into a file");
                continue;
            };
            if filed.first().is_some_and(|first| !first.shares_batch_with(&said)) {
                others = true;
                continue;
            }
            if cents.saturating_add(said.cents) > FILE_CENTS_MAX {
                others = true;
                break;
            }
            cents += said.cents;
            entries.push(entry);
            filed.push(said);
        }
        Ok(CollectedEntries { entries, filed, others })
    }

    /// One try with a file: it is uploaded until the bank has it, and asked for until it is acknowledged. Every try but the first asks before it uploads.
    async fn advance_file(&self, bank: &Bank, files: &NachaBank, file: PaymentFile) -> Result<(), Error> {
        let is_first = file.state == FileState::Built;
        // Durable before the first byte is sent, and the claim: of several processes one advances it.
        let due_at_ms = now_ms().saturating_add(millis(UPLOAD_TIME_OUT)).saturating_add(millis(self.config.lease));
        let claimed = PaymentFile { state: FileState::Sent, tries: file.tries + 1, due_at_ms, ..file };
        let Some(mut file) = self.store.save_file(claimed).await? else { return Ok(()) };
        let sent = file.sent();
        if !is_first {
            match files.acknowledgement(&sent).await {
                Ok((answer, verdict)) => return self.acknowledge(file, answer, verdict).await,
                Err(missing) => file.why = missing.why,
            }
        }
        // Read after the claim, so that whoever finds that the bank never received it knows until when an upload may be in flight.
        if !file.taken && !self.store.is_upload_stopped(&file).await? {
            let content = self.store.file_content(&self.vault, &file).await?;
            if sha256(&content) != file.sha256 {
                tracing::error!(
                    bank = bank.name,
                    file_name = file.file_name,
                    "the stored ACH file is not the one that was built; nothing is sent"
                );
                return self.doubt_file(file, "the stored file is not the one that was built".to_owned()).await;
            }
            file = file.uploaded(files.upload(&sent, content, UPLOAD_TIME_OUT).await);
            if file.state == FileState::Doubtful {
                log_doubt(&file);
                return self.keep_decision(file).await;
            }
            if file.taken
                && let Ok((answer, verdict)) = files.acknowledgement(&sent).await
            {
                return self.acknowledge(file, answer, verdict).await;
            }
        }
        let pause = files.terms().poll.saturating_mul(1 << file.tries.clamp(0, 10)).min(PAUSE_MAX.max(files.terms().poll));
        file.due_at_ms = now_ms().saturating_add(millis(pause));
        if file.taken {
            self.store.save_file(file).await?;
        } else {
            let (file_name, why) = (&file.file_name, &file.why);
            tracing::warn!(
                bank = bank.name,
                file_name,
                why,
                "an ACH file's upload was lost; only the bank's acknowledgement tells what became of it"
            );
            self.keep_decision(file).await?;
        }
        Ok(())
    }

    pub(super) async fn acknowledge(&self, file: PaymentFile, answer: String, verdict: FileVerdict) -> Result<(), Error> {
        let file = file.acknowledged(answer, verdict);
        match file.state {
            FileState::Rejected => {
                let (bank, file_name, why) = (&file.bank, &file.file_name, &file.why);
                tracing::error!(bank, file_name, why, "the bank refused an ACH file whole; none of its payments was executed");
            }
            FileState::Doubtful => log_doubt(&file),
            FileState::Built | FileState::Sent | FileState::Accepted | FileState::Booked => {}
        }
        self.keep_decision(file).await
    }

    /// What the bank says can't be: its payments stay as they are until a statement books them or people have looked.
    pub(crate) async fn doubt_file(&self, file: PaymentFile, why: String) -> Result<(), Error> {
        let file = file.doubted(why);
        log_doubt(&file);
        self.keep_decision(file).await
    }

    async fn keep_decision(&self, file: PaymentFile) -> Result<(), Error> {
        if self.store.decide_file(file, now_ms()).await?.is_some() {
            self.wake.notify_one();
        }
        Ok(())
    }
}

fn log_doubt(file: &PaymentFile) {
    let (bank, file_name, why) = (&file.bank, &file.file_name, &file.why);
    tracing::error!(
        bank,
        file_name,
        why,
        "an ACH file is in doubt: its payments are neither settled nor given back until people have looked"
    );
}
