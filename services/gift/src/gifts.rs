//! Sending a gift, in order: price it, have it posted, read the answer off the posting. One call to the ledger and no state of our own.
use crate::{
    batch::{Batcher, Waiting},
    catalogue::Shelf,
    domain::{self, Receipt},
    error::Error,
    wire,
};
use api::{
    gift::SendGiftRequest,
    ledger::{PostResponse, ledger_service_client::LedgerServiceClient},
};
use futures::{FutureExt, future::BoxFuture};
use money::{BookName, UserKey};
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Response, Status};

/// Which way a gift goes to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// In a batch with others.
    Batched,
    /// In a call of its own.
    Alone,
}

/// The gifts' one use case.
#[derive(Clone)]
pub struct Gifts {
    /// What can be sent.
    pub shelf: Shelf,
    /// For gifts that go alone.
    pub ledger: LedgerServiceClient<rpc::Transport>,
    /// For the others.
    pub batcher: Batcher,
    /// Diamonds per coin, in basis points.
    pub rate: u32,
    /// How long the ledger may take.
    pub post_timeout: Duration,
}

impl Gifts {
    /// Sends one gift on its way. A gift that can't be sent is told to the ledger too: it may have been accepted under this id before, and if not,
    /// the refusal must stay the answer. What is malformed comes back with its request id.
    pub fn begin(&self, book: &BookName, sender: UserKey, request: SendGiftRequest, route: Route) -> Result<Sent, (String, Error)> {
        let answer = match self.go(book, &sender, &request, route) {
            Ok(answer) => answer,
            Err(error) => return Err((request.request_id, error)),
        };
        Ok(Sent { answer, request, sender })
    }

    fn go(&self, book: &BookName, sender: &UserKey, request: &SendGiftRequest, route: Route) -> Result<Answer, Error> {
        let (id, sending) = wire::sending(request, sender)?;
        let charge = domain::charge(&sending, self.shelf.offer(sending.gift_id), self.rate);
        let mut post = wire::posting(book, id, request, &sending, charge);
        Ok(match route {
            Route::Batched => Answer::Batched(self.batcher.post(book, post, Instant::now() + self.post_timeout)),
            Route::Alone => {
                post.book = book.as_str().to_owned();
                let (mut ledger, timeout) = (self.ledger.clone(), self.post_timeout);
                let call = async move { rpc::deadline::within(timeout, ledger.post(post)).await.map(Response::into_inner) };
                Answer::Alone(call.boxed())
            }
        })
    }
}

/// A gift on its way.
pub struct Sent {
    answer: Answer,
    request: SendGiftRequest,
    sender: UserKey,
}

/// Where its answer comes from.
enum Answer {
    Batched(Waiting),
    Alone(BoxFuture<'static, Result<PostResponse, Status>>),
}

impl Sent {
    /// Its request id, and what became of it.
    pub async fn finish(self) -> (String, Result<Receipt, Error>) {
        let answered = match self.answer {
            Answer::Batched(waiting) => waiting.answer().await,
            Answer::Alone(call) => call.await,
        };
        let outcome = match answered {
            Ok(response) => wire::receipt(response).map_err(Error::from),
            // It could be read when it was sent, so it can be now.
            Err(status) => wire::sending(&self.request, &self.sender)
                .map_err(Error::from)
                .and_then(|(_, sending)| Err(Error::from_ledger(status, &sending))),
        };
        (self.request.request_id, outcome)
    }
}
