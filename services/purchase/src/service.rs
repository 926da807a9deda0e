//! Handlers: authenticate, decode, call, encode.
//!
//! - `cases`: those of what stores reported and a person has to act on. `checkout`: those of orders. `consents`: those of answers about refunds. `escheat`: that of the
//!   report of unclaimed property. `lots`: those that read coin lots. `prices`: those of price sheets. `refunds`: those of refunds. `settlements`: those of stores' reports.
//!   `spending`: those of limits. `wallet_changes`: those of wallets that are closed or merged.

mod cases;
mod checkout;
mod closures;
mod consents;
mod escheat;
mod lots;
mod prices;
mod refunds;
mod settlements;
mod spending;
mod store_lists;
mod wallet_changes;

use std::sync::Arc;
use std::time::SystemTime;

use api::purchase::purchase_service_server::PurchaseService;
use api::purchase::{
    AcceptStoreDifferencesRequest, AcceptStoreDifferencesResponse, ApproveRefundRequest, ApproveRefundResponse, GetRefundRequest,
    GetRefundResponse, GetStoreSettlementRequest, GetStoreSettlementResponse, ImportStoreReportRequest, ImportStoreReportResponse,
    ListRefundsRequest, ListRefundsResponse, ListStoreBillsRequest, ListStoreBillsResponse, ListStoreQuestionsRequest,
    ListStoreQuestionsResponse, ListStoreSettlementsRequest, ListStoreSettlementsResponse, RefundPurchaseRequest, RefundPurchaseResponse,
    RejectRefundRequest, RejectRefundResponse, RequestRefundRequest, RequestRefundResponse,
};
use api::purchase::{
    ApproveWalletChangeRequest, ApproveWalletChangeResponse, CloseWalletRequest, CloseWalletResponse, GetWalletChangeRequest,
    GetWalletChangeResponse, ListWalletChangesRequest, ListWalletChangesResponse, MergeWalletsRequest, MergeWalletsResponse,
    RejectWalletChangeRequest, RejectWalletChangeResponse,
};
use api::purchase::{
    CancelWalletClosureRequest, CancelWalletClosureResponse, GetWalletClosureRequest, GetWalletClosureResponse,
    RequestWalletClosureRequest, RequestWalletClosureResponse,
};
use api::purchase::{
    CreateCheckoutRequest, CreateCheckoutResponse, GetCheckoutRequest, GetCheckoutResponse, GetPurchaseRequest, GetPurchaseResponse,
    GetRefundConsentRequest, GetRefundConsentResponse, GetWalletRequest, GetWalletResponse, ListCoinPackagesRequest,
    ListCoinPackagesResponse, ListPurchasesRequest, ListPurchasesResponse, ListRefusedReceiptsRequest, ListRefusedReceiptsResponse,
    RedeemPurchaseRequest, RedeemPurchaseResponse, SetRefundConsentRequest, SetRefundConsentResponse,
};
use api::purchase::{EndStoreEventRequest, EndStoreEventResponse, ListStoreEventsRequest, ListStoreEventsResponse};
use api::purchase::{
    GetDeferredRevenueRequest, GetDeferredRevenueResponse, GetLotFundingRequest, GetLotFundingResponse, ListLotsRequest, ListLotsResponse,
};
use api::purchase::{GetEscheatReportRequest, GetEscheatReportResponse};
use api::purchase::{
    GetSpendingRulesRequest, GetSpendingRulesResponse, PauseSpendingRequest, PauseSpendingResponse, SetSpendingLimitRequest,
    SetSpendingLimitResponse, SetSpendingProfileRequest, SetSpendingProfileResponse,
};
use api::purchase::{ListPriceSheetsRequest, ListPriceSheetsResponse, LoadPriceSheetRequest, LoadPriceSheetResponse};
use db::requests::SentFields;
use money::{RequestId, UserKey, time::unix_ms};
use rpc::{Violations, page, wire::TimeRange};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::catalogue::PackageOffer;
use crate::domain::Purchase;
use crate::error::Error;
use crate::lots::Lots;
use crate::purchases::{Purchases, Redeem};
use crate::sheets;
use crate::store::purchases::PurchasePage;
use crate::store::refused::RefusedFilter;
use crate::stores::StoreReceipt;
use crate::wire::{self, OfferFilter};

/// PurchaseService.
#[derive(Debug, Clone)]
pub struct Handlers {
    pub(crate) purchases: Arc<Purchases>,
    pub(crate) lots: Lots,
}

#[tonic::async_trait]
impl PurchaseService for Handlers {
    async fn list_coin_packages(&self, request: Request<ListCoinPackagesRequest>) -> Result<Response<ListCoinPackagesResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let book = wrong.take(caller.book(&request.book));
        if request.market.is_empty() {
            wrong.add(rpc::malformed("market", "must be given"));
        }
        #[allow(deprecated)]
        let channel = wrong.take(wire::channel(&request.channel, request.sales_channel));
        let price_channel = wrong.take(wire::price_channel(request.price_channel));
        let size = wrong.take(wire::catalogue_page_size(request.page_size));
        let (Some(book), Some(channel), Some(price_channel), Some(size), false) =
            (book, channel, price_channel, size, request.market.is_empty())
        else {
            return Err(wrong.into_status());
        };
        let filter = OfferFilter { channel, price_channel };
        let now_ms = unix_ms(SystemTime::now());
        let prices = self.purchases.prices(&book).await?;
        let catalogue = prices.at(now_ms).ok_or(Error::ListBuiltIn)?;
        let offers = catalogue.offers(&book, &request.market, now_ms).ok_or_else(|| Error::MarketUnknown(request.market.clone()))?;
        let packages = offers.into_iter().filter(|offer| filter.takes(offer));
        // Prices change by day.
        let version = format!("{} {}", catalogue.version(), sheets::day(now_ms));
        let list = wire::packages_list(&book, &request.market, filter, &version);
        let after = wire::place(&list, &request.page_token)?;
        // In the order of the price list, which is fixed for its version: a package's place among those on sale is enough to go on.
        let placed = (1..).zip(packages).skip_while(|(place, _)| *place <= after);
        let rates = |offer: &PackageOffer<'_>| prices.rates_of(offer, now_ms, self.purchases.rates);
        let rows = placed.map(|(place, offer)| (wire::package(&offer, rates(&offer)), place)).take(size + 1).collect();
        let (packages, next_page_token) = list.cut_to_fit(rows, size);
        let spending = spending::of_caller(&self.purchases, &caller, &book, &request.market).await?;
        Ok(Response::new(ListCoinPackagesResponse { packages, version: catalogue.version().to_owned(), next_page_token, spending }))
    }

    async fn get_wallet(&self, request: Request<GetWalletRequest>) -> Result<Response<GetWalletResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (book, user) = caller.book_and_user(&request.book, &request.user_id)?;
        let market = wire::spending::market(request.market)?;
        let (wallet, app_account_token) = match caller.principal.role.is_staff() {
            true => self.purchases.wallet_of_another(&book, &user).await?,
            false => self.purchases.wallet(&book, &user).await?,
        };
        let allowance = self.purchases.allowance(&book, &user, &market, SystemTime::now()).await?;
        let coins = self.purchases.store.wallet_coins(&book, &user).await.map_err(Error::from)?;
        let spendable_coins = wallet.spendable().get();
        let events = wallet_changes::events(&self.purchases, &book, &user).await?;
        Ok(Response::new(GetWalletResponse {
            coin_balance: wallet.balance.coins.get(),
            balance_seq: wallet.balance.seq.get(),
            debt_coins: wallet.balance.debt.get(),
            app_account_token,
            account_state: wallet.state.into(),
            debit_limits: wallet.limits,
            paid_coins: coins.paid,
            bonus_coins: coins.bonus,
            promotional_coins: coins.promotional,
            held_coins: wallet.balance.held.get(),
            spendable_coins,
            events,
            spending: Some(wire::spending::allowance(&allowance)),
            paid_for: wire::spending::paid_for(&coins),
        }))
    }

    async fn redeem_purchase(&self, request: Request<RedeemPurchaseRequest>) -> Result<Response<RedeemPurchaseResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let request_id = wrong.take(RequestId::parse(&request.request_id).map_err(|error| rpc::malformed("request_id", &error.must())));
        let who = wrong.take(caller.book_and_user(&request.book, &request.user_id));
        let receipt = wrong.take(wire::receipt(request.receipt));
        let (Some(request_id), Some((book, user)), Some(mut receipt)) = (request_id, who, receipt) else {
            return Err(wrong.into_status());
        };
        let field = match &mut receipt {
            StoreReceipt::Apple(_) => "apple_signed_transaction",
            StoreReceipt::Google(receipt) => {
                let package_name = self.purchases.stores.google.package(receipt, &book);
                if !package_name.is_empty() {
                    receipt.package_name = package_name;
                }
                "google_purchase"
            }
        };
        // The receipt is compared by its digest: the row stays small, and holds nothing that could be presented again.
        let fields = SentFields::new().with("user_id", &request.user_id).with(field, receipt.digest());
        let by_staff = caller.reason.is_some();
        let redeem = Redeem { book, user, request_id, receipt, fields, by_staff };
        let redeemed = self.purchases.redeem(&redeem).await?;
        Ok(Response::new(wire::redeemed(&redeemed)))
    }

    async fn get_purchase(&self, request: Request<GetPurchaseRequest>) -> Result<Response<GetPurchaseResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let book = caller.book(&request.book)?;
        let transaction_id = wire::transaction_id(&request.transaction_id)?;
        let (asked, found) = if transaction_id.is_empty() {
            let wrong = "must be a UUID; the store's number goes into transaction_id";
            let purchase_id = Uuid::try_parse(&request.purchase_id).map_err(|_| rpc::malformed("purchase_id", wrong))?;
            (purchase_id.to_string(), self.purchases.store.purchase(&book, purchase_id).await.map_err(Error::from)?.into_iter().collect())
        } else if request.purchase_id.is_empty() {
            (transaction_id.to_owned(), self.purchases.store.by_store_id(&book, transaction_id).await.map_err(Error::from)?)
        } else {
            return Err(rpc::malformed("transaction_id", "must be empty, or purchase_id: one of them names the purchase"));
        };
        // Another user's purchase is answered as if there were none.
        let visible = |purchase: &Purchase| caller.acting_for(purchase.user.as_str()).is_ok();
        let purchase = found.into_iter().find(visible).ok_or(Error::PurchaseUnknown(asked))?;
        let lot = self.purchases.store.lot_of(&book, purchase.purchase_id).await.map_err(Error::from)?;
        let reports = self.purchases.store.events_about(&purchase, wire::REPORTS_MAX).await.map_err(Error::from)?;
        let mut shown = refunds::shown(&self.purchases, std::slice::from_ref(&purchase)).await?;
        let purchase = shown.pop().unwrap_or_default();
        let standing = self.purchases.ledger.standing(&book, &purchase.posting_id).await;
        Ok(Response::new(GetPurchaseResponse {
            purchase: Some(purchase),
            posting_standing: standing.into(),
            lot: lot.as_ref().map(wire::lots::lot),
            store_reports: wire::reports(&reports),
        }))
    }

    async fn create_checkout(&self, request: Request<CreateCheckoutRequest>) -> Result<Response<CreateCheckoutResponse>, Status> {
        checkout::create(&self.purchases, request).await
    }

    async fn get_checkout(&self, request: Request<GetCheckoutRequest>) -> Result<Response<GetCheckoutResponse>, Status> {
        checkout::get(&self.purchases, request).await
    }

    async fn request_refund(&self, request: Request<RequestRefundRequest>) -> Result<Response<RequestRefundResponse>, Status> {
        refunds::request(&self.purchases, request).await
    }

    async fn refund_purchase(&self, request: Request<RefundPurchaseRequest>) -> Result<Response<RefundPurchaseResponse>, Status> {
        refunds::by_staff(&self.purchases, request).await
    }

    async fn approve_refund(&self, request: Request<ApproveRefundRequest>) -> Result<Response<ApproveRefundResponse>, Status> {
        refunds::approve(&self.purchases, request).await
    }

    async fn reject_refund(&self, request: Request<RejectRefundRequest>) -> Result<Response<RejectRefundResponse>, Status> {
        refunds::reject(&self.purchases, request).await
    }

    async fn get_refund(&self, request: Request<GetRefundRequest>) -> Result<Response<GetRefundResponse>, Status> {
        refunds::get(&self.purchases, request).await
    }

    async fn list_refunds(&self, request: Request<ListRefundsRequest>) -> Result<Response<ListRefundsResponse>, Status> {
        refunds::list(&self.purchases, request).await
    }

    async fn list_store_events(&self, request: Request<ListStoreEventsRequest>) -> Result<Response<ListStoreEventsResponse>, Status> {
        cases::list(&self.purchases, request).await
    }

    async fn list_store_bills(&self, request: Request<ListStoreBillsRequest>) -> Result<Response<ListStoreBillsResponse>, Status> {
        store_lists::bills(&self.purchases, request).await
    }

    async fn list_store_questions(
        &self,
        request: Request<ListStoreQuestionsRequest>,
    ) -> Result<Response<ListStoreQuestionsResponse>, Status> {
        store_lists::questions(&self.purchases, request).await
    }

    async fn end_store_event(&self, request: Request<EndStoreEventRequest>) -> Result<Response<EndStoreEventResponse>, Status> {
        cases::end(&self.purchases, request).await
    }

    async fn set_refund_consent(&self, request: Request<SetRefundConsentRequest>) -> Result<Response<SetRefundConsentResponse>, Status> {
        consents::set(&self.purchases, request).await
    }

    async fn get_refund_consent(&self, request: Request<GetRefundConsentRequest>) -> Result<Response<GetRefundConsentResponse>, Status> {
        consents::get(&self.purchases, request).await
    }

    async fn list_refused_receipts(
        &self,
        request: Request<ListRefusedReceiptsRequest>,
    ) -> Result<Response<ListRefusedReceiptsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let book = wrong.take(caller.book(&request.book));
        let named = if request.user_id.is_empty() { Ok(()) } else { UserKey::try_new(&request.user_id).map(drop) };
        let named = wrong.take(named.map_err(|error| rpc::malformed("user_id", &error.must())));
        let transaction_id = wrong.take(wire::transaction_id(&request.transaction_id));
        let refused = wrong.take(TimeRange::read(["refused_from", "refused_until"], request.refused_from, request.refused_until));
        let size = wrong.take(wire::page_size(request.page_size));
        let (Some(book), Some(()), Some(transaction_id), Some(refused), Some(size)) = (book, named, transaction_id, refused, size) else {
            return Err(wrong.into_status());
        };
        let filter = RefusedFilter { user_id: &request.user_id, transaction_id, refused };
        let list = wire::refused_list(&book, filter);
        let before = wire::before(&list, &request.page_token)?;
        let mut found = self.purchases.store.refused(&book, filter, before, page::rows_to_read(size)).await.map_err(Error::from)?;
        let next_page_token = list.cut(&mut found, size, |row| row.refusal_id);
        Ok(Response::new(ListRefusedReceiptsResponse { receipts: found.iter().map(wire::refused).collect(), next_page_token }))
    }

    async fn list_lots(&self, request: Request<ListLotsRequest>) -> Result<Response<ListLotsResponse>, Status> {
        self.lots_of_user(request).await
    }

    async fn get_lot_funding(&self, request: Request<GetLotFundingRequest>) -> Result<Response<GetLotFundingResponse>, Status> {
        self.funding_of_purchase(request).await
    }

    async fn get_deferred_revenue(
        &self,
        request: Request<GetDeferredRevenueRequest>,
    ) -> Result<Response<GetDeferredRevenueResponse>, Status> {
        self.deferred_on(request).await
    }

    async fn import_store_report(&self, request: Request<ImportStoreReportRequest>) -> Result<Response<ImportStoreReportResponse>, Status> {
        settlements::import(&self.purchases, request).await
    }

    async fn list_store_settlements(
        &self,
        request: Request<ListStoreSettlementsRequest>,
    ) -> Result<Response<ListStoreSettlementsResponse>, Status> {
        settlements::list(&self.purchases, request).await
    }

    async fn get_store_settlement(
        &self,
        request: Request<GetStoreSettlementRequest>,
    ) -> Result<Response<GetStoreSettlementResponse>, Status> {
        settlements::get(&self.purchases, request).await
    }

    async fn accept_store_differences(
        &self,
        request: Request<AcceptStoreDifferencesRequest>,
    ) -> Result<Response<AcceptStoreDifferencesResponse>, Status> {
        settlements::accept(&self.purchases, request).await
    }

    async fn close_wallet(&self, request: Request<CloseWalletRequest>) -> Result<Response<CloseWalletResponse>, Status> {
        wallet_changes::close(&self.purchases, request).await
    }

    async fn merge_wallets(&self, request: Request<MergeWalletsRequest>) -> Result<Response<MergeWalletsResponse>, Status> {
        wallet_changes::merge(&self.purchases, request).await
    }

    async fn get_wallet_closure(&self, request: Request<GetWalletClosureRequest>) -> Result<Response<GetWalletClosureResponse>, Status> {
        closures::get(&self.purchases, request).await
    }

    async fn request_wallet_closure(
        &self,
        request: Request<RequestWalletClosureRequest>,
    ) -> Result<Response<RequestWalletClosureResponse>, Status> {
        closures::ask(&self.purchases, request).await
    }

    async fn cancel_wallet_closure(
        &self,
        request: Request<CancelWalletClosureRequest>,
    ) -> Result<Response<CancelWalletClosureResponse>, Status> {
        closures::cancel(&self.purchases, request).await
    }

    async fn approve_wallet_change(
        &self,
        request: Request<ApproveWalletChangeRequest>,
    ) -> Result<Response<ApproveWalletChangeResponse>, Status> {
        wallet_changes::approve(&self.purchases, request).await
    }

    async fn reject_wallet_change(
        &self,
        request: Request<RejectWalletChangeRequest>,
    ) -> Result<Response<RejectWalletChangeResponse>, Status> {
        wallet_changes::reject(&self.purchases, request).await
    }

    async fn get_wallet_change(&self, request: Request<GetWalletChangeRequest>) -> Result<Response<GetWalletChangeResponse>, Status> {
        wallet_changes::get(&self.purchases, request).await
    }

    async fn list_wallet_changes(&self, request: Request<ListWalletChangesRequest>) -> Result<Response<ListWalletChangesResponse>, Status> {
        wallet_changes::list(&self.purchases, request).await
    }

    async fn get_escheat_report(&self, request: Request<GetEscheatReportRequest>) -> Result<Response<GetEscheatReportResponse>, Status> {
        self.escheat_on(request).await
    }

    async fn load_price_sheet(&self, request: Request<LoadPriceSheetRequest>) -> Result<Response<LoadPriceSheetResponse>, Status> {
        prices::load(&self.purchases, request).await
    }

    async fn list_price_sheets(&self, request: Request<ListPriceSheetsRequest>) -> Result<Response<ListPriceSheetsResponse>, Status> {
        prices::list(&self.purchases, request).await
    }

    async fn set_spending_profile(
        &self,
        request: Request<SetSpendingProfileRequest>,
    ) -> Result<Response<SetSpendingProfileResponse>, Status> {
        spending::set_profile(&self.purchases, request).await
    }

    async fn set_spending_limit(&self, request: Request<SetSpendingLimitRequest>) -> Result<Response<SetSpendingLimitResponse>, Status> {
        spending::set_limit(&self.purchases, request).await
    }

    async fn pause_spending(&self, request: Request<PauseSpendingRequest>) -> Result<Response<PauseSpendingResponse>, Status> {
        spending::pause(&self.purchases, request).await
    }

    async fn get_spending_rules(&self, request: Request<GetSpendingRulesRequest>) -> Result<Response<GetSpendingRulesResponse>, Status> {
        spending::rules(&self.purchases, request).await
    }

    async fn list_purchases(&self, request: Request<ListPurchasesRequest>) -> Result<Response<ListPurchasesResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let who = wrong.take(caller.book_and_user(&request.book, &request.user_id));
        let created = wrong.take(TimeRange::read(["created_from", "created_until"], request.created_from, request.created_until));
        let size = wrong.take(wire::page_size(request.page_size));
        let (Some((book, user)), Some(created), Some(size)) = (who, created, size) else { return Err(wrong.into_status()) };
        let list = wire::purchases_list(&book, &user, created);
        let before = wire::before(&list, &request.page_token)?;
        let page = PurchasePage { created, before, count_max: page::rows_to_read(size) };
        let mut found = self.purchases.store.purchases(&book, &user, page).await.map_err(Error::from)?;
        if found.is_empty() && caller.principal.role.is_staff() {
            self.purchases.must_know(&book, &user).await?;
        }
        let next_page_token = list.cut(&mut found, size, |purchase| purchase.purchase_id);
        let purchases = refunds::shown(&self.purchases, &found).await?;
        let wallet_events = wallet_changes::events(&self.purchases, &book, &user).await?;
        Ok(Response::new(ListPurchasesResponse { purchases, next_page_token, wallet_events }))
    }
}
