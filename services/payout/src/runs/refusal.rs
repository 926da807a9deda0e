//! Why a call about a run is refused. None of these is sticky.

use tonic::{Code, Status};

/// A rule of runs, in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunRefusal {
    /// There is none.
    #[error("no such run")]
    Unknown,
    /// There is none.
    #[error("the run has no such item")]
    ItemUnknown,
    /// Two people are needed.
    #[error("who created a run may not approve it; nothing is paid before another person has")]
    Own,
    /// It takes no lines any more.
    #[error("the run is complete; nothing was stored, create another run")]
    Complete,
    /// Pages came out of order.
    #[error("lines before these are missing: {lines} are stored; nothing was stored now, send the pages in order")]
    LinesMissing {
        /// How many are stored.
        lines: i64,
    },
    /// Too many lines.
    #[error("a run has at most 100,000 lines; nothing was stored, create several runs")]
    TooLong,
    /// It does not await an approval.
    #[error(
        "the run is {state}: only one that awaits approval can be approved, and one that was approved or has ended can't be rejected; nothing was changed"
    )]
    NotReady {
        /// Its state.
        state: &'static str,
    },
    /// The hash differs.
    #[error("the run's lines have another hash than the given one; nothing was approved, read the run again")]
    Changed,
    /// The item has ended.
    #[error("the item is {state}: it can't be cancelled; nothing was changed")]
    ItemEnded {
        /// Its state.
        state: &'static str,
    },
}

impl RunRefusal {
    /// The table of codes and reasons.
    fn table(&self) -> (Code, &'static str) {
        match self {
            Self::Unknown => (Code::NotFound, "RUN_UNKNOWN"),
            Self::ItemUnknown => (Code::NotFound, "ITEM_UNKNOWN"),
            Self::Own => (Code::PermissionDenied, "OWN_RUN"),
            Self::Complete => (Code::FailedPrecondition, "RUN_COMPLETE"),
            Self::LinesMissing { .. } => (Code::FailedPrecondition, "RUN_LINES_MISSING"),
            Self::TooLong => (Code::FailedPrecondition, "RUN_TOO_LONG"),
            Self::NotReady { .. } => (Code::FailedPrecondition, "RUN_NOT_READY"),
            Self::Changed => (Code::FailedPrecondition, "RUN_CHANGED"),
            Self::ItemEnded { .. } => (Code::FailedPrecondition, "NOT_CANCELLABLE"),
        }
    }

    /// As its caller sees it.
    #[must_use]
    pub fn status(&self) -> Status {
        let (code, reason) = self.table();
        let facts = match self {
            Self::LinesMissing { lines } => vec![("lines", lines.to_string())],
            Self::TooLong => vec![("lines_max", crate::domain::run::RUN_LINES_MAX.to_string())],
            Self::NotReady { state } | Self::ItemEnded { state } => vec![("state", (*state).to_owned())],
            Self::Unknown | Self::ItemUnknown | Self::Own | Self::Complete | Self::Changed => Vec::new(),
        };
        rpc::refused(code, reason, self.to_string(), &facts)
    }
}
