//! Names of books and users, request ids, and the ids that are derived from them.

use crate::Error;
use sha2::{Digest, Sha256};
use std::{fmt, sync::Arc};
use uuid::{Uuid, Version};

/// An opaque key of a user: `[A-Za-z0-9_-]{1,64}`. Who it is, is known outside only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserKey(Arc<str>);

impl UserKey {
    /// Whether a text has the form above.
    #[must_use]
    pub fn is_valid(text: &str) -> bool {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        !text.is_empty() && text.len() <= 64 && text.bytes().all(fits)
    }

    /// Refuses anything but the form above.
    pub fn try_new(text: &str) -> Result<Self, Error> {
        if !Self::is_valid(text) {
            return Err(Error::Form { what: "user key", form: "[A-Za-z0-9_-]{1,64}" });
        }
        Ok(Self(text.into()))
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A book's readable id: `[a-z0-9-]{1,64}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BookName(Arc<str>);

impl BookName {
    /// Refuses anything but the form above.
    pub fn try_new(text: &str) -> Result<Self, Error> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if text.is_empty() || text.len() > 64 || !text.bytes().all(fits) {
            return Err(Error::Form { what: "book", form: "[a-z0-9-]{1,64}" });
        }
        Ok(Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id a client made for one mutation: a UUID of any version but the nil and the max one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(Uuid);

impl RequestId {
    /// Takes the hyphenated or the simple form.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: Error = Error::Form { what: "request_id", form: "a UUID" };
        let id = Uuid::try_parse(text).map_err(|_| FORM)?;
        if id.is_nil() || id.is_max() {
            return Err(FORM);
        }
        Ok(Self(id))
    }

    /// The UUID.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Unix milliseconds that a version 7 id, or an id derived from one, carries. `None` for any other: it says nothing about its age.
#[must_use]
pub fn id_time_ms(id: Uuid) -> Option<u64> {
    let timed = matches!(id.get_version(), Some(Version::SortRand | Version::Custom));
    let time = u64::try_from(id.as_u128() >> 80).expect("48 bits fit");
    (timed && time != 0).then_some(time)
}

/// Milliseconds a new request id may be ahead of our clocks.
pub const AHEAD_MAX_MS: u64 = 60_000;

/// Milliseconds for which a "no" stays the answer; an unknown id older than that may have been answered and forgotten.
pub const AGE_MAX_MS: u64 = 7 * 24 * 3600 * 1000;

/// Whether a new request id's own time, if it has one, is near enough to `now_ms` (Unix milliseconds) to be taken.
#[must_use]
pub fn is_timely(id: Uuid, now_ms: u64) -> bool {
    id_time_ms(id).is_none_or(|time| time <= now_ms.saturating_add(AHEAD_MAX_MS) && time >= now_ms.saturating_sub(AGE_MAX_MS))
}

/// The id that follows from `source` in this scope: version 8 (RFC 9562), the source's milliseconds in front (0 when it has none, so that
/// nobody takes random bits for a time), a SHA-256 of source and scope behind. The same in every process and release.
#[must_use]
pub fn derive_id(source: Uuid, scope: &[&str]) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(source.as_bytes());
    for part in scope {
        // Length first, or ("ab", "c") and ("a", "bc") would be one scope.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes[..6].copy_from_slice(&id_time_ms(source).unwrap_or(0).to_be_bytes()[2..]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests;
