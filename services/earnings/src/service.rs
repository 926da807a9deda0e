//! The RPCs: authenticate, decode, call, encode.
use crate::{earnings::Earnings, error::Error, wire};
use api::earnings::{
    AcceptQuoteRequest, AcceptQuoteResponse, CreateQuoteRequest, CreateQuoteResponse, GetEarningsRequest, GetEarningsResponse,
    GetQuoteRequest, GetQuoteResponse, ListQuotesRequest, ListQuotesResponse, earnings_service_server::EarningsService,
};
use ledger_client::CreatorPayable;
use money::Money;
use rpc::{Violations, page};
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// The tonic service.
#[derive(Clone)]
pub struct Handlers {
    pub(crate) earnings: Earnings,
}

#[tonic::async_trait]
impl EarningsService for Handlers {
    async fn get_earnings(&self, request: Request<GetEarningsRequest>) -> Result<Response<GetEarningsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (book, user) = caller.book_and_user(&request.book, &request.user_id)?;
        let funds = match caller.principal.role.is_staff() {
            true => self.earnings.funds_of_another(&book, &user).await?,
            false => self.earnings.funds(&book, &user).await?,
        };
        let code = |payable: &CreatorPayable| payable.available.currency().code().to_owned();
        let some = |money: &Money| money.minor_units() > 0;
        Ok(Response::new(GetEarningsResponse {
            diamonds: funds.diamonds.balance.get(),
            matured_diamonds: funds.diamonds.available.get(),
            frozen_currency_codes: funds.payable.iter().filter(|payable| payable.frozen).map(code).collect(),
            payable: funds.payable.into_iter().map(|payable| payable.available).filter(some).map(rpc::wire::money).collect(),
            balance_seq: funds.diamonds.seq.get(),
            diamonds_state: funds.diamonds.state.into(),
        }))
    }

    async fn create_quote(&self, request: Request<CreateQuoteRequest>) -> Result<Response<CreateQuoteResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (book, user) = caller.book_and_user(&request.book, &request.user_id)?;
        let (quote, replayed) = self.earnings.create(&book, &user, &request).await?;
        Ok(Response::new(CreateQuoteResponse { quote: Some(quote), replayed }))
    }

    async fn get_quote(&self, request: Request<GetQuoteRequest>) -> Result<Response<GetQuoteResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let book = caller.book(&request.book)?;
        let id = Uuid::try_parse(&request.quote_id).map_err(|_| rpc::malformed("quote_id", "must be a UUID"))?;
        // The owner is checked first: a stranger's request must not even settle the quote.
        let of_quote = |error: Error| error.of_quote(&request.quote_id);
        let owner = self.earnings.owner(&book, id).await.map_err(of_quote)?;
        if caller.acting_for(owner.as_str()).is_err() {
            return Err(of_quote(Error::QuoteUnknown));
        }
        let quote = self.earnings.quote(&book, id).await.map_err(of_quote)?;
        let quote = wire::quote(&quote);
        let standing = self.earnings.ledger.standing(&book, &quote.posting_id).await;
        Ok(Response::new(GetQuoteResponse { quote: Some(quote), conversion_standing: standing.into() }))
    }

    async fn list_quotes(&self, request: Request<ListQuotesRequest>) -> Result<Response<ListQuotesResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let who = wrong.take(caller.book_and_user(&request.book, &request.user_id));
        let size = wrong.take(wire::page_size(request.page_size));
        let (Some((book, user)), Some(size)) = (who, size) else { return Err(wrong.into_status()) };
        let list = wire::quotes_list(&book, &user);
        let before = wire::quote_place(&list, &request.page_token)?;
        let found = self.earnings.store.newest_of(&book, &user, before, page::rows_to_read(size)).await.map_err(Error::from)?;
        if found.is_empty() && caller.principal.role.is_staff() {
            self.earnings.must_know(&book, &user).await?;
        }
        let rows = found.iter().map(|quote| (wire::quote(quote), (quote.create_time.as_millisecond(), quote.id)));
        let (quotes, next_page_token) = list.cut_to_fit(rows.collect(), size);
        Ok(Response::new(ListQuotesResponse { quotes, next_page_token }))
    }

    async fn accept_quote(&self, request: Request<AcceptQuoteRequest>) -> Result<Response<AcceptQuoteResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (book, user) = caller.book_and_user(&request.book, &request.user_id)?;
        let accepted = self.earnings.accept(&book, &user, &request).await.map_err(|error| error.of_quote(&request.quote_id))?;
        Ok(Response::new(AcceptQuoteResponse {
            quote: Some(wire::quote(&accepted.quote)),
            diamonds: accepted.converted.diamonds.get(),
            balance_seq: accepted.converted.seq.get(),
            replayed: accepted.converted.replayed,
        }))
    }
}
