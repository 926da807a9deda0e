//! Names of books and users, request ids, and the ids that are derived from them.

use crate::Error;
use sha2::{Digest, Sha256};
use std::{fmt, sync::Arc};
use uuid::{Uuid, Version};

/// An opaque key of a user: `[A-Za-z0-9_-]{1,64}`. Only the calling systems know the person behind it.
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
            return Err(Error::Form { what: "user key", form: "match [A-Za-z0-9_-]{1,64}" });
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
            return Err(Error::Form { what: "book", form: "match [a-z0-9-]{1,64}" });
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
    /// Accepts the hyphenated or the simple form.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: Error = Error::Form { what: "request_id", form: "be a UUID" };
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

/// Unix milliseconds that a version 7 id, or an id derived from one, carries. `None` for any other id: it carries no time.
#[must_use]
pub fn id_time_ms(id: Uuid) -> Option<u64> {
    let timed = matches!(id.get_version(), Some(Version::SortRand | Version::Custom));
    let time = u64::try_from(id.as_u128() >> 80).expect("48 bits fit");
    (timed && time != 0).then_some(time)
}

/// Milliseconds a new request id may be ahead of our clocks: the usual allowance for unsynchronised clocks (RFC 4120 section 8.2: "acceptable clock skew 5
/// minutes"). A phone's is off by minutes often, by hours rarely.
pub const AHEAD_MAX_MS: u64 = 300_000;

/// Milliseconds for which a refusal stays the answer; an unknown id older than that may have been answered and forgotten.
pub const AGE_MAX_MS: u64 = 7 * 24 * 3600 * 1000;

/// How far from now a new request id's own time may be, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct IdTimeBounds {
    /// Into the future.
    pub ahead_max_ms: u64,
    /// Into the past.
    pub age_max_ms: u64,
}

impl Default for IdTimeBounds {
    fn default() -> Self {
        Self { ahead_max_ms: AHEAD_MAX_MS, age_max_ms: AGE_MAX_MS }
    }
}

/// A new request id whose own time is too far from now. The fields let the caller correct its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UntimelyId {
    /// The time that the id carries, in Unix milliseconds.
    pub id_time_ms: u64,
    /// The time of the clock here, in Unix milliseconds.
    pub now_ms: u64,
    /// How far apart they may be in this direction, in milliseconds.
    pub bound_ms: u64,
}

impl UntimelyId {
    /// Whether the id's time is in the future.
    #[must_use]
    pub fn is_ahead(&self) -> bool {
        self.id_time_ms > self.now_ms
    }
}

impl fmt::Display for UntimelyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.is_ahead() {
            true => "request_id carries a time ahead of the server's clock; set the caller's clock right, or make a version 4 id, which carries none",
            false => "request_id carries a time so long ago that its answer may be forgotten; look up what became of it, or make a new id",
        })
    }
}

impl IdTimeBounds {
    /// Whether a new id's own time, if it has one, is close enough to `now_ms` (Unix milliseconds) to be accepted.
    pub fn check(self, id: Uuid, now_ms: u64) -> Result<(), UntimelyId> {
        let Some(id_time_ms) = id_time_ms(id) else { return Ok(()) };
        let apart = |bound_ms| Err(UntimelyId { id_time_ms, now_ms, bound_ms });
        if id_time_ms > now_ms.saturating_add(self.ahead_max_ms) {
            return apart(self.ahead_max_ms);
        }
        if id_time_ms < now_ms.saturating_sub(self.age_max_ms) { apart(self.age_max_ms) } else { Ok(()) }
    }
}

/// The id that follows from `source` in this scope: version 8 (RFC 9562), first the source's milliseconds (0 when it has none, so that random bits are
/// never read as a time), then a SHA-256 of source and scope. The same in every process and release.
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
