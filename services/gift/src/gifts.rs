//! Sending a gift, in order: price it, have it posted, read the answer off the posting. One call to the ledger and no state of our own.
use crate::{
    batch::Batcher,
    catalogue::Shelf,
    domain::{self, Receipt, Sending},
    error::Error,
    wire,
};
use api::{gift::SendGiftRequest, ledger::ledger_service_client::LedgerServiceClient};
use money::{BookName, UserKey};
use std::time::Duration;
use tokio::time::Instant;

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
    /// Sends one gift. A gift that can't be sent is told to the ledger too: it may have been accepted under this id before, and if not, the
    /// refusal must stay the answer.
    pub async fn send(&self, book: &BookName, sender: &UserKey, request: &SendGiftRequest, route: Route) -> Result<Receipt, Error> {
        let (id, sending) = wire::sending(request, sender)?;
        let charge = domain::charge(&sending, self.shelf.offer(sending.gift_id), self.rate);
        let post = wire::posting(book, id, request, &sending, charge);
        let answered = match route {
            Route::Batched => self.batcher.post(book, post, Instant::now() + self.post_timeout).await,
            Route::Alone => {
                let mut ledger = self.ledger.clone();
                rpc::deadline::within(self.post_timeout, ledger.post(post)).await.map(tonic::Response::into_inner)
            }
        };
        self.read(answered, &sending)
    }

    fn read(&self, answered: Result<api::ledger::PostResponse, tonic::Status>, sending: &Sending<'_>) -> Result<Receipt, Error> {
        let response = answered.map_err(|status| Error::from_ledger(status, sending))?;
        Ok(wire::receipt(response)?)
    }
}
