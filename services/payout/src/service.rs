//! PayoutService: authenticate, decode, call, encode.

use crate::{
    beneficiaries::day_of,
    domain::{PayoutKey, run::PayoutRun},
    error::Error,
    payouts::Payouts,
    review::handlers as reviews,
    runs::RunSums,
    store::{beneficiaries::Beneficiary, payouts::ListedPayouts, returns::ListedReturns, run_items::ListedItems},
    watch::{PayoutWithSteps, WatchedPayout, watch},
    wire,
};
use api::payout::{self as pb, payout_service_server::PayoutService};
use futures::{Stream, StreamExt as _};
use identity::Role;
use money::{BookName, Currency, UserKey, time::millis};
use rpc::{Violations, page, wire::TimeRange};
use std::{pin::Pin, sync::Arc, time::SystemTime};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// Moments of a standing order that are shown, the newest ones.
const MOMENTS_SHOWN_MAX: i64 = 20;

/// The service over gRPC.
#[derive(Clone)]
pub struct Handlers {
    /// The use cases.
    pub payouts: Arc<Payouts>,
    /// Ends streams.
    pub shutdown: CancellationToken,
}

impl Handlers {
    /// A payout the caller may see; another user's is answered as if there were none.
    async fn visible(&self, caller: &rpc::Caller, book: &str, payout_id: &str) -> Result<(PayoutKey, PayoutWithSteps), Status> {
        let payout_key = PayoutKey { book: caller.book(book)?, payout_id: wire::uuid("payout_id", payout_id)? };
        let seen = self.payouts.get(&payout_key).await?.ok_or(Error::PayoutUnknown(payout_key.payout_id))?;
        if caller.acting_for(seen.0.user.as_str()).is_err() {
            return Err(Error::PayoutUnknown(payout_key.payout_id).into());
        }
        Ok((payout_key, seen))
    }

    /// A payout with its steps and attempts, as callers see it.
    async fn shown(&self, payout_key: &PayoutKey) -> Result<pb::Payout, Status> {
        let seen = self.payouts.get(payout_key).await?.ok_or(Error::PayoutUnknown(payout_key.payout_id))?;
        let attempts = self.payouts.store.attempts(payout_key).await.map_err(Error::from)?;
        Ok(wire::payout(&seen, &attempts))
    }

    /// The user's standing order in a currency, if there is one, with its newest moments.
    async fn shown_order(&self, book: &BookName, user: &UserKey, currency: Currency) -> Result<Option<pb::StandingOrder>, Status> {
        let store = &self.payouts.store;
        let Some(order) = store.standing_order(book, user, currency).await.map_err(Error::from)? else { return Ok(None) };
        let moments = store.standing_moments(book, order.order_id, MOMENTS_SHOWN_MAX).await.map_err(Error::from)?;
        Ok(Some(wire::standing::order(&order, &moments)))
    }

    /// A run with its bad lines, and with sums if they are wanted.
    async fn shown_run(&self, run: &PayoutRun, with_sums: bool) -> Result<pb::PayoutRun, Status> {
        let faults = self.payouts.store.run_faults(run).await.map_err(Error::from)?;
        let sums = if with_sums { self.payouts.run_sums(run).await? } else { RunSums::new() };
        Ok(wire::run::run(run, millis(self.payouts.config.runs.approval_expiry), faults, sums))
    }

    /// A beneficiary for this caller. Its bank's name is shown in full to whoever may confirm it: its owner, and the service that acts for its owner.
    fn shown_beneficiary(&self, caller: &rpc::Caller, book: &BookName, row: &Beneficiary) -> Result<pb::Beneficiary, Error> {
        let in_full = matches!(caller.principal.role, Role::Creator | Role::Service);
        let name = self.payouts.name_to_confirm(book, row)?;
        Ok(wire::beneficiary::beneficiary(row, name.as_deref(), in_full))
    }
}

#[tonic::async_trait]
impl PayoutService for Handlers {
    async fn create_beneficiary(
        &self,
        request: Request<pb::CreateBeneficiaryRequest>,
    ) -> Result<Response<pb::CreateBeneficiaryResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (who, now) = (caller.book_and_user(&request.book, &request.user_id), SystemTime::now());
        let create = wire::beneficiary::create(who, request, &self.payouts.payees.rules, day_of(now))?;
        let created = self.payouts.store.settled(self.payouts.create_beneficiary(&create, now)).await?;
        let shown = self.shown_beneficiary(&caller, &create.book, &created.row)?;
        Ok(Response::new(wire::beneficiary::created(&created, shown)))
    }

    async fn list_beneficiaries(
        &self,
        request: Request<pb::ListBeneficiariesRequest>,
    ) -> Result<Response<pb::ListBeneficiariesResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (book, user) = caller.book_and_user(&request.book, &request.user_id)?;
        let list = wire::beneficiary::beneficiaries_list(&book, &user);
        let (size, after) = (wire::page_size(request.page_size)?, wire::after(&list, &request.page_token)?);
        let rows = self.payouts.store.usable_beneficiaries(&book, &user, after, page::rows_to_read(size)).await;
        let mut rows = rows.map_err(Error::from)?;
        if rows.is_empty() && caller.principal.role.is_staff() {
            self.payouts.must_know(&book, &user).await?;
        }
        let next_page_token = list.cut(&mut rows, size, |row| (row.created_at_ms, row.beneficiary_id));
        let beneficiaries = rows.iter().map(|row| self.shown_beneficiary(&caller, &book, row)).collect::<Result<_, _>>()?;
        Ok(Response::new(pb::ListBeneficiariesResponse { beneficiaries, next_page_token }))
    }

    async fn delete_beneficiary(
        &self,
        request: Request<pb::DeleteBeneficiaryRequest>,
    ) -> Result<Response<pb::DeleteBeneficiaryResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let act = wire::beneficiary::delete(caller.book_and_user(&request.book, &request.user_id), &request)?;
        let (row, replayed) = self.payouts.store.settled(self.payouts.delete_beneficiary(&act, SystemTime::now())).await?;
        let beneficiary = row.map(|row| self.shown_beneficiary(&caller, &act.book, &row)).transpose()?;
        Ok(Response::new(pb::DeleteBeneficiaryResponse { beneficiary, replayed }))
    }

    async fn confirm_beneficiary(
        &self,
        request: Request<pb::ConfirmBeneficiaryRequest>,
    ) -> Result<Response<pb::ConfirmBeneficiaryResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let who = caller.book_and_user(&request.book, &request.user_id);
        let (act, bank_holder_name) = wire::beneficiary::confirm(who, request)?;
        let (row, replayed) =
            self.payouts.store.settled(self.payouts.confirm_beneficiary(&act, &bank_holder_name, SystemTime::now())).await?;
        let beneficiary = row.map(|row| self.shown_beneficiary(&caller, &act.book, &row)).transpose()?;
        Ok(Response::new(pb::ConfirmBeneficiaryResponse { beneficiary, replayed }))
    }

    async fn find_beneficiaries(
        &self,
        request: Request<pb::FindBeneficiariesRequest>,
    ) -> Result<Response<pb::FindBeneficiariesResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let (book, size) = (wrong.take(caller.book(&request.book)), wrong.take(wire::page_size(request.page_size)));
        let sought = wrong.take(wire::beneficiary::sought(&request.beneficiary_id, request.account));
        let (Some(book), Some(size), Some(sought)) = (book, size, sought) else { return Err(wrong.into_status()) };
        let account_digest = self.payouts.sought(&book, &sought).await?;
        let list = wire::beneficiary::found_list(&book, &account_digest);
        let after = wire::after(&list, &request.page_token)?;
        let rows = self.payouts.store.found_beneficiaries(&book, &account_digest, after, page::rows_to_read(size)).await;
        let mut rows = rows.map_err(Error::from)?;
        let next_page_token = list.cut(&mut rows, size, |row| (row.created_at_ms, row.beneficiary_id));
        let beneficiaries = rows.iter().map(|row| self.shown_beneficiary(&caller, &book, row)).collect::<Result<_, _>>()?;
        Ok(Response::new(pb::FindBeneficiariesResponse { beneficiaries, next_page_token }))
    }

    async fn reveal_beneficiary(
        &self,
        request: Request<pb::RevealBeneficiaryRequest>,
    ) -> Result<Response<pb::RevealBeneficiaryResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (book, user, id, part) = wire::beneficiary::revealing(caller.book_and_user(&request.book, &request.user_id), &request)?;
        let fields = self.payouts.revealed(&book, &user, id, part).await?;
        let fields = fields.into_iter().map(|(name, value)| pb::RevealedField { name, value }).collect();
        Ok(Response::new(pb::RevealBeneficiaryResponse { fields }))
    }

    async fn request_payout(&self, request: Request<pb::RequestPayoutRequest>) -> Result<Response<pb::RequestPayoutResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let ask = wire::ask(caller.book_and_user(&request.book, &request.user_id), &request)?;
        let (payout, replayed) = self.payouts.request(&ask, SystemTime::now()).await?;
        let payout = Some(self.shown(&payout.key()).await?);
        Ok(Response::new(pb::RequestPayoutResponse { payout, replayed }))
    }

    async fn get_payout_options(
        &self,
        request: Request<pb::GetPayoutOptionsRequest>,
    ) -> Result<Response<pb::GetPayoutOptionsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (book, user, beneficiary_id, amount) = wire::question(caller.book_and_user(&request.book, &request.user_id), &request)?;
        let options = self.payouts.options_for(&book, &user, beneficiary_id, amount, SystemTime::now()).await?;
        Ok(Response::new(wire::options(&options, amount, &self.payouts.banks)))
    }

    async fn cancel_payout(&self, request: Request<pb::CancelPayoutRequest>) -> Result<Response<pb::CancelPayoutResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        // The id is scoped to whoever asks, and the payout must be one that they may see.
        let cancel = wire::cancel(caller.book_and_user(&request.book, ""), &request)?;
        self.visible(&caller, &request.book, &request.payout_id).await?;
        let replayed = self.payouts.store.settled(self.payouts.cancel(&cancel, SystemTime::now())).await?;
        let payout = Some(self.shown(&cancel.payout_key).await?);
        Ok(Response::new(pb::CancelPayoutResponse { payout, replayed }))
    }

    async fn get_payout(&self, request: Request<pb::GetPayoutRequest>) -> Result<Response<pb::GetPayoutResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (payout_key, (row, _)) = self.visible(&caller, &request.book, &request.payout_id).await?;
        let mut payout = self.shown(&payout_key).await?;
        // Its sum only rises, in the transaction that books a return: what is read between two equal sums is what they consist of.
        let returns = loop {
            let returns = self.payouts.store.returns_of(&payout_key.book, &[payout_key.payout_id]).await.map_err(Error::from)?;
            let before = std::mem::replace(&mut payout, self.shown(&payout_key).await?);
            if before.returned_minor_units == payout.returned_minor_units {
                break returns;
            }
        };
        let recalls = self.payouts.store.recalls_of(&payout_key).await.map_err(Error::from)?;
        if matches!(caller.principal.role, Role::Support | Role::Finance | Role::Auditor | Role::Admin) {
            let found = self.payouts.store.resolution(&payout_key).await.map_err(Error::from)?;
            payout.resolution = found.map(|found| wire::resolution::resolution(&payout_key, &found));
            let (messages, personal) = self.payouts.messages_of(&row).await?;
            payout = wire::message::with_messages(wire::advised(payout), &messages, personal);
        }
        let for_staff = caller.principal.role != Role::Creator;
        let shown = returns.iter().filter(|back| for_staff || back.is_shown_to_creators());
        payout.returns = shown.map(|back| wire::returns::payout_return(back, for_staff)).collect();
        payout.recalls = recalls.iter().map(wire::returns::payout_recall).collect();
        Ok(Response::new(pb::GetPayoutResponse { payout: Some(payout) }))
    }

    async fn recall_payout(&self, request: Request<pb::RecallPayoutRequest>) -> Result<Response<pb::RecallPayoutResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        // The id is scoped to whoever asks.
        let ask = wire::returns::recall(caller.book_and_user(&request.book, ""), &request)?;
        self.visible(&caller, &request.book, &request.payout_id).await?;
        let (recall, replayed) = self.payouts.store.settled(self.payouts.request_recall(&ask, SystemTime::now())).await?;
        Ok(Response::new(pb::RecallPayoutResponse { recall: Some(wire::returns::payout_recall(&recall)), replayed }))
    }

    async fn list_returns(&self, request: Request<pb::ListReturnsRequest>) -> Result<Response<pb::ListReturnsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let (book, size) = (wrong.take(caller.book(&request.book)), wrong.take(wire::page_size(request.page_size)));
        let state = wrong.take(wire::returns::return_filter(request.state));
        let found = wrong.take(TimeRange::read(["created_from", "created_until"], request.created_from, request.created_until));
        let (Some(book), Some(size), Some(state), Some(found)) = (book, size, state, found) else { return Err(wrong.into_status()) };
        let list = wire::returns::returns_list(&book, state, found);
        let listed = ListedReturns { state, found, after: wire::after(&list, &request.page_token)?, limit: page::rows_to_read(size) };
        let mut rows = self.payouts.store.listed_returns(&book, listed).await.map_err(Error::from)?;
        let next_page_token = list.cut(&mut rows, size, |row| (row.found_at_ms, row.return_id));
        let returns = rows.iter().map(|back| wire::returns::payout_return(back, true)).collect();
        Ok(Response::new(pb::ListReturnsResponse { returns, next_page_token }))
    }

    async fn get_payout_report(
        &self,
        request: Request<pb::GetPayoutReportRequest>,
    ) -> Result<Response<pb::GetPayoutReportResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let ask = wire::report::asked(caller.book(&request.book), &request)?;
        Ok(Response::new(wire::report::report(&self.payouts.report(&ask).await?)))
    }

    async fn list_payouts(&self, request: Request<pb::ListPayoutsRequest>) -> Result<Response<pb::ListPayoutsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let who = wrong.take(caller.book_and_user(&request.book, &request.user_id));
        let state = wrong.take(wire::filter(request.state));
        let created = wrong.take(TimeRange::read(["created_from", "created_until"], request.created_from, request.created_until));
        let size = wrong.take(wire::page_size(request.page_size));
        let (Some((book, user)), Some(state), Some(created), Some(size)) = (who, state, created, size) else {
            return Err(wrong.into_status());
        };
        let list = wire::payouts_list(&book, &user, state, created);
        let listed = ListedPayouts { state, created, after: wire::after(&list, &request.page_token)?, limit: page::rows_to_read(size) };
        let rows = self.payouts.store.payouts(&book, &user, listed).await.map_err(Error::from)?;
        if rows.is_empty() && caller.principal.role.is_staff() {
            self.payouts.must_know(&book, &user).await?;
        }
        let shown = self.payouts.with_steps(rows).await?;
        let rows = shown.iter().map(|seen| (wire::payout(seen, &[]), (seen.0.created_at_ms, seen.0.payout_id))).collect();
        let (payouts, next_page_token) = list.cut_to_fit(rows, size);
        Ok(Response::new(pb::ListPayoutsResponse { payouts, next_page_token }))
    }

    async fn list_reviews(&self, request: Request<pb::ListReviewsRequest>) -> Result<Response<pb::ListReviewsResponse>, Status> {
        reviews::list(&self.payouts, request).await
    }

    async fn decide_review(&self, request: Request<pb::DecideReviewRequest>) -> Result<Response<pb::DecideReviewResponse>, Status> {
        reviews::decide(&self.payouts, request).await
    }

    async fn approve_payout(&self, request: Request<pb::ApprovePayoutRequest>) -> Result<Response<pb::ApprovePayoutResponse>, Status> {
        reviews::approve(&self.payouts, request).await
    }

    async fn unblock_payout(&self, request: Request<pb::UnblockPayoutRequest>) -> Result<Response<pb::UnblockPayoutResponse>, Status> {
        reviews::unblock(&self.payouts, request).await
    }

    async fn resolve_payout(&self, request: Request<pb::ResolvePayoutRequest>) -> Result<Response<pb::ResolvePayoutResponse>, Status> {
        reviews::resolve(&self.payouts, request).await
    }

    async fn resolve_ach_file(&self, request: Request<pb::ResolveAchFileRequest>) -> Result<Response<pb::ResolveAchFileResponse>, Status> {
        reviews::resolve_file(&self.payouts, request).await
    }

    async fn list_ach_files(&self, request: Request<pb::ListAchFilesRequest>) -> Result<Response<pb::ListAchFilesResponse>, Status> {
        reviews::list_files(&self.payouts, request).await
    }

    async fn list_unexplained_debits(
        &self,
        request: Request<pb::ListUnexplainedDebitsRequest>,
    ) -> Result<Response<pb::ListUnexplainedDebitsResponse>, Status> {
        reviews::list_debits(&self.payouts, request).await
    }

    async fn resolve_unexplained_debit(
        &self,
        request: Request<pb::ResolveUnexplainedDebitRequest>,
    ) -> Result<Response<pb::ResolveUnexplainedDebitResponse>, Status> {
        reviews::resolve_debit(&self.payouts, request).await
    }

    async fn set_payout_tier(&self, request: Request<pb::SetPayoutTierRequest>) -> Result<Response<pb::SetPayoutTierResponse>, Status> {
        reviews::set_tier(&self.payouts, request).await
    }

    async fn propose_payout_threshold(
        &self,
        request: Request<pb::ProposePayoutThresholdRequest>,
    ) -> Result<Response<pb::ProposePayoutThresholdResponse>, Status> {
        reviews::propose_threshold(&self.payouts, request).await
    }

    async fn approve_payout_threshold(
        &self,
        request: Request<pb::ApprovePayoutThresholdRequest>,
    ) -> Result<Response<pb::ApprovePayoutThresholdResponse>, Status> {
        reviews::approve_threshold(&self.payouts, request).await
    }

    type WatchPayoutStream = Pin<Box<dyn Stream<Item = Result<pb::WatchPayoutResponse, Status>> + Send>>;

    async fn watch_payout(&self, request: Request<pb::WatchPayoutRequest>) -> Result<Response<Self::WatchPayoutStream>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (payout_key, _) = self.visible(&caller, &request.book, &request.payout_id).await?;
        // A token is valid for the messages sent before it expires.
        let left = caller.principal.expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        let stream = watch(self.payouts.clone(), payout_key, left, self.shutdown.clone());
        let encode = |watched: Result<WatchedPayout, Error>| {
            let WatchedPayout { seen, attempts, heartbeat } = watched?;
            Ok(pb::WatchPayoutResponse { payout: Some(wire::payout(&seen, &attempts)), heartbeat })
        };
        Ok(Response::new(Box::pin(stream.map(encode))))
    }

    async fn create_payout_run(
        &self,
        request: Request<pb::CreatePayoutRunRequest>,
    ) -> Result<Response<pb::CreatePayoutRunResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let page = wire::run::page(caller.book_and_user(&request.book, ""), request)?;
        let (run, replayed) = self.payouts.store.settled(self.payouts.create_run(&page, SystemTime::now())).await?;
        Ok(Response::new(pb::CreatePayoutRunResponse { run: Some(self.shown_run(&run, false).await?), replayed }))
    }

    async fn get_payout_run(&self, request: Request<pb::GetPayoutRunRequest>) -> Result<Response<pb::GetPayoutRunResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (book, run_id) = wire::run::named(caller.book(&request.book), &request.run_id)?;
        let run = self.payouts.run(&book, run_id).await?;
        Ok(Response::new(pb::GetPayoutRunResponse { run: Some(self.shown_run(&run, true).await?) }))
    }

    async fn list_payout_run_items(
        &self,
        request: Request<pb::ListPayoutRunItemsRequest>,
    ) -> Result<Response<pb::ListPayoutRunItemsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (book, run_id) = wire::run::named(caller.book(&request.book), &request.run_id)?;
        let (state, size) = (wire::run::item_filter(request.state)?, wire::page_size(request.page_size)?);
        let list = wire::run::items_list(&book, run_id, state, &request.payout_state);
        let after = wire::run::items_after(&list, &request.page_token)?;
        self.payouts.run(&book, run_id).await?;
        let listed = ListedItems { after, state, payout_state: &request.payout_state, limit: page::rows_to_read(size) };
        let mut rows = self.payouts.store.listed_items(&book, run_id, listed).await.map_err(Error::from)?;
        let next_page_token = list.cut(&mut rows, size, |(item, _)| item.line_no);
        Ok(Response::new(pb::ListPayoutRunItemsResponse { items: rows.iter().map(wire::run::item).collect(), next_page_token }))
    }

    async fn cancel_payout_run_item(
        &self,
        request: Request<pb::CancelPayoutRunItemRequest>,
    ) -> Result<Response<pb::CancelPayoutRunItemResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let act = wire::run::act(caller.book_and_user(&request.book, ""), &request.request_id, &request.run_id)?;
        let line_no = wire::run::line_no(request.line_no)?;
        self.payouts.store.settled(self.payouts.cancel_run_item(&act, line_no, SystemTime::now())).await?;
        let listed = ListedItems { after: line_no - 1, state: None, payout_state: "", limit: 1 };
        let rows = self.payouts.store.listed_items(&act.book, act.run_id, listed).await.map_err(Error::from)?;
        Ok(Response::new(pb::CancelPayoutRunItemResponse { item: rows.first().map(wire::run::item) }))
    }

    async fn approve_payout_run(
        &self,
        request: Request<pb::ApprovePayoutRunRequest>,
    ) -> Result<Response<pb::ApprovePayoutRunResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let act = wire::run::act(caller.book_and_user(&request.book, ""), &request.request_id, &request.run_id)?;
        let (run, replayed) = self.payouts.store.settled(self.payouts.approve_run(&act, &request.lines_hash, SystemTime::now())).await?;
        Ok(Response::new(pb::ApprovePayoutRunResponse { run: Some(self.shown_run(&run, false).await?), replayed }))
    }

    async fn reject_payout_run(
        &self,
        request: Request<pb::RejectPayoutRunRequest>,
    ) -> Result<Response<pb::RejectPayoutRunResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let act = wire::run::act(caller.book_and_user(&request.book, ""), &request.request_id, &request.run_id)?;
        let (run, replayed) = self.payouts.store.settled(self.payouts.reject_run(&act, SystemTime::now())).await?;
        Ok(Response::new(pb::RejectPayoutRunResponse { run: Some(self.shown_run(&run, false).await?), replayed }))
    }

    async fn set_standing_order(
        &self,
        request: Request<pb::SetStandingOrderRequest>,
    ) -> Result<Response<pb::SetStandingOrderResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (order, id) = wire::standing::set(caller.book_and_user(&request.book, &request.user_id), &request)?;
        let replayed = self.payouts.store.settled(self.payouts.set_order(&order, &id, SystemTime::now())).await?;
        let order = self.shown_order(&order.book, &order.user, order.currency).await?;
        Ok(Response::new(pb::SetStandingOrderResponse { order, replayed }))
    }

    async fn get_standing_order(
        &self,
        request: Request<pb::GetStandingOrderRequest>,
    ) -> Result<Response<pb::GetStandingOrderResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let who = caller.book_and_user(&request.book, &request.user_id);
        let (book, user, currency) = wire::standing::named(who, &request.currency_code)?;
        let order = self.shown_order(&book, &user, currency).await?.ok_or(Error::OrderUnknown)?;
        Ok(Response::new(pb::GetStandingOrderResponse { order: Some(order) }))
    }

    async fn delete_standing_order(
        &self,
        request: Request<pb::DeleteStandingOrderRequest>,
    ) -> Result<Response<pb::DeleteStandingOrderResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let who = caller.book_and_user(&request.book, &request.user_id);
        let ((book, user, currency), id) = wire::standing::delete(who, &request)?;
        let replayed = self.payouts.store.settled(self.payouts.delete_order(&book, &user, currency, &id, SystemTime::now())).await?;
        Ok(Response::new(pb::DeleteStandingOrderResponse { replayed }))
    }
}
