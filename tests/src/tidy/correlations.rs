//! Statements that compare the rows of an outer query with those of a subquery. A cluster plans one only if the tables of both are spread, or both are on the
//! coordinator.
use super::{Violation, mask::mask};

/// Words before a table's name.
const BEFORE_A_TABLE: [&str; 3] = ["FROM", "JOIN", "UPDATE"];

/// A statement, or what is between two brackets of it.
#[derive(Debug, Default)]
struct QueryPart {
    above: Option<usize>,
    /// Names and aliases of tables, each with its table.
    tables: Vec<(String, String)>,
    /// Tables by whose names or aliases columns are qualified.
    named: Vec<String>,
}

/// Checks one Rust file. `is_spread` says of a table whether a cluster spreads it, and `None` of any other word. Columns without the name of their table are not
/// seen.
#[must_use]
pub fn check_correlations(file: &str, text: &str, is_spread: &dyn Fn(&str) -> Option<bool>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (line, statement) in literals(text) {
        let parts = parts(&statement);
        for (at, part) in parts.iter().enumerate() {
            if let Some((outer, inner)) = part.named.iter().find_map(|name| kept_apart(&parts, at, name, is_spread)) {
                let what = format!(
                    "compares rows of {outer} with those of {inner} in a subquery, and a cluster keeps them apart; read first, then compare"
                );
                found.push(Violation::at(file, line, what));
            }
        }
    }
    found
}

/// The table of this name outside of the part, and one between them that a cluster keeps elsewhere. A name that no part has is a table's own.
fn kept_apart<'a>(
    parts: &'a [QueryPart],
    at: usize,
    name: &'a str,
    is_spread: &dyn Fn(&str) -> Option<bool>,
) -> Option<(&'a str, &'a str)> {
    let around: Vec<&QueryPart> = std::iter::successors(Some(at), |at| parts[*at].above).map(|at| &parts[at]).collect();
    let of = |part: &&'a QueryPart| part.tables.iter().find(|(known, _)| known == name).map(|(_, table)| table.as_str());
    let outer = around.iter().find_map(of).unwrap_or(name);
    let elsewhere = !is_spread(outer)?;
    let between = around.iter().take_while(|part| of(part).is_none()).flat_map(|part| &part.tables);
    let mut tables = between.map(|(_, table)| table.as_str());
    tables.find(|table| is_spread(table) == Some(elsewhere)).map(|inner| (outer, inner))
}

/// Texts in quotes, with the lines where they begin.
fn literals(text: &str) -> Vec<(usize, String)> {
    let masked = mask(text);
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (at, ((line, code), comments)) in text.lines().zip(&masked.code).zip(&masked.comments).enumerate() {
        for ((c, code), comment) in line.chars().zip(code.chars()).zip(comments.chars()) {
            let is_text = code == ' ' && comment == ' ';
            match found.last_mut().filter(|_| open && is_text) {
                Some((_, literal)) => literal.push(c),
                None if is_text => found.push((at + 1, c.to_string())),
                None => {}
            }
            open = is_text;
        }
        if let Some((_, literal)) = found.last_mut().filter(|_| open) {
            literal.push(' ');
        }
    }
    found.retain(|(_, literal)| literal.contains("SELECT"));
    found
}

fn parts(statement: &str) -> Vec<QueryPart> {
    let mut parts = vec![QueryPart::default()];
    let mut at = 0;
    let spaced = statement.replace('(', " ( ").replace(')', " ) ").replace([',', '"', '\\', '='], " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    for (index, word) in words.iter().enumerate() {
        let next = |by: usize| words.get(index + by).copied().unwrap_or_default();
        match *word {
            "(" => {
                parts.push(QueryPart { above: Some(at), ..QueryPart::default() });
                at = parts.len() - 1;
            }
            ")" => at = parts[at].above.unwrap_or_default(),
            before if BEFORE_A_TABLE.contains(&before) && is_name(next(1)) => {
                let alias = if next(2) == "AS" { next(3) } else { next(2) };
                let name = if is_name(alias) { alias } else { next(1) };
                parts[at].tables.push((name.to_owned(), next(1).to_owned()));
            }
            column => {
                if let Some((table, _)) = column.split_once('.').filter(|(table, _)| is_name(table)) {
                    parts[at].named.push(table.to_owned());
                }
            }
        }
    }
    parts
}

/// Keywords are in capitals.
fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase()) && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests;
