//! Returns and notifications of change of PPD and CCD entries, as the receiving bank makes them.

use super::change_codes::{AccountChange, change_code};
use super::error::AchInvalid;
use super::model::{AchAddenda, AchAnswer, AchBatch, AchBatchControl, AchBatchHeader, AchDetail, AchEntry, AchOriginator, ServiceClass};
use super::return_codes::return_code;
use super::routing::is_routing_number;
use super::transaction::AchDirection;
use jiff::civil::Date;

/// Where an answer goes, and its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerTerms {
    /// Routing number of the bank that the entry came from, nine digits.
    pub odfi: String,
    /// Number that the answering bank gives the answer, at most seven digits; ascending in a batch.
    pub sequence: u32,
}

/// Why an entry is returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AchReturnReason {
    /// Return reason code, such as `R03`.
    pub code: String,
    /// With R14 and R15 only.
    pub date_of_death: Option<Date>,
    /// At most 44 characters; with R17, `QUESTIONABLE` says that the entry looks like fraud.
    pub information: String,
}

/// The return of an entry: the same amount, with the trace number of the entry in an addenda record 99. Refuses an unknown code and IAT
/// entries.
pub fn return_entry(entry: &AchEntry, reason: &AchReturnReason, terms: &AnswerTerms) -> Result<AchEntry, AchInvalid> {
    let place = "return";
    if return_code(&reason.code).is_none() {
        return Err(AchInvalid::new(place, "return reason code", "must be one that exists"));
    }
    let dated = matches!(reason.code.as_str(), "R14" | "R15");
    if reason.date_of_death.is_some() && !dated {
        return Err(AchInvalid::new(place, "date of death", "must be given with R14 and R15 only"));
    }
    let date = reason.date_of_death.map(|date| date.strftime("%y%m%d").to_string()).unwrap_or_default();
    let answer = |answer| AchAddenda::Return(answer);
    let words = AnswerWords { code: &reason.code, date, information: reason.information.clone() };
    answer_entry(entry, terms, place, words, answer)
}

/// A notification of change of an entry: no money, with the corrected data in an addenda record 98. Refuses an unknown code, data that the
/// code needs and that is missing, and IAT entries.
pub fn change_entry(entry: &AchEntry, code: &str, change: &AccountChange, terms: &AnswerTerms) -> Result<AchEntry, AchInvalid> {
    let place = "notification of change";
    let known = change_code(code).filter(|known| !known.refusal);
    let known = known.ok_or_else(|| AchInvalid::new(place, "change code", "must be one of C01 to C14 that exists"))?;
    let data = change.corrected_data(known).filter(|data| data.len() <= 29);
    let data = data.ok_or_else(|| AchInvalid::new(place, "corrected data", format!("must have what {code} corrects, in 29 characters")))?;
    known.read(&data).map_err(|why| AchInvalid::new(place, "corrected data", format!("must fit its code: {why}")))?;
    let answer = answer_entry(entry, terms, place, AnswerWords { code, date: String::new(), information: data }, AchAddenda::Change)?;
    Ok(AchEntry { amount_cents: 0, ..answer })
}

/// A batch of answers to entries of one batch, from one bank. Refuses entries that are no answers, and a mixture of both kinds or of
/// several banks.
pub fn answer_batch(original: &AchBatchHeader, entries: Vec<AchEntry>, number: u32) -> Result<AchBatch, AchInvalid> {
    let refuse = |field, must: &str| Err(AchInvalid::new("batch of answers", field, must));
    let AchOriginator::Company { .. } = original.originator else { return refuse("class", "must not be IAT") };
    let Some(bank) = entries.first().and_then(|entry| entry.trace.get(..8)) else {
        return refuse("entries", "must be at least one, with trace numbers");
    };
    if !entries.iter().all(|entry| entry.trace.starts_with(bank)) {
        return refuse("entries", "must come from one bank");
    }
    let changes = entries.iter().all(|entry| entry.change().is_some());
    if !changes && !entries.iter().all(|entry| entry.returned().is_some()) {
        return refuse("entries", "must all be returns, or all notifications of change");
    }
    let credits = entries.iter().filter(|entry| entry.transaction_code.direction() == AchDirection::Credit).count();
    let service_class = match credits {
        0 => ServiceClass::Debits,
        all if all == entries.len() => ServiceClass::Credits,
        _ => ServiceClass::Mixed,
    };
    let header = AchBatchHeader {
        service_class,
        sec: if changes { "COR".to_owned() } else { original.sec.clone() },
        odfi: bank.to_owned(),
        number,
        ..original.clone()
    };
    let control = AchBatchControl { company_id: original.company_id.clone(), ..AchBatchControl::default() };
    Ok(AchBatch { header, entries, control })
}

/// What an addenda record says of an entry.
struct AnswerWords<'a> {
    code: &'a str,
    date: String,
    information: String,
}

fn answer_entry(
    entry: &AchEntry,
    terms: &AnswerTerms,
    place: &str,
    words: AnswerWords<'_>,
    addenda: impl FnOnce(AchAnswer) -> AchAddenda,
) -> Result<AchEntry, AchInvalid> {
    let AchDetail::Domestic { .. } = entry.detail else {
        return Err(AchInvalid::new(place, "entry", "must not be an IAT entry"));
    };
    if !is_routing_number(&terms.odfi) {
        return Err(AchInvalid::new(place, "originating DFI", "must be nine digits of which the last is the right check digit"));
    }
    if terms.sequence > super::build::SEQUENCE_MAX {
        return Err(AchInvalid::new(place, "sequence number", "must be at most seven digits"));
    }
    let Some(bank) = entry.routing_number.get(..8) else {
        return Err(AchInvalid::new(place, "routing number of the entry", "must be nine digits"));
    };
    let trace = format!("{bank}{:07}", terms.sequence);
    let answer = AchAnswer {
        code: words.code.to_owned(),
        original_trace: entry.trace.clone(),
        date: words.date,
        original_rdfi: bank.to_owned(),
        information: words.information,
        trace: trace.clone(),
    };
    Ok(AchEntry {
        transaction_code: entry.transaction_code.answer(),
        routing_number: terms.odfi.clone(),
        trace,
        addenda: vec![addenda(answer)],
        ..entry.clone()
    })
}

#[cfg(test)]
mod tests;
