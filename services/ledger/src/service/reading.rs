//! RPCs that only read.

use super::Service;
use crate::{
    error::Error,
    read::NamedPosting,
    wire::{self, PostingName},
};
use api::ledger as pb;
use rpc::{
    Violations,
    page::{InvalidPageToken, PagedList},
};
use tonic::{Request, Status};
use uuid::Uuid;

impl Service {
    pub(super) async fn get_account(&self, request: Request<pb::GetAccountRequest>) -> Result<pb::GetAccountResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let name = wire::account_name(request.into_inner().account, "account")?;
        Ok(pb::GetAccountResponse { account: Some(super::limited_account(&place.handle, &name.text).await?) })
    }

    pub(super) async fn list_entries(&self, request: Request<pb::ListEntriesRequest>) -> Result<pb::ListEntriesResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let (name, listing, list) = wire::listing(request.into_inner(), place.book.as_str())?;
        let (entries, next) = place.handle.entries(&name, &listing).await?;
        let entries = entries.into_iter().map(wire::entry).collect();
        Ok(pb::ListEntriesResponse { entries, next_page_token: wire::entries_token(&list, next) })
    }

    pub(super) async fn get_balance_at(&self, request: Request<pb::GetBalanceAtRequest>) -> Result<pb::GetBalanceAtResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        let mut wrong = Violations::default();
        let name = wrong.take(wire::account_name(sent.account, "account"));
        let time = sent.time.ok_or_else(|| wire::malformed("time", "must be given")).and_then(|time| wire::micros(time, "time"));
        let (Some(name), Some(time)) = (name, wrong.take(time)) else { return Err(wrong.into_status()) };
        let balance = place.handle.balance_at(&name.text, time).await?;
        Ok(wire::balance_at(&balance))
    }

    pub(super) async fn get_posting(&self, request: Request<pb::GetPostingRequest>) -> Result<pb::GetPostingResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        let posted: NamedPosting = match wire::named_posting(&sent, &place.book)? {
            PostingName::Own(id) => place.handle.posting(id).await?,
            PostingName::Request(ids) => place.handle.posting_under(&ids).await?.ok_or(Error::NotPostedBy(sent.request_id.clone()))?,
        };
        let reversed = place.handle.is_reversed(posted.id).await?;
        let standing = if reversed { pb::PostingStanding::Reversed } else { pb::PostingStanding::InForce };
        Ok(pb::GetPostingResponse { posting: Some(wire::posting(posted)), standing: standing.into(), request_id: sent.request_id })
    }

    pub(super) async fn get_trial_balance(
        &self,
        request: Request<pb::GetTrialBalanceRequest>,
    ) -> Result<pb::GetTrialBalanceResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.get_ref();
        let list = PagedList::new("GetTrialBalance", place.book.as_str(), &[]);
        let size = wire::balance_page_size(sent.page_size)?;
        let after: Option<Uuid> = list.position(&sent.page_token).map_err(|InvalidPageToken| Error::PageToken)?;
        let (lines, seq) = place.handle.trial_balance().await?;
        let rows = wire::balance_rows(lines, after).ok_or(Error::PageToken)?;
        let (lines, next_page_token) = list.cut_to_fit(rows, size);
        Ok(pb::GetTrialBalanceResponse { lines, seq, next_page_token })
    }
}
