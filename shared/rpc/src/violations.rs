//! Every violation of a request in one answer.
use crate::errors::{self, FieldViolation};
use tonic::Status;

#[cfg(test)]
mod tests;

/// Maximum violations in one answer. A caller with more corrects these first and sends the request again.
const VIOLATIONS_MAX: usize = 64;

/// Collects what is wrong with the fields of one request, so that its caller can put all of it right at once.
#[derive(Debug, Default)]
pub struct Violations {
    found: Vec<FieldViolation>,
    /// What the first violation was reported with: the answer where there is no other.
    first: Option<Status>,
    /// The first status that is about something else than the form of a field, such as PERMISSION_DENIED: the answer, whatever else is wrong.
    other: Option<Status>,
}

impl Violations {
    /// The value, or nothing where it is wrong; what is wrong with it is kept.
    pub fn take<T>(&mut self, read: Result<T, impl Into<Status>>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.add(wrong.into());
                None
            }
        }
    }

    /// Keeps what is wrong.
    pub fn add(&mut self, status: Status) {
        if errors::reason(&status).as_deref() != Some("MALFORMED") {
            self.other = self.other.take().or(Some(status));
            return;
        }
        let room = VIOLATIONS_MAX.saturating_sub(self.found.len());
        let named = errors::violations(&status).into_iter().map(|(field, why)| FieldViolation::new(field, why));
        self.found.extend(named.take(room));
        self.first = self.first.take().or(Some(status));
    }

    /// Fails where something was wrong.
    pub fn check(self) -> Result<(), Status> {
        if self.found.is_empty() && self.other.is_none() { Ok(()) } else { Err(self.into_status()) }
    }

    /// The answer: INVALID_ARGUMENT and MALFORMED with every violation, or the first status that was about something else. Of nothing wrong there is
    /// nothing to say: call it only where something was.
    pub fn into_status(self) -> Status {
        if let Some(other) = self.other {
            return other;
        }
        match self.first {
            Some(first) if self.found.len() == 1 => first,
            _ => errors::malformed_fields(self.found),
        }
    }
}
