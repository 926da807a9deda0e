//! Pages and their tokens.

use crate::{error::Error, store::After};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use uuid::Uuid;

/// Rows of one page at most, and where none is asked for.
const SIZE_MAX: i64 = 200;
const SIZE_DEFAULT: i64 = 50;

/// A page that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Rows.
    pub size: i64,
    /// Where it begins.
    pub after: After,
    /// What the list is filtered by; a token of another filter is refused.
    filter: String,
}

impl Page {
    /// From a request.
    pub fn decode(size: i32, token: &str, filter: &[&str]) -> Result<Self, Error> {
        let size = match i64::from(size) {
            0 => SIZE_DEFAULT,
            size @ 1.. => size.min(SIZE_MAX),
            _ => return Err(Error::Malformed { field: "page_size", why: "must not be negative".to_owned() }),
        };
        let filter = filter.join("/");
        let after = if token.is_empty() { After::START } else { read(token, &filter).ok_or(Error::PageToken)? };
        Ok(Self { size, after, filter })
    }

    /// Drops the row beyond the page, and makes the next page's token when there was one.
    pub fn cut<T>(&self, mut rows: Vec<T>, at: impl Fn(&T) -> (i64, Uuid)) -> (Vec<T>, String) {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        if rows.len() <= size {
            return (rows, String::new());
        }
        rows.truncate(size);
        let token = rows.last().map(&at).map(|(created_at_ms, id)| format!("{created_at_ms} {id} {}", self.filter));
        (rows, token.map(|text| BASE64_URL_SAFE_NO_PAD.encode(text)).unwrap_or_default())
    }
}

fn read(token: &str, filter: &str) -> Option<After> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut parts = text.splitn(3, ' ');
    let after = After { created_at_ms: parts.next()?.parse().ok()?, id: parts.next()?.parse().ok()? };
    (parts.next()? == filter).then_some(after)
}

#[cfg(test)]
mod tests;
