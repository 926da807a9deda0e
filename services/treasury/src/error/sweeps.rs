//! Refusals about sweeps.
use super::Error;
use tonic::{Code, Status};

/// The answer to an error about sweeps; `None` for others.
pub(super) fn about_sweeps(error: &Error) -> Option<Status> {
    match error {
        Error::SweepUnknown { sweep } => {
            let why = format!("there is no sweep {sweep}; nothing was done");
            Some(rpc::refused(Code::NotFound, "SWEEP_UNKNOWN", why, &[]))
        }
        Error::SweepState { sweep, state } => {
            let why = format!("the sweep {sweep} is {state}, which this does not follow; nothing was done, so look at what the bank says");
            Some(rpc::refused(Code::FailedPrecondition, "SWEEP_STATE", why, &[("state", (*state).to_owned())]))
        }
        _ => None,
    }
}
