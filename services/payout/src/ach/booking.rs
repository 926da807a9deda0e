//! An ACH bank's statement: it books the sum of each file and every return, and only it settles. Which line is what is decided by the matching rules.

use crate::{
    banks::{Bank, connector::BankStatement},
    domain::{
        ach::{FileState, GivenPayment, PaymentFile},
        returns::BankCredit,
        statement::StatementFinding,
    },
    drive::now_ms,
    error::Error,
    payouts::Payouts,
    store::statements::StatementAccount,
};
use iso20022::camt053::Direction;
use matching::{
    BankLine, ExpectedBatch, ExpectedItem, ItemStanding, LineStanding, Match, MatchOutcome, UnmatchedKind, account_key, match_lines,
};
use money::{Currency, Money, time::day_start};
use std::collections::{BTreeMap, BTreeSet};

/// Fewest characters of a word that may be a file's name: shorter ones are words and numbers.
const NAME_CHARS_MIN: usize = 10;

/// What a statement may book: files with their payments, and single payments of other files that came back.
struct ExpectedBookings {
    files: BTreeMap<String, (PaymentFile, Vec<GivenPayment>)>,
    single: Vec<GivenPayment>,
}

impl ExpectedBookings {
    fn items(&self, account: &str, currency: Currency) -> Vec<ExpectedItem> {
        let item = |entry: &GivenPayment, batch: Option<&PaymentFile>| {
            let of = |cents: i64| Money::try_new(currency, cents).ok();
            let mut item = ExpectedItem::new(&entry.trace, account, Direction::Debit, of(entry.cents)?);
            item.trace = Some(entry.trace.clone());
            if let Some(file) = batch {
                item.batch = Some(ExpectedBatch {
                    id: file.file_name.clone(),
                    company_id: Some(file.company_id.clone()),
                    effective_date: Some(file.effective),
                    total: of(file.cents)?,
                });
                item.standing = match file.state {
                    FileState::Booked => ItemStanding::Settled,
                    FileState::Rejected => ItemStanding::Rejected,
                    FileState::Built | FileState::Sent | FileState::Accepted | FileState::Doubtful => ItemStanding::Open,
                };
            }
            Some(item)
        };
        let of_files = self.files.values().flat_map(|(file, entries)| entries.iter().filter_map(move |entry| item(entry, Some(file))));
        of_files.chain(self.single.iter().filter_map(|entry| item(entry, None))).collect()
    }

    fn entry(&self, trace: &str) -> Option<&GivenPayment> {
        let of_files = self.files.values().flat_map(|(_, entries)| entries);
        of_files.chain(&self.single).find(|entry| entry.trace == trace)
    }
}

impl Payouts {
    /// Settles what a statement books, keeps what came back, and finds debits that our records do not have.
    pub(crate) async fn book_files(&self, bank: &Bank, account: &StatementAccount, read: &BankStatement, now_ms: i64) -> Result<(), Error> {
        let booked: Vec<&BankLine> = read.lines.iter().filter(|line| line.standing == LineStanding::Booked).collect();
        let references: Vec<String> = booked.iter().filter_map(|line| line.bank_reference.clone()).collect();
        let known = self.store.files_booked_by(&bank.name, &references).await?;
        let known: BTreeSet<&str> = known.iter().map(|file| file.booked_by.as_str()).collect();
        let is_new = |line: &&BankLine| !line.bank_reference.as_deref().is_some_and(|reference| known.contains(reference));
        let lines: Vec<BankLine> = booked.into_iter().filter(is_new).cloned().collect();
        let expected = self.expected_bookings(bank, &lines).await?;
        let items = expected.items(&account_key(read.statement.account.number()), account.currency);
        let (mut findings, mut debited, mut credits) = (Vec::new(), Vec::new(), Vec::new());
        let by_place: BTreeMap<_, &BankLine> = lines.iter().map(|line| (line.place, line)).collect();
        for found in match_lines(&lines, &items, &[]) {
            let Some(line) = by_place.get(&found.place) else { continue };
            if let MatchOutcome::BatchSettles { batch, .. } = &found.outcome {
                // Also of a file whose sum differs: nobody may end its payments as not executed.
                debited.extend(unexpected(&expected, batch, line));
            }
            match &found.outcome {
                MatchOutcome::BatchSettles { batch, difference: 0, .. } => self.book_file(&expected, batch, line).await?,
                MatchOutcome::BatchSettles { batch, difference, .. } => {
                    let why =
                        format!("the statement books {} for it, {difference} minor units more than its payments come to", line.amount);
                    if let Some((file, _)) =
                        expected.files.get(batch).filter(|(file, _)| file.state != FileState::Doubtful || file.why != why)
                    {
                        self.doubt_file(file.clone(), why).await?;
                    }
                }
                MatchOutcome::Unmatched { kind: UnmatchedKind::DuplicateDebit, item: Some(batch) } => {
                    findings.extend(unexpected(&expected, batch, line));
                }
                MatchOutcome::ReturnOf { item, .. }
                | MatchOutcome::Unmatched { kind: UnmatchedKind::ReturnAbovePayment, item: Some(item) } => {
                    credits.extend(expected.entry(item).map(|entry| credit_of(line, entry, &found)));
                }
                other => note(bank, line, other),
            }
        }
        self.keep_credits(account, &credits, true).await?;
        for finding in &findings {
            let (payout_id, minor_units) = (finding.payout_id, finding.unexpected.minor_units());
            tracing::error!(%payout_id, minor_units, "the bank's statement shows a debit that our records do not have");
        }
        self.store.keep_statement(account, &read.statement.statement_id, &findings, &debited, now_ms).await?;
        findings.iter().for_each(|finding| self.tell(finding.payout_id));
        Ok(())
    }

    /// Files that no statement has booked, files that the lines name, and payments that they bring back.
    async fn expected_bookings(&self, bank: &Bank, lines: &[BankLine]) -> Result<ExpectedBookings, Error> {
        let words = lines.iter().flat_map(|line| &line.texts).flat_map(|text| text.split_whitespace());
        let names: BTreeSet<String> = words.filter(|word| word.len() >= NAME_CHARS_MIN).map(str::to_owned).collect();
        let mut files = self.store.unbooked_files(&bank.name).await?;
        files.extend(self.store.files_named(&bank.name, &names.into_iter().collect::<Vec<_>>()).await?);
        let mut expected = ExpectedBookings { files: BTreeMap::new(), single: Vec::new() };
        for file in files {
            if !expected.files.contains_key(&file.file_name) {
                let entries = self.store.entries_of(&file).await?;
                expected.files.insert(file.file_name.clone(), (file, entries));
            }
        }
        let returned = lines.iter().filter_map(|line| line.returned.as_ref()).flat_map(|returned| &returned.original_traces);
        let traces: BTreeSet<String> = returned.cloned().collect();
        for entry in self.store.entries_traced(&bank.name, &traces.into_iter().collect::<Vec<_>>()).await? {
            if expected.entry(&entry.trace).is_none() {
                expected.single.push(entry);
            }
        }
        Ok(expected)
    }

    async fn book_file(&self, expected: &ExpectedBookings, name: &str, line: &BankLine) -> Result<(), Error> {
        let Some((file, _)) = expected.files.get(name) else { return Ok(()) };
        let booked_by = line.bank_reference.clone().unwrap_or_else(|| format!("{} {}", line.place.statement, line.place.entry));
        let evidence = serde_json::json!({
            "booked": line.amount.to_string(), "on": line.booked.map(|day| day.to_string()), "bank_reference": &booked_by, "file": &file.file_name,
        });
        let file = file.clone().booked(booked_by, evidence.to_string());
        if self.store.decide_file(file, now_ms()).await?.is_some() {
            self.wake.notify_one();
        }
        Ok(())
    }
}

/// A file's sum was debited though it was refused, or once more: each of its payments left without our records having it.
fn unexpected(expected: &ExpectedBookings, name: &str, line: &BankLine) -> Vec<StatementFinding> {
    let entries = expected.files.get(name).map(|(_, entries)| entries.as_slice()).unwrap_or_default();
    let finding = |entry: &GivenPayment| {
        Some(StatementFinding {
            book: entry.book.clone(),
            payout_id: entry.payout_id,
            unexpected: Money::try_new(line.amount.currency(), entry.cents).ok()?,
            booked_at_ms: booked_at_ms(line),
        })
    };
    entries.iter().filter_map(finding).collect()
}

/// A credit that brings a payment back. All tellings of one return have the same reference, made of the trace number; a credit beyond the payment has its own.
fn credit_of(line: &BankLine, entry: &GivenPayment, found: &Match) -> BankCredit {
    let code = match &found.outcome {
        MatchOutcome::ReturnOf { code: Some(code), .. } => code.clone(),
        _ => entry.return_code.clone(),
    };
    let bank_reference = match &found.outcome {
        MatchOutcome::ReturnOf { .. } => return_reference(&entry.trace),
        _ => line.bank_reference.clone().unwrap_or_else(|| return_reference(&entry.trace)),
    };
    BankCredit {
        place: line.place.entry.saturating_sub(1),
        bank_reference,
        end_to_end_id: entry.end_to_end_id.clone(),
        amount: line.amount,
        charge_minor_units: 0,
        is_return: true,
        code,
        value_date: line.value_date.map_or_else(String::new, |day| day.to_string()),
        booked_at_ms: booked_at_ms(line),
    }
}

/// The reference of a payment's return, whether a file of returns or a statement has it.
pub(crate) fn return_reference(trace: &str) -> String {
    format!("ACH return {trace}")
}

fn booked_at_ms(line: &BankLine) -> i64 {
    line.booked.map_or(0, |day| day_start(day).as_millisecond().max(0))
}

/// Lines that settle nothing and bring nothing back: for people.
fn note(bank: &Bank, line: &BankLine, outcome: &MatchOutcome) {
    let (bank, amount, reference) = (&bank.name, line.amount, line.bank_reference.as_deref().unwrap_or_default());
    match outcome {
        MatchOutcome::SameEntryAgain { .. } => {}
        _ => {
            tracing::warn!(bank, %amount, reference, ?outcome, "a line of an ACH bank's statement matches no file and no payment; nothing was booked")
        }
    }
}
