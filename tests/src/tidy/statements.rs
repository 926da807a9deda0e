//! Statements that are only safe, or only possible, in one form: how a transaction begins, and inserts into tables that are distributed over a cluster.
use super::{Violation, mask::mask};

/// The file that defines `db::begin`.
const BEGINNER: &str = "shared/db/src/transaction.rs";
/// Receivers on which `begin` may be called: stores that forward to `db::begin`, by the last name before the dot. Pools and connections are not allowed: a call
/// that is dropped halfway would leave the connection in an open transaction.
const BEGIN_BY: [&str; 3] = ["self", "store", "books"];
/// Types and traits whose own `begin` is banned.
const BEGIN_OF: [&str; 4] = ["Pool", "Transaction", "Acquire", "Connection"];

/// Services whose tables are distributed over a Citus cluster, and the ledger's statements on PostgreSQL.
const SPREAD: [&str; 5] = [
    "services/payout/src/",
    "services/earnings/src/",
    "services/purchase/src/",
    "services/support/src/",
    "shared/books/src/store/postgres",
];
/// A commit is one statement of arrays, so it needs such an insert. Citus accepts it as long as it may plan it by its values.
const COMMIT: &str = "shared/books/src/store/postgres/write.rs";

/// Checks one Rust file.
#[must_use]
pub fn check_statements(file: &str, text: &str) -> Vec<Violation> {
    let ours = (file.starts_with("services/") || file.starts_with("shared/")) && file.contains("/src/") && !file.ends_with("tests.rs");
    if !ours {
        return Vec::new();
    }
    let mut found = Vec::new();
    if file != BEGINNER {
        check_begins(file, text, &mut found);
    }
    if SPREAD.iter().any(|spread| file.starts_with(spread)) && file != COMMIT {
        check_inserts(file, text, &mut found);
    }
    found
}

fn check_begins(file: &str, text: &str, found: &mut Vec<Violation>) {
    let code = mask(text).code.join("\n");
    let mut no = |at: usize| {
        let line = code[..at].matches('\n').count() + 1;
        found.push(Violation::at(file, line, "begins a transaction by itself; use db::begin or db::begin_with"));
    };
    for (at, _) in code.match_indices(".begin()") {
        // `self.store.begin()`, even if rustfmt put the call on its own line; `store()` counts as `store`.
        let before = code[..at].trim_end().trim_end_matches("()");
        let name = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        if !BEGIN_BY.contains(&name) {
            no(at);
        }
    }
    for (at, _) in code.match_indices(".begin_with(") {
        no(at);
    }
    for (at, _) in code.match_indices("::begin") {
        // `sqlx::Acquire::begin`, `<Pool<Any>>::begin`.
        let path = code[..at].rsplit(|c: char| !c.is_alphanumeric() && !"_:<>".contains(c)).next().unwrap_or_default();
        if path.split([':', '<', '>']).any(|name| BEGIN_OF.iter().any(|of| name.ends_with(of))) {
            no(at);
        }
    }
}

/// Reads from `INSERT INTO` to the end of its string, past escaped quotes.
fn check_inserts(file: &str, text: &str, found: &mut Vec<Violation>) {
    for (at, _) in text.match_indices("INSERT INTO") {
        let rest = text[at..].replace("\\\"", "  ");
        let statement = &rest[..rest.find('"').unwrap_or(rest.len())];
        if statement.contains("SELECT") {
            let line = text[..at].matches('\n').count() + 1;
            let what = "INSERT from a SELECT into a table that a Citus cluster spreads: it costs a transaction over nodes, or fails; read first, then insert";
            found.push(Violation::at(file, line, what));
        }
    }
}

#[cfg(test)]
mod tests;
