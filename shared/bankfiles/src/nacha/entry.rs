//! Records 6 and 7: an entry with its addenda.

use super::error::AchProblems;
use super::iat::IatAddenda;
use super::lines::AchRecord;
use super::model::{AchAddenda, AchAnswer, AchBatchHeader, AchDetail, AchEntry, AchOriginator};
use super::transaction::TransactionCode;

/// Reads an entry. Wrong sequences and indicators are added to the problems.
pub fn read_entry(
    header: &AchBatchHeader,
    record: &AchRecord<'_>,
    addenda_records: &[AchRecord<'_>],
    problems: &mut AchProblems,
) -> Result<AchEntry, AchProblems> {
    let code = record.number("transaction code", 2, 3)?;
    let unknown = || record.problem("transaction code", 2, 3, "must be one of 21 to 24, 26 to 29, the same with 3 or 4, or 51 to 56");
    let transaction_code = TransactionCode::from_code(code).ok_or_else(unknown)?;
    let international = matches!(header.originator, AchOriginator::International { .. });
    let detail = if international {
        AchDetail::International {
            // Four digits fit.
            addenda_stated: u16::try_from(record.number("number of addenda", 13, 16)?).unwrap_or(u16::MAX),
            screening: record.text(77, 78),
            reserved: record.text(17, 29),
            reserved_end: record.text(75, 76),
        }
    } else {
        AchDetail::Domestic { identification: record.text(40, 54), name: record.text(55, 76), discretionary: record.text(77, 78) }
    };
    let trace = record.digits("trace number", 80, 94)?;
    let addenda = read_addenda(addenda_records, &trace, problems)?;
    let indicator = record.number("addenda record indicator", 79, 79)?;
    if indicator != u64::from(!addenda.is_empty()) {
        let what = format!("addenda record indicator is {indicator}, but {} addenda records follow", addenda.len());
        problems.add(&record.place(), what);
    }
    Ok(AchEntry {
        transaction_code,
        routing_number: record.digits("receiving DFI and check digit", 4, 12)?,
        account_number: if international { record.text(40, 74) } else { record.text(13, 29) },
        amount_cents: record.cents("amount", 30, 39)?,
        detail,
        trace,
        addenda,
    })
}

/// The last numbers of the entry's addenda, by type.
#[derive(Default)]
struct AddendaSequences {
    payment: u64,
    remittance: u64,
    correspondent: u64,
}

fn read_addenda(records: &[AchRecord<'_>], trace: &str, problems: &mut AchProblems) -> Result<Vec<AchAddenda>, AchProblems> {
    let mut last = AddendaSequences::default();
    let mut addenda = Vec::with_capacity(records.len());
    for record in records {
        let one = read_one(record)?;
        let sequence = match &one {
            AchAddenda::Payment { type_code: 5, sequence, .. } => Some((&mut last.payment, *sequence)),
            AchAddenda::Payment { sequence, .. } => Some((&mut last.remittance, *sequence)),
            AchAddenda::International(IatAddenda::CorrespondentBank { sequence, .. }) => Some((&mut last.correspondent, *sequence)),
            _ => None,
        };
        if let Some((last, sequence)) = sequence {
            *last += 1;
            if u64::from(sequence) != *last {
                problems.add(&record.place(), format!("addenda sequence number is {sequence}; it must be {last}"));
            }
        }
        let numbered = matches!(one, AchAddenda::Payment { .. } | AchAddenda::International(_));
        if numbered && record.raw(88, 94) != &trace[8..] {
            problems.add(&record.place(), "entry detail sequence number is not the end of its entry's trace number".to_owned());
        }
        addenda.push(one);
    }
    Ok(addenda)
}

fn read_one(record: &AchRecord<'_>) -> Result<AchAddenda, AchProblems> {
    let answer = || AchAnswer {
        code: record.text(4, 6),
        original_trace: record.text(7, 21),
        date: record.text(22, 27),
        original_rdfi: record.text(28, 35),
        information: record.text(36, 79),
        trace: record.text(80, 94),
    };
    let payment = |type_code| -> Result<AchAddenda, AchProblems> {
        // Four digits fit.
        let sequence = u16::try_from(record.number("addenda sequence number", 84, 87)?).unwrap_or(u16::MAX);
        Ok(AchAddenda::Payment { type_code, information: record.text(4, 83), sequence })
    };
    match record.digits("addenda type code", 2, 3)?.as_str() {
        "05" => payment(5),
        "17" => payment(17),
        "98" => Ok(AchAddenda::Change(answer())),
        "99" => Ok(AchAddenda::Return(answer())),
        type_code => Ok(IatAddenda::read(record)?.map_or_else(
            || AchAddenda::Other { type_code: type_code.to_owned(), text: record.raw(4, 94).to_owned() },
            AchAddenda::International,
        )),
    }
}
