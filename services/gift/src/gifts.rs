//! Sending a gift, in order: price it, have it posted, build the answer from the posting. One call to the ledger and no state of our own.
use crate::{
    batch::{BatchedPost, Batcher},
    catalogue::Shelf,
    domain::{self, Charge, GiftReceipt, GiftRefusal},
    error::Error,
    markers::EndMarkers,
    postings, wire,
};
use api::{gift::SendGiftRequest, ledger::PostResponse};
use chart::BookKind;
use futures::{FutureExt, future::BoxFuture};
use ledger_client::{LedgerClient, NotPosted};
use money::{BookName, UserKey};
use std::time::Duration;
use tokio::time::Instant;

/// How a gift is sent to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerRoute {
    /// In a batch with others.
    Batched,
    /// In a call of its own.
    Alone,
}

/// The use case of sending gifts.
#[derive(Clone)]
pub struct Gifts {
    /// The catalogue in force.
    pub shelf: Shelf,
    /// For gifts sent in a call of their own.
    pub ledger: LedgerClient,
    /// For batched gifts.
    pub batcher: Batcher,
    /// For ends of streaks.
    pub markers: EndMarkers,
    /// Diamonds per coin, in basis points.
    pub rate: u32,
    /// How long the ledger may take.
    pub post_timeout: Duration,
}

/// Whether a book may sell from the catalogue in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selling {
    /// The catalogue.
    Catalogue,
    /// Nothing: the book is LIVE and the catalogue is the built-in one.
    Nothing,
}

impl Gifts {
    /// Whether a book may sell from the catalogue in force, if that is known without a call: always, where the operator's own catalogue is in force.
    #[must_use]
    pub fn selling_known(&self, book: &BookName) -> Option<Selling> {
        if self.shelf.is_built_in() { self.ledger.known_book(book).map(Selling::of) } else { Some(Selling::Catalogue) }
    }

    /// As `selling_known`, but asks the ledger where needed. If it does not know the book, it refuses the gift itself when that is posted.
    pub async fn selling(&self, book: &BookName) -> Result<Selling, NotPosted> {
        match self.selling_known(book) {
            Some(selling) => Ok(selling),
            None => match self.ledger.book(book).await {
                Ok(kind) => Ok(kind.map_or(Selling::Catalogue, Selling::of)),
                // No rule covers such a refusal. Nothing is sold then, and the caller gets the ledger's answer to the gift itself.
                Err(not_posted) if not_posted.refusal().is_some() => Ok(Selling::Nothing),
                Err(not_posted) => Err(not_posted),
            },
        }
    }

    /// Starts sending one gift. A gift that can't be sent goes to the ledger too: it may have been accepted under this id before, and if not, the
    /// refusal must be kept under the id. A malformed request is returned with its request id.
    pub fn begin(
        &self,
        book: &BookName,
        sender: UserKey,
        request: SendGiftRequest,
        route: LedgerRoute,
        selling: Selling,
    ) -> Result<GiftInFlight, (String, Error)> {
        let (id, sending) = match wire::sending(&request, &sender) {
            Ok(read) => read,
            Err(malformed) => return Err((request.request_id, Error::Malformed(malformed))),
        };
        let charge = match selling {
            Selling::Catalogue => domain::charge(&sending, self.shelf.offer(sending.gift_id), self.rate),
            Selling::Nothing => Charge::Refuse(GiftRefusal::ListBuiltIn),
        };
        let is_end = matches!(charge, Charge::End { .. });
        let post = postings::gift(book, id, wire::fields(&request), &sending, charge);
        let answer = match route {
            _ if is_end => {
                let (markers, book, sender) = (self.markers.clone(), book.clone(), sender.clone());
                GiftAnswer::End(async move { markers.post(&book, &sender, post).await }.boxed())
            }
            LedgerRoute::Batched => GiftAnswer::Batched(self.batcher.post(book, post.in_batch(), Instant::now() + self.post_timeout)),
            LedgerRoute::Alone => {
                let (ledger, timeout, book) = (self.ledger.clone(), self.post_timeout, book.clone());
                GiftAnswer::Alone(async move { ledger.post_within(timeout, &book, post).await }.boxed())
            }
        };
        Ok(GiftInFlight { answer, request, sender })
    }
}

impl Selling {
    fn of(kind: BookKind) -> Self {
        match kind {
            BookKind::Test => Self::Catalogue,
            BookKind::Live => Self::Nothing,
        }
    }
}

/// A gift in flight.
pub struct GiftInFlight {
    answer: GiftAnswer,
    request: SendGiftRequest,
    sender: UserKey,
}

/// The source of its answer.
enum GiftAnswer {
    Batched(BatchedPost),
    Alone(BoxFuture<'static, Result<PostResponse, NotPosted>>),
    End(BoxFuture<'static, Result<Result<PostResponse, NotPosted>, Error>>),
}

impl GiftInFlight {
    /// Its request id, and the outcome.
    pub async fn finish(self) -> (String, Result<GiftReceipt, Error>) {
        let answered = match self.answer {
            GiftAnswer::Batched(waiting) => waiting.answer().await,
            GiftAnswer::Alone(call) => call.await,
            GiftAnswer::End(call) => match call.await {
                Ok(answered) => answered,
                Err(error) => return (self.request.request_id, Err(error)),
            },
        };
        let outcome = match answered {
            Ok(response) => wire::receipt(response).map_err(Error::from),
            // It was readable when it was sent, so it is now.
            Err(not_posted) => match wire::sending(&self.request, &self.sender) {
                Ok((_, sending)) => Err(Error::of_gift(not_posted, &sending)),
                Err(malformed) => Err(Error::Malformed(malformed)),
            },
        };
        (self.request.request_id, outcome)
    }
}
