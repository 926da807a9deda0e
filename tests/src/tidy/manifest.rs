//! Checks the direction of dependencies, and that each is used.
use super::{
    Violation,
    crates::{is_ours, row_of},
    paths::roots,
};
use std::collections::BTreeSet;

/// Crates that make a crate asynchronous or tie it to a network protocol or a store.
const ASYNC: [&str; 14] = [
    "async-trait",
    "axum",
    "futures",
    "http",
    "hyper",
    "prost",
    "reqwest",
    "sqlx",
    "tokio",
    "tokio-stream",
    "tokio-util",
    "tonic",
    "tonic-types",
    "tower",
];

/// Dependencies that no source names, by crate, and why they are needed.
const UNNAMED: [(&str, &str, &str); 6] = [
    ("shared/api", "prost-types", "the code that is generated from the contracts names it"),
    ("shared/api", "tonic-types", "the code that is generated from the contracts names it"),
    ("shared/iso20022", "iban_validate", "its library is named `iban`"),
    ("shared/accounts", "iban_validate", "its library is named `iban`"),
    ("services/purchase", "md-5", "its library is named `md5`"),
    ("services/sandbox", "md-5", "its library is named `md5`"),
];

#[derive(Clone, Copy, PartialEq)]
enum Section {
    Other,
    Normal,
    Build,
    Dev,
}

/// A line of a manifest that names a dependency.
struct Dependency<'a> {
    line: usize,
    section: Section,
    /// The name used in sources.
    key: &'a str,
    /// The package's name, if it differs.
    package: &'a str,
}

/// A crate's manifest and all its sources, as paths from the top of the repository and texts.
pub struct CrateFiles<'a> {
    /// `services/gift`.
    pub folder: &'a str,
    /// The text of its Cargo.toml.
    pub manifest: &'a str,
    /// Its `.rs` files.
    pub sources: &'a [(String, String)],
}

/// Checks that a crate has a row in the table, and depends only on what the row allows.
#[must_use]
pub fn check_manifest(file: &str, text: &str) -> Vec<Violation> {
    let folder = file.strip_suffix("/Cargo.toml").unwrap_or_default();
    // The workspace's own manifest only lists the crates.
    if folder.is_empty() {
        return Vec::new();
    }
    let Some(row) = row_of(folder) else {
        return vec![Violation::at(file, 1, "a crate that `tests/src/tidy/crates.rs` doesn't know: say there what it may depend on")];
    };
    let mut found = Vec::new();
    for Dependency { line, section, package, .. } in dependencies(text) {
        let mut no = |why: &str| found.push(Violation::at(file, line, format!("depends on `{package}`: {why}")));
        let in_tests = section == Section::Dev;
        if is_ours(package) && !row.allows(package, in_tests) {
            no("not among what its row in `tests/src/tidy/crates.rs` allows");
        }
        if folder == "shared/money" && !in_tests && ASYNC.contains(&package) {
            no("shared/money depends on nothing async");
        }
    }
    found
}

/// Checks that every dependency is named in the crate's sources: dev-dependencies in any of them, the others outside of `tests/`.
#[must_use]
pub fn check_unused(of: &CrateFiles<'_>) -> Vec<Violation> {
    let (mut normal, mut build, mut all) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (file, text) in of.sources {
        let inside = file.strip_prefix(of.folder).unwrap_or(file);
        let names: Vec<String> = roots(text).into_iter().map(|root| root.name).chain(in_attributes(text)).collect();
        if inside.starts_with("/src/") {
            normal.extend(names.iter().cloned());
        }
        if inside == "/build.rs" {
            build.extend(names.iter().cloned());
        }
        all.extend(names);
    }
    let mut found = Vec::new();
    for Dependency { line, section, key, .. } in dependencies(of.manifest) {
        let named = match section {
            Section::Other => continue,
            Section::Normal => &normal,
            Section::Build => &build,
            Section::Dev => &all,
        };
        let excused = UNNAMED.iter().any(|(folder, name, _)| *folder == of.folder && *name == key);
        if !named.contains(&key.replace('-', "_")) && !excused {
            found.push(Violation::at(&format!("{}/Cargo.toml", of.folder), line, format!("depends on `{key}`, which no source names")));
        }
    }
    found
}

/// Names in serde attributes of a text, such as `with = "settings::millis"`.
fn in_attributes(text: &str) -> impl Iterator<Item = String> {
    let named = |line: &str| Some(line.split_once("with = \"")?.1.split_once("::")?.0.to_owned());
    text.lines().filter(|line| line.trim_start().starts_with("#[")).filter_map(named)
}

/// Checks that every dependency of the workspace's own manifest is used by a crate.
#[must_use]
pub fn check_offered(workspace: &str, manifests: &[String]) -> Vec<Violation> {
    let taken: BTreeSet<&str> =
        manifests.iter().flat_map(|manifest| dependencies(manifest)).filter(|of| of.section != Section::Other).map(|of| of.key).collect();
    let mut offered = false;
    let mut found = Vec::new();
    for (index, line) in workspace.lines().enumerate() {
        if line.starts_with('[') {
            offered = line == "[workspace.dependencies]";
        } else if offered && line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let key = line.split(['.', '=', ' ']).next().unwrap_or_default();
            if !taken.contains(key) {
                found.push(Violation::at("Cargo.toml", index + 1, format!("offers `{key}`, on which no crate depends")));
            }
        }
    }
    found
}

/// Every line that names a dependency.
fn dependencies(text: &str) -> Vec<Dependency<'_>> {
    let (mut found, mut section) = (Vec::new(), Section::Other);
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_matches(['[', ']']);
            section = section_of(header);
            // `[dependencies.tokio]` names the dependency in the header.
            if let Some((_, name)) = header.split_once("dependencies.") {
                found.push(Dependency { line: index + 1, section, key: name, package: name });
                section = Section::Other;
            }
        } else if section != Section::Other && !line.is_empty() {
            let key = line.split(['.', '=', ' ']).next().unwrap_or_default();
            let renamed = line.split_once("package").and_then(|(_, rest)| rest.split('"').nth(1));
            found.push(Dependency { line: index + 1, section, key, package: renamed.unwrap_or(key) });
        }
    }
    found
}

fn section_of(header: &str) -> Section {
    let Some(start) = header.find("dependencies") else { return Section::Other };
    match &header[..start] {
        "workspace." => Section::Other,
        before if before.ends_with("dev-") => Section::Dev,
        before if before.ends_with("build-") => Section::Build,
        _ => Section::Normal,
    }
}
