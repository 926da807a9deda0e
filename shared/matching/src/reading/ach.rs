//! Lines of an ACH file: the returns in it. They are information: the money comes back on the account's statement.

use super::{BankFileLines, money_of, problem};
use crate::line::{BankLine, LinePlace, LineReturn, LineStanding};
use bankfiles::nacha::{self, AchBatch, AchDirection, AchEntry, ReturnWindow};
use iso20022::camt053::Direction;

/// ACH pays US dollars.
const CURRENCY: &str = "USD";

/// Reads a file.
pub(super) fn read(bytes: &[u8], file: usize) -> BankFileLines {
    let content = match nacha::read(bytes) {
        Ok(content) => content,
        Err(refusal) => return BankFileLines::checked("NACHA", Vec::new(), Vec::new(), refusal.problems),
    };
    let (mut lines, mut problems, mut others) = (Vec::new(), Vec::new(), 0_usize);
    for (at, batch) in content.batches.iter().enumerate() {
        for (entry_at, entry) in batch.entries.iter().enumerate() {
            let place = LinePlace { file, statement: at + 1, entry: entry_at + 1, detail: 0 };
            match line(batch, entry, place) {
                Some(Ok(line)) => lines.push(line),
                Some(Err(problem)) => problems.push(problem),
                None => others += 1,
            }
        }
    }
    if others > 0 {
        problems.push(problem(
            "file",
            format!("{others} entries are no returns, so they are neither bookings nor money that comes back"),
            false,
        ));
    }
    BankFileLines::checked("NACHA", Vec::new(), lines, problems)
}

/// Banks dispute returns with records of the same kind, which bring no payment back.
fn is_dispute(code: &str) -> bool {
    nacha::return_code(code).is_some_and(|code| matches!(code.window, ReturnWindow::AfterReturn(_) | ReturnWindow::AfterDishonour(_)))
}

fn line(batch: &AchBatch, entry: &AchEntry, place: LinePlace) -> Option<Result<BankLine, bankfiles::FileProblem>> {
    let answer = entry.returned().filter(|answer| !is_dispute(&answer.code))?;
    let at = format!("batch {} entry {}", batch.header.number, entry.trace);
    let amount = match money_of(CURRENCY, Some(entry.amount_cents), &at) {
        Ok(amount) => amount,
        Err(problem) => return Some(Err(problem)),
    };
    // The return of a credit that we sent brings its money back.
    let direction = match entry.transaction_code.direction() {
        AchDirection::Credit => Direction::Credit,
        AchDirection::Debit => Direction::Debit,
    };
    Some(Ok(BankLine {
        place,
        account: None,
        standing: LineStanding::Information,
        direction,
        is_reversal: false,
        is_charge: false,
        amount,
        charges: Vec::new(),
        booked: None,
        value_date: batch.header.effective_day(),
        bank_reference: None,
        reference_part: 0,
        end_to_end: Vec::new(),
        payment_ids: Vec::new(),
        returned: Some(LineReturn {
            code: Some(answer.code.clone()),
            original_amount: None,
            original_traces: vec![answer.original_trace.clone()],
        }),
        batch: None,
        texts: Some(answer.information.trim().to_owned()).filter(|text| !text.is_empty()).into_iter().collect(),
        counterparty: None,
    }))
}
