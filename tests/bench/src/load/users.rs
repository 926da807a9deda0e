//! Senders and receivers, their tokens, and endless requests.

use super::crowd::{BenchCrowd, GiftPairs};
use crate::plan::GiftMix;
use api::{
    gift::SendGiftRequest,
    ledger::{GetAccountRequest, PostBatchRequest, PostRequest, Transfer, ledger_service_client::LedgerServiceClient},
};
use chart::{Account, Owner, PostingKind};
use gift::{GiftCatalogue, domain, wire};
use identity::{BookScope, Grant, Issuer, Role};
use money::{BookName, UserKey};
use runtime::command::UntypedError;
use std::{path::Path, sync::Arc, time::Duration};
use tonic::{
    Request,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};
use uuid::Uuid;

/// Viewers who have a token of their own; for the others a service calls on their behalf.
const TOKENS_MAX: u64 = 1_000;
/// Each viewer's coins at the start: more than a run can spend.
const COINS_EACH: i64 = 1_000_000_000;
/// Longer than any run.
const TOKEN_TTL: Duration = Duration::from_secs(24 * 3_600);
/// Diamonds per coin, as the gift service has it by default, in basis points.
const RATE: u32 = domain::BASIS_POINTS;
/// The account that receives the coins of gifts: its credits count the gifts.
const REDEEMED: Account<'static> = Account::CoinsRedeemed;
/// The account that issues coins.
const ISSUED: Account<'static> = Account::CoinsIssued;

pub(crate) type UserToken = MetadataValue<Ascii>;

/// The people of a book.
pub(crate) struct BenchUsers {
    pub book: BookName,
    pub crowd: BenchCrowd,
    viewer_tokens: Vec<UserToken>,
    service_token: UserToken,
    gift_id: i64,
    offer: domain::Offer,
}

impl BenchUsers {
    /// Users for whom a service calls; its token is signed by the key under `data_dir`, which the server has made.
    pub fn try_new(data_dir: &Path, book: BookName, crowd: BenchCrowd) -> Result<Self, UntypedError> {
        let service_token = token(&Issuer::load_or_create(data_dir)?, "bench", Role::Service, &book)?;
        let catalogue = GiftCatalogue::embedded();
        // The cheapest gift, so that coins last.
        let gift = catalogue.on_sale().into_iter().min_by_key(|gift| gift.offer.cost).ok_or("the catalogue is empty")?;
        Ok(Self { book, crowd, viewer_tokens: Vec::new(), service_token, gift_id: gift.id, offer: gift.offer })
    }

    /// Adds a token for each viewer, signed by the same key.
    pub fn with_own_tokens(self, data_dir: &Path) -> Result<Self, UntypedError> {
        let issuer = Issuer::load_or_create(data_dir)?;
        let viewers = 0..self.crowd.viewers.min(TOKENS_MAX);
        let viewer_tokens = viewers.map(|viewer| token(&issuer, &viewer_name(viewer), Role::Viewer, &self.book));
        Ok(Self { viewer_tokens: viewer_tokens.collect::<Result<_, _>>()?, ..self })
    }

    /// The price of one gift.
    pub fn cost_coins(&self) -> i64 {
        self.offer.cost.get()
    }

    /// A request with the service's token.
    pub fn signed<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.service_token.clone());
        request
    }

    /// A posting of coins to these viewers, with a transfer for each.
    pub fn coins(&self, viewers: std::ops::Range<u64>) -> PostRequest {
        let transfers = viewers.map(|viewer| Transfer {
            debit_account: ISSUED.name(),
            credit_account: Account::ViewerCoins(Owner::try_new(&viewer_name(viewer)).expect("names of viewers are user keys")).name(),
            amount: COINS_EACH,
            ..Transfer::default()
        });
        PostRequest {
            request_id: Uuid::now_v7().to_string(),
            kind: PostingKind::BenchCoins.name().to_owned(),
            transfers: transfers.collect(),
            ..PostRequest::default()
        }
    }

    /// A request to send a gift.
    fn gift(&self, viewer: u64, creator: u64, id: Uuid) -> SendGiftRequest {
        SendGiftRequest {
            request_id: id.to_string(),
            book: self.book.as_str().to_owned(),
            room_id: "bench-room".to_owned(),
            creator_id: creator_name(creator),
            gift_id: self.gift_id,
            quantity: 1,
            streak: None,
            user_id: viewer_name(viewer),
        }
    }

    /// A gift as the gift service would post it.
    pub fn posting(&self, viewer: u64, creator: u64, id: Uuid) -> Result<PostRequest, UntypedError> {
        let gift = self.gift(viewer, creator, id);
        let sender = UserKey::try_new(&gift.user_id)?;
        let (id, sending) = wire::sending(&gift, &sender).map_err(gift::error::Error::Malformed)?;
        let charge = domain::charge(&sending, Some(self.offer), RATE);
        Ok(gift::postings::gift(&self.book, id, wire::fields(&gift), &sending, charge).in_batch())
    }

    /// A request with a batch of postings.
    pub fn batch(&self, posts: Vec<PostRequest>) -> Request<PostBatchRequest> {
        self.signed(PostBatchRequest { book: self.book.as_str().to_owned(), posts, brief: true })
    }

    /// What the account was credited with in all; 0 if it was never used.
    pub async fn credited(&self, channel: &Channel, account: String) -> Result<i64, UntypedError> {
        let request = GetAccountRequest { book: self.book.as_str().to_owned(), account };
        match LedgerServiceClient::new(channel.clone()).get_account(self.signed(request)).await {
            Ok(answer) => Ok(answer.into_inner().account.ok_or("an account was answered without itself")?.credits_posted),
            Err(status) if status.code() == tonic::Code::NotFound => Ok(0),
            Err(status) => Err(status.into()),
        }
    }

    /// The number of gifts in the book, according to the ledger. A book without gifts may not have the account yet.
    pub async fn gifts_in_ledger(&self, channel: &Channel) -> Result<u64, UntypedError> {
        Ok(u64::try_from(self.credited(channel, REDEEMED.name()).await? / self.cost_coins())?)
    }
}

/// A new book for a run: a book's journal can't be emptied, so every run has its own.
pub(crate) fn new_book() -> Result<BookName, UntypedError> {
    Ok(BookName::try_new(&format!("bench-{}", Uuid::now_v7().simple()))?)
}

/// A token of a service, signed by the key under `data_dir`.
pub(crate) fn service_token(data_dir: &Path, subject: &str, book: &BookName) -> Result<UserToken, UntypedError> {
    token(&Issuer::load_or_create(data_dir)?, subject, Role::Service, book)
}

fn token(issuer: &Issuer, subject: &str, role: Role, book: &BookName) -> Result<UserToken, UntypedError> {
    let books = BookScope::Only(vec![book.clone()]);
    let grant = Grant { subject: UserKey::try_new(subject)?, role, app: String::new(), books };
    Ok(format!("Bearer {}", issuer.issue(&grant, TOKEN_TTL)?).parse()?)
}

fn viewer_name(at: u64) -> String {
    format!("bench-viewer-{at:08}")
}

pub(crate) fn creator_name(at: u64) -> String {
    format!("bench-creator-{at:08}")
}

/// A gift and the token it is sent with, so that a retry sends the same.
#[derive(Debug, Clone)]
pub(crate) struct GiftCall {
    gift: SendGiftRequest,
    token: UserToken,
}

impl GiftCall {
    /// The request. `bare`: without the token, which the bare server ignores.
    pub fn request(self, bare: bool) -> Request<SendGiftRequest> {
        let mut request = Request::new(self.gift);
        if !bare {
            request.metadata_mut().insert("authorization", self.token);
        }
        request
    }
}

/// Endless requests.
pub(crate) struct GiftRequests {
    users: Arc<BenchUsers>,
    mix: GiftMix,
    pairs: GiftPairs,
}

impl GiftRequests {
    /// `worker`: concurrent workers begin at different pairs.
    pub fn new(users: Arc<BenchUsers>, mix: GiftMix, worker: usize) -> Self {
        let pairs = GiftPairs::new(users.crowd, mix, worker as u64);
        Self { users, mix, pairs }
    }

    fn id(&self) -> Uuid {
        if self.mix.random_ids { Uuid::new_v4() } else { Uuid::now_v7() }
    }

    /// The next gift, sent by a service on behalf of its viewer.
    pub fn gift(&mut self) -> SendGiftRequest {
        let (viewer, creator) = self.pairs.next();
        self.users.gift(viewer, creator, self.id())
    }

    /// The next gift with its token.
    pub fn call(&mut self) -> GiftCall {
        let (viewer, creator) = self.pairs.next();
        let mut gift = self.users.gift(viewer, creator, self.id());
        let own = usize::try_from(viewer).ok().and_then(|at| self.users.viewer_tokens.get(at)).filter(|_| self.mix.own_tokens);
        let token = match own {
            Some(own) => {
                gift.user_id.clear();
                own.clone()
            }
            None => self.users.service_token.clone(),
        };
        GiftCall { gift, token }
    }

    /// Another request with the service's token.
    pub fn signed<T>(&self, message: T) -> Request<T> {
        self.users.signed(message)
    }

    /// `items` gifts as the gift service would post them.
    pub fn batch(&mut self, items: usize) -> Result<Request<PostBatchRequest>, UntypedError> {
        let posts = (0..items).map(|_| {
            let (viewer, creator) = self.pairs.next();
            self.users.posting(viewer, creator, self.id())
        });
        let posts = posts.collect::<Result<_, _>>()?;
        Ok(self.users.batch(posts))
    }
}
