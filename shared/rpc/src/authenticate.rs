//! Verifies the bearer token of the request.
use crate::errors;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use identity::{Error, Principal, Verifier};
use std::{sync::Arc, time::SystemTime};
use tokio::time::{Instant, timeout_at};
use tonic::{Code, Status};

/// The principal of the request's token, if it is verified by `until`: when keys have to be fetched first, the call's deadline bounds that wait too.
pub(crate) async fn authenticate(verifier: &Verifier, headers: &HeaderMap, until: Instant) -> Result<Arc<Principal>, Status> {
    let value = headers.get(AUTHORIZATION).ok_or_else(|| unauthenticated("missing", "the call carries no token"))?;
    verified(verifier, value, until).await
}

/// The principal of a header's token.
pub(crate) async fn verified(verifier: &Verifier, value: &HeaderValue, until: Instant) -> Result<Arc<Principal>, Status> {
    let token = value.to_str().ok().and_then(bearer).ok_or_else(|| unauthenticated("malformed", "not of the form `Bearer <token>`"))?;
    let verified = timeout_at(until, verifier.verify_or_look(token, SystemTime::now())).await;
    match verified.map_err(|_| errors::not_identified_in_time())? {
        Ok(principal) => Ok(principal),
        // The token may be valid: the caller need not fetch another.
        Err(Error::KeysUnavailable) => Err(errors::identity_unavailable()),
        Err(error) => Err(unauthenticated(error.word(), &error.to_string())),
    }
}

/// The scheme's name is case-insensitive (RFC 9110 section 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn unauthenticated(word: &str, why: &str) -> Status {
    errors::refused(Code::Unauthenticated, "UNAUTHENTICATED", why.to_owned(), &[("token", word.to_owned())])
}
