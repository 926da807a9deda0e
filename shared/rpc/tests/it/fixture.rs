//! Two test services behind one stack: gifts, which call the ledger, and the ledger, which reports the calls it received.
use api::{
    gift::{
        self, SendGiftRequest, SendGiftResponse,
        gift_service_client::GiftServiceClient,
        gift_service_server::{GiftService, GiftServiceServer},
    },
    ledger::{self, ledger_service_client::LedgerServiceClient, ledger_service_server as server},
};
use futures::stream::BoxStream;
use identity::{BookScope, Grant, Issuer, Role, Verifier, keys::KeyPair};
use money::{BookName, UserKey};
use rpc::{Options, ServedRoutes, ServiceToken, Stack, Tls, Transport};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming, service::Routes};
use tower::Layer as _;

const GIFT: &str = "largesse.gift.v1.GiftService";
const LEDGER: &str = "largesse.ledger.v1.LedgerService";

/// A call as the ledger received it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub subject: String,
    pub role: Role,
    pub grpc_timeout: Option<String>,
    pub traceparent: Option<String>,
    pub tracestate: Option<String>,
}

pub struct Gifts {
    ledger: LedgerServiceClient<Transport>,
    /// A closed gate: a gift in room `wait` waits here.
    pub gate: Arc<Semaphore>,
    /// Gets a permit whenever such a gift has arrived.
    pub arrived: Arc<Semaphore>,
}

#[tonic::async_trait]
impl GiftService for Gifts {
    type SendGiftsStream = BoxStream<'static, Result<gift::SendGiftsResponse, Status>>;

    async fn list_gifts(&self, request: Request<gift::ListGiftsRequest>) -> Result<Response<gift::ListGiftsResponse>, Status> {
        let book = rpc::caller(&request)?.book(&request.get_ref().book)?;
        Ok(Response::new(gift::ListGiftsResponse { gifts: vec![], catalogue_version: book.to_string(), ..Default::default() }))
    }

    async fn send_gift(&self, request: Request<SendGiftRequest>) -> Result<Response<SendGiftResponse>, Status> {
        let user = rpc::caller(&request)?.acting_for(&request.get_ref().user_id)?;
        match request.get_ref().room_id.as_str() {
            "wait" => {
                self.arrived.add_permits(1);
                drop(self.gate.acquire().await);
            }
            "panic" => panic!("secret text"),
            _ => {}
        }
        let account = format!("viewer/{user}/coins");
        self.ledger.clone().get_account(ledger::GetAccountRequest { book: "demo".into(), account }).await?;
        Ok(Response::new(SendGiftResponse { posting_id: user.to_string(), ..Default::default() }))
    }

    async fn send_gifts(&self, _: Request<Streaming<gift::SendGiftsRequest>>) -> Result<Response<Self::SendGiftsStream>, Status> {
        let mut ledger = self.ledger.clone();
        // The call to the ledger is made while the body is read, not in the handler.
        let first = async move {
            ledger.get_account(ledger::GetAccountRequest::default()).await?;
            Ok(gift::SendGiftsResponse::default())
        };
        let endless = futures::stream::pending();
        Ok(Response::new(Box::pin(futures::StreamExt::chain(futures::stream::once(first), endless))))
    }
}

pub struct Ledger {
    pub seen: Arc<Mutex<Vec<Seen>>>,
}

impl Ledger {
    fn note<T>(&self, request: &Request<T>) -> Result<(), Status> {
        let caller = rpc::caller(request)?;
        let header = |name: &str| request.metadata().get(name).map(|value| value.to_str().unwrap().to_owned());
        self.seen.lock().unwrap().push(Seen {
            subject: caller.principal.subject.to_string(),
            role: caller.principal.role,
            grpc_timeout: header("grpc-timeout"),
            traceparent: header("traceparent"),
            tracestate: header("tracestate"),
        });
        Ok(())
    }
}

/// An RPC this test never calls.
fn unused<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not part of this test"))
}

#[rustfmt::skip]
#[tonic::async_trait]
impl server::LedgerService for Ledger {
    async fn get_account(&self, request: Request<ledger::GetAccountRequest>) -> Result<Response<ledger::GetAccountResponse>, Status> {
        self.note(&request)?;
        Ok(Response::new(ledger::GetAccountResponse::default()))
    }
    async fn create_book(&self, _: Request<ledger::CreateBookRequest>) -> Result<Response<ledger::CreateBookResponse>, Status> { unused() }
    async fn list_books(&self, _: Request<ledger::ListBooksRequest>) -> Result<Response<ledger::ListBooksResponse>, Status> { unused() }
    async fn open_accounts(&self, _: Request<ledger::OpenAccountsRequest>) -> Result<Response<ledger::OpenAccountsResponse>, Status> { unused() }
    async fn set_account_state(&self, _: Request<ledger::SetAccountStateRequest>) -> Result<Response<ledger::SetAccountStateResponse>, Status> { unused() }
    async fn post(&self, _: Request<ledger::PostRequest>) -> Result<Response<ledger::PostResponse>, Status> { unused() }
    async fn post_batch(&self, _: Request<ledger::PostBatchRequest>) -> Result<Response<ledger::PostBatchResponse>, Status> { unused() }
    async fn post_pending(&self, _: Request<ledger::PostPendingRequest>) -> Result<Response<ledger::PostPendingResponse>, Status> { unused() }
    async fn void_pending(&self, _: Request<ledger::VoidPendingRequest>) -> Result<Response<ledger::VoidPendingResponse>, Status> { unused() }
    async fn reverse(&self, _: Request<ledger::ReverseRequest>) -> Result<Response<ledger::ReverseResponse>, Status> { unused() }
    async fn list_entries(&self, _: Request<ledger::ListEntriesRequest>) -> Result<Response<ledger::ListEntriesResponse>, Status> { unused() }
    async fn get_posting(&self, _: Request<ledger::GetPostingRequest>) -> Result<Response<ledger::GetPostingResponse>, Status> { unused() }
    async fn get_trial_balance(&self, _: Request<ledger::GetTrialBalanceRequest>) -> Result<Response<ledger::GetTrialBalanceResponse>, Status> { unused() }
    async fn verify_book(&self, _: Request<ledger::VerifyBookRequest>) -> Result<Response<ledger::VerifyBookResponse>, Status> { unused() }
    async fn import_batch(&self, _: Request<ledger::ImportBatchRequest>) -> Result<Response<ledger::ImportBatchResponse>, Status> { unused() }
    async fn set_debit_limit(&self, _: Request<ledger::SetDebitLimitRequest>) -> Result<Response<ledger::SetDebitLimitResponse>, Status> { unused() }
    async fn get_balance_at(&self, _: Request<ledger::GetBalanceAtRequest>) -> Result<Response<ledger::GetBalanceAtResponse>, Status> { unused() }
    type PostStreamStream = tokio_stream::Empty<Result<ledger::PostStreamResponse, Status>>;
    async fn post_stream(&self, _: Request<tonic::Streaming<ledger::PostStreamRequest>>) -> Result<Response<Self::PostStreamStream>, Status> { unused() }
    type WatchJournalStream = tokio_stream::Empty<Result<ledger::WatchJournalResponse, Status>>;
    async fn watch_journal(&self, _: Request<ledger::WatchJournalRequest>) -> Result<Response<Self::WatchJournalStream>, Status> { unused() }
}

/// The transports of the test's client to the gifts, and of the gifts to the ledger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Way {
    InProcess,
    Socket,
}

pub struct Fixture {
    pub transport: Transport,
    pub issuer: Arc<Issuer>,
    pub seen: Arc<Mutex<Vec<Seen>>>,
    pub gate: Arc<Semaphore>,
    pub arrived: Arc<Semaphore>,
    pub url: String,
    pub shutdown: CancellationToken,
    pub serving: tokio::task::JoinHandle<Result<(), rpc::Error>>,
}

impl Fixture {
    /// Both services, `calls_max` in flight each.
    pub async fn start(way: Way, calls_max: usize) -> Self {
        Self::start_with(way, calls_max, None).await
    }

    /// Both services, with these certificates on the socket and between them.
    pub async fn start_with(way: Way, calls_max: usize, tls: Option<Tls>) -> Self {
        let overload = rpc::overload::OverloadLimits { calls_max, ..Default::default() };
        Self::start_as(way, tls, |options| Options { overload, ..options }).await
    }

    /// Both services, with these options.
    pub async fn start_as(way: Way, tls: Option<Tls>, options: impl FnOnce(Options) -> Options) -> Self {
        let issuer = Arc::new(Issuer::from_keys(&KeyPair::generate().unwrap()));
        let verifier = Arc::new(Verifier::new(&[issuer.public_key()]));
        let defaults = Options { tls: tls.as_ref().map(|tls| tls.config().clone()), ..Options::new(verifier, CancellationToken::new()) };
        let stack = Stack::try_new(options(defaults)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let connect = || match &tls {
            Some(tls) => rpc::connect_with(&url, tls).unwrap(),
            None => rpc::connect(&url).unwrap(),
        };

        let seen = Arc::new(Mutex::default());
        let gate = Arc::new(Semaphore::new(0));
        let arrived = Arc::new(Semaphore::new(0));
        let ledger = Routes::new(server::LedgerServiceServer::new(Ledger { seen: seen.clone() }));
        let to_ledger = match way {
            Way::InProcess => rpc::in_process(stack.layer(ledger.clone())),
            Way::Socket => connect(),
        };
        let to_ledger = to_ledger.with_token(ServiceToken::minted(issuer.clone(), "gift").unwrap());
        let gifts = Gifts { ledger: LedgerServiceClient::new(to_ledger), gate: gate.clone(), arrived: arrived.clone() };
        let gifts = Routes::new(GiftServiceServer::new(gifts));
        let transport = match way {
            Way::InProcess => rpc::in_process(stack.layer(gifts.clone())),
            Way::Socket => connect(),
        };
        let served = ServedRoutes::default().add(LEDGER, ledger).add(GIFT, gifts);
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(rpc::serve(listener, tls, served, stack, shutdown.clone()));
        Self { transport, issuer, seen, gate, arrived, url, shutdown, serving }
    }

    pub fn gifts(&self) -> GiftServiceClient<Transport> {
        GiftServiceClient::new(self.transport.clone())
    }

    pub fn token(&self, role: Role) -> String {
        let books = BookScope::Only(vec![BookName::try_new("demo").unwrap()]);
        let grant = Grant { subject: UserKey::try_new("u1").unwrap(), role, app: String::new(), books };
        self.issuer.issue(&grant, Duration::from_secs(600)).unwrap()
    }

    pub fn signed<T>(&self, role: Role, message: T) -> Request<T> {
        bearing(&self.token(role), message)
    }
}

pub fn bearing<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

pub fn room(room_id: &str) -> SendGiftRequest {
    SendGiftRequest { room_id: room_id.into(), ..Default::default() }
}
