//! The RPCs of the structure, and the proof of the books.
use super::Handlers;
use crate::{domain::listing, error::Error, wire};
use api::treasury::{
    ApplyStructureRequest, ApplyStructureResponse, ListVirtualAccountsRequest, ListVirtualAccountsResponse, PlanStructureRequest,
    PlanStructureResponse, ProveBooksRequest, ProveBooksResponse,
};
use tonic::{Request, Status};

impl Handlers {
    pub(super) async fn structure_planned(&self, request: Request<PlanStructureRequest>) -> Result<PlanStructureResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let (plan, hash) = self.treasury.plan(&request.file).await?;
        Ok(wire::plan(&plan, hash))
    }

    pub(super) async fn structure_applied(&self, request: Request<ApplyStructureRequest>) -> Result<ApplyStructureResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let hash = wire::hash(&request.hash)?;
        let outcome = self.treasury.apply(&request.file, hash, caller.principal.subject.as_str()).await?;
        let (revision, change_count) = (outcome.applied.revision, outcome.applied.change_count);
        Ok(ApplyStructureResponse { revision, change_count, replayed: outcome.replayed })
    }

    pub(super) async fn virtual_accounts_listed(
        &self,
        request: Request<ListVirtualAccountsRequest>,
    ) -> Result<ListVirtualAccountsResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let query = wire::list_query(request)?;
        let structure = self.treasury.structure(query.on).await?;
        let balances = match query.on {
            None => self.treasury.balances(&structure).await?,
            Some(on) => self.treasury.balances_on(&structure, on).await?,
        };
        let listed = listing::list(&structure, &balances.leaves).ok_or(Error::Overflow)?;
        let paged = wire::list(&self.treasury.book, &query, structure.revision);
        let after: Option<i64> = paged.position(&query.page_token).map_err(|_| Error::PageToken)?;
        let details = wire::leaf_details(&structure);
        let wanted = |account: &str| query.physical_account.is_empty() || account == query.physical_account;
        let rows = listed.iter().filter(|one| wanted(&one.account.id)).zip(1_i64..).filter(|(_, at)| after.is_none_or(|after| *at > after));
        let rows = rows.take(query.size + 1).map(|(one, at)| (wire::virtual_account(one, &details, &balances), at));
        let (virtual_accounts, next_page_token) = paged.cut_to_fit(rows.collect(), query.size);
        let (revision, seq) = (structure.revision, balances.seq);
        Ok(ListVirtualAccountsResponse { virtual_accounts, revision, seq, next_page_token })
    }

    pub(super) async fn books_proved(&self, request: Request<ProveBooksRequest>) -> Result<ProveBooksResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let only = wire::proof::physical_account(&request)?;
        let proof = self.treasury.prove(only).await?;
        let now_ms = money::time::unix_ms((self.treasury.clock)());
        Ok(wire::proof::proof(proof, &self.treasury.book, now_ms))
    }
}
