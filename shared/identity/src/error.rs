//! Errors of tokens and keys.
use std::{io, path::PathBuf};

/// Longest token accepted, in bytes: a signature is checked over all of it, so a caller must not choose how long that takes.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// A closed list: every place that answers a caller matches on all of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not three base64url parts of JSON.
    #[error("the token is not a well-formed JWT")]
    Malformed,
    /// Longer than [`TOKEN_BYTES_MAX`].
    #[error("the token has {bytes} bytes and {max} are the most that is read; have its issuer leave out what is not needed here, such as groups", max = TOKEN_BYTES_MAX)]
    Long {
        /// How long it is.
        bytes: usize,
    },
    /// Of another type than an access token, or with a nested token.
    #[error("the token's header says that it is of another type (`typ`, `cty`): an access token is required")]
    TokenType,
    /// Signed with an algorithm that its issuer does not use, or that its key is not for (also `none`).
    #[error("the token's algorithm is not one its issuer uses with that key")]
    Algorithm,
    /// No known key made the signature.
    #[error("no known key signed the token")]
    Signature,
    /// The token names a key that its issuer does not have, or not yet.
    #[error("the token names a key that its issuer is not known to have")]
    UnknownKey,
    /// The issuer's keys could not be read for too long: the token can't be checked.
    #[error("the keys of the token's issuer can't be read at present")]
    KeysUnavailable,
    /// An issuer's keys can't be read.
    #[error("{place}: {why}")]
    Keys {
        /// The file, the address or the issuer.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// Another issuer or audience than the installation's.
    #[error("the token was not made by or for largesse")]
    Audience,
    /// It has expired.
    #[error("the token has expired")]
    Expired,
    /// It is not valid yet.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// A claim is missing or has an unknown form.
    #[error("the token's claim `{0}` is missing or wrong")]
    Claim(&'static str),
    /// A `sub` that is no valid user key after its issuer's prefix.
    #[error(
        "the token's claim `sub` is no user key: letters, digits, _ and -, at most 64 with the issuer's prefix; identity.issuers.subject can map others"
    )]
    Subject,
    /// The key of a mapping is invalid.
    #[error("subject key file {}: must hold 32 bytes or more in base64", path.display())]
    SubjectKey {
        /// The file.
        path: PathBuf,
    },
    /// A key file cannot be read or written.
    #[error("key file {}: {source}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A key file does not hold an Ed25519 key in PEM.
    #[error("key file {}: not an Ed25519 key in PEM ({expected})", path.display())]
    KeyFormat {
        /// The file.
        path: PathBuf,
        /// The form that was expected.
        expected: &'static str,
    },
    /// The system gave no randomness, or the signer refused its key.
    #[error("cannot sign or make a key")]
    Signing,
}

impl Error {
    /// A stable word for the error, sent to the caller as a fact; it names no secret.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Long { .. } => "too-long",
            Self::TokenType => "type",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::UnknownKey => "unknown-key",
            Self::KeysUnavailable => "keys-unavailable",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Claim(_) | Self::Subject => "claim",
            Self::Keys { .. } | Self::SubjectKey { .. } | Self::KeyFile { .. } | Self::KeyFormat { .. } | Self::Signing => "key",
        }
    }
}

/// An error and its causes in one line, for logs and terminals. A cause that is part of the text already is not repeated: many errors include their
/// cause's text.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        let more = current.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = current.source();
    }
    text
}

#[cfg(test)]
mod tests;
