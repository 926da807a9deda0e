//! Names of accounts are spelled and taken apart in `shared/chart` and nowhere else: a name put together or read elsewhere would be a second chart.
use super::Violation;

/// Prefixes of account names.
const ROOTS: [&str; 4] = ["viewer/", "creator/", "agency/", "house/"];
/// The ends of ids in account names.
const ENDS: [&str; 1] = ["-unallocated"];
/// What takes a name apart.
const SPLITS: [&str; 4] = ["split('/')", "rsplit('/')", "split_once('/')", "rsplit_once('/')"];
/// The only folder that may spell account names.
const CHART: &str = "shared/chart/";

/// The only program among the tests.
const BENCH: &str = "tests/bench/";

/// Checks one Rust file of the product. Tests may spell names, to compare the chart with them.
#[must_use]
pub fn check_accounts(file: &str, text: &str) -> Vec<Violation> {
    let built = file.contains("/src/") || file.contains("/examples/");
    let product = built && (!file.starts_with("tests/") || file.starts_with(BENCH)) && !file.starts_with(CHART);
    if !product || file.contains("/tests/") || file.ends_with("/tests.rs") {
        return Vec::new();
    }
    let mut found = Vec::new();
    // A call chain that goes over several lines, without the texts in it.
    let mut chain = String::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        // Text between quotes; escaped quotes don't matter, since no name has one.
        let code: String = line.split('"').step_by(2).collect();
        for literal in line.split('"').skip(1).step_by(2) {
            if let Some(part) = spelled(literal, &code) {
                found.push(Violation::at(file, index + 1, format!("spells an account's name, `{part}`; take it from `chart`")));
            }
        }
        if !line.trim_start().starts_with('.') {
            chain.clear();
        }
        let splits = SPLITS.into_iter().filter_map(|split| code.find(split));
        if splits.min().is_some_and(|at| is_of_name(&chain) || is_of_name(&code[..at])) {
            found.push(Violation::at(file, index + 1, "takes an account's name apart; `chart::Account::parse` does".to_owned()));
        }
        chain.push_str(&code);
    }
    found
}

/// The part of an account's name that a text has: where one begins or ends, or its first part alone where the code beside it is about accounts.
fn spelled(literal: &str, code: &str) -> Option<&'static str> {
    let begins = ROOTS.into_iter().find(|root| names(literal, root));
    let alone =
        || ROOTS.into_iter().find(|root| root.strip_suffix('/') == Some(literal) && (code.contains("account") || code.contains("owner")));
    begins.or_else(alone).or_else(|| ENDS.into_iter().find(|end| literal.ends_with(end)))
}

/// Whether what a call chain begins with is a name: a word in it ends in `name` or `account`.
fn is_of_name(code: &str) -> bool {
    let chain = ["= ", ", ", "|"].into_iter().filter_map(|before| code.rfind(before).map(|at| at + before.len())).max().unwrap_or_default();
    let mut words = code[chain..].split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| word.ends_with("name") || word.ends_with("account"))
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
