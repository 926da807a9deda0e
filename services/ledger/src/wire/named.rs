//! How a caller names a posting.

use super::{malformed, request_id, violations};
use crate::error::Error;
use api::ledger as pb;
use chart::id;
use money::{BookName, UserKey};
use rpc::Violations;
use uuid::Uuid;

/// What a posting is asked for by.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PostingName {
    /// Its own id.
    Own(Uuid),
    /// The request that made it: the ids that its posting may have.
    Request(Vec<Uuid>),
}

/// The posting that a request names, in exactly one way.
pub(crate) fn named_posting(sent: &pb::GetPostingRequest, book: &BookName) -> Result<PostingName, Error> {
    match (sent.posting_id.is_empty(), sent.request_id.is_empty()) {
        (true, false) => of_request(sent, book).map(PostingName::Request),
        (false, true) if !sent.user_id.is_empty() => Err(malformed("user_id", "must be empty without request_id")),
        (false, true) => Uuid::try_parse(&sent.posting_id).map(PostingName::Own).map_err(|_| malformed("posting_id", "must be a UUID")),
        (true, true) | (false, false) => Err(malformed("posting_id", "must be given, or request_id: exactly one of the two")),
    }
}

fn of_request(sent: &pb::GetPostingRequest, book: &BookName) -> Result<Vec<Uuid>, Error> {
    let mut wrong = Violations::default();
    let request = wrong.take(request_id(&sent.request_id));
    let user = (!sent.user_id.is_empty()).then(|| UserKey::try_new(&sent.user_id).map_err(|error| malformed("user_id", error.must())));
    let user = wrong.take(user.transpose());
    let (Some(request), Some(user)) = (request, user) else { return Err(violations(wrong)) };
    let (request, name) = (request.uuid(), book.as_str());
    let gift = user.map(|user| id::posted(id::gift(request, book, user.as_str()), name));
    let services = [id::posted, id::pending_posted, id::void_posted, id::reversed].map(|id_of| id_of(request, name));
    Ok(gift.into_iter().chain(services).collect())
}
