//! Items as a table: the columns of `matching`'s table of expected items, and a few more.

use crate::item::{BooksState, Item, ItemKind};
use iso20022::camt053::Direction;
use matching::expected::{ReadRow, TableProblem, TableRows, exact_amount};
use std::io::Read;

/// Columns beside those that matching reads.
const FURTHER: [&str; 9] = ["amount_most", "kind", "state", "since", "final_day", "value_date", "settlement", "descriptor", "counterparty"];

/// Reads a table item by item. A key may be there twice: [`crate::ItemStore::ready`] refuses that.
///
/// # Errors
/// A header that can't be read; of each row, what is wrong with it.
pub fn rows(input: impl Read) -> Result<impl Iterator<Item = Result<Item, TableProblem>>, TableProblem> {
    Ok(TableRows::new(input, &FURTHER)?.map(|row| {
        let row = row?;
        let line = row.line;
        item(row).map_err(|what| TableProblem { line, what })
    }))
}

fn item(row: ReadRow) -> Result<Item, String> {
    let further: [Option<String>; 9] = row.further.try_into().map_err(|_| "a cell is missing".to_owned())?;
    let [most, kind, state, since, final_day, value_date, settlement, descriptor, counterparty] = further;
    let currency = row.item.amount.currency();
    let amount_most = most.map(|text| exact_amount("amount_most", &text, currency)).transpose()?;
    if amount_most.is_some_and(|most| most.minor_units() < row.item.amount.minor_units()) {
        return Err("amount_most must not be below amount".to_owned());
    }
    let day = |name: &str, text: Option<String>| {
        text.map(|text| text.parse().map_err(|_| format!("{name} must be a day, YYYY-MM-DD"))).transpose()
    };
    let usual = match row.item.direction {
        Direction::Debit => ItemKind::Instant,
        Direction::Credit => ItemKind::Receipt,
    };
    Ok(Item {
        expected: row.item,
        amount_most,
        kind: kind.as_deref().map_or(Ok(usual), kind_of)?,
        state: state.as_deref().map_or(Ok(BooksState::default()), state_of)?,
        since: day("since", since)?,
        final_day: day("final_day", final_day)?,
        value_date: day("value_date", value_date)?,
        settlement,
        descriptor,
        counterparty,
    })
}

fn kind_of(text: &str) -> Result<ItemKind, String> {
    Ok(match text {
        "instant" => ItemKind::Instant,
        "ach" => ItemKind::Ach,
        "credit_transfer" => ItemKind::CreditTransfer,
        "wire" => ItemKind::Wire,
        "processor" => ItemKind::Processor,
        "store" => ItemKind::Store,
        "receipt" => ItemKind::Receipt,
        "charge" => ItemKind::Charge,
        "internal" => ItemKind::Internal,
        _ => return Err("kind must be instant, ach, credit_transfer, wire, processor, store, receipt, charge or internal".to_owned()),
    })
}

fn state_of(text: &str) -> Result<BooksState, String> {
    Ok(match text {
        "submitted" => BooksState::Submitted,
        "accepted" => BooksState::Accepted,
        "unknown" => BooksState::Unknown,
        "settled" => BooksState::Settled,
        _ => return Err("state must be submitted, accepted, unknown or settled".to_owned()),
    })
}
