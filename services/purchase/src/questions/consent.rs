//! A user's consent to stores being answered about the user's purchases.

/// Who set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentSetter {
    /// The user, in the app.
    User,
    /// The app's own service, for the user.
    Service,
    /// A member of staff, whose reason is in the audit log.
    Staff,
    /// The store: a parent withdrew it.
    Store,
}

impl ConsentSetter {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::User, Self::Service, Self::Staff, Self::Store];

    /// The word in the table; never changed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Service => "service",
            Self::Staff => "staff",
            Self::Store => "store",
        }
    }
}

/// What a user's consent was set to last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundConsent {
    /// Whether the user consents.
    pub consents: bool,
    /// The text that the user was shown, as the app names it.
    pub terms: String,
    /// Who set it.
    pub set_by: ConsentSetter,
    /// When, in Unix milliseconds.
    pub set_at_ms: i64,
}
