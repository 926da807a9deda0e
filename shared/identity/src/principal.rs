//! The verified caller: who, in which role, on which books.
use money::{BookName, UserKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    str::FromStr,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How far the issuer's clock may run ahead of ours before a fresh token is refused as not yet valid.
pub(crate) const CLOCK_SKEW_MAX: Duration = Duration::from_secs(30);

/// The role of a caller. A closed list, so that the table of access covers every role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Buys coins and sends gifts.
    Viewer,
    /// Receives gifts and is paid. May also do what a viewer does.
    Creator,
    /// A service of Largesse, acting as itself or for a named user.
    Service,
    /// Staff who help users.
    Support,
    /// Staff who answer for the books.
    Finance,
    /// Staff who may read everything and change nothing.
    Auditor,
    /// Staff who set up books.
    Admin,
}

impl Role {
    /// Every role, in the order above.
    pub const ALL: [Self; 7] = [Self::Viewer, Self::Creator, Self::Service, Self::Support, Self::Finance, Self::Auditor, Self::Admin];

    /// The spelling in tokens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Creator => "creator",
            Self::Service => "service",
            Self::Support => "support",
            Self::Finance => "finance",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    /// Whether it is staff's: of people who act on others' data.
    #[must_use]
    pub fn is_staff(self) -> bool {
        match self {
            Self::Support | Self::Finance | Self::Auditor | Self::Admin => true,
            Self::Viewer | Self::Creator | Self::Service => false,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| format!("one of {}", known()))
    }
}

/// The books a token covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookScope {
    /// Every book; for services and staff.
    All,
    /// These, and no others.
    Only(Vec<BookName>),
}

impl BookScope {
    /// Whether the token covers `book`.
    pub fn covers(&self, book: &BookName) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(book),
        }
    }

    /// The book of a request that names none: the token's, if it covers exactly one.
    pub fn single(&self) -> Option<&BookName> {
        match self {
            Self::Only(names) if names.len() == 1 => names.first(),
            Self::All | Self::Only(_) => None,
        }
    }
}

/// The caller, according to a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The token's `sub`: a user, a member of staff or a service.
    pub subject: UserKey,
    /// The role of the subject.
    pub role: Role,
    /// The app the token was made for. Empty: no particular app.
    pub app: String,
    /// The books the token covers.
    pub books: BookScope,
    /// The token's `iss`.
    pub issuer: Arc<str>,
    /// When the token expires.
    pub expires_at: SystemTime,
    /// When the person authenticated (`auth_time`). `None`: the token does not say.
    pub auth_time: Option<SystemTime>,
}

impl Principal {
    /// Whether the person authenticated at most `age_max` before `now`. A time that is further ahead than clocks differ proves nothing.
    #[must_use]
    pub fn authenticated_within(&self, age_max: Duration, now: SystemTime) -> bool {
        self.auth_time.is_some_and(|at| at <= now + CLOCK_SKEW_MAX && now <= at + age_max + CLOCK_SKEW_MAX)
    }
}
