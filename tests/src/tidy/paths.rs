//! Paths in sources, by their first segment: which crates a source names, and that auditors only read services' tables.
use super::{Violation, mask::mask};

/// Crates that read other services' rows.
const READERS: [&str; 2] = ["services/monitor/", "services/operations/"];
/// The services whose rows they read.
const READ: [&str; 6] = ["purchase", "earnings", "payout", "support", "gift", "treasury"];

/// The beginning of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRoot {
    /// The line, from 1.
    pub line: usize,
    /// The first segment.
    pub name: String,
    /// The segment after its `::`; empty for a list, or where nothing follows.
    pub second: String,
}

/// Every first segment of a path that may name a crate. Inside the braces of a `use` there is none: paths there continue the one before the braces.
#[must_use]
pub fn roots(text: &str) -> Vec<PathRoot> {
    let mut found = Vec::new();
    // The depth of open braces of a `use`.
    let (mut in_use, mut depth) = (false, 0_usize);
    for (index, line) in mask(text).code.iter().enumerate() {
        let mut rest = line.as_str();
        let starts = |line: &str| line.starts_with("use ") || (line.starts_with("pub") && line.contains(" use "));
        if !in_use && starts(line.trim_start()) {
            in_use = true;
            let (_, path) = line.split_once("use ").unwrap_or_default();
            found.push(first(index, path.trim_start_matches("::")));
            rest = path;
        } else if !in_use {
            found.extend(in_code(index, line));
        }
        if in_use {
            depth += rest.matches('{').count();
            depth = depth.saturating_sub(rest.matches('}').count());
            in_use = !(depth == 0 && rest.contains(';'));
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn first(index: usize, path: &str) -> PathRoot {
    let end = path.find(|c| !is_word(c)).unwrap_or(path.len());
    let second = path[end..].strip_prefix("::").unwrap_or_default();
    let second_end = second.find(|c| !is_word(c)).unwrap_or(second.len());
    PathRoot { line: index + 1, name: path[..end].to_owned(), second: second[..second_end].to_owned() }
}

/// Words before a `::` that follow neither another word nor a `::` or `.`; a leading `::` always means a crate.
fn in_code(index: usize, line: &str) -> Vec<PathRoot> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("::") {
        let start = line[..at].rfind(|c| !is_word(c)).map_or(0, |before| before + line[before..].chars().next().map_or(1, char::len_utf8));
        let before = line[..start].trim_end_matches("r#");
        let goes_on = before.ends_with('.') || (before.ends_with("::") && before[..before.len() - 2].ends_with(|c| is_word(c) || c == '>'));
        if start < at && !goes_on {
            found.push(first(index, &line[start..]));
        }
    }
    found
}

/// Checks that crates that read the other services' rows do so through their `tables`.
#[must_use]
pub fn check_tables_only(file: &str, text: &str) -> Vec<Violation> {
    if !READERS.iter().any(|reader| file.starts_with(reader)) {
        return Vec::new();
    }
    let beyond = roots(text).into_iter().filter(|root| READ.contains(&root.name.as_str()) && root.second != "tables");
    let what = |root: &PathRoot| format!("names `{}` beyond its `tables`, which is all that a reader of rows may know", root.name);
    beyond.map(|root| Violation::at(file, root.line, what(&root))).collect()
}
