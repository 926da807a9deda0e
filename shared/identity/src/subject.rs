//! How an issuer's `sub` becomes a user's key.
//!
//! OpenID Connect (Core, section 2) allows a `sub` of up to 255 characters of ASCII; a user key has up to 64 letters, digits, `_` and `-`. Each mapping is one
//! to one: no two `sub`s of an issuer get the same key, and the same `sub` always gets the same key, in every process and release.

use crate::Error;
use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use money::UserKey;
use ring::hmac;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, fs, path::Path, sync::Arc};

/// Most characters of a `sub` (OpenID Connect Core 1.0, section 2).
const SUBJECT_BYTES_MAX: usize = 255;
/// The prefix of an escaped `sub`. A plain one with this prefix is escaped too, so the two can't collide.
const ESCAPED: &str = "x_";
/// Least bytes of a key: as many as the hash has.
const KEY_BYTES_MIN: usize = 32;
/// Characters of a hash in base64url: 32 bytes.
pub(crate) const HASH_CHARS: usize = 43;

/// How a `sub` becomes a user key, after `subject_prefix`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectMapping {
    /// Unchanged; tokens whose `sub` has characters other than letters, digits, `_` and `-` are refused.
    #[default]
    Plain,
    /// Unchanged if possible. Otherwise the key begins with `x_`, and every character that is not allowed becomes `_` and two hexadecimal digits. At most 64
    /// characters with the prefix. Anybody can decode such a key.
    Escaped,
    /// HMAC-SHA256 of the issuer, a NUL and the `sub`, with the key in `subject_key_file`, in base64url: 43 characters. Only with the key can a user be
    /// recognised.
    KeyedHash,
}

/// A mapping, ready for use.
#[derive(Clone)]
pub(crate) enum SubjectMapper {
    Plain,
    Escaped,
    KeyedHash(Arc<hmac::Key>),
}

// The key must not appear in a log.
impl fmt::Debug for SubjectMapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::Escaped => "Escaped",
            Self::KeyedHash(_) => "KeyedHash",
        })
    }
}

impl SubjectMapper {
    /// Reads the key if the mapping has one.
    pub(crate) fn try_new(mapping: SubjectMapping, key_file: &Path) -> Result<Self, Error> {
        match mapping {
            SubjectMapping::Plain => Ok(Self::Plain),
            SubjectMapping::Escaped => Ok(Self::Escaped),
            SubjectMapping::KeyedHash => {
                let text = fs::read_to_string(key_file).map_err(|source| Error::KeyFile { path: key_file.to_owned(), source })?;
                let key = BASE64_STANDARD.decode(text.trim()).ok().filter(|key| key.len() >= KEY_BYTES_MIN);
                let key = key.ok_or_else(|| Error::SubjectKey { path: key_file.to_owned() })?;
                Ok(Self::KeyedHash(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &key))))
            }
        }
    }

    /// The user key of a `sub`.
    pub(crate) fn user_key(&self, issuer: &str, prefix: &str, subject: &str) -> Result<UserKey, Error> {
        if subject.is_empty() || subject.len() > SUBJECT_BYTES_MAX || !subject.is_ascii() {
            return Err(Error::Claim("sub"));
        }
        let mapped = match self {
            Self::Plain => subject.to_owned(),
            Self::Escaped => escaped(subject),
            Self::KeyedHash(key) => hashed(key, issuer, subject),
        };
        UserKey::try_new(&format!("{prefix}{mapped}")).map_err(|_| Error::Subject)
    }
}

fn escaped(subject: &str) -> String {
    if UserKey::is_valid(subject) && !subject.starts_with(ESCAPED) {
        return subject.to_owned();
    }
    let mut text = ESCAPED.to_owned();
    for byte in subject.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("_{byte:02X}"));
        }
    }
    text
}

fn hashed(key: &hmac::Key, issuer: &str, subject: &str) -> String {
    let mut context = hmac::Context::with_key(key);
    // The issuer is configured and no real `sub` has a NUL: the two can't run into each other.
    for part in [issuer.as_bytes(), &[0], subject.as_bytes()] {
        context.update(part);
    }
    BASE64_URL_SAFE_NO_PAD.encode(context.sign())
}

#[cfg(test)]
mod tests;
