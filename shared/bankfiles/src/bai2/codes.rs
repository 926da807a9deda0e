//! What the three digits of a type code mean, and which side they are on. The list is a dated file beside this one.

use crate::statement::StatementSide;
use serde::Serialize;
use std::{collections::HashMap, sync::LazyLock};

/// What a type code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bai2CodeLevel {
    /// A balance or another state of the account.
    Status,
    /// A total of entries.
    Summary,
    /// A single entry.
    Detail,
}

/// A type code of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bai2TypeCode {
    /// `None` for balances and for what is not money.
    pub side: Option<StatementSide>,
    /// What it stands for.
    pub level: Bai2CodeLevel,
    /// False where banks use the code in different ways: ask the bank before anything follows from it.
    pub confirmed: bool,
    /// In words.
    pub meaning: &'static str,
}

/// The codes whose entries take back an entry of the other side.
const REVERSALS: [(&str, StatementSide); 6] = [
    ("252", StatementSide::ReversalOfDebit),
    ("258", StatementSide::ReversalOfDebit),
    ("395", StatementSide::ReversalOfDebit),
    ("552", StatementSide::ReversalOfCredit),
    ("558", StatementSide::ReversalOfCredit),
    ("694", StatementSide::ReversalOfCredit),
];

static CODES: LazyLock<HashMap<&'static str, Bai2TypeCode>> = LazyLock::new(|| {
    let rows = include_str!("type_codes.csv").lines().filter(|row| !row.starts_with('#'));
    rows.filter_map(row).collect()
});

fn row(row: &'static str) -> Option<(&'static str, Bai2TypeCode)> {
    let mut cells = row.splitn(5, ',');
    let (code, side, level) = (cells.next()?, cells.next()?, cells.next()?);
    let side = match side {
        "credit" => Some(StatementSide::Credit),
        "debit" => Some(StatementSide::Debit),
        _ => None,
    };
    let level = match level {
        "status" => Bai2CodeLevel::Status,
        "summary" => Bai2CodeLevel::Summary,
        "detail" => Bai2CodeLevel::Detail,
        _ => return None,
    };
    let confirmed = cells.next()? == "yes";
    let reversal = REVERSALS.iter().find(|(reversing, _)| *reversing == code).map(|(_, side)| *side);
    Some((code, Bai2TypeCode { side: reversal.or(side), level, confirmed, meaning: cells.next()? }))
}

/// A code of the list; `None` for one that is not in it, such as a bank's own.
#[must_use]
pub fn type_code(code: &str) -> Option<Bai2TypeCode> {
    CODES.get(code).copied()
}

/// The side of an entry with this code. A code that is not in the list has the side of its range; banks' own codes (920 to 999) have ranges
/// too.
pub(super) fn side(code: &str) -> Option<StatementSide> {
    if let Some(known) = type_code(code) {
        return known.side;
    }
    match crate::statement::digits(code, 3)? {
        101..=399 | 920..=959 => Some(StatementSide::Credit),
        401..=699 | 960..=999 => Some(StatementSide::Debit),
        _ => None,
    }
}

#[cfg(test)]
pub(super) fn listed() -> usize {
    CODES.len()
}
