//! The files that receivers' banks answer with: returns, and notifications of change.

use super::ACH_ROUTING_NUMBER;
use bankfiles::nacha::{
    self, AccountChange, AccountKind, AchBatchHeader, AchEntry, AchFile, AchFileHeader, AchInvalid, AchLayout, AchLineEnd,
    answers::{AchReturnReason, AnswerTerms, answer_batch, change_entry, return_entry},
};
use jiff::civil::DateTime;
use std::collections::BTreeMap;

/// One entry and what is said about it.
#[derive(Debug, Clone)]
pub struct AnsweredEntry {
    /// The file it came in, and the batch: answers to one batch stay together.
    pub batch_key: (String, i64),
    /// The header of that batch.
    pub header: AchBatchHeader,
    pub entry: AchEntry,
    /// `R03` or `C01`.
    pub code: String,
    /// The file's sender, ten characters.
    pub origin: String,
}

/// A file of answers as its sender would make it, and its name. All answers are of one kind and go to one sender.
pub fn file(answered: &[AnsweredEntry], made: DateTime, modifier: char) -> Result<Vec<u8>, AchInvalid> {
    // One batch per original batch and answering bank.
    let mut groups: BTreeMap<(&(String, i64), &str), Vec<&AnsweredEntry>> = BTreeMap::new();
    for answer in answered {
        let bank = answer.entry.routing_number.get(..8).unwrap_or_default();
        groups.entry((&answer.batch_key, bank)).or_default().push(answer);
    }
    let mut batches = Vec::new();
    for answers in groups.values() {
        let entries = answers.iter().zip(1..).map(|(answer, sequence)| answer_of(answer, sequence)).collect::<Result<Vec<_>, _>>()?;
        let number = u32::try_from(batches.len() + 1).unwrap_or(u32::MAX);
        let mut batch = answer_batch(&answers[0].header, entries, number)?;
        batch.header.settlement_day = made.date().strftime("%j").to_string();
        batches.push(batch);
    }
    let header = AchFileHeader {
        destination: answered.first().map(|answer| answer.origin.clone()).unwrap_or_default(),
        origin: format!(" {ACH_ROUTING_NUMBER}"),
        created_date: made.date().strftime("%y%m%d").to_string(),
        created_time: made.strftime("%H%M").to_string(),
        modifier,
        destination_name: "LARGESSE".to_owned(),
        origin_name: "SANDBOX ACH BANK".to_owned(),
        reference: String::new(),
    };
    nacha::write(&AchFile { header, batches, layout: AchLayout::standard(AchLineEnd::Lf), control_reserved: String::new() })
}

fn answer_of(answer: &AnsweredEntry, sequence: u32) -> Result<AchEntry, AchInvalid> {
    let terms = AnswerTerms { odfi: ACH_ROUTING_NUMBER.to_owned(), sequence };
    if answer.code.starts_with('R') {
        let dated = matches!(answer.code.as_str(), "R14" | "R15");
        let date_of_death = dated.then(|| jiff::civil::date(2026, 1, 2));
        let reason = AchReturnReason { code: answer.code.clone(), date_of_death, information: String::new() };
        return return_entry(&answer.entry, &reason, &terms);
    }
    // Whatever the code corrects; its layout takes what it needs.
    let kind = if answer.entry.account_kind() == AccountKind::Checking { AccountKind::Savings } else { AccountKind::Checking };
    let change = AccountChange {
        routing_number: Some("021000089".to_owned()),
        account_number: Some("7700001234".to_owned()),
        kind: Some(kind),
        name: Some("CORRECTED NAME".to_owned()),
        identification: Some("CORRECTED ID".to_owned()),
        receiving_bank: None,
    };
    change_entry(&answer.entry, &answer.code, &change, &terms)
}
