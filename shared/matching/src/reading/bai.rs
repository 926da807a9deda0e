//! Lines of BAI2.

use super::{StatementPart, money_of, output::StreamOutput, problem};
use crate::{
    line::{BankLine, LinePlace, LineReturn, LineStanding},
    references::{FoundReference, ReferenceStrength, account_key, end_to_end_key, in_text, is_trace, return_code, state_cut, words},
};
use bankfiles::{
    FileProblem, StatementSide,
    bai2::{self, Bai2Account, Bai2AsOf, Bai2Entry, Bai2Group, Bai2GroupStatus, Bai2Streamed},
};
use iso20022::camt053::Direction;
use std::io::Read;

/// Room that many banks give the customer's reference.
const CUSTOMER_REFERENCE_CHARS: usize = 16;
/// Entries that bring a payment back: ACH returns and rejects, return items and returned wires. They credit what we paid or debit what we received.
const RETURN_CODES: [&str; 5] = ["257", "261", "266", "557", "567"];
/// Charges and fees, and interest that the bank pays or takes.
const CHARGE_CODES: [&str; 3] = ["698", "354", "654"];

/// Reads a file, entry by entry.
pub(super) fn stream(input: impl Read, file: usize, output: &mut StreamOutput<'_>) {
    let (mut group, mut account) = (Bai2Group::default(), Bai2Account::default());
    let (mut is_read, mut number, mut entries, mut standing) = (false, 0, 0, LineStanding::Information);
    let problems = bai2::stream(input, &mut |piece| match piece {
        Bai2Streamed::Group(next) => {
            is_read = is_read_group(&next, output);
            group = *next;
        }
        Bai2Streamed::Account(next) if is_read => {
            (number, entries) = (number + 1, 0);
            let part = part(&group, &next, file, number);
            standing = part.standing;
            output.begin(part);
            account = *next;
        }
        Bai2Streamed::Entry(entry) if is_read => {
            entries += 1;
            let place = LinePlace { file, statement: number, entry: entries, detail: 0 };
            output.line_or_problem(line(&account, &entry, place, standing));
        }
        Bai2Streamed::Account(_) | Bai2Streamed::Entry(_) | Bai2Streamed::AccountEnd(_) | Bai2Streamed::GroupEnd(_) => {}
    });
    problems.into_iter().for_each(|problem| output.problem(problem));
}

/// Whether a group's accounts are read.
fn is_read_group(group: &Bai2Group, output: &mut StreamOutput<'_>) -> bool {
    let (what, touches_money) = match group.status {
        Bai2GroupStatus::Update | Bai2GroupStatus::Unknown => return true,
        Bai2GroupStatus::Test => ("the group is a test; nothing of it was read", false),
        Bai2GroupStatus::Deletion | Bai2GroupStatus::Correction => {
            ("the group takes back or replaces what was reported before, which a person has to compare", true)
        }
    };
    output.problem(problem(&format!("line {}", group.line), what, touches_money));
    false
}

fn part(group: &Bai2Group, account: &Bai2Account, file: usize, statement: usize) -> StatementPart {
    let (opening, closing) = (account.reported("010"), account.reported("015"));
    // What the bank calls final closes the day. If it calls it nothing, a closing ledger balance does.
    let is_final = match group.as_of_modifier {
        Some(Bai2AsOf::FinalPreviousDay | Bai2AsOf::FinalSameDay) => true,
        Some(Bai2AsOf::InterimPreviousDay | Bai2AsOf::InterimSameDay) => false,
        None => closing.is_some(),
    };
    StatementPart {
        file,
        statement,
        account: Some(account_key(&account.number)).filter(|account| !account.is_empty()),
        currency: account.currency.clone(),
        id: None,
        number: None,
        page: None,
        standing: if is_final { LineStanding::Booked } else { LineStanding::Information },
        opening,
        closing,
        day: group.as_of,
    }
}

fn line(account: &Bai2Account, entry: &Bai2Entry, place: LinePlace, standing: LineStanding) -> Result<BankLine, FileProblem> {
    let at = format!("line {}", entry.line);
    let amount = money_of(&account.currency, entry.amount_minor, &at)?;
    let side = entry.side.ok_or_else(|| problem(&at, format!("type code {} says neither debit nor credit", entry.code), true))?;
    let texts: Vec<String> = Some(entry.text.clone()).filter(|text| !text.is_empty()).into_iter().collect();
    let mut end_to_end = Vec::new();
    state_cut(&entry.customer_reference, CUSTOMER_REFERENCE_CHARS, "16 customer reference", &mut end_to_end);
    texts.iter().for_each(|text| in_text(text, "16 text", &mut end_to_end));
    let bank_reference = end_to_end_key(&entry.bank_reference).map(|_| entry.bank_reference.clone());
    let is_return = RETURN_CODES.contains(&entry.code.as_str());
    let references = [entry.customer_reference.as_str(), entry.bank_reference.as_str()].into_iter();
    let traces = || references.chain(words(&entry.text)).filter(|word| is_trace(word)).map(str::to_owned).collect();
    let id = |text: &Option<String>| {
        text.as_ref().map(|text| FoundReference { text: text.clone(), field: "16 bank reference", strength: ReferenceStrength::Stated })
    };
    Ok(BankLine {
        place,
        account: Some(account_key(&account.number)).filter(|account| !account.is_empty()),
        standing,
        direction: if side.adds() { Direction::Credit } else { Direction::Debit },
        is_reversal: matches!(side, StatementSide::ReversalOfCredit | StatementSide::ReversalOfDebit),
        is_charge: CHARGE_CODES.contains(&entry.code.as_str()),
        amount,
        charges: Vec::new(),
        booked: entry.booked,
        value_date: entry.value_date.or(entry.booked),
        payment_ids: id(&bank_reference).into_iter().collect(),
        bank_reference,
        reference_part: 0,
        end_to_end,
        returned: is_return.then(|| LineReturn { code: return_code(&texts), original_amount: None, original_traces: traces() }),
        batch: None,
        texts,
        counterparty: None,
    })
}
