//! Who sends and receives, their tokens, and requests without end.

use super::Fault;
use super::plan::{CREATORS, Mix};
use api::{
    gift::SendGiftRequest,
    ledger::{
        PostBatchRequest, PostRequest, RequestField, Transfer, ledger_service_client::LedgerServiceClient, post_batch_outcome::Outcome,
    },
};
use gift::{Catalogue, domain, wire};
use identity::{Books, Grant, Issuer, Role};
use money::{BookName, UserKey};
use std::{path::Path, sync::Arc, time::Duration};
use tonic::{
    Request,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};
use uuid::Uuid;

/// Viewers who send.
pub const VIEWERS: usize = 1_000;
/// What each of them has at the start: more than a run can spend.
const COINS_EACH: i64 = 1_000_000_000;
/// Longer than any run.
const TOKEN_TTL: Duration = Duration::from_secs(24 * 3_600);
/// Diamonds per coin, as the gift service has it by default, in basis points.
const RATE: u32 = domain::BASIS_POINTS;

type Token = MetadataValue<Ascii>;

/// The people of a run.
pub(super) struct Users {
    pub book: BookName,
    viewers: Vec<UserKey>,
    creators: Vec<String>,
    viewer_tokens: Vec<Token>,
    pub service_token: Token,
    gift_id: i64,
    offer: domain::Offer,
}

impl Users {
    /// With tokens signed by the key under `data_dir`, which the house has made.
    pub fn try_new(data_dir: &Path, book: BookName) -> Result<Self, Fault> {
        let issuer = Issuer::load_or_create(data_dir)?;
        let token = |subject: &UserKey, role, books| -> Result<Token, Fault> {
            let grant = Grant { subject: subject.clone(), role, app: String::new(), books };
            Ok(format!("Bearer {}", issuer.issue(&grant, TOKEN_TTL)?).parse()?)
        };
        let viewers = (0..VIEWERS).map(|at| UserKey::try_new(&format!("bench-viewer-{at:04}"))).collect::<Result<Vec<_>, _>>()?;
        let only = || Books::Only(vec![book.clone()]);
        let viewer_tokens = viewers.iter().map(|viewer| token(viewer, Role::Viewer, only())).collect::<Result<_, _>>()?;
        let service_token = token(&UserKey::try_new("bench")?, Role::Service, only())?;
        let catalogue = Catalogue::embedded();
        // The cheapest, so that coins last.
        let gift = catalogue.on_sale().into_iter().min_by_key(|gift| gift.offer.cost).ok_or("the catalogue is empty")?;
        let creators = (0..CREATORS).map(|at| format!("bench-creator-{at:03}")).collect();
        Ok(Self { book, viewers, creators, viewer_tokens, service_token, gift_id: gift.id, offer: gift.offer })
    }

    /// What one gift costs.
    pub fn cost_coins(&self) -> i64 {
        self.offer.cost.get()
    }

    /// Gives every viewer coins.
    pub async fn fund(&self, channel: &Channel) -> Result<(), Fault> {
        let mut ledger = LedgerServiceClient::new(channel.clone());
        let posts = self.viewers.iter().map(|viewer| PostRequest {
            request_id: Uuid::now_v7().to_string(),
            kind: "bench.coins".to_owned(),
            transfers: vec![Transfer {
                debit_account: "house/coins/issued".to_owned(),
                credit_account: format!("viewer/{viewer}/coins"),
                amount: COINS_EACH,
                ..Transfer::default()
            }],
            request_fields: vec![RequestField { name: "user_id".to_owned(), value: viewer.to_string() }],
            ..PostRequest::default()
        });
        let mut request = Request::new(PostBatchRequest { book: self.book.as_str().to_owned(), posts: posts.collect(), brief: true });
        request.metadata_mut().insert("authorization", self.service_token.clone());
        let outcomes = ledger.post_batch(request).await?.into_inner().outcomes;
        let funded = outcomes.iter().filter(|outcome| matches!(outcome.outcome, Some(Outcome::Accepted(_)))).count();
        if funded == self.viewers.len() { Ok(()) } else { Err(format!("{funded} of {VIEWERS} viewers got their coins").into()) }
    }
}

/// Requests without end, viewer after viewer.
pub(super) struct Requests {
    users: Arc<Users>,
    mix: Mix,
    next: usize,
}

impl Requests {
    /// `worker`: loops that run at once start at different viewers.
    pub fn new(users: Arc<Users>, mix: Mix, worker: usize) -> Self {
        // A prime, so that neighbours' viewers and creators don't march in step.
        Self { users, mix, next: worker * 7_919 }
    }

    /// The next gift.
    pub fn gift(&mut self) -> SendGiftRequest {
        let viewer = self.step();
        let user_id = if self.mix.own_tokens { String::new() } else { self.users.viewers[viewer].to_string() };
        let id = if self.mix.random_ids { Uuid::new_v4() } else { Uuid::now_v7() };
        SendGiftRequest {
            request_id: id.to_string(),
            book: self.users.book.as_str().to_owned(),
            room_id: "bench-room".to_owned(),
            creator_id: self.users.creators[self.next % self.mix.creators].clone(),
            gift_id: self.users.gift_id,
            quantity: 1,
            streak: None,
            user_id,
        }
    }

    /// The next gift with the token it is sent with.
    pub fn call(&mut self) -> Request<SendGiftRequest> {
        let gift = self.gift();
        let users = &self.users;
        let token = if self.mix.own_tokens { &users.viewer_tokens[self.next % VIEWERS] } else { &users.service_token };
        let mut request = Request::new(gift);
        request.metadata_mut().insert("authorization", token.clone());
        request
    }

    /// Something else with the service's token.
    pub fn signed<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.users.service_token.clone());
        request
    }

    /// `items` gifts as the gift service would post them.
    pub fn batch(&mut self, items: usize) -> Result<Request<PostBatchRequest>, Fault> {
        let posts = (0..items).map(|_| self.post()).collect::<Result<_, _>>()?;
        Ok(self.signed(PostBatchRequest { book: self.users.book.as_str().to_owned(), posts, brief: true }))
    }

    fn post(&mut self) -> Result<PostRequest, Fault> {
        let gift = self.gift();
        let users = &self.users;
        let (id, sending) = wire::sending(&gift, &users.viewers[self.next % VIEWERS])?;
        let charge = domain::charge(&sending, Some(users.offer), RATE);
        Ok(wire::posting(&users.book, id, &gift, &sending, charge))
    }

    fn step(&mut self) -> usize {
        self.next += 1;
        self.next % VIEWERS
    }
}
