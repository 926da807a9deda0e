//! The bank's decisions: accept a file or refuse it whole, book what settles, answer for the receivers' banks. Everything happens under one lock.

use super::{
    ACH_ROUTING_NUMBER, Config,
    answers::{self, AnsweredEntry},
    details::RETURN_TEXT,
    dollar,
    fault::{AchFault, ReceiverReply},
    own_account, schedule,
    store::{self, AchStore, KeptReply, KeptSettlement, KeptUpload},
};
use crate::{
    delivery::AnswerDelivery,
    vault::{self, BankVault, EntryDetail, VaultEntry, VaultResult, VaultStatement, moment},
};
use bankfiles::nacha::{self, AchBatch, AchDetail, AchDirection, AchEntry, AchFile, EntryPurpose, build::file_modifier};
use jiff::{Timestamp, tz::TimeZone};
use ring::digest;
use serde_json::{Value, json};
use sqlx::{Any, AnyConnection, Transaction};
use std::collections::BTreeMap;

/// The most problems that an acknowledgement lists.
const PROBLEMS_MAX: usize = 100;
/// How far ahead the clock can be moved, in milliseconds: further than any calendar is known.
const AHEAD_MS_MAX: i64 = 20 * 366 * 86_400_000;

/// What became of an upload.
#[derive(Debug)]
pub enum UploadOutcome {
    /// It is stored, now or before; the answer, and how it is delivered.
    Stored(Value, AnswerDelivery),
    /// The name has other bytes. Nothing was stored.
    NameTaken,
    /// Lost on command. Nothing was stored.
    Lost,
}

/// A file that would be accepted, with when its entries settle.
struct AcceptedFile {
    file: AchFile,
    settlements: Vec<(usize, BTreeMap<Timestamp, Vec<usize>>)>,
    credit_cents: i64,
}

/// Takes files, moves the clock and answers.
#[derive(Debug, Clone)]
pub struct AchDesk {
    books: BankVault,
    store: AchStore,
    config: Config,
}

/// Place and words of a problem.
type FileFault = (String, String);

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

impl AchDesk {
    pub fn new(books: BankVault, store: AchStore, config: Config) -> Self {
        Self { books, store, config }
    }

    pub fn store(&self) -> &AchStore {
        &self.store
    }

    /// A transaction that has the bank to itself, after everything that is due has happened, and the bank's time.
    async fn begin(&self) -> Result<(Transaction<'static, Any>, i64), sqlx::Error> {
        let (mut tx, ahead_ms) = self.store.begin_alone().await?;
        let now_ms = money::time::unix_ms((self.config.clock)()).saturating_add(ahead_ms);
        self.catch_up(&mut tx, now_ms).await?;
        Ok((tx, now_ms))
    }

    /// The bank's time.
    pub async fn now(&self) -> Result<Timestamp, sqlx::Error> {
        let (tx, now_ms) = self.begin().await?;
        tx.commit().await?;
        Ok(moment(now_ms))
    }

    /// Moves the clock to a later time. False: it is not later, or too far away.
    pub async fn move_clock(&self, to: impl Fn(Timestamp) -> Option<Timestamp>) -> Result<bool, sqlx::Error> {
        let (mut tx, now_ms) = self.begin().await?;
        let system_ms = money::time::unix_ms((self.config.clock)());
        let Some(to_ms) = to(moment(now_ms)).map(Timestamp::as_millisecond).filter(|to_ms| *to_ms >= now_ms) else { return Ok(false) };
        if to_ms - system_ms > AHEAD_MS_MAX {
            return Ok(false);
        }
        store::set_clock(&mut tx, to_ms - system_ms).await?;
        self.catch_up(&mut tx, to_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes a file. What was taken is durable before this returns.
    pub async fn upload(&self, name: &str, bytes: &[u8]) -> Result<UploadOutcome, sqlx::Error> {
        let sha256: String = digest::digest(&digest::SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let (mut tx, now_ms) = self.begin().await?;
        let by_name = store::upload(&mut tx, name).await?;
        if by_name.as_ref().is_some_and(|known| known.sha256 != sha256) {
            return Ok(UploadOutcome::NameTaken);
        }
        let receipt = |file: &str, duplicate: bool| json!({"file": file, "sha256": sha256, "duplicate": duplicate});
        if let Some(known) = store::upload_of_hash(&mut tx, &sha256).await? {
            return Ok(UploadOutcome::Stored(receipt(&known.file_name, true), AnswerDelivery::Now));
        }
        let fault = store::take_scenario(&mut tx, name).await?.and_then(|text| AchFault::parse(&text)).unwrap_or(AchFault::Take);
        if fault == AchFault::CutBeforeStoring {
            // The scenario's count is kept.
            tx.commit().await?;
            return Ok(UploadOutcome::Lost);
        }
        let read = if fault == AchFault::Refuse {
            Err(vec![("the file".to_owned(), "is refused on command".to_owned())])
        } else {
            self.check(&mut tx, bytes, moment(now_ms)).await?
        };
        let mut upload = KeptUpload {
            file_name: name.to_owned(),
            answer: acknowledgement(name, if fault == AchFault::AcknowledgeOtherHash { &sha256[..0] } else { &sha256 }, &read).to_string(),
            sha256: sha256.clone(),
            content: String::new(),
            day_key: String::new(),
            acknowledged_at_ms: now_ms,
            mail_copies: if fault == AchFault::ReturnsTwice { 2 } else { 1 },
        };
        if let AchFault::AcknowledgeLate(seconds) = fault {
            upload.acknowledged_at_ms = now_ms.saturating_add(i64::from(seconds) * 1_000);
        }
        if let Ok(accepted) = &read {
            upload.content = String::from_utf8_lossy(bytes).into_owned();
            upload.day_key = day_key(&accepted.file);
        }
        store::insert_upload(&mut tx, &upload).await?;
        if let Ok(accepted) = &read {
            let excess_cents = if let AchFault::DebitMore(cents) = fault { i64::from(cents) } else { 0 };
            keep_settlements(&mut tx, name, accepted, excess_cents).await?;
        }
        tx.commit().await?;
        let delivery = match fault {
            AchFault::CutAfterStoring => AnswerDelivery::Cut,
            AchFault::Silent => AnswerDelivery::Never,
            _ => AnswerDelivery::Now,
        };
        Ok(UploadOutcome::Stored(receipt(name, false), delivery))
    }

    /// Everything that is wrong with a file, or when its entries settle.
    async fn check(
        &self,
        tx: &mut AnyConnection,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<Result<AcceptedFile, Vec<FileFault>>, sqlx::Error> {
        let file = match nacha::read(bytes) {
            Ok(file) => file,
            Err(refusal) => return Ok(Err(refusal.problems.into_iter().map(|problem| (problem.place, problem.what)).collect())),
        };
        let mut problems = content_faults(&file);
        if store::upload_of_day(tx, &day_key(&file)).await?.is_some() {
            let what = "another file of this sender and day has the same file id modifier; nothing of this one was taken";
            problems.push(("file header".to_owned(), what.to_owned()));
        }
        let mut settlements = Vec::new();
        for (index, batch) in file.batches.iter().enumerate() {
            match schedule::settlements(&self.config.rails, batch, now) {
                Ok(found) => settlements.push((index, found)),
                Err(why) => problems.push((format!("batch {}", batch.header.number), why.to_string())),
            }
        }
        let credits: i128 = file.batches.iter().map(|batch| i128::from(credit_cents(&batch.entries))).sum();
        let reserved: i128 = store::reserved(tx).await?.into_iter().map(i128::from).sum();
        let balance = vault::balance(tx, dollar().code()).await?.unwrap_or(0);
        if credits + reserved > i128::from(balance) {
            problems.push(("the file".to_owned(), "pays more than the account has, less what other files pay".to_owned()));
        }
        problems.truncate(PROBLEMS_MAX);
        let credit_cents = i64::try_from(credits).unwrap_or(i64::MAX);
        Ok(if problems.is_empty() { Ok(AcceptedFile { file, settlements, credit_cents }) } else { Err(problems) })
    }

    /// The acknowledgement of a file. `None`: there is no such file, or none yet.
    pub async fn acknowledgement(&self, name: &str) -> Result<Option<Value>, sqlx::Error> {
        let (mut tx, now_ms) = self.begin().await?;
        let upload = store::upload(&mut tx, name).await?.filter(|upload| upload.acknowledged_at_ms <= now_ms);
        tx.commit().await?;
        let Some(upload) = upload else { return Ok(None) };
        let mut answer: Value = serde_json::from_str(&upload.answer).map_err(failed)?;
        answer["acknowledged_at"] = json!(moment(upload.acknowledged_at_ms).to_string());
        Ok(Some(answer))
    }

    /// Name and content of the oldest file for us that is not confirmed.
    pub async fn mail(&self) -> Result<Option<(String, String)>, sqlx::Error> {
        let (mut tx, _) = self.begin().await?;
        let mail = store::oldest_mail(&mut tx).await?;
        tx.commit().await?;
        Ok(mail)
    }

    /// Confirms a file. False: it is not there.
    pub async fn confirm(&self, name: &str) -> Result<bool, sqlx::Error> {
        let (mut tx, _) = self.begin().await?;
        let confirmed = store::confirm_mail(&mut tx, name).await?;
        tx.commit().await?;
        Ok(confirmed)
    }

    /// The account's statement, with the entries of each debit if they are asked for.
    pub async fn statement(&self, with_details: bool) -> Result<Option<VaultStatement>, sqlx::Error> {
        let (tx, now_ms) = self.begin().await?;
        tx.commit().await?;
        self.books.statement(&own_account(), dollar(), now_ms, with_details).await
    }

    /// Lets everything happen that is due, in the order of its times.
    async fn catch_up(&self, tx: &mut AnyConnection, now_ms: i64) -> Result<(), sqlx::Error> {
        loop {
            let replies = store::due_replies(tx, now_ms).await?;
            let settlements = store::due_settlements(tx, now_ms).await?;
            let settles = settlements.first().map(|settlement| settlement.settles_at_ms);
            match (settles, replies.first().map(|reply| reply.due_at_ms)) {
                (None, None) => return Ok(()),
                (Some(settles), due) if due.is_none_or(|due| settles <= due) => {
                    for settlement in &settlements {
                        self.settle(tx, settlement).await?;
                    }
                }
                _ => file_replies(tx, &replies).await?,
            }
        }
    }

    /// Debits a sum, and notes what the receivers' banks will answer.
    async fn settle(&self, tx: &mut AnyConnection, settlement: &KeptSettlement) -> Result<(), sqlx::Error> {
        let (_, file) = accepted_file(tx, &settlement.file_name).await?;
        let batch = batch_of(&file, settlement.batch_index)?;
        let indexes: Vec<usize> = serde_json::from_str(&settlement.entries).map_err(failed)?;
        let entries: Vec<(usize, &AchEntry)> =
            indexes.into_iter().filter_map(|index| batch.entries.get(index).map(|entry| (index, entry))).collect();
        let paid = entries.iter().filter(|(_, entry)| entry.transaction_code.direction() == AchDirection::Credit);
        let details = paid.clone().filter(|(_, entry)| entry.amount_cents > 0).map(|(_, entry)| detail(entry)).collect();
        if settlement.cents > 0 {
            let entry = VaultEntry {
                reference: settlement.settlement_id.clone(),
                end_to_end_id: String::new(),
                information: format!(
                    "ACH batch {} of {}, file {}",
                    batch.header.number,
                    batch.header.company_id.trim(),
                    settlement.file_name
                ),
                details,
                minor_units: -settlement.cents,
                booked_at_ms: settlement.settles_at_ms,
            };
            let booked = vault::book(tx, dollar().code(), &entry).await?;
            assert!(booked != VaultResult::Refused, "accepted files never pay more than the account has");
        }
        for (index, entry) in paid {
            let Some(reply) = ReceiverReply::of_name(name_of(entry)) else { continue };
            let due = schedule::morning_after(&self.config.rails, moment(settlement.settles_at_ms), reply.days);
            // A calendar that ends first leaves the entry paid.
            let Ok(due) = due else { continue };
            let kept = KeptReply {
                reply_id: format!("{}/{}/{index}", settlement.file_name, settlement.batch_index),
                file_name: settlement.file_name.clone(),
                batch_index: settlement.batch_index,
                entry_index: i64::try_from(*index).map_err(failed)?,
                code: reply.code,
                due_at_ms: due.as_millisecond(),
            };
            store::insert_reply(tx, &kept).await?;
        }
        store::note_booked(tx, &settlement.settlement_id).await
    }
}

fn name_of(entry: &AchEntry) -> &str {
    match &entry.detail {
        AchDetail::Domestic { name, .. } => name,
        AchDetail::International { .. } => "",
    }
}

fn detail(entry: &AchEntry) -> EntryDetail {
    let end_to_end_id = match &entry.detail {
        AchDetail::Domestic { identification, .. } => identification.trim().to_owned(),
        AchDetail::International { .. } => String::new(),
    };
    EntryDetail { end_to_end_id, reference: entry.trace.clone(), minor_units: entry.amount_cents }
}

fn credit_cents(entries: &[AchEntry]) -> i64 {
    entries.iter().filter(|entry| entry.transaction_code.direction() == AchDirection::Credit).map(|entry| entry.amount_cents).sum()
}

fn day_key(file: &AchFile) -> String {
    format!("{} {} {}", file.header.origin.trim(), file.header.created_date, file.header.modifier)
}

/// What is wrong with what a file says, beyond its form.
fn content_faults(file: &AchFile) -> Vec<FileFault> {
    let mut faults = Vec::new();
    let mut fault = |place: String, what: &str| faults.push((place, what.to_owned()));
    if file.header.destination.trim() != ACH_ROUTING_NUMBER {
        fault("file header".to_owned(), "is for another bank");
    }
    if file.batches.is_empty() {
        fault("the file".to_owned(), "has no batches");
    }
    for batch in &file.batches {
        let place = format!("batch {}", batch.header.number);
        if !matches!(batch.header.sec.as_str(), "PPD" | "CCD") {
            fault(place.clone(), "is neither PPD nor CCD");
        }
        if !ACH_ROUTING_NUMBER.starts_with(&batch.header.odfi) {
            fault(place.clone(), "names another originating bank");
        }
        for (entry, number) in batch.entries.iter().zip(1..) {
            let place = format!("{place}, entry {number}");
            let is_live = matches!(entry.transaction_code.purpose(), EntryPurpose::Live | EntryPurpose::Prenote);
            let is_offset = entry.account_number.trim() == own_account().number() && entry.amount_cents == credit_cents(&batch.entries);
            match entry.transaction_code.direction() {
                AchDirection::Credit if is_live => {}
                AchDirection::Debit if is_live && is_offset => {}
                AchDirection::Debit => fault(place, "debits an account; only the offset of the whole batch from your own account is taken"),
                AchDirection::Credit => fault(place, "is neither a payment nor a prenote"),
            }
        }
    }
    faults
}

/// The acknowledgement; without a hash, one of another file.
fn acknowledgement(name: &str, sha256: &str, read: &Result<AcceptedFile, Vec<FileFault>>) -> Value {
    let sha256 = if sha256.is_empty() { "0".repeat(64) } else { sha256.to_owned() };
    match read {
        Err(problems) => {
            let problems: Vec<Value> = problems.iter().map(|(place, what)| json!({"place": place, "what": what})).collect();
            json!({"file": name, "sha256": sha256, "status": "rejected", "problems": problems})
        }
        Ok(accepted) => {
            let batches: Vec<Value> =
                accepted.settlements.iter().map(|(index, settlements)| batch_answer(accepted, *index, settlements)).collect();
            let entries: usize = accepted.file.batches.iter().map(|batch| batch.entries.len()).sum();
            json!({
                "file": name, "sha256": sha256, "status": "accepted", "entries": entries, "credit_cents": accepted.credit_cents, "batches": batches,
            })
        }
    }
}

fn batch_answer(accepted: &AcceptedFile, index: usize, settlements: &BTreeMap<Timestamp, Vec<usize>>) -> Value {
    let batch = &accepted.file.batches[index];
    let settles: Vec<Value> = settlements
        .iter()
        .map(|(at, indexes)| json!({"at": at.to_string(), "entries": indexes.len(), "credit_cents": cents_of(batch, indexes)}))
        .collect();
    json!({"number": batch.header.number, "settles": settles})
}

/// What the credits among some entries come to.
fn cents_of(batch: &AchBatch, indexes: &[usize]) -> i64 {
    let credit = |index: &&usize| batch.entries[**index].transaction_code.direction() == AchDirection::Credit;
    indexes.iter().filter(credit).map(|index| batch.entries[*index].amount_cents).sum()
}

/// Keeps what will be debited: the sums, each with so many cents too much.
async fn keep_settlements(tx: &mut AnyConnection, name: &str, accepted: &AcceptedFile, excess_cents: i64) -> Result<(), sqlx::Error> {
    for (index, settlements) in &accepted.settlements {
        let batch = &accepted.file.batches[*index];
        for (at, indexes) in settlements {
            let settlement = KeptSettlement {
                settlement_id: format!("{name}/{}/{}", batch.header.number, at.as_second()),
                file_name: name.to_owned(),
                batch_index: i64::try_from(*index).map_err(failed)?,
                entries: json!(indexes).to_string(),
                cents: cents_of(batch, indexes).saturating_add(excess_cents),
                settles_at_ms: at.as_millisecond(),
            };
            store::insert_settlement(tx, &settlement).await?;
        }
    }
    Ok(())
}

/// An accepted file, and its upload.
async fn accepted_file(tx: &mut AnyConnection, file_name: &str) -> Result<(KeptUpload, AchFile), sqlx::Error> {
    let upload = store::upload(tx, file_name).await?.ok_or(sqlx::Error::RowNotFound)?;
    let file = nacha::read(upload.content.as_bytes()).map_err(failed)?;
    Ok((upload, file))
}

fn batch_of(file: &AchFile, batch_index: i64) -> Result<&AchBatch, sqlx::Error> {
    let batch = usize::try_from(batch_index).ok().and_then(|index| file.batches.get(index));
    batch.ok_or(sqlx::Error::RowNotFound)
}

/// Books the returns among the answers and puts files of them in the mailbox: one per sender and kind.
async fn file_replies(tx: &mut AnyConnection, replies: &[KeptReply]) -> Result<(), sqlx::Error> {
    let mut files: BTreeMap<(bool, String), (i64, Vec<AnsweredEntry>)> = BTreeMap::new();
    // Replies come by file; each file is read once.
    let mut read: Option<(KeptUpload, AchFile)> = None;
    for reply in replies {
        let (upload, file) = match read.take() {
            Some(known) if known.0.file_name == reply.file_name => read.insert(known),
            _ => read.insert(accepted_file(tx, &reply.file_name).await?),
        };
        let batch = batch_of(file, reply.batch_index)?;
        let entry = usize::try_from(reply.entry_index).ok().and_then(|index| batch.entries.get(index).cloned());
        let entry = entry.ok_or(sqlx::Error::RowNotFound)?;
        let is_return = reply.code.starts_with('R');
        if is_return && entry.amount_cents > 0 {
            let booked = VaultEntry {
                reference: format!("return {}", reply.reply_id),
                end_to_end_id: String::new(),
                information: format!("{RETURN_TEXT}{} of {}", reply.code, entry.trace),
                details: Vec::new(),
                minor_units: entry.amount_cents,
                booked_at_ms: reply.due_at_ms,
            };
            vault::book(tx, dollar().code(), &booked).await?;
        }
        let origin = file.header.origin.clone();
        let of = files.entry((is_return, origin.clone())).or_default();
        of.0 = of.0.max(upload.mail_copies);
        let batch_key = (reply.file_name.clone(), reply.batch_index);
        of.1.push(AnsweredEntry { batch_key, header: batch.header.clone(), entry, code: reply.code.clone(), origin });
        store::note_filed(tx, &reply.reply_id).await?;
    }
    let due_ms = replies.first().map_or(0, |reply| reply.due_at_ms);
    // Written on the bank's day; which zone that is matters to nobody who reads the file.
    let made = TimeZone::UTC.to_datetime(moment(due_ms));
    for (((is_return, _), (copies, answered)), nth) in files.iter().zip(0..) {
        let mail_no = store::last_mail_no(tx).await? + 1;
        let name = format!("{}-{}-{mail_no}.ach", if *is_return { "returns" } else { "changes" }, made.date());
        let bytes = answers::file(answered, made, file_modifier(nth).unwrap_or('9')).map_err(failed)?;
        let content = String::from_utf8(bytes).map_err(failed)?;
        store::insert_mail(tx, mail_no, &name, &content, *copies).await?;
    }
    Ok(())
}
