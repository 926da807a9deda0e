//! Names of accounts are spelled in `shared/chart` and nowhere else: a name put together elsewhere would be a second chart.
use super::Violation;

/// Prefixes of account names.
const ROOTS: [&str; 4] = ["viewer/", "creator/", "agency/", "house/"];
/// The only folder that may spell account names.
const CHART: &str = "shared/chart/";

/// The only program among the tests.
const BENCH: &str = "tests/bench/";

/// Checks one Rust file of the product. Tests may spell names, to compare the chart with them.
#[must_use]
pub fn check_accounts(file: &str, text: &str) -> Vec<Violation> {
    let product = file.contains("/src/") && (!file.starts_with("tests/") || file.starts_with(BENCH)) && !file.starts_with(CHART);
    if !product || file.contains("/tests/") || file.ends_with("/tests.rs") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        // Text between quotes; escaped quotes don't matter, since no name has one.
        for literal in line.split('"').skip(1).step_by(2) {
            if let Some(root) = ROOTS.into_iter().find(|root| names(literal, root)) {
                found.push(Violation::at(file, index + 1, format!("spells an account's name, `{root}…`; take it from `chart`")));
            }
        }
    }
    found
}

/// Whether an account's name begins anywhere in a text.
fn names(literal: &str, root: &str) -> bool {
    literal.match_indices(root).any(|(at, _)| {
        let before = literal[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '-'))
    })
}

#[cfg(test)]
mod tests;
