//! RPCs that only read.

use super::{Service, uuid};
use crate::{answer::Posted, read, wire};
use api::ledger as pb;
use tonic::{Request, Status};

/// Entries of one page, and where none is asked for.
const PAGE_MAX: i32 = 200;
const PAGE_DEFAULT: i32 = 50;

impl Service {
    pub(super) async fn get_account(&self, request: Request<pb::GetAccountRequest>) -> Result<pb::GetAccountResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let name = wire::account_name(request.into_inner().account, "account")?;
        let account = wire::account(&place.handle.account(&name.text).await?);
        Ok(pb::GetAccountResponse { account: Some(account) })
    }

    pub(super) async fn list_entries(&self, request: Request<pb::ListEntriesRequest>) -> Result<pb::ListEntriesResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        let name = wire::account_name(sent.account, "account")?;
        let limit = match sent.page_size {
            ..0 => return Err(rpc::malformed("page_size", "must not be negative")),
            0 => PAGE_DEFAULT,
            size => size.min(PAGE_MAX),
        };
        let before = if sent.page_token.is_empty() { 0 } else { wire::page_place(&sent.page_token, &name.text)? };
        let limit = usize::try_from(limit).expect("between 1 and its bound");
        let (entries, next) = place.handle.entries(&name.text, before, limit).await?;
        let next_page_token = if next == 0 { String::new() } else { wire::page_token(&name.text, next) };
        Ok(pb::ListEntriesResponse { entries: entries.into_iter().map(wire::entry).collect(), next_page_token })
    }

    pub(super) async fn get_posting(&self, request: Request<pb::GetPostingRequest>) -> Result<pb::GetPostingResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let posted: Posted = place.handle.posting(uuid(&request.get_ref().posting_id, "posting_id")?).await?;
        Ok(pb::GetPostingResponse { posting: Some(wire::posting(posted)) })
    }

    pub(super) async fn get_trial_balance(
        &self,
        request: Request<pb::GetTrialBalanceRequest>,
    ) -> Result<pb::GetTrialBalanceResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let balance = read::trial_balance(&**self.ledger.store(), place.handle.row.key).await.map_err(Status::from)?;
        Ok(wire::trial_balance(balance))
    }
}
