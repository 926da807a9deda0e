//! Every event that moves money is made in one function of a service's module `postings`, and ARCHITECTURE.md lists them all.
use super::Violation;
use chart::PostingKind;
use std::collections::{BTreeMap, BTreeSet};

/// The page with the list.
const PAGE: &str = "ARCHITECTURE.md";
/// How the list's rows begin: `| `gift` | `services/gift/src/postings.rs` | `gift` |`.
const ROW: &str = "| `";
/// Marks kinds that no service posts, only people by hand.
const BY_HAND: &str = "by hand";

/// Whether a file, by its path, is a service's module `postings`, or a part of it.
pub(super) fn has_postings(file: &str) -> bool {
    (file.ends_with("/src/postings.rs") || file.contains("/src/postings/")) && !file.ends_with("/tests.rs")
}

/// Checks the list against the chart's kinds and the existing functions: `sources` are the files of the modules `postings`, as paths and texts.
#[must_use]
pub fn check_postings(page: &str, sources: &BTreeMap<String, String>) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut listed = BTreeSet::new();
    let mut named = BTreeSet::new();
    for (index, line) in page.lines().enumerate() {
        let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [_, kind, file, function, ..] = cells[..] else { continue };
        if !line.starts_with(ROW) || !(file == BY_HAND || has_postings(file)) {
            continue;
        }
        let mut no = |what: String| found.push(Violation::at(PAGE, index + 1, what));
        match PostingKind::parse(kind) {
            Some(kind) => {
                listed.insert(kind.name());
            }
            None => no(format!("`{kind}` is no kind of the chart")),
        }
        if file != BY_HAND {
            let there = sources.get(file).is_some_and(|text| functions(text).contains(function));
            if !there {
                no(format!("there is no `pub fn {function}` in {file}"));
            }
            named.insert((file, function));
        }
    }
    let missing = PostingKind::ALL.into_iter().map(PostingKind::name).filter(|kind| !listed.contains(kind));
    found.extend(missing.map(|kind| Violation::at(PAGE, 1, format!("the kind `{kind}` is not in the list of events"))));
    for (file, text) in sources {
        for function in functions(text) {
            if !named.contains(&(file.as_str(), function)) {
                found.push(Violation::at(file, 1, format!("`{function}` makes a posting and is not in the list of events in {PAGE}")));
            }
        }
    }
    found
}

/// How a posting is begun.
const BEGUN: [&str; 2] = ["PostingDraft::new(", "HoldPosting {"];

/// Postings that a service begins outside of its module `postings`: `sources` are the files of all crates, as paths and texts.
#[must_use]
pub fn check_drafts(sources: &[(String, String)]) -> Vec<Violation> {
    let is_bound = |file: &str| {
        let is_test = file.ends_with("/tests.rs") || file.contains("/tests/");
        file.starts_with("services/") && !is_test && !has_postings(file)
    };
    let mut found = Vec::new();
    for (file, text) in sources.iter().filter(|(file, _)| is_bound(file)) {
        for (index, line) in text.lines().enumerate() {
            if BEGUN.iter().any(|begun| line.contains(begun)) {
                found.push(Violation::at(file, index + 1, "a posting is begun outside of the service's module `postings`"));
            }
        }
    }
    found
}

/// Public functions that return a posting.
fn functions(text: &str) -> BTreeSet<&str> {
    let mut functions = BTreeSet::new();
    for declared in text.split("\npub fn ").skip(1) {
        let signature = declared.split('{').next().unwrap_or_default();
        if signature.contains("-> PostingDraft") || signature.contains("-> HoldPosting") {
            functions.extend(declared.split('(').next());
        }
    }
    functions
}

#[cfg(test)]
mod tests;
