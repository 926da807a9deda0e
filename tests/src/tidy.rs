//! The project's rules that a program can check: sizes, names, leftovers, comments, the direction of dependencies and their use. Line-based on purpose: it
//! relies on rustfmt's layout and needs no parser.
mod accounts;
mod circles;
mod correlations;
mod crates;
mod doc_words;
mod manifest;
mod mask;
mod paths;
mod postings;
mod proto;
mod refusals;
mod rust;
mod statements;
#[cfg(test)]
mod tests;
mod times;
mod tuples;
mod type_names;

use std::{collections::BTreeMap, fmt, fs, io, path::Path};

pub use accounts::check_accounts;
pub use circles::check_circles;
pub use correlations::check_correlations;
pub use doc_words::check_doc_words;
pub use manifest::{CrateFiles, check_manifest, check_offered, check_unused};
pub use paths::check_tables_only;
pub use postings::{check_drafts, check_postings};
pub use proto::{check_proto, check_reasons};
pub use refusals::check_refusals;
pub use rust::check_rust;
pub use statements::check_statements;
pub use times::check_times;
pub use tuples::check_tuples;
pub use type_names::check_types;

/// Names allowed at the top of the repository, including ignored build output and local data.
const TOP_LEVEL: [&str; 22] = [
    ".ci",
    ".config",
    ".dockerignore",
    ".git",
    ".gitattributes",
    ".gitignore",
    ".rustfmt.toml",
    "ARCHITECTURE.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    ".clippy.toml",
    ".deny.toml",
    "data",
    "deploy",
    "proto",
    "services",
    "shared",
    "target",
    "tests",
];

/// Folders that are searched for sources.
const SOURCES: [&str; 4] = ["proto/largesse", "services", "shared", "tests"];

/// A violation of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Path from the top of the repository.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The rule and what breaks it.
    pub what: String,
}

impl Violation {
    fn at(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// Checks the names at the top of the repository.
pub fn check_top_level<'a>(entries: impl IntoIterator<Item = &'a str>) -> Vec<Violation> {
    entries
        .into_iter()
        .filter(|entry| !TOP_LEVEL.contains(entry))
        .map(|entry| Violation::at(entry, 1, "not one of the entries allowed at the top of the repository"))
        .collect()
}

/// Checks everything under the top of a repository.
pub fn check_repository(root: &Path) -> io::Result<Vec<Violation>> {
    let top = names(root)?;
    let mut found = check_top_level(top.iter().map(String::as_str));
    for folder in SOURCES {
        check_folder(root, folder, &mut found)?;
    }
    let (mut manifests, mut all) = (Vec::new(), Vec::new());
    for folder in check_members(root, &mut found)? {
        let manifest = fs::read_to_string(root.join(&folder).join("Cargo.toml"))?;
        let mut sources = Vec::new();
        read_sources(root, &folder, &mut sources)?;
        found.extend(check_unused(&CrateFiles { folder: &folder, manifest: &manifest, sources: &sources }));
        found.extend(check_circles(&folder, &sources));
        manifests.push(manifest);
        all.append(&mut sources);
    }
    found.extend(check_types(&all));
    found.extend(check_drafts(&all));
    let postings: BTreeMap<String, String> = all.into_iter().filter(|(file, _)| postings::has_postings(file)).collect();
    found.extend(check_postings(&fs::read_to_string(root.join("ARCHITECTURE.md"))?, &postings));
    found.extend(check_offered(&fs::read_to_string(root.join("Cargo.toml"))?, &manifests));
    Ok(found)
}

/// The folders of all crates of the workspace, according to its manifest. A crate that it does not list would never be built.
fn check_members(root: &Path, found: &mut Vec<Violation>) -> io::Result<Vec<String>> {
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let members = manifest.lines().find_map(|line| line.strip_prefix("members = [")).unwrap_or_default();
    let mut folders = Vec::new();
    for member in members.split('"').skip(1).step_by(2) {
        match member.strip_suffix("/*") {
            Some(above) => folders.extend(names(&root.join(above))?.into_iter().map(|name| format!("{above}/{name}"))),
            None => folders.push(member.to_owned()),
        }
    }
    folders.retain(|folder| root.join(folder).join("Cargo.toml").is_file());
    let known = |file: &str| folders.iter().any(|folder| *folder == file);
    for above in ["shared", "services", "tests"] {
        let inside = names(&root.join(above))?.into_iter().map(|name| format!("{above}/{name}"));
        let strangers = inside.filter(|folder| root.join(folder).join("Cargo.toml").is_file() && !known(folder));
        found.extend(
            strangers.map(|folder| Violation::at(&format!("{folder}/Cargo.toml"), 1, "a crate that is no member of the workspace")),
        );
    }
    Ok(folders)
}

/// The sources of a crate, without those of crates inside its folder.
fn read_sources(root: &Path, folder: &str, sources: &mut Vec<(String, String)>) -> io::Result<()> {
    for name in names(&root.join(folder))? {
        let file = format!("{folder}/{name}");
        let path = root.join(&file);
        if path.is_dir() && !path.join("Cargo.toml").is_file() && name != "target" {
            read_sources(root, &file, sources)?;
        } else if name.ends_with(".rs") {
            sources.push((file, fs::read_to_string(path)?));
        }
    }
    Ok(())
}

fn check_folder(root: &Path, folder: &str, found: &mut Vec<Violation>) -> io::Result<()> {
    for name in names(&root.join(folder))? {
        let file = format!("{folder}/{name}");
        let path = root.join(&file);
        if path.is_dir() {
            // Generated files are compared with their input by a test beside them.
            if name != "target" && name != "generated" && !name.starts_with('.') {
                check_folder(root, &file, found)?;
            }
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(path)?;
            found.extend(check_rust(&file, &text));
            found.extend(check_tables_only(&file, &text));
            found.extend(check_doc_words(&file, &text));
            found.extend(check_refusals(&file, &text));
            found.extend(check_accounts(&file, &text));
            found.extend(check_statements(&file, &text));
            found.extend(check_times(&file, &text));
            found.extend(check_tuples(&file, &text));
        } else if name.ends_with(".proto") {
            let text = fs::read_to_string(path)?;
            found.extend(check_proto(&file, &text));
            found.extend(check_reasons(&file, &text));
            found.extend(check_doc_words(&file, &text));
        } else if name == "Cargo.toml" {
            found.extend(check_manifest(&file, &fs::read_to_string(path)?));
        }
    }
    Ok(())
}

/// Names in a folder, sorted; none if the folder does not exist.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}
