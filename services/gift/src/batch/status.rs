//! A refusal inside a batch, as the status that a lone call would have got.
use super::RETRY_AFTER;
use api::ledger::PostRefusal;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Rebuilds code, message and details.
pub(super) fn from_refusal(refusal: PostRefusal) -> Status {
    let code = Code::from(refusal.code);
    let mut details = ErrorDetails::with_error_info(refusal.reason, rpc::errors::DOMAIN, refusal.metadata);
    if code == Code::Unavailable {
        details.set_retry_info(Some(RETRY_AFTER));
    }
    Status::with_error_details(code, refusal.message, details)
}
