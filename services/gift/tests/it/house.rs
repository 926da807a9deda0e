//! A gift service over the real ledger, in one process, with the stacks that every call passes.
use api::{
    gift::{SendGiftRequest, SendGiftResponse, Streak, gift_service_client::GiftServiceClient},
    ledger::{
        Account, BookMode, CreateBookRequest, GetAccountRequest, PostRequest, Transfer, VerifyBookRequest,
        ledger_service_client::LedgerServiceClient,
    },
};
use gift::{Config, Deps, Service};
use identity::{Books, Grant, Issuer, Role, Verifier};
use ledger::Ledger;
use money::{BookName, UserKey};
use rpc::{Options, ServiceToken, Stack, Transport};
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status, service::Routes};
use tower::Layer;
use uuid::Uuid;

pub const BOOK: &str = "tiktok-us";
pub const ROSE: i64 = 5655;

pub struct House {
    _dir: TempDir,
    ledger: Arc<Ledger>,
    issuer: Arc<Issuer>,
    /// As the gift service.
    pub ledger_way: Transport,
    pub gift_way: Transport,
    pub gift: Service,
}

impl House {
    pub async fn start(config: Config) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = db::Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
        let ledger = Ledger::start(ledger::open_store(&database).await.unwrap(), ledger::Config::default()).await.unwrap();
        let issuer = Arc::new(Issuer::load_or_create(dir.path()).unwrap());
        let stack = Stack::try_new(Options::new(Arc::new(Verifier::new(&[issuer.public_key()])), CancellationToken::new()));
        let stack = stack.unwrap();
        let token = ServiceToken::minted(issuer.clone(), "gift").unwrap();
        let ledger_server = ledger::Service::new(ledger.clone()).server();
        let ledger_way = rpc::in_process(stack.layer(Routes::new(ledger_server))).with_token(token);
        let deps = Deps { ledger: ledger_way.clone(), shutdown: CancellationToken::new() };
        let gift = gift::start(deps, config).await.unwrap();
        let gift_way = rpc::in_process(stack.layer(gift.routes()));
        let house = Self { _dir: dir, ledger, issuer, ledger_way, gift_way, gift };
        let book = CreateBookRequest { book: BOOK.to_owned(), mode: BookMode::Test.into(), region: "us".to_owned() };
        house.ledger().create_book(book).await.unwrap();
        house
    }

    pub fn ledger(&self) -> LedgerServiceClient<Transport> {
        LedgerServiceClient::new(self.ledger_way.clone())
    }

    pub fn gifts(&self) -> GiftServiceClient<Transport> {
        GiftServiceClient::new(self.gift_way.clone())
    }

    /// A request of this user.
    pub fn by<T>(&self, user: &str, role: Role, message: T) -> Request<T> {
        let books = Books::Only(vec![BookName::try_new(BOOK).unwrap()]);
        let grant = Grant { subject: UserKey::try_new(user).unwrap(), role, app: String::new(), books };
        let token = self.issuer.issue(&grant, Duration::from_secs(600)).unwrap();
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    }

    pub async fn fund(&self, user: &str, coins: i64) {
        let transfer = Transfer {
            debit_account: "house/coins/issued".to_owned(),
            credit_account: format!("viewer/{user}/coins"),
            amount: coins,
            ..Transfer::default()
        };
        let post = PostRequest {
            book: BOOK.to_owned(),
            request_id: Uuid::now_v7().to_string(),
            kind: "purchase.test".to_owned(),
            transfers: vec![transfer],
            ..PostRequest::default()
        };
        self.ledger().post(post).await.unwrap();
    }

    pub async fn send(&self, user: &str, request: SendGiftRequest) -> Result<SendGiftResponse, Status> {
        self.gifts().send_gift(self.by(user, Role::Viewer, request)).await.map(tonic::Response::into_inner)
    }

    /// The reason of a refusal.
    pub async fn no(&self, user: &str, request: SendGiftRequest) -> String {
        rpc::reason(&self.send(user, request).await.unwrap_err()).unwrap()
    }

    pub async fn balance(&self, account: &str) -> i64 {
        let request = GetAccountRequest { book: BOOK.to_owned(), account: account.to_owned() };
        match self.ledger().get_account(request).await {
            Ok(response) => response.into_inner().account.map_or(0, |Account { balance, .. }| balance),
            Err(status) => {
                assert_eq!(rpc::reason(&status).as_deref(), Some("ACCOUNT_UNKNOWN"));
                0
            }
        }
    }

    /// The books are right.
    pub async fn verify(&self) {
        let verified = self.ledger().verify_book(VerifyBookRequest { book: BOOK.to_owned() }).await.unwrap().into_inner();
        assert!(verified.ok, "{}", verified.problem);
        self.ledger.shutdown().await;
    }
}

pub fn rose() -> SendGiftRequest {
    SendGiftRequest {
        request_id: Uuid::now_v7().to_string(),
        room_id: "r1".to_owned(),
        creator_id: "bob".to_owned(),
        gift_id: ROSE,
        ..SendGiftRequest::default()
    }
}

pub fn tap(group: &str, repeat_count: i32, end: bool) -> SendGiftRequest {
    SendGiftRequest { streak: Some(Streak { group_id: group.to_owned(), repeat_count, end }), ..rose() }
}
