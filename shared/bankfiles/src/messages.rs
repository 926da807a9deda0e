//! ISO 20022 messages that a bank and a payer exchange, as JSON with everything in them that is money or a status.
//!
//! A message is read by a table of its elements ([`table`]); an element that is not in the table and holds money or a status is a problem with its path. What
//! adds up by the message's own counts and sums is checked by [`checks`]. Product code that decides uses the typed readers of `iso20022` instead.

mod checks;
mod field;
mod reader;
mod table;
mod value;

use crate::{FileProblem, FileReading};
use iso20022::{
    Error,
    xml::envelope::{self, Enveloped},
};
use reader::DocumentReader;
use serde_json::{Value, json};

/// What is said of a file whose message can't be told.
const UNKNOWN_FORMAT: &str = "unknown";
/// The first elements of messages that are likely meant for us even if their namespace is wrong.
const LIKELY_ELEMENTS: [&str; 2] = ["Document", "AppHdr"];

/// Whether the bytes are, or were meant to be, an ISO 20022 message: a namespace of one near the start, or a `Document`. Broken and unknown messages too.
#[must_use]
pub fn looks_like(bytes: &[u8]) -> bool {
    envelope::message_name(bytes).is_some() || envelope::first_element(bytes).is_some_and(|name| LIKELY_ELEMENTS.contains(&name.as_str()))
}

/// Reads one message. Never fails: what is wrong is among the problems, and a file that can't be read at all has one problem and no content.
#[must_use]
pub fn reading(bytes: &[u8]) -> FileReading {
    let enveloped = match envelope::read(bytes, table::NAMESPACES) {
        Ok(enveloped) => enveloped,
        Err(error) => return unreadable(bytes, &error),
    };
    let Some(message) = table::of(&enveloped.name, enveloped.message.name()) else {
        let what = format!("the namespace is of {}, the element is of another message", enveloped.name);
        return broken(enveloped.name, enveloped.message.name().to_owned(), what);
    };
    let mut reader = DocumentReader::default();
    let mut content = reader.group(&enveloped.message, message.fields);
    checks::check(&enveloped, message.family, &mut reader);
    if enveloped.supplementary_skipped > 0 {
        let what = format!("{} elements with private additions are not read", enveloped.supplementary_skipped);
        reader.problem("SplmtryData", what, enveloped.amounts_skipped.contains("SplmtryData"));
    }
    if enveloped.amounts_skipped.contains("SplmtryData") && enveloped.supplementary_skipped == 0 {
        reader.problem("AppHdr/SplmtryData", "private additions of the header hold amounts and are not read".to_owned(), true);
    }
    if enveloped.signatures_skipped > 0 {
        reader.problem("Sgntr", "a signature is not verified here".to_owned(), enveloped.amounts_skipped.contains("Sgntr"));
    }
    content.insert("message".to_owned(), json!(enveloped.name));
    if let Some(header) = header(&enveloped, &mut reader) {
        content.insert("business_header".to_owned(), header);
    }
    FileReading { format: enveloped.name, content: Value::Object(content), problems: reader.into_problems() }
}

fn header(enveloped: &Enveloped, reader: &mut DocumentReader) -> Option<Value> {
    let header = enveloped.header.as_ref()?;
    let content = reader.group(header, table::HEADER);
    // A header that announces another message than the one that follows belongs to another document.
    if let Some(definition) = content.get("definition").and_then(Value::as_str)
        && definition != enveloped.name
    {
        reader.problem("AppHdr/MsgDefIdr", format!("the header announces {definition}, the message is {}", enveloped.name), true);
    }
    Some(Value::Object(content))
}

fn unreadable(bytes: &[u8], error: &Error) -> FileReading {
    let name = match error {
        Error::Version { found } => Some(found.clone()),
        _ => envelope::message_name(bytes),
    };
    broken(name.unwrap_or_else(|| UNKNOWN_FORMAT.to_owned()), "the document".to_owned(), error.to_string())
}

fn broken(format: String, place: String, what: String) -> FileReading {
    FileReading { format, content: Value::Null, problems: vec![FileProblem { place, what, touches_money: true }] }
}

#[cfg(test)]
mod tests;
