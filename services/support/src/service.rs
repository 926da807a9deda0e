//! The RPCs: who, decode, call, encode.
use crate::{
    acts::{Acts, now_ms},
    error::Error,
    proposals::Proposals,
    store::ActFilter,
    wire,
};
use api::support::{
    ApproveRequest, ApproveResponse, GetProposalRequest, GetProposalResponse, ListActsRequest, ListActsResponse, ListProposalsRequest,
    ListProposalsResponse, ProposeRequest, ProposeResponse, RecordActRequest, RecordActResponse, RejectRequest, RejectResponse,
    support_service_server::SupportService,
};
use identity::BookScope;
use rpc::page;
use tonic::{Code, Request, Response, Status};

/// The tonic service.
#[derive(Clone)]
pub struct Handlers {
    pub(crate) acts: Acts,
    pub(crate) proposals: Proposals,
}

#[tonic::async_trait]
impl SupportService for Handlers {
    async fn record_act(&self, request: Request<RecordActRequest>) -> Result<Response<RecordActResponse>, Status> {
        let act = wire::staff_act(request.into_inner().act.unwrap_or_default())?;
        Ok(Response::new(RecordActResponse { seq: self.acts.record(act).await? }))
    }

    async fn list_acts(&self, request: Request<ListActsRequest>) -> Result<Response<ListActsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let books = match (request.book.as_str(), &caller.principal.books) {
            ("", BookScope::All) => None,
            ("", BookScope::Only(names)) => Some(names.iter().map(ToString::to_string).collect()),
            (name, _) => Some(vec![caller.book(name)?.to_string()]),
        };
        for (field, text) in [("subject", &request.subject), ("user_id", &request.user_id), ("rpc", &request.rpc)] {
            if text.chars().any(char::is_control) {
                return Err(rpc::malformed(field, "no control characters"));
            }
        }
        let filter = ActFilter { books, subject: request.subject, user_id: request.user_id, rpc: request.rpc };
        let list = wire::acts_list(&filter);
        let (size, before) = (wire::page_size(request.page_size)?, wire::before(&list, &request.page_token)?);
        let lines = self.acts.list(&filter, before, page::rows_to_read(size)).await?;
        let lines = lines.into_iter().map(|line| (line.seq, wire::act_record(line))).map(|(seq, act)| (act, seq)).collect();
        let (acts, next_page_token) = list.cut_to_fit(lines, size);
        Ok(Response::new(ListActsResponse { acts, next_page_token }))
    }

    async fn propose(&self, request: Request<ProposeRequest>) -> Result<Response<ProposeResponse>, Status> {
        let (caller, reason) = (rpc::caller(&request)?, rpc::staff_reason(&request)?);
        let request = request.into_inner();
        let (book, (id, act)) = (caller.book(&request.book)?, wire::proposed(&request)?);
        let (proposal, replayed) = self.proposals.propose(&book, &caller.principal.subject, &reason, &id, act).await?;
        Ok(Response::new(ProposeResponse { proposal: Some(wire::proposal(proposal)), replayed }))
    }

    async fn approve(&self, request: Request<ApproveRequest>) -> Result<Response<ApproveResponse>, Status> {
        let (caller, reason) = (rpc::caller(&request)?, rpc::staff_reason(&request)?);
        let request = request.into_inner();
        let (book, id) = (caller.book(&request.book)?, wire::proposal_id(&request.proposal_id)?);
        let proposal = self.proposals.approve(&book, &caller.principal.subject, &reason, id).await?;
        Ok(Response::new(ApproveResponse { proposal: Some(wire::proposal(proposal)) }))
    }

    async fn reject(&self, request: Request<RejectRequest>) -> Result<Response<RejectResponse>, Status> {
        let (caller, reason) = (rpc::caller(&request)?, rpc::staff_reason(&request)?);
        let request = request.into_inner();
        let (book, id) = (caller.book(&request.book)?, wire::proposal_id(&request.proposal_id)?);
        let proposal = self.proposals.get(&book, id).await?;
        // Those who may only propose take back what is theirs; turning down another's is for those who may approve.
        let decides = matches!(caller.principal.role, identity::Role::Finance | identity::Role::Admin);
        if !decides && proposal.proposed_by != caller.principal.subject {
            let why = "the role may take back its own proposals only".to_owned();
            return Err(rpc::refused(Code::PermissionDenied, "PERMISSION_DENIED", why, &[("role", caller.principal.role.to_string())]));
        }
        let proposal = self.proposals.reject(&book, &caller.principal.subject, &reason, id).await?;
        Ok(Response::new(RejectResponse { proposal: Some(wire::proposal(proposal)) }))
    }

    async fn get_proposal(&self, request: Request<GetProposalRequest>) -> Result<Response<GetProposalResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (book, id) = (caller.book(&request.book)?, wire::proposal_id(&request.proposal_id)?);
        let proposal = self.proposals.get(&book, id).await?;
        Ok(Response::new(GetProposalResponse { proposal: Some(wire::proposal(proposal)) }))
    }

    async fn list_proposals(&self, request: Request<ListProposalsRequest>) -> Result<Response<ListProposalsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let book = caller.book(&request.book)?;
        let filter = wire::state_filter(request.state, now_ms())?;
        let list = wire::proposals_list(&book, request.state);
        let (size, before) = (wire::page_size(request.page_size)?, wire::before(&list, &request.page_token)?);
        let found = self.proposals.store.proposals(&book, filter, before, page::rows_to_read(size)).await.map_err(Error::from)?;
        let found = found.into_iter().map(|proposal| (proposal.number, wire::proposal(proposal))).map(|(number, told)| (told, number));
        let (proposals, next_page_token) = list.cut_to_fit(found.collect(), size);
        Ok(Response::new(ListProposalsResponse { proposals, next_page_token }))
    }
}
