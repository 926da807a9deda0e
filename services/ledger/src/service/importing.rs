//! Imports: postings that happened elsewhere before, with a mark that nothing else can set.

use super::{BookCall, Service, posting::batch};
use crate::{
    error::Error,
    wire::{self, IdScope},
};
use api::ledger as pb;
use books::store::{IdMeaning, READ_CHUNK};
use identity::Role;
use std::collections::BTreeSet;
use tonic::{Code, Request, Status};
use uuid::Uuid;

/// The subject of tokens with which processes call each other; no service has this name.
const PROCESS: &str = "largesse";

impl Service {
    pub(super) async fn import_batch(&self, request: Request<pb::ImportBatchRequest>) -> Result<pb::ImportBatchResponse, Status> {
        may_import(&rpc::caller(&request)?)?;
        let place = self.place(&request, &request.get_ref().book).await?;
        let posts = request.into_inner().posts;
        if !posts.is_empty() {
            place.rights.import()?;
        }
        let now = self.ledger.now();
        // A posting is imported once, even if two callers send it: the ids are scoped to the book.
        let scope = IdScope { subject: "", ..place.scope() };
        let own = own_postings(&place, &posts).await?;
        let import = |post: pb::PostRequest| {
            let file_id = wire::imported_id(&post)?;
            if own.contains(&file_id) {
                return Err(Error::PostingExists(file_id.hyphenated().to_string()));
            }
            wire::import(post, scope, now)
        };
        let outcomes = batch(&place, posts, wire::brief_posting, import).await?;
        Ok(pb::ImportBatchResponse { outcomes })
    }
}

/// Services post what happens now: a service that could mark its postings as imported would escape the checks that compare postings with its rows.
fn may_import(caller: &rpc::Caller) -> Result<(), Status> {
    let subject = caller.principal.subject.as_str();
    let of_service = subject == PROCESS || identity::Service::ALL.iter().any(|service| service.as_str() == subject);
    if caller.principal.role != Role::Service || !of_service {
        return Ok(());
    }
    let why = format!("the token of {subject} may not import; imports have one of their own (`largesse import` makes it)");
    Err(rpc::refused(Code::PermissionDenied, "PERMISSION_DENIED", why, &[("subject", subject.to_owned())]))
}

/// Which of these ids are of postings that this book made: a file with such ids was exported from it.
async fn own_postings(place: &BookCall, posts: &[pb::PostRequest]) -> Result<BTreeSet<Uuid>, Error> {
    let ids: Vec<Uuid> = posts.iter().filter_map(|post| wire::imported_id(post).ok()).collect();
    let mut own = BTreeSet::new();
    for chunk in ids.chunks(READ_CHUNK) {
        let known = place.handle.store.ids(place.handle.row.key, chunk).await?;
        own.extend(known.into_iter().filter_map(|(id, known)| matches!(known, IdMeaning::Event(_)).then_some(id)));
    }
    Ok(own)
}
