//! In which messages of many payments a payout was sent.

/// Most payments in one message, whatever is configured: with the longest names and addresses, a message of so many stays below what readers take.
pub const PAYMENTS_MAX: usize = 1_000;
/// How a sending in a message of its own is stored: that message's id follows from the payment's.
const ALONE: &str = "-";

/// The ids of the messages that a payout shared with others, one place for each sending. A sending without a place, or with none in it, had a message of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SharedMessages(Vec<Option<String>>);

impl SharedMessages {
    /// The stored form: ids separated by a space; empty if every sending had a message of its own.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(|id| id.as_deref().unwrap_or(ALONE)).collect::<Vec<_>>().join(" ")
    }

    /// Reads the stored form.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.split(' ').filter(|id| !id.is_empty()).map(|id| (id != ALONE).then(|| id.to_owned())).collect())
    }

    /// After so many sendings, with one more in this message.
    #[must_use]
    pub fn begun(mut self, sends: i64, message_id: &str) -> Self {
        self.0.resize(usize::try_from(sends).unwrap_or(0), None);
        self.0.push(Some(message_id.to_owned()));
        self
    }

    /// The ids, the first sending's first.
    #[must_use]
    pub fn ids(&self) -> &[Option<String>] {
        &self.0
    }
}

/// The message that this sending shared with others; sendings are numbered from 1. None: it had one of its own.
#[must_use]
pub fn shared_in(ids: &[Option<String>], send: i64) -> Option<&str> {
    let place = usize::try_from(send).ok()?.checked_sub(1)?;
    ids.get(place)?.as_deref()
}

#[cfg(test)]
mod tests;
