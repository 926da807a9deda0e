//! Rust sources: sizes, names, leftovers and module comments.
use super::{
    Violation,
    mask::{Masked, mask},
};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const ARGUMENTS_MAX: usize = 6;
/// Names that don't say what a module contains.
const MODULE_NAMES_BANNED: [&str; 5] = ["common", "core", "helpers", "types", "utils"];
/// Leftovers in code.
const CODE_BANNED: [&str; 4] = ["todo!", "unimplemented!", "dbg!", "#[ignore"];
/// Leftovers in comments.
const COMMENT_BANNED: [&str; 2] = ["TODO", "FIXME"];

/// Checks one Rust file.
pub fn check_rust(file: &str, text: &str) -> Vec<Violation> {
    let masked = mask(text);
    let mut found = Vec::new();
    check_file(file, text, &mut found);
    check_lines(file, &masked, &mut found);
    check_functions(file, &masked.code, &mut found);
    found
}

fn check_file(file: &str, text: &str, found: &mut Vec<Violation>) {
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        found.push(Violation::at(file, FILE_LINES_MAX + 1, format!("{lines} lines, more than {FILE_LINES_MAX}")));
    }
    if file.ends_with("/mod.rs") {
        found.push(Violation::at(file, 1, "mod.rs; use `foo.rs` beside `foo/`"));
    }
    let inside = file.split_once("/src/").map_or(file, |(_, inside)| inside);
    for part in inside.trim_end_matches(".rs").split('/') {
        if MODULE_NAMES_BANNED.contains(&part) {
            found.push(Violation::at(file, 1, format!("a module named `{part}`")));
        }
    }
    if !text.starts_with("//!") {
        found.push(Violation::at(file, 1, "doesn't start with a `//!` comment"));
    }
}

fn check_lines(file: &str, masked: &Masked, found: &mut Vec<Violation>) {
    let in_tests = file.contains("/tests/") || file.ends_with("/tests.rs");
    for (index, (code, comment)) in masked.code.iter().zip(&masked.comments).enumerate() {
        let mut no = |what: String| found.push(Violation::at(file, index + 1, what));
        for word in CODE_BANNED {
            if has_word(code, word) {
                no(format!("{word} left in"));
            }
        }
        for word in COMMENT_BANNED {
            if has_word(comment, word) {
                no(format!("{word} left in"));
            }
        }
        if in_tests && has_word(code, "sleep(") {
            no("sleep in a test".to_owned());
        }
        let name = code.trim().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        if let Some(name) = name.strip_prefix("mod ") {
            let name = name.trim_end_matches([';', '{', ' ']);
            if MODULE_NAMES_BANNED.contains(&name) {
                no(format!("a module named `{name}`"));
            }
        }
    }
}

/// True where `word` occurs and isn't the tail of a longer name.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn check_functions(file: &str, code: &[String], found: &mut Vec<Violation>) {
    for function in functions(code) {
        let FunctionText { name, index, lines, parameters } = function;
        if lines > FUNCTION_LINES_MAX {
            found.push(Violation::at(file, index + 1, format!("fn {name} has {lines} lines, more than {FUNCTION_LINES_MAX}")));
        }
        let arguments = arguments(&parameters);
        if arguments > ARGUMENTS_MAX {
            found.push(Violation::at(file, index + 1, format!("fn {name} takes {arguments} arguments, more than {ARGUMENTS_MAX}")));
        }
    }
}

/// A function, as its source has it.
pub(super) struct FunctionText<'a> {
    pub(super) name: &'a str,
    /// The line that declares it, from 0.
    pub(super) index: usize,
    lines: usize,
    /// Its receiver, and pattern and type of each parameter.
    pub(super) parameters: Vec<String>,
}

/// All functions in masked code.
pub(super) fn functions(code: &[String]) -> impl Iterator<Item = FunctionText<'_>> {
    code.iter().enumerate().filter_map(|(index, line)| {
        let (name, column) = function_at(line)?;
        let (lines, parameters) = measure(code, index, column)?;
        Some(FunctionText { name, index, lines, parameters })
    })
}

/// The name of the function that a line declares, and the column after the name.
fn function_at(line: &str) -> Option<(&str, usize)> {
    let at = if line.trim_start().starts_with("fn ") { line.find("fn ")? } else { line.find(" fn ")? + 1 };
    let before = line[..at].trim();
    let modifiers = before.split_whitespace().all(|word| {
        matches!(word, "pub" | "async" | "const" | "unsafe" | "extern" | "default") || word.starts_with("pub(") || word.starts_with('"')
    });
    let start = at + 3;
    let length = line[start..].find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (modifiers && length > 0).then(|| (&line[start..start + length], start + length))
}

/// Reads from after a function's name to the end of its body (or to `;`): how many lines, and the parameters. Strings and comments are already blanked, so brackets match.
fn measure(code: &[String], first: usize, column: usize) -> Option<(usize, Vec<String>)> {
    let mut parameters = None;
    let mut list = ParameterList::default();
    // The `;` of an array type in the result, `[u8; 4]`, ends nothing.
    let (mut braces, mut brackets, mut previous) = (0_usize, 0_usize, ' ');
    for (index, line) in code.iter().enumerate().skip(first) {
        for c in line.chars().skip(if index == first { column } else { 0 }) {
            if parameters.is_none() {
                parameters = list.step(previous, c);
            } else {
                match c {
                    ';' if braces == 0 && brackets == 0 => return Some((1, parameters?)),
                    '[' => brackets += 1,
                    ']' => brackets = brackets.saturating_sub(1),
                    '{' => braces += 1,
                    '}' if braces == 1 => return Some((index - first + 1, parameters?)),
                    '}' => braces = braces.saturating_sub(1),
                    _ => {}
                }
            }
            previous = c;
        }
        previous = ' ';
    }
    None
}

/// Reads what is between the outer parentheses of a signature.
#[derive(Default)]
struct ParameterList {
    depth: usize,
    generics: usize,
    open: bool,
    current: String,
    parameters: Vec<String>,
}

impl ParameterList {
    /// Reads one more character; returns the parameters once the list is closed.
    fn step(&mut self, previous: char, c: char) -> Option<Vec<String>> {
        if !self.open {
            match c {
                '<' => self.generics += 1,
                '>' if previous != '-' => self.generics = self.generics.saturating_sub(1),
                '(' if self.generics == 0 => self.open = true,
                _ => {}
            }
            return None;
        }
        match c {
            ')' if self.depth == 0 => {
                self.end_parameter();
                return Some(std::mem::take(&mut self.parameters));
            }
            ',' if self.depth == 0 => {
                self.end_parameter();
                return None;
            }
            '(' | '[' | '{' | '<' => self.depth += 1,
            ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
            '>' if previous != '-' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.current.push(c);
        None
    }

    fn end_parameter(&mut self) {
        let parameter = std::mem::take(&mut self.current);
        if !parameter.trim().is_empty() {
            self.parameters.push(parameter.trim().to_owned());
        }
    }
}

/// The number of arguments, without the receiver; each part of one that is taken apart counts.
fn arguments(parameters: &[String]) -> usize {
    let count = |parameter: &String| {
        let (pattern, has_type) = parameter.split_once(':').map_or((parameter.as_str(), false), |(pattern, _)| (pattern.trim(), true));
        let parts = pattern.split(',').filter(|part| part.contains(|c: char| c.is_alphanumeric() || c == '_')).count();
        let is_taken_apart = has_type && pattern.starts_with('(') && pattern.ends_with(')');
        let is_receiver = pattern.split_whitespace().last().is_some_and(|word| word.trim_start_matches('&') == "self");
        if is_receiver {
            0
        } else if is_taken_apart {
            parts
        } else {
            1
        }
    };
    parameters.iter().map(count).sum()
}
