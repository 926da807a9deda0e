//! The RPCs: authorize, decode, call, encode.
use crate::{
    acts::{Acts, now_ms},
    domain::StaffAct,
    error::Error,
    proposals::{ProposalDecision, ProposalSeen, Proposals},
    store::{ActFilter, ProposalFilter},
    wire,
};
use api::support::{
    ApproveRequest, ApproveResponse, GetProposalRequest, GetProposalResponse, ListActsRequest, ListActsResponse, ListProposalsRequest,
    ListProposalsResponse, NoteActRequest, NoteActResponse, ProposeRequest, ProposeResponse, RecordActRequest, RecordActResponse,
    RejectRequest, RejectResponse, support_service_server::SupportService,
};
use identity::{BookScope, Role, access};
use money::text::is_plain;
use rpc::{ApproverToken, Violations, page, wire::TimeRange};
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
        let caller = rpc::caller(&request)?;
        let mut act = request.into_inner().act.unwrap_or_default();
        let whole = wire::whole_request(&mut act);
        let act = wire::staff_act(act)?;
        may_record(&caller, &act)?;
        Ok(Response::new(RecordActResponse { seq: self.acts.record_whole(act, &whole).await? }))
    }

    async fn list_acts(&self, request: Request<ListActsRequest>) -> Result<Response<ListActsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        may_list(&caller, &request)?;
        let books = match (request.book.as_str(), &caller.principal.books) {
            ("", BookScope::All) => None,
            ("", BookScope::Only(names)) => Some(names.iter().map(ToString::to_string).collect()),
            (name, _) => Some(vec![caller.book(name)?.to_string()]),
        };
        let texts = [("subject", &request.subject), ("user_id", &request.user_id), ("rpc", &request.rpc), ("account", &request.account)];
        let mut wrong = Violations::default();
        for (field, _) in texts.into_iter().filter(|(_, text)| !is_plain(text)) {
            wrong.add(rpc::malformed(field, "must have no control, bidirectional or zero-width characters"));
        }
        let recorded = wrong.take(TimeRange::read(["recorded_from", "recorded_until"], request.recorded_from, request.recorded_until));
        let size = wrong.take(wire::page_size(request.page_size));
        wrong.check()?;
        let (recorded, size) = (recorded.unwrap_or(TimeRange::ANY), size.unwrap_or_default());
        let ListActsRequest { subject, user_id, rpc, account, page_token, .. } = request;
        let filter = ActFilter { books, subject, user_id, rpc, account, recorded };
        let list = wire::acts_list(&filter);
        let before = wire::before(&list, &page_token)?;
        let lines = self.acts.list(&filter, before, page::rows_to_read(size)).await?;
        let lines = lines.into_iter().map(|line| (line.seq, wire::act_record(line))).map(|(seq, act)| (act, seq)).collect();
        let (acts, next_page_token) = list.cut_to_fit(lines, size);
        Ok(Response::new(ListActsResponse { acts, next_page_token }))
    }

    async fn propose(&self, request: Request<ProposeRequest>) -> Result<Response<ProposeResponse>, Status> {
        let (caller, reason) = (rpc::caller(&request)?, rpc::staff_reason(&request)?);
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let (book, proposed) = (wrong.take(caller.book(&request.book)), wrong.take(wire::proposed(&request)));
        let (Some(book), Some((id, act))) = (book, proposed) else { return Err(wrong.into_status()) };
        let (proposal, replayed) = self.proposals.propose(&book, &caller.principal.subject, &reason, &id, act).await?;
        let preview = self.proposals.preview(&proposal, now_ms()).await;
        Ok(Response::new(ProposeResponse { proposal: Some(wire::proposal(proposal, now_ms())), replayed, preview }))
    }

    async fn approve(&self, request: Request<ApproveRequest>) -> Result<Response<ApproveResponse>, Status> {
        let (caller, reason) = (rpc::caller(&request)?, rpc::staff_reason(&request)?);
        let token = ApproverToken::of(&request);
        let request = request.into_inner();
        let (book, request_id, id) = wire::deciding(caller.book(&request.book), &request.request_id, &request.proposal_id)?;
        let seen = ProposalSeen { id, hash: request.hash };
        let decision = ProposalDecision {
            book: &book,
            by: &caller.principal.subject,
            reason: &reason,
            request_id: &request_id,
            token: token.as_ref(),
        };
        let (proposal, replayed) = self.proposals.approve(&decision, &seen).await?;
        Ok(Response::new(ApproveResponse { proposal: Some(wire::proposal(proposal, now_ms())), replayed }))
    }

    async fn reject(&self, request: Request<RejectRequest>) -> Result<Response<RejectResponse>, Status> {
        let (caller, reason) = (rpc::caller(&request)?, rpc::staff_reason(&request)?);
        let request = request.into_inner();
        let (book, request_id, id) = wire::deciding(caller.book(&request.book), &request.request_id, &request.proposal_id)?;
        let proposal = self.proposals.get(&book, id).await?;
        // A role that may only propose can withdraw its own proposals; rejecting another's needs the right to approve.
        let decides = matches!(caller.principal.role, identity::Role::Finance | identity::Role::Admin);
        if !decides && proposal.proposed_by != caller.principal.subject {
            let why = "the role may take back its own proposals only".to_owned();
            return Err(rpc::refused(Code::PermissionDenied, "PERMISSION_DENIED", why, &[("role", caller.principal.role.to_string())]));
        }
        let decision =
            ProposalDecision { book: &book, by: &caller.principal.subject, reason: &reason, request_id: &request_id, token: None };
        let (proposal, replayed) = self.proposals.reject(&decision, id).await?;
        Ok(Response::new(RejectResponse { proposal: Some(wire::proposal(proposal, now_ms())), replayed }))
    }

    async fn get_proposal(&self, request: Request<GetProposalRequest>) -> Result<Response<GetProposalResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (book, id) = (caller.book(&request.book)?, wire::proposal_id(&request.proposal_id)?);
        let proposal = self.proposals.get(&book, id).await?;
        let preview = self.proposals.preview(&proposal, now_ms()).await;
        Ok(Response::new(GetProposalResponse { proposal: Some(wire::proposal(proposal, now_ms())), preview }))
    }

    async fn note_act(&self, request: Request<NoteActRequest>) -> Result<Response<NoteActResponse>, Status> {
        // The stack has recorded it, with its request and reason; what is malformed is there too, as what was refused.
        let caller = rpc::caller(&request)?;
        wire::check_note(caller.book(&request.get_ref().book), request.get_ref())?;
        Ok(Response::new(NoteActResponse {}))
    }

    async fn list_proposals(&self, request: Request<ListProposalsRequest>) -> Result<Response<ListProposalsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let book = wrong.take(caller.book(&request.book));
        let filter = wrong.take(wire::state_filter(request.state, now_ms()));
        let proposed = wrong.take(TimeRange::read(["proposed_from", "proposed_until"], request.proposed_from, request.proposed_until));
        let size = wrong.take(wire::page_size(request.page_size));
        let subject = wrong.take(wire::proposal_subject(&request.user_id, &request.account));
        let (Some(book), Some(filter), Some(proposed), Some(size), Some(subject)) = (book, filter, proposed, size, subject) else {
            return Err(wrong.into_status());
        };
        let filter = ProposalFilter { proposed, ..filter };
        let list = wire::proposals_list(&book, request.state, proposed, &subject);
        let before = wire::before(&list, &request.page_token)?;
        let rows = page::rows_to_read(size);
        let found = self.proposals.store.proposals_on(&book, filter, &subject, before, rows).await.map_err(Error::from)?;
        let found =
            found.into_iter().map(|proposal| (proposal.number, wire::proposal(proposal, now_ms()))).map(|(number, told)| (told, number));
        let (proposals, next_page_token) = list.cut_to_fit(found.collect(), size);
        Ok(Response::new(ListProposalsResponse { proposals, next_page_token }))
    }
}

/// Roles that don't read the whole log name a user or an account.
fn may_list(caller: &rpc::Caller, request: &ListActsRequest) -> Result<(), Status> {
    let role = caller.principal.role;
    if access::reads_whole_log(role) || !request.user_id.is_empty() || !request.account.is_empty() {
        return Ok(());
    }
    let why = format!("the role {role} reads the audit log of one user or account at a time: give user_id or account");
    let facts = [("role", role.to_string()), ("field", "user_id".to_owned())];
    Err(rpc::refused(Code::PermissionDenied, "PERMISSION_DENIED", why, &facts))
}

/// The command that, without being a service, records its actions, and the subject of its token.
const IMPORT: (&str, &str) = ("largesse import", "import");

/// A service may record staff actions only for its own RPCs and in the books of its token, so that a stolen service token can't attribute actions to others.
fn may_record(caller: &rpc::Caller, act: &StaffAct) -> Result<(), Status> {
    let subject = caller.principal.subject.as_str();
    let of = |name: &str| {
        act.rpc.strip_prefix(&format!("{name}/")).is_some_and(|method| method.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    let known = identity::Service::ALL.into_iter().filter_map(|service| Some((service, service.grpc_name()?)));
    let import = (act.rpc == IMPORT.0).then_some(IMPORT.1);
    let Some(owner) = known.into_iter().find(|(_, name)| of(name)).map(|(service, _)| service.as_str()).or(import) else {
        return Err(rpc::malformed("rpc", "must be an RPC of a service of Largesse"));
    };
    if subject != owner {
        let why = format!("the token of {subject} may not record staff actions with {owner}; nothing was recorded");
        let facts = [("subject", subject.to_owned()), ("rpc", act.rpc.clone())];
        return Err(rpc::refused(Code::PermissionDenied, "PERMISSION_DENIED", why, &facts));
    }
    if !act.book.is_empty() {
        caller.book(&act.book)?;
    }
    if !act.role.parse::<Role>().is_ok_and(rpc::acts::is_staff) {
        return Err(rpc::malformed("role", "must be one of staff's"));
    }
    Ok(())
}
