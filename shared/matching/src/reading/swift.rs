//! Lines of MT940 and MT942.

use super::{StatementPart, money_of, output::StreamOutput};
use crate::{
    line::{BankLine, LinePlace, LineReturn, LineStanding},
    references::{FoundReference, ReferenceStrength, account_key, in_text, return_code, state, state_cut},
};
use bankfiles::{
    FileProblem, StatementSide,
    mt940::{self, Mt940Details, Mt940Entry, Mt940Kind, Mt940Statement, Mt940Streamed},
};
use iso20022::camt053::Direction;
use std::io::Read;

/// Room for the customer's reference in `:61:`.
const CUSTOMER_REFERENCE_CHARS: usize = 16;
/// Types of `:61:` that bring a payment back, and those that are charges or interest.
const RETURN_TYPES: [&str; 1] = ["RTI"];
const CHARGE_TYPES: [&str; 3] = ["CHG", "COM", "INT"];
/// German business codes of returned credit transfers and direct debits, and of charges and interest.
const RETURN_BUSINESS_CODES: [&str; 5] = ["108", "109", "110", "159", "160"];
const CHARGE_BUSINESS_CODES: [&str; 2] = ["808", "814"];

/// Reads a file of one or more messages, entry by entry; returns its format.
pub(super) fn stream(input: impl Read, file: usize, output: &mut StreamOutput<'_>) -> &'static str {
    let (mut open, mut number, mut entries) = (Mt940Statement::default(), 0, 0);
    let mut is_interim = true;
    let problems = mt940::stream(input, &mut |piece| match piece {
        Mt940Streamed::Begin(statement) => {
            (number, entries) = (number + 1, 0);
            output.begin(part(&statement, file, number));
            is_interim &= statement.kind == Mt940Kind::InterimReport;
            open = *statement;
        }
        Mt940Streamed::Entry(entry) => {
            entries += 1;
            let place = LinePlace { file, statement: number, entry: entries, detail: 0 };
            output.line_or_problem(line(&open, &entry, place, standing(&open)));
        }
        Mt940Streamed::End(statement) => output.end(part(&statement, file, number)),
    });
    problems.into_iter().for_each(|problem| output.problem(problem));
    if is_interim && number > 0 { "MT942" } else { "MT940" }
}

fn standing(statement: &Mt940Statement) -> LineStanding {
    if statement.kind == Mt940Kind::Statement { LineStanding::Booked } else { LineStanding::Information }
}

fn part(statement: &Mt940Statement, file: usize, number: usize) -> StatementPart {
    StatementPart {
        file,
        statement: number,
        account: Some(account_key(&statement.account.number)).filter(|account| !account.is_empty()),
        currency: statement.currency.clone(),
        // The message's reference is new for each message of some banks and the same for all of others.
        id: None,
        number: statement.number,
        page: statement.sequence,
        standing: standing(statement),
        opening: statement.opening.as_ref().and_then(|balance| balance.amount_minor),
        closing: statement.closing.as_ref().and_then(|balance| balance.amount_minor),
        day: statement.closing.as_ref().and_then(|balance| balance.date),
    }
}

fn line(statement: &Mt940Statement, entry: &Mt940Entry, place: LinePlace, standing: LineStanding) -> Result<BankLine, FileProblem> {
    let amount = money_of(&statement.currency, entry.amount_minor, &format!("line {}", entry.line))?;
    let is_reversal = matches!(entry.side, StatementSide::ReversalOfCredit | StatementSide::ReversalOfDebit);
    let details = entry.details.clone().unwrap_or_default();
    let texts: Vec<String> = texts(&details).into_iter().chain(entry.supplement.clone()).collect();
    let mut end_to_end = Vec::new();
    for word in ["EREF", "KREF"] {
        if let Some(text) = details.word(word) {
            // The rest of the part may be a text that the bank put behind the id without a word.
            in_text(&format!("/EREF/{text}"), ":86: EREF", &mut end_to_end);
        }
    }
    state_cut(&entry.customer_reference, CUSTOMER_REFERENCE_CHARS, ":61: customer reference", &mut end_to_end);
    texts.iter().for_each(|text| in_text(text, ":86:", &mut end_to_end));
    let type_code = entry.type_code.get(1..).unwrap_or_default();
    let business = details.business_code.as_deref().unwrap_or_default();
    let is_return = RETURN_TYPES.contains(&type_code) || RETURN_BUSINESS_CODES.contains(&business) || details.word("RTRN").is_some();
    let code = || details.word("RTRN").map(str::to_owned).and_then(|text| return_code(&[text])).or_else(|| return_code(&texts));
    let id =
        |text: Option<&str>, field| text.map(|text| FoundReference { text: text.to_owned(), field, strength: ReferenceStrength::Stated });
    let mut kept = Vec::new();
    state(entry.bank_reference.as_deref(), ":61: bank reference", &mut kept);
    Ok(BankLine {
        place,
        account: Some(account_key(&statement.account.number)).filter(|account| !account.is_empty()),
        standing: if entry.expected { LineStanding::Information } else { standing },
        direction: if entry.side.adds() { Direction::Credit } else { Direction::Debit },
        is_reversal,
        is_charge: CHARGE_TYPES.contains(&type_code) || CHARGE_BUSINESS_CODES.contains(&business),
        amount,
        charges: Vec::new(),
        booked: entry.booked,
        value_date: Some(entry.value_date),
        // `//NONREF` is no reference.
        bank_reference: entry.bank_reference.clone().filter(|_| !kept.is_empty()),
        reference_part: 0,
        end_to_end,
        payment_ids: [id(entry.bank_reference.as_deref(), ":61: bank reference"), id(details.word("PREF"), ":86: PREF")]
            .into_iter()
            .flatten()
            .collect(),
        returned: is_return.then(|| LineReturn { code: code(), ..LineReturn::default() }),
        batch: None,
        texts,
        counterparty: details.party_name.clone(),
    })
}

/// What was written for people: the purpose of a German text, else all of it.
fn texts(details: &Mt940Details) -> Vec<String> {
    let purpose = details.purpose.clone().or_else(|| (!details.text.is_empty()).then(|| details.text.clone()));
    purpose.into_iter().chain(details.posting_text.clone()).collect()
}
