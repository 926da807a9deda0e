//! Documentation that satisfies a linter and says nothing: `/// Which.` above a field.
use super::Violation;

/// Texts of such lines.
const EMPTY: [&str; 22] = [
    "as asked",
    "both",
    "by whom",
    "does it",
    "how",
    "how many",
    "how much",
    "it",
    "ours",
    "see above",
    "see there",
    "that",
    "the same",
    "what",
    "what it is",
    "when",
    "where",
    "which",
    "which one",
    "who",
    "whose",
    "why",
];

/// Checks one Rust or proto file: a comment that is a lone question word documents nothing.
#[must_use]
pub fn check_doc_words(file: &str, text: &str) -> Vec<Violation> {
    let marker = if file.ends_with(".proto") { "// " } else { "/// " };
    let mut found = Vec::new();
    let mut before = "";
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        // The last line of a longer comment may be short.
        if let Some(said) = line.strip_prefix(marker).and_then(|said| said.strip_suffix('.'))
            && !before.starts_with(marker.trim_end())
            && EMPTY.contains(&said.to_lowercase().as_str())
        {
            found.push(Violation::at(file, index + 1, format!("the comment `{said}.` documents nothing; say what it is")));
        }
        before = line;
    }
    found
}

#[cfg(test)]
mod tests;
