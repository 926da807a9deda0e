//! A type's name is unique in the project, so that it can be searched for.
use super::Violation;
use std::collections::{BTreeMap, BTreeSet};

/// Names of types that every crate may have.
const REPEATED: [&str; 7] = ["Config", "Deps", "Error", "Handlers", "Options", "Service", "Store"];

/// Types that a source declares at its top level: line and name.
fn declared(text: &str) -> Vec<(usize, &str)> {
    let name_of = |line: &'_ str| -> Option<(usize, usize)> {
        let rest = line.strip_prefix("pub").map_or(line, |rest| {
            let rest = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(rest, |(_, rest)| rest);
            rest.trim_start()
        });
        let rest = rest.strip_prefix("unsafe ").unwrap_or(rest);
        let rest = ["struct ", "enum ", "trait ", "type ", "union "].into_iter().find_map(|word| rest.strip_prefix(word))?;
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        Some((line.len() - rest.len(), length))
    };
    text.lines().enumerate().filter_map(|(index, line)| name_of(line).map(|(at, length)| (index + 1, &line[at..at + length]))).collect()
}

/// Checks the product's sources, as paths and texts: no type name is in two crates, except those that every crate may have.
#[must_use]
pub fn check_types(sources: &[(String, String)]) -> Vec<Violation> {
    let mut places: BTreeMap<&str, Vec<(&str, &str, usize)>> = BTreeMap::new();
    for (file, text) in sources {
        let product = !file.starts_with("tests/src/") && !file.contains("/tests/") && !file.ends_with("/tests.rs");
        let Some((folder, _)) = file.split_once("/src/").filter(|_| product) else { continue };
        for (line, name) in declared(text) {
            if !REPEATED.contains(&name) && !file.contains("/generated/") {
                places.entry(name).or_default().push((folder, file, line));
            }
        }
    }
    let mut found = Vec::new();
    for (name, places) in places {
        let crates: BTreeSet<&str> = places.iter().map(|(folder, ..)| *folder).collect();
        if crates.len() > 1 {
            let (_, file, line) = places[0];
            let also: Vec<String> = places[1..].iter().map(|(_, file, line)| format!("{file}:{line}")).collect();
            found.push(Violation::at(file, line, format!("`{name}` means something else in {}", also.join(", "))));
        }
    }
    found
}

#[cfg(test)]
mod tests;
