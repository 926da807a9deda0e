//! The person whose approval a service carries out: their token goes along with the service's own, so that the service called need not take its word for it.
use crate::errors;
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use identity::{Principal, Role, Verifier, access};
use money::BookName;
use std::sync::Arc;
use tokio::time::Instant;
use tonic::{Code, Request, Status};

#[cfg(test)]
mod tests;

/// The header with the approver's token, of the form `Bearer <token>`. Read from services only.
pub const APPROVER: &str = "largesse-approver";
/// The RPC whose row says who may approve.
const APPROVE: &str = "/largesse.support.v1.SupportService/Approve";

/// The token of a person who approves something, to be passed on. It is never stored or shown.
#[derive(Clone)]
pub struct ApproverToken(HeaderValue);

impl ApproverToken {
    /// The token that this call came with; `None` for a call without one, which never passes the stack.
    #[must_use]
    pub fn of<T>(request: &Request<T>) -> Option<Self> {
        let mut header = HeaderValue::try_from(request.metadata().get(AUTHORIZATION.as_str())?.as_bytes()).ok()?;
        header.set_sensitive(true);
        Some(Self(header))
    }

    /// The header to send, as name and value.
    pub(crate) fn header(&self) -> (HeaderName, HeaderValue) {
        (HeaderName::from_static(APPROVER), self.0.clone())
    }
}

impl std::fmt::Debug for ApproverToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApproverToken").finish_non_exhaustive()
    }
}

/// The person whose token a service sent along; `None` if it sent none. Refused if the token is not valid by `until`, like the caller's own.
pub(crate) async fn approver(
    verifier: &Verifier,
    headers: &HeaderMap,
    role: Role,
    until: Instant,
) -> Result<Option<Arc<Principal>>, Status> {
    let Some(value) = headers.get(APPROVER).filter(|_| role == Role::Service) else { return Ok(None) };
    crate::authenticate::verified(verifier, value, until).await.map(Some).map_err(|status| match status.code() {
        Code::Unauthenticated => {
            let why =
                format!("the token in {APPROVER}: {}; nothing was executed; the person must log in and approve again", status.message());
            errors::refused(Code::Unauthenticated, "UNAUTHENTICATED", why, &[("header", APPROVER.to_owned())])
        }
        _ => status,
    })
}

/// Whether this person may approve proposals in this book. A service may not: it would approve its own.
#[must_use]
pub fn may_approve(person: &Principal, book: &BookName) -> bool {
    let row = access::TABLE.iter().find(|row| row.path == APPROVE);
    person.books.covers(book) && row.is_some_and(|row| row.reach(person.role).is_some())
}
