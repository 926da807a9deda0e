//! A function's parameters have names: none is a tuple that hides some of them, or whose parts could be mistaken for each other.
use super::{Violation, mask::mask, rust::functions};

/// Functions that take such a tuple because somebody else's signature dictates it, with the reason.
const ALLOWED: [(&str, &str, &str); 2] = [
    ("services/console/src/config.rs", "from", "`From` converts one value"),
    ("shared/settings/src/layers.rs", "environment", "`std::env::vars` gives pairs of texts"),
];
/// What a type may be wrapped in without hiding it.
const WRAPPERS: [&str; 4] = ["Option<", "Vec<", "impl Iterator<Item =", "impl IntoIterator<Item ="];
/// The most parts of a tuple, which must differ in type.
const PARTS_MAX: usize = 2;

/// Checks one Rust file of the product.
#[must_use]
pub fn check_tuples(file: &str, text: &str) -> Vec<Violation> {
    let is_product = (file.starts_with("services/") || file.starts_with("shared/")) && file.contains("/src/");
    let is_test = file.contains("/tests/") || file.ends_with("/tests.rs") || file.ends_with("/fixtures.rs");
    if !is_product || is_test || file.contains("/generated/") {
        return Vec::new();
    }
    let code = without_tests(mask(text).code);
    let mut found = Vec::new();
    for function in functions(&code) {
        if ALLOWED.iter().any(|(allowed, name, _)| *allowed == file && *name == function.name) {
            continue;
        }
        for (pattern, of) in function.parameters.iter().filter_map(|parameter| pattern_and_type(parameter)) {
            if let Some(why) = fault(pattern, of) {
                let what = format!("fn {} takes {pattern} as the tuple {of}, {why}; make it a struct, or parameters", function.name);
                found.push(Violation::at(file, function.index + 1, what));
            }
        }
    }
    found
}

/// The code before unit tests that are in the same file.
fn without_tests(mut code: Vec<String>) -> Vec<String> {
    let begins = |pair: &[String]| pair[0].trim() == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{');
    if let Some(at) = code.windows(2).position(begins) {
        code.truncate(at);
    }
    code
}

/// A parameter's pattern and its type; none of a receiver.
fn pattern_and_type(parameter: &str) -> Option<(&str, &str)> {
    let [pattern, of] = <[&str; 2]>::try_from(split(parameter, ':')).ok()?;
    Some((pattern, of))
}

/// What is wrong with a parameter of this pattern and type.
fn fault(pattern: &str, of: &str) -> Option<String> {
    let inner = unwrapped(of);
    let parts = parts(inner)?;
    if parts.len() > PARTS_MAX {
        return Some(format!("which has {} parts", parts.len()));
    }
    if parts.iter().enumerate().any(|(at, part)| parts[..at].contains(part)) {
        return Some("of which two parts have one type".to_owned());
    }
    if inner.len() == of.len() && pattern.starts_with('(') {
        return Some("and takes it apart at once".to_owned());
    }
    parts.iter().find_map(|part| fault("", part))
}

/// The type behind references, slices, arrays and [`WRAPPERS`].
fn unwrapped(of: &str) -> &str {
    let of = of.trim();
    let inner = if let Some(rest) = of.strip_prefix('&') {
        let rest = rest.trim_start();
        let rest = if rest.starts_with('\'') { rest.split_once(' ').map_or(rest, |(_, rest)| rest) } else { rest };
        Some(rest.strip_prefix("mut ").unwrap_or(rest))
    } else if let Some(rest) = of.strip_prefix('[') {
        rest.strip_suffix(']').map(|rest| split(rest, ';')[0])
    } else {
        WRAPPERS.iter().find_map(|wrapper| of.strip_prefix(wrapper)).map(|rest| split(rest, '>')[0])
    };
    inner.map_or(of, unwrapped)
}

/// The types in a tuple; none of another type, or of one in parentheses.
fn parts(of: &str) -> Option<Vec<&str>> {
    let inner = of.strip_prefix('(')?.strip_suffix(')')?;
    let mut parts = split(inner, ',');
    parts.retain(|part| !part.is_empty());
    (parts.len() > 1).then_some(parts)
}

/// The parts of a text between separators that are in no brackets; a bracket that was not opened ends the last. `::` separates nothing.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut found, mut depth, mut from, mut previous) = (Vec::new(), 0_usize, 0, ' ');
    for (at, c) in text.char_indices() {
        let is_path = c == ':' && (previous == ':' || text[at + 1..].starts_with(':'));
        if depth == 0 && c == separator && !is_path {
            found.push(text[from..at].trim());
            from = at + c.len_utf8();
        }
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            '>' if previous == '-' => {}
            ')' | ']' | '}' | '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        previous = c;
    }
    found.push(text[from..].trim());
    found
}

#[cfg(test)]
mod tests;
