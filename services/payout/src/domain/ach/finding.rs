//! What people found of a file that the bank did not acknowledge.

use super::{FileState, PaymentFile};

money::named! {
    /// What became of a file, as people found it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum FileOutcome {
        /// The bank has taken all of it. That it pays is in its statement only.
        Accepted = "accepted",
        /// The bank never received it, and none of its payments was executed.
        NeverReceived = "never_received",
    }
}

impl PaymentFile {
    /// As two people have found. The bank's own answer stays empty: it gave none.
    #[must_use]
    pub fn found(mut self, outcome: FileOutcome) -> Self {
        assert!(self.is_in_doubt(), "people decide only what nobody else knows");
        (self.state, self.why) = match outcome {
            FileOutcome::Accepted => (FileState::Accepted, String::new()),
            FileOutcome::NeverReceived => (FileState::Rejected, "the bank never received it".to_owned()),
        };
        self.answer = String::new();
        self
    }

    /// Whether nothing but the bank's word tells what became of it: an upload was begun, and no acknowledgement decides.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        matches!(self.state, FileState::Sent | FileState::Doubtful)
    }
}
