//! The hashes of a whole request, which are in the act's line although its text may be truncated or erased.
use crate::{
    domain::{ActHashes, ActPhase, StaffAct, proposal_hash, proposal_id, request_hash},
    error::Error,
    store::{Store, stored_act},
    whole::{APPROVE, PROPOSE, WholeRequest, hash_of},
    wire,
};
use api::support::{ApproveRequest, ProposeRequest};
use money::{BookName, UserKey};
use prost::Message as _;

impl WholeRequest {
    /// The hashes for the act's line.
    pub(super) async fn hashes(&self, store: &Store, act: &StaffAct, salt: &[u8; 16]) -> Result<ActHashes, Error> {
        if act.phase != ActPhase::Begun {
            return Ok(ActHashes::default());
        }
        // The whole request of a command is the text in its line.
        let bytes = if self.bytes.is_empty() { act.request_json.as_bytes() } else { &self.bytes };
        let request = if bytes.is_empty() { String::new() } else { request_hash(salt, bytes) };
        let proposal = if act.rpc.ends_with(PROPOSE) {
            self.proposed(act).unwrap_or_default()
        } else if act.rpc.ends_with(APPROVE) {
            self.there(store, act).await?.unwrap_or_default()
        } else {
            String::new()
        };
        Ok(ActHashes { request, proposal })
    }

    /// The hash of what the request proposes; `None` where it will be refused.
    fn proposed(&self, act: &StaffAct) -> Option<String> {
        let request = ProposeRequest::decode(self.bytes.as_slice()).ok()?;
        let (id, proposed) = wire::proposed(&request).ok()?;
        let (book, by) = (BookName::try_new(&act.book).ok()?, UserKey::try_new(&act.subject).ok()?);
        let proposal = proposal_id(&id, &book, &by);
        Some(proposal_hash(proposal, book.as_str(), by.as_str(), &stored_act::write(&proposed)))
    }

    /// The hash of the proposal to be approved, as it is stored.
    async fn there(&self, store: &Store, act: &StaffAct) -> Result<Option<String>, Error> {
        let Ok(request) = ApproveRequest::decode(self.bytes.as_slice()) else { return Ok(None) };
        let (Ok(id), Ok(book)) = (wire::proposal_id(&request.proposal_id), BookName::try_new(&act.book)) else { return Ok(None) };
        Ok(store.proposal(&book, id).await?.as_ref().map(hash_of))
    }
}
