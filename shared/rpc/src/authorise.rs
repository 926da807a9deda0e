//! Checks the caller's role against the RPC's row in the table of access.
use crate::{Caller, Quotas, acts, errors, methods::Method};
use http::HeaderMap;
use identity::Principal;
use std::sync::Arc;
use tonic::{Code, Status};

/// The caller with the reach that the table gives it.
pub(crate) fn authorise(method: &Method, principal: Arc<Principal>, headers: &HeaderMap, quotas: &Arc<Quotas>) -> Result<Caller, Status> {
    match method.row.reach(principal.role) {
        // The staff reason is read after the role check: it grants nothing.
        Some(reach) => {
            let (reason, allowance) = (acts::reason(method, principal.role, headers)?, quotas.allowance(&principal));
            Ok(Caller { reach, reason, allowance, principal, approver: None, ending: None })
        }
        None => Err(errors::refused(
            Code::PermissionDenied,
            "PERMISSION_DENIED",
            "the role may not call this RPC".to_owned(),
            &[("role", principal.role.to_string()), ("rpc", method.name().to_owned())],
        )),
    }
}
