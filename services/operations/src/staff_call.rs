//! Requests to running services with the token and the reason of a member of staff.
use crate::OperationFault;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::time::Duration;
use tonic::{Request, Status};

/// How long a service may take: the most that it gives any call.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// What a header can't carry as it is; a service decodes it.
const IN_HEADER: &AsciiSet = &CONTROLS.add(b'%');

/// A message as a request of whoever the token names, for this reason.
pub fn request<T>(message: T, token: &str, reason: &str) -> Result<Request<T>, OperationFault> {
    let mut request = Request::new(message);
    request.set_timeout(ANSWER_MAX);
    identify(&mut request, Some(token), Some(reason))?;
    Ok(request)
}

/// Adds the token and the reason that there are.
pub fn identify<T>(request: &mut Request<T>, token: Option<&str>, reason: Option<&str>) -> Result<(), OperationFault> {
    if let Some(token) = token {
        let bearer = format!("Bearer {token}").parse().map_err(|_| "the token is malformed")?;
        request.metadata_mut().insert("authorization", bearer);
    }
    if let Some(reason) = reason {
        let reason = utf8_percent_encode(reason, IN_HEADER).to_string().parse().map_err(|_| "the reason can't be sent")?;
        request.metadata_mut().insert(rpc::REASON, reason);
    }
    Ok(())
}

/// A refusal as the command shows it: its message begins with the reason.
pub fn told(status: Status) -> OperationFault {
    status.message().to_owned().into()
}
