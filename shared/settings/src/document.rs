//! Versioned lists in TOML that operators write: catalogues, rate cards, price lists. An error names the kind of document, file, line and key.
//!
//! ```toml
//! version = "2026-11"
//! [[gifts]]
//! id = 7
//! ```
use serde::de::DeserializeOwned;
use std::{fs, io, ops::Range, path::Path};
use toml::Spanned;

#[cfg(test)]
mod tests;

/// Longest version, in bytes.
pub const VERSION_BYTES_MAX: usize = 64;
/// Longest document, in bytes: some ten thousand entries. A larger file is something else, named by mistake.
pub const DOCUMENT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Why a document can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// No such file, or not readable as UTF-8.
    #[error("{what} {file}: {source}")]
    Unreadable {
        /// The kind of document, such as `gift catalogue`.
        what: &'static str,
        /// Its path.
        file: String,
        /// The underlying error.
        source: io::Error,
    },
    /// Above [`DOCUMENT_BYTES_MAX`].
    #[error("{what} {file}: larger than {DOCUMENT_BYTES_MAX} bytes")]
    TooLarge {
        /// The kind of document.
        what: &'static str,
        /// Its path.
        file: String,
    },
    /// Not TOML, an unknown key, or an invalid value.
    #[error("{what} {file}, line {line}: {why}")]
    Invalid {
        /// The kind of document.
        what: &'static str,
        /// Its path.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, with the key if there is one.
        why: String,
    },
}

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct DocumentFault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, in one line.
    pub why: String,
}

/// Where the lines of a document end.
#[derive(Debug, Clone)]
pub struct DocumentLines(Vec<usize>);

impl DocumentLines {
    /// Of this text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }

    /// The line, from 1, that has a byte, as [`Spanned::span`] counts bytes.
    #[must_use]
    pub fn line(&self, at: usize) -> usize {
        self.0.partition_point(|end| *end < at) + 1
    }
}

/// Reads a document of any form; its values are checked by the caller, who knows their lines by [`DocumentLines`].
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, DocumentFault> {
    toml::from_str(text).map_err(|error| DocumentFault {
        line: DocumentLines::of(text).line(error.span().unwrap_or_default().start),
        why: error.message().trim_end().replace('\n', ", "),
    })
}

/// What every such document must have.
pub trait VersionedDocument: DeserializeOwned {
    /// Its `version`, 1 to [`VERSION_BYTES_MAX`] bytes.
    fn version(&self) -> &Spanned<String>;
}

/// A document's text and what it is called in errors.
#[derive(Debug, Clone)]
pub struct DocumentText {
    what: &'static str,
    file: String,
    text: String,
}

impl DocumentText {
    /// Reads the file at `path`; `what` is the kind of document, such as `gift catalogue`.
    pub fn read(what: &'static str, path: &Path) -> Result<Self, DocumentError> {
        let file = path.display().to_string();
        let read = fs::metadata(path)
            .and_then(|found| if found.len() > DOCUMENT_BYTES_MAX { Ok(None) } else { fs::read_to_string(path).map(Some) });
        match read {
            Ok(Some(text)) => Ok(Self { what, file, text }),
            Ok(None) => Err(DocumentError::TooLarge { what, file }),
            Err(source) => Err(DocumentError::Unreadable { what, file, source }),
        }
    }

    /// A text that was read already; `file` only names it in errors.
    #[must_use]
    pub fn new(what: &'static str, file: &str, text: &str) -> Self {
        Self { what, file: file.to_owned(), text: text.to_owned() }
    }

    /// The document, with a version of valid form. Its other values are checked by the caller, who reports errors with
    /// [`DocumentText::invalid`].
    pub fn parse<T: VersionedDocument>(&self) -> Result<T, DocumentError> {
        let parsed = parse::<T>(&self.text);
        let document = parsed.map_err(|DocumentFault { line, why }| self.invalid_at(line, why))?;
        let version = document.version();
        if (1..=VERSION_BYTES_MAX).contains(&version.get_ref().len()) {
            Ok(document)
        } else {
            Err(self.invalid(version.span(), format!("version: must have 1 to {VERSION_BYTES_MAX} bytes")))
        }
    }

    /// An error at `span`, as [`Spanned::span`] gives it.
    #[must_use]
    pub fn invalid(&self, span: Range<usize>, why: impl Into<String>) -> DocumentError {
        self.invalid_at(DocumentLines::of(&self.text).line(span.start), why.into())
    }

    fn invalid_at(&self, line: usize, why: String) -> DocumentError {
        DocumentError::Invalid { what: self.what, file: self.file.clone(), line, why }
    }
}
