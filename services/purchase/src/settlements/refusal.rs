//! Why a decision is not taken, and how refusals of reports and of decisions are seen by callers.

use tonic::{Code, Status};
use uuid::Uuid;

use super::report::ReportRefusal;

/// Why there is no decision. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecisionRefusal {
    /// No such settlement.
    Unknown(Uuid),
    /// It is settled, or has nothing that people decide about.
    NotOpen,
    /// Its differences are others by now.
    Changed,
}

impl From<ReportRefusal> for Status {
    fn from(refusal: ReportRefusal) -> Status {
        match refusal {
            ReportRefusal::AccountUnknown(account) => {
                let message =
                    "no such account of this store is configured for the book (purchase.settlements); nothing was kept".to_owned();
                rpc::refused(Code::NotFound, "STORE_ACCOUNT_UNKNOWN", message, &[("account", account)])
            }
            ReportRefusal::Differs(field) => {
                let message = format!("a report with these bytes came before with another {field}; nothing was changed");
                rpc::refused(Code::FailedPrecondition, "REPORT_DIFFERS", message, &[("field", field.to_owned())])
            }
            ReportRefusal::Hash => {
                let message = "the parts are not those of the report with this hash; nothing was kept, send all of them again".to_owned();
                rpc::refused(Code::FailedPrecondition, "REPORT_HASH", message, &[])
            }
            ReportRefusal::Unreadable(fault) => {
                let message = format!("{fault}; nothing of the report was kept");
                let facts = [("line", fault.line.to_string()), ("column", fault.column.clone())];
                rpc::refused(Code::FailedPrecondition, "REPORT_UNREADABLE", message, &facts)
            }
            ReportRefusal::Period(period) => {
                let message = format!("the report says that it is of {period}; nothing of it was kept");
                rpc::refused(Code::FailedPrecondition, "REPORT_PERIOD", message, &[("period", period)])
            }
        }
    }
}

impl From<DecisionRefusal> for Status {
    fn from(refusal: DecisionRefusal) -> Status {
        match refusal {
            DecisionRefusal::Unknown(settlement_id) => {
                let message = "no such settlement".to_owned();
                rpc::refused(Code::NotFound, "SETTLEMENT_UNKNOWN", message, &[("settlement_id", settlement_id.to_string())])
            }
            DecisionRefusal::NotOpen => {
                let message = "it is settled, or its reports explain everything; nothing was changed".to_owned();
                rpc::refused(Code::FailedPrecondition, "SETTLEMENT_NOT_OPEN", message, &[])
            }
            DecisionRefusal::Changed => {
                let message = "its differences are others by now: read them again; nothing was changed".to_owned();
                rpc::refused(Code::FailedPrecondition, "SETTLEMENT_CHANGED", message, &[])
            }
        }
    }
}
