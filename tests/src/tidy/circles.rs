//! Circles of imports between the files of a crate: of two files that need each other, neither can be read, moved or tested alone. A file may name its parent,
//! and a parent its children. What a parent re-exports is not the parent's.
use super::{Violation, mask::mask};
use std::collections::{BTreeMap, BTreeSet};

/// The path of a module in its crate; of the crate itself it is empty.
type ModulePath = Vec<String>;

/// The paths in a source.
#[derive(Default)]
struct SourcePaths {
    /// Those of `use`, one for each branch.
    used: Vec<Vec<String>>,
    /// Those elsewhere that begin at the crate or at a parent.
    written: Vec<Vec<String>>,
}

/// Re-exports that are followed, one after the other.
const REEXPORTS_MAX: usize = 8;

/// Checks the sources of a crate, given as file and text.
#[must_use]
pub fn check_circles(folder: &str, sources: &[(String, String)]) -> Vec<Violation> {
    let what = |group: Vec<String>| format!("these files need each other: {}", group.join(", "));
    circles(folder, sources).into_iter().map(|group| Violation::at(&format!("{folder}/src"), 1, what(group))).collect()
}

/// The groups of files that need each other.
fn circles(folder: &str, sources: &[(String, String)]) -> Vec<Vec<String>> {
    let source = format!("{folder}/src/");
    let of_product = sources.iter().filter_map(|(file, text)| Some((module(file.strip_prefix(&source)?)?, paths(text))));
    let modules: BTreeMap<ModulePath, SourcePaths> = of_product.collect();
    let names: Vec<&ModulePath> = modules.keys().collect();
    let number = |path: &ModulePath| names.iter().position(|name| *name == path);
    let needs: Vec<BTreeSet<usize>> = modules
        .iter()
        .map(|(from, SourcePaths { used, written })| {
            used.iter().chain(written).filter_map(|path| target(from, path, &modules)).filter_map(|to| number(&to)).collect()
        })
        .collect();
    let reached: Vec<BTreeSet<usize>> = (0..needs.len()).map(|start| reach(start, &needs)).collect();
    let mut groups = BTreeSet::new();
    for (at, others) in reached.iter().enumerate().filter(|(at, others)| others.contains(at)) {
        groups.insert(others.iter().copied().filter(|other| reached[*other].contains(&at)).collect::<Vec<usize>>());
    }
    let shown = |at: usize| if names[at].is_empty() { "lib".to_owned() } else { names[at].join("::") };
    groups.into_iter().map(|group| group.into_iter().map(shown).collect()).collect()
}

/// The module of a file below `src`; `None` for tests and for programs of their own.
fn module(file: &str) -> Option<ModulePath> {
    let path: ModulePath = file.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    let is_test = path.iter().any(|part| part == "tests") || path.first().is_some_and(|first| first == "bin");
    match path.as_slice() {
        _ if is_test => None,
        [only] if only == "lib" || only == "main" => Some(Vec::new()),
        _ => Some(path),
    }
}

/// Everything that can be reached from a file over others.
fn reach(start: usize, needs: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![start]);
    while let Some(at) = open.pop() {
        open.extend(needs[at].iter().copied().filter(|next| reached.insert(*next)));
    }
    reached
}

/// The file that a path in another file names; `None` for itself, its parents, and other crates. What a parent re-exports is named there.
fn target(from: &ModulePath, path: &[String], modules: &BTreeMap<ModulePath, SourcePaths>) -> Option<ModulePath> {
    let (mut file, mut name) = resolve(from, path, modules)?;
    for _ in 0..REEXPORTS_MAX {
        if !from.starts_with(&file) {
            return Some(file);
        }
        let used = &modules.get(&file)?.used;
        let imported = used.iter().find(|used| name.is_some() && used.last() == name.as_ref())?;
        (file, name) = resolve(&file, imported, modules)?;
    }
    None
}

/// The file that a path leads to, and the name in it that comes next; `None` for a path beyond the crate.
fn resolve(from: &ModulePath, path: &[String], modules: &BTreeMap<ModulePath, SourcePaths>) -> Option<(ModulePath, Option<String>)> {
    let mut whole: ModulePath = match path.first()?.as_str() {
        "crate" => Vec::new(),
        _ => from.clone(),
    };
    let mut rest = path;
    while let Some((word, others)) = rest.split_first() {
        match word.as_str() {
            "crate" | "self" => {}
            "super" => drop(whole.pop()?),
            _ => break,
        }
        rest = others;
    }
    whole.extend(rest.iter().cloned());
    let mut name = None;
    while !modules.contains_key(&whole) {
        name = Some(whole.pop()?);
    }
    Some((whole, name))
}

/// Every path in a source.
fn paths(text: &str) -> SourcePaths {
    let code = mask(text).code.join("\n");
    let tokens = tokens(&code);
    let (mut found, mut at) = (SourcePaths::default(), 0);
    while at < tokens.len() {
        let before = at.checked_sub(1).map_or(";", |before| tokens[before]);
        if tokens[at] == "use" && matches!(before, ";" | "}" | "{" | "]" | ")" | "pub") {
            at += 1;
            branch(&tokens, &mut at, &mut Vec::new(), &mut found.used);
        } else if matches!(tokens[at], "crate" | "super" | "self") && before != "::" && tokens.get(at + 1) == Some(&"::") {
            let mut path = vec![tokens[at].to_owned()];
            while tokens.get(at + 1) == Some(&"::") && tokens.get(at + 2).is_some_and(|word| is_name(word)) {
                path.push(tokens[at + 2].to_owned());
                at += 2;
            }
            found.written.push(path);
            at += 1;
        } else {
            at += 1;
        }
    }
    found
}

/// One branch of a `use`, up to the token that ends it.
fn branch(tokens: &[&str], at: &mut usize, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let length = path.len();
    while let Some(token) = tokens.get(*at).copied() {
        match token {
            "{" => {
                while !matches!(tokens.get(*at).copied(), None | Some("}")) {
                    // After the brace, and after each comma.
                    *at += 1;
                    branch(tokens, at, path, found);
                }
                *at += 1;
                path.truncate(length);
                return;
            }
            "," | "}" | ";" => break,
            "as" => *at += 1,
            word if is_name(word) => path.push(word.to_owned()),
            _ => {}
        }
        *at += 1;
    }
    if !path.is_empty() {
        found.push(path.clone());
    }
    path.truncate(length);
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words, `::`, and other characters one by one.
fn tokens(code: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), code.trim_start());
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        found.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    found
}

#[cfg(test)]
mod tests;
