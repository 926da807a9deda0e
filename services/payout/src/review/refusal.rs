//! Why a decision of the staff is refused. None is kept under its request id: what is refused changes nothing, and may be right a moment later.

use tonic::{Code, Status};

/// Why a decision is refused; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReviewRefusal {
    /// No such review in the book, or the payout needs no approval.
    #[error("there is no such review; nothing was changed")]
    ReviewUnknown,
    /// It was decided, or its payout does not wait any more.
    #[error("the review is not open any more; nothing was changed, list it again")]
    ReviewClosed,
    /// The decision is none for a review of this kind.
    #[error("this decision can't be made about a review of this kind; nothing was changed")]
    DecisionUnfit {
        /// The review's kind.
        kind: &'static str,
    },
    /// Payout, beneficiary or finding are other than the caller saw.
    #[error("payout, beneficiary or finding are not as you saw them; nothing was changed, list the review again")]
    ReviewChanged,
    /// The caller did the first half, or is paid.
    #[error("another person must do this: you proposed or recorded it, or it is your own payout; nothing was changed")]
    SecondPersonNeeded,
    /// The payout's money is not blocked, or was let go already.
    #[error("the money of this payout is not blocked; nothing was changed")]
    NotBlocked,
    /// Another person recorded another licence.
    #[error("another licence was recorded for this payout; nothing was changed, compare number and date with it")]
    LicenceDiffers,
    /// The bank has answered, or it is decided.
    #[error("the outcome of this payout is not unknown; nothing was changed")]
    NotUnknown {
        /// Its state.
        state: &'static str,
    },
    /// It is in a file that may still be uploaded.
    #[error(
        "this payout is in the ACH file {file_name}, which may still reach the bank; nothing was changed, resolve the file with ResolveAchFile"
    )]
    InFile {
        /// The file's name.
        file_name: String,
    },
    /// Nobody can see whether it was debited.
    #[error("the bank's statement can't be read now, so nobody can say that it shows no debit; nothing was changed, try again later")]
    StatementUnreadable,
    /// It was executed.
    #[error("the bank's statement shows a debit for this payout, so it was executed; nothing was changed")]
    DebitBooked,
    /// A debit of its message that nothing explains may contain it.
    #[error(
        "a debit that nothing explains may contain this payout; nothing was changed, resolve that debit with ResolveUnexplainedDebit first"
    )]
    DebitUnexplained {
        /// The debit.
        debit_id: uuid::Uuid,
    },
    /// Another person found the other outcome.
    #[error("another person found the other outcome; nothing was changed, compare the evidence")]
    ResolutionDiffers,
    /// No such tier is configured.
    #[error("no such tier is configured; nothing was changed")]
    TierUnknown,
    /// No such proposal in the book.
    #[error("there is no such threshold; nothing was changed")]
    ThresholdUnknown,
    /// Above the bound of the options.
    #[error("the threshold is above the configured bound; nothing was changed")]
    ThresholdAboveBound {
        /// The bound; 0: none is configured in the currency.
        minor_units_max: i64,
    },
}

impl ReviewRefusal {
    fn table(&self) -> (Code, &'static str) {
        match self {
            Self::ReviewUnknown => (Code::NotFound, "REVIEW_UNKNOWN"),
            Self::ReviewClosed => (Code::FailedPrecondition, "REVIEW_CLOSED"),
            Self::DecisionUnfit { .. } => (Code::FailedPrecondition, "DECISION_UNFIT"),
            Self::ReviewChanged => (Code::FailedPrecondition, "REVIEW_CHANGED"),
            Self::SecondPersonNeeded => (Code::FailedPrecondition, "SAME_PERSON"),
            Self::NotBlocked => (Code::FailedPrecondition, "NOT_BLOCKED"),
            Self::LicenceDiffers => (Code::FailedPrecondition, "LICENCE_DIFFERS"),
            Self::NotUnknown { .. } => (Code::FailedPrecondition, "OUTCOME_KNOWN"),
            Self::InFile { .. } => (Code::FailedPrecondition, "PAYOUT_IN_FILE"),
            Self::StatementUnreadable => (Code::Unavailable, "STATEMENT_UNREADABLE"),
            Self::DebitBooked => (Code::FailedPrecondition, "DEBIT_BOOKED"),
            Self::DebitUnexplained { .. } => (Code::FailedPrecondition, "DEBIT_UNEXPLAINED"),
            Self::ResolutionDiffers => (Code::FailedPrecondition, "RESOLUTION_DIFFERS"),
            Self::TierUnknown => (Code::NotFound, "TIER_UNKNOWN"),
            Self::ThresholdUnknown => (Code::NotFound, "THRESHOLD_UNKNOWN"),
            Self::ThresholdAboveBound { .. } => (Code::FailedPrecondition, "THRESHOLD_ABOVE_BOUND"),
        }
    }

    /// The status for the caller.
    #[must_use]
    pub fn status(&self) -> Status {
        let (code, reason) = self.table();
        let facts = match self {
            Self::NotUnknown { state } => vec![("state", (*state).to_owned())],
            Self::DebitUnexplained { debit_id } => vec![("debit_id", debit_id.to_string())],
            Self::InFile { file_name } => vec![("file_name", file_name.clone())],
            Self::DecisionUnfit { kind } => vec![("kind", (*kind).to_owned())],
            Self::ThresholdAboveBound { minor_units_max } => vec![("minor_units_max", minor_units_max.to_string())],
            _ => Vec::new(),
        };
        rpc::refused(code, reason, self.to_string(), &facts)
    }
}
