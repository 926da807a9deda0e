//! A gift service over the real ledger, in one process, with the middleware stacks that every call passes.
use api::{
    gift::{SendGiftRequest, SendGiftResponse, Streak, gift_service_client::GiftServiceClient},
    ledger::BookMode,
};
use gift::{Config, Deps, Service};
use identity::Role;
use rpc::Transport;
use testbed::{Storage, Testbed, TestbedOptions};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};
use uuid::Uuid;

pub const BOOK: &str = "tiktok-us";
pub const ROSE: i64 = 5655;

/// The dependencies of a gift service in this testbed.
pub fn deps(bed: &Testbed) -> Deps {
    Deps { ledger: bed.ledger_as("gift"), database: bed.database.clone(), clock: gift::system_clock(), shutdown: CancellationToken::new() }
}

pub struct Fixture {
    pub bed: Testbed,
    pub gift_way: Transport,
    pub gift: Service,
}

impl Fixture {
    pub async fn start(config: Config) -> Self {
        let options = TestbedOptions { books: &[(BOOK, BookMode::Test)], recorded: false };
        let bed = Testbed::on(Storage::sqlite(), options).await;
        let gift = gift::start(deps(&bed), config).await.unwrap();
        let gift_way = bed.lay(gift.routes());
        Self { bed, gift_way, gift }
    }

    pub fn gifts(&self) -> GiftServiceClient<Transport> {
        GiftServiceClient::new(self.gift_way.clone())
    }

    /// A request of this user.
    pub fn by<T>(&self, user: &str, role: Role, message: T) -> Request<T> {
        self.bed.unexplained(user, role, &[BOOK], message)
    }

    pub async fn fund(&self, user: &str, coins: i64) {
        self.bed.post("purchase.test", "house/coins/issued", &format!("viewer/{user}/coins"), coins).await;
    }

    pub async fn send(&self, user: &str, request: SendGiftRequest) -> Result<SendGiftResponse, Status> {
        self.gifts().send_gift(self.by(user, Role::Viewer, request)).await.map(tonic::Response::into_inner)
    }

    /// The reason of a refusal.
    pub async fn no(&self, user: &str, request: SendGiftRequest) -> String {
        rpc::reason(&self.send(user, request).await.unwrap_err()).unwrap()
    }

    pub async fn balance(&self, account: &str) -> i64 {
        self.bed.balance(account).await
    }

    /// Checks the books.
    pub async fn verify(&self) {
        self.bed.verify().await;
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
