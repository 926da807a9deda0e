//! Every sending of a payout, and what is proved of it. Money may go back only when each of them is proved not to have been executed.

use super::evidence::{BankEvidence, ReportedSending};
use iso20022::StatusOutcome;

/// What is proved of one sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendingProof {
    /// Nothing: it may have been executed.
    Open,
    /// The bank never received it, finally.
    NotFound,
    /// The bank refused it.
    Rejected,
    /// The bank, when polled, refused it as a duplicate, so another one arrived before it.
    Duplicate,
}

/// Stored proofs, one letter for each sending.
const PROOFS: [(SendingProof, char); 4] =
    [(SendingProof::Open, 'o'), (SendingProof::NotFound, 'n'), (SendingProof::Rejected, 'r'), (SendingProof::Duplicate, 'd')];

/// The sendings of a payout, the first one first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sendings(Vec<SendingProof>);

impl Sendings {
    /// The stored form: one letter for each sending.
    #[must_use]
    pub fn letters(&self) -> String {
        self.0.iter().filter_map(|proof| PROOFS.iter().find(|(known, _)| known == proof)).map(|(_, letter)| letter).collect()
    }

    /// Reads the stored form; `None` for an unknown one. Sendings by an older program have no letters: if the bank has named the payment (`seen`),
    /// nothing is proved any more; if not, a sending was only ever followed by another one because the bank never received it.
    #[must_use]
    pub fn from_letters(letters: &str, sends: i64, seen: bool) -> Option<Self> {
        let read = |letter: char| PROOFS.iter().find(|(_, known)| *known == letter).map(|(proof, _)| *proof);
        let proofs: Vec<SendingProof> = letters.chars().map(read).collect::<Option<_>>()?;
        let sends = usize::try_from(sends).ok()?;
        if proofs.len() == sends {
            return Some(Self(proofs));
        }
        let before = if seen { SendingProof::Open } else { SendingProof::NotFound };
        let mut proofs = vec![before; sends];
        if let Some(last) = proofs.last_mut() {
            *last = SendingProof::Open;
        }
        Some(Self(proofs))
    }

    /// All sendings, with nothing proved.
    #[must_use]
    pub fn open(sends: i64) -> Self {
        Self(vec![SendingProof::Open; usize::try_from(sends).unwrap_or(0)])
    }

    /// With one more sending, of which nothing is proved.
    #[must_use]
    pub fn begun(mut self) -> Self {
        self.0.push(SendingProof::Open);
        self
    }

    /// Marks the last one as never received by the bank, finally.
    #[must_use]
    pub fn last_not_found(mut self) -> Self {
        if let Some(last) = self.0.last_mut() {
            *last = SendingProof::NotFound;
        }
        self
    }

    /// Marks all as never executed: people have proved it.
    #[must_use]
    pub fn all_not_found(mut self) -> Self {
        self.0.fill(SendingProof::NotFound);
        self
    }

    /// Applies an answer of the bank about this payment. `asked`: it answers a poll, and not a sending; the answer to a sending may be about a second
    /// copy of it, of which the first was executed.
    #[must_use]
    pub fn told(mut self, said: &BankEvidence, asked: bool) -> Self {
        let only = self.0.len() == 1;
        let about = match said.sending {
            ReportedSending::This(send) => usize::try_from(send).ok().and_then(|send| send.checked_sub(1)),
            ReportedSending::Unnamed => Some(0).filter(|_| only),
            ReportedSending::Foreign => None,
        };
        // Some sending arrived, perhaps one that the bank reported as never received.
        if said.duplicate || about.is_none() {
            for proof in self.0.iter_mut().filter(|proof| **proof == SendingProof::NotFound) {
                *proof = SendingProof::Open;
            }
        }
        if let Some(proof) = about.and_then(|at| self.0.get_mut(at)) {
            *proof = match (said.outcome, said.duplicate, asked) {
                (StatusOutcome::Rejected, false, _) => SendingProof::Rejected,
                (StatusOutcome::Rejected, true, true) => SendingProof::Duplicate,
                (StatusOutcome::Rejected, true, false)
                | (StatusOutcome::Settled | StatusOutcome::Pending | StatusOutcome::Unclear, _, _) => SendingProof::Open,
            };
        }
        self
    }

    /// Whether each is proved not to have been executed. A duplicate proves that another one arrived, so one must have been rejected for its own sake.
    /// With a single sending there is no other, so the bank means another payment: some report two payments of one amount to one account on one day as
    /// duplicates.
    #[must_use]
    pub fn none_executed(&self) -> bool {
        let any = |proof| self.0.contains(&proof);
        let duplicates_explained = self.0.len() == 1 || any(SendingProof::Rejected);
        !self.0.is_empty() && !any(SendingProof::Open) && (!any(SendingProof::Duplicate) || duplicates_explained)
    }

    /// Whether none ever arrived at the bank, finally.
    #[must_use]
    pub fn none_arrived(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|proof| *proof == SendingProof::NotFound)
    }
}
