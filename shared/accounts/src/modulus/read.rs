//! Reads the tables of the modulus check.

use super::{ModulusMethod, ModulusRow, ModulusTable};
use crate::fields::is_digits;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// The published table has about 1,200 lines.
const LINES_MAX: usize = 20_000;
/// The largest weight published is 128.
const WEIGHT_MAX: i32 = 999;

/// A line of a table that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{table}, line {line}: must {must}")]
pub struct TableFault {
    /// `weights` or `substitutions`.
    pub table: &'static str,
    /// The line, from 1.
    pub line: usize,
    /// What it must.
    pub must: &'static str,
}

pub(super) fn tables(weights: &str, substitutions: &str, as_of: Date) -> Result<ModulusTable, Vec<TableFault>> {
    let mut faults = Vec::new();
    let mut rows = Vec::new();
    for (line, columns) in lines(weights, "weights", &mut faults) {
        match row(&columns) {
            Ok(row) => rows.push((line, row)),
            Err(must) => faults.push(TableFault { table: "weights", line, must }),
        }
    }
    rows.sort_by_key(|(_, row)| row.from);
    check_overlaps(&rows, &mut faults);
    let mut replaced = BTreeMap::new();
    for (line, columns) in lines(substitutions, "substitutions", &mut faults) {
        let fault = |must| TableFault { table: "substitutions", line, must };
        match columns.as_slice() {
            [from, to] => match (sort_code(from), sort_code(to)) {
                (Some(from), Some(to)) if replaced.insert(from, to).is_none() => {}
                (Some(_), Some(_)) => faults.push(fault("name each sort code once")),
                _ => faults.push(fault("have two sort codes of six digits")),
            },
            _ => faults.push(fault("have two sort codes of six digits")),
        }
    }
    if faults.is_empty() {
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        Ok(ModulusTable { rows, substitutions: replaced, as_of: Some(as_of) })
    } else {
        faults.sort_by_key(|fault| (fault.table != "weights", fault.line));
        Err(faults)
    }
}

/// The lines that are neither empty nor the heading, with their numbers and columns.
fn lines<'a>(text: &'a str, table: &'static str, faults: &mut Vec<TableFault>) -> Vec<(usize, Vec<&'a str>)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if index == LINES_MAX {
            faults.push(TableFault { table, line: index + 1, must: "be among the first 20,000 lines" });
            break;
        }
        // One more than any line has, so that a long line is refused without being held.
        let columns: Vec<&str> = line.split([',', ' ', '\t', '\r']).filter(|column| !column.is_empty()).take(19).collect();
        let heading = index == 0 && columns.first() == Some(&"from");
        if !columns.is_empty() && !heading {
            found.push((index + 1, columns));
        }
    }
    found
}

fn sort_code(text: &str) -> Option<u32> {
    is_digits(text, 6..=6).then(|| text.parse().ok()).flatten()
}

fn row(columns: &[&str]) -> Result<ModulusRow, &'static str> {
    if !matches!(columns.len(), 17 | 18) {
        return Err("have two sort codes, a method, 14 weights and perhaps an exception");
    }
    let codes = (sort_code(columns[0]), sort_code(columns[1]));
    let (Some(from), Some(to)) = codes else { return Err("begin with two sort codes of six digits") };
    if from > to {
        return Err("have a first sort code that is not above the last");
    }
    let method = match columns[2] {
        "MOD10" => ModulusMethod::Mod10,
        "MOD11" => ModulusMethod::Mod11,
        "DBLAL" => ModulusMethod::Dblal,
        _ => return Err("have the method MOD10, MOD11 or DBLAL"),
    };
    let mut weights = [0; 14];
    for (weight, text) in weights.iter_mut().zip(&columns[3..17]) {
        *weight = text.parse().ok().filter(|value: &i32| value.abs() <= WEIGHT_MAX).ok_or("have whole weights from -999 to 999")?;
    }
    if method == ModulusMethod::Dblal && weights.iter().any(|weight| *weight < 0) {
        return Err("have no negative weight with the method DBLAL");
    }
    let exception = match columns.get(17) {
        None => 0,
        Some(text) => text.parse().ok().filter(|value| (1..=14).contains(value)).ok_or("have an exception from 1 to 14, or none")?,
    };
    let fits = match exception {
        1 => method == ModulusMethod::Dblal,
        4 | 14 => method == ModulusMethod::Mod11,
        5 => method != ModulusMethod::Mod10,
        _ => true,
    };
    if fits { Ok(ModulusRow { from, to, method, weights, exception }) } else { Err("have an exception that is defined for its method") }
}

/// The method says what two rows mean; more than two for one sort code are a mistake in the table.
fn check_overlaps(rows: &[(usize, ModulusRow)], faults: &mut Vec<TableFault>) {
    let mut open: Vec<&ModulusRow> = Vec::with_capacity(3);
    for (line, row) in rows {
        open.retain(|other| other.to >= row.from);
        if open.len() == 2 {
            faults.push(TableFault { table: "weights", line: *line, must: "be one of at most two rows for a sort code" });
        } else {
            open.push(row);
        }
    }
}
