//! What is odd in a file that was read. Only an amount where none can be touches money; much of the rest makes a bank refuse an entry.

use super::change_codes::change_code;
use super::error::AchRemarks;
use super::iat::IatAddenda;
use super::layout::AchPadding;
use super::model::{AchAddenda, AchAnswer, AchBatch, AchBatchHeader, AchDetail, AchEntry, AchFile};
use super::return_codes::return_code;
use super::routing::is_routing_number;
use super::sec::sec_code;
use super::transaction::EntryPurpose;
use crate::FileProblem;

/// Problems with money that are listed of one file.
const WITH_MONEY_MAX: usize = 1_000;

/// Problems that touch money, then remarks, each in the order of the file, with the lines they are about.
pub fn remarks(file: &AchFile) -> Vec<FileProblem> {
    let mut remarks = AchRemarks::default();
    if file.header.created_day().is_none() {
        remarks.add(1, "file creation date is not a day (YYMMDD)");
    }
    let mut line = 2;
    for batch in &file.batches {
        batch_remarks(batch, line, &mut remarks);
        line += 2 + batch.totals().records;
    }
    if file.layout.padding != AchPadding::Full {
        remarks.add(line, "after the file control, lines of nines should make the number of lines a multiple of ten, and no more");
    }
    let mut problems = moneyless_amounts(file);
    problems.extend(remarks.into_problems());
    problems
}

/// Entries that move no money, but state an amount: either the amount or the transaction code is wrong.
fn moneyless_amounts(file: &AchFile) -> Vec<FileProblem> {
    let mut problems = Vec::new();
    let mut left_off = 0_usize;
    let mut line = 2;
    for batch in &file.batches {
        let mut entry_line = line + 1;
        for entry in &batch.entries {
            let moves_none = matches!(entry.transaction_code.purpose(), EntryPurpose::Prenote | EntryPurpose::ZeroDollar);
            if moves_none && entry.amount_cents != 0 {
                if problems.len() < WITH_MONEY_MAX {
                    let what = "a prenote or zero-dollar entry has an amount".to_owned();
                    problems.push(FileProblem { place: format!("line {entry_line}"), what, touches_money: true });
                } else {
                    left_off += 1;
                }
            }
            entry_line += 1 + entry.addenda.len();
        }
        line += 2 + batch.totals().records;
    }
    if left_off > 0 {
        let what = format!("{left_off} more prenotes or zero-dollar entries have an amount");
        problems.push(FileProblem { place: "the file".to_owned(), what, touches_money: true });
    }
    problems
}

fn batch_remarks(batch: &AchBatch, line: usize, remarks: &mut AchRemarks) {
    let header = &batch.header;
    match sec_code(&header.sec) {
        None => remarks.add(line, "standard entry class is not known; its entries are read as those of PPD"),
        Some(class) if !matches!(class.code, "PPD" | "CCD" | "COR" | "IAT") => {
            remarks.add(line, "entries of this class are read as those of PPD; identification and name may mean something else");
        }
        Some(_) => {}
    }
    // Returns and notifications of change often have no date.
    if !matches!(header.effective_date.as_str(), "" | "000000") && header.effective_day().is_none() {
        remarks.add(line, "effective entry date is not a day (YYMMDD)");
    }
    let mut line = line + 1;
    for entry in &batch.entries {
        entry_remarks(header, entry, line, remarks);
        line += 1 + entry.addenda.len();
    }
}

fn entry_remarks(header: &AchBatchHeader, entry: &AchEntry, line: usize, remarks: &mut AchRemarks) {
    if !is_routing_number(&entry.routing_number) {
        remarks.add(line, "receiving DFI and check digit are not a routing number: the check digit is wrong");
    }
    let answer = entry.returned().is_some() || entry.change().is_some();
    if !answer && !entry.trace.starts_with(&header.odfi) {
        remarks.add(line, "trace number does not begin with the batch's originating DFI");
    }
    let purpose = entry.transaction_code.purpose();
    if purpose == EntryPurpose::Live && entry.amount_cents == 0 && !answer {
        remarks.add(line, "an entry of money has the amount 0");
    }
    let payments = entry.addenda.iter().filter(|addenda| matches!(addenda, AchAddenda::Payment { type_code: 5, .. })).count();
    if matches!(header.sec.as_str(), "PPD" | "CCD") && payments > 1 {
        remarks.add(line, "an entry of PPD or CCD may have one addenda record 05");
    }
    if let AchDetail::International { addenda_stated, .. } = entry.detail {
        international_remarks(entry, usize::from(addenda_stated), answer, line, remarks);
    }
    for (index, addenda) in entry.addenda.iter().enumerate() {
        let line = line + 1 + index;
        match addenda {
            AchAddenda::Return(returned) if return_code(&returned.code).is_none() => remarks.add(line, "return reason code is not known"),
            AchAddenda::Change(change) => change_remarks(change, line, remarks),
            AchAddenda::Other { .. } => {
                remarks.add(line, "addenda record is kept as text: its type has no fields here, or reserved positions are used")
            }
            _ => {}
        }
    }
}

fn change_remarks(change: &AchAnswer, line: usize, remarks: &mut AchRemarks) {
    match change_code(&change.code) {
        Some(code) if code.refusal => {}
        _ => {
            if let Err(why) = change.account_change() {
                remarks.add(line, &why);
            }
        }
    }
}

fn international_remarks(entry: &AchEntry, stated: usize, answer: bool, line: usize, remarks: &mut AchRemarks) {
    let types: Vec<u8> = entry.addenda.iter().filter_map(iat_type).collect();
    if !answer && !types.starts_with(&[10, 11, 12, 13, 14, 15, 16]) {
        remarks.add(line, "an IAT entry must begin with addenda 10 to 16, in this order");
    }
    // Both ways of counting exist: the seven that every entry has, and all that follow.
    if stated != 7 && stated != entry.addenda.len() {
        remarks.add(line, "number of addenda is neither 7 nor that of the records that follow");
    }
}

fn iat_type(addenda: &AchAddenda) -> Option<u8> {
    match addenda {
        AchAddenda::International(addenda) => Some(IatAddenda::type_code(addenda)),
        AchAddenda::Payment { type_code, .. } => Some(*type_code),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
