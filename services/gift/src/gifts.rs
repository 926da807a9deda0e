//! Sending a gift, in order: price it, have it posted, read the answer off the posting. One call to the ledger and no state of our own.
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

/// Which way a gift goes to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerRoute {
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
    pub ledger: LedgerClient,
    /// For the others.
    pub batcher: Batcher,
    /// For ends of streaks.
    pub markers: EndMarkers,
    /// Diamonds per coin, in basis points.
    pub rate: u32,
    /// How long the ledger may take.
    pub post_timeout: Duration,
}

/// Whether a book may sell what is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selling {
    /// The catalogue.
    Catalogue,
    /// Nothing: the book is LIVE and the catalogue is the one built in.
    Nothing,
}

impl Gifts {
    /// Whether a book may sell what is in force, as far as that is known without asking: always, where the operator's own catalogue is in force.
    #[must_use]
    pub fn selling_known(&self, book: &BookName) -> Option<Selling> {
        if self.shelf.is_built_in() { self.ledger.known_book(book).map(Selling::of) } else { Some(Selling::Catalogue) }
    }

    /// The same, and the ledger is asked what it has not been asked before. Of a book that it does not know it speaks for itself when a gift is posted.
    pub async fn selling(&self, book: &BookName) -> Result<Selling, NotPosted> {
        match self.selling_known(book) {
            Some(selling) => Ok(selling),
            None => match self.ledger.book(book).await {
                Ok(kind) => Ok(kind.map_or(Selling::Catalogue, Selling::of)),
                // No rule speaks of that question. Nothing is sold on such an answer, and what the ledger says to the gift itself is told.
                Err(not_posted) if not_posted.refusal().is_some() => Ok(Selling::Nothing),
                Err(not_posted) => Err(not_posted),
            },
        }
    }

    /// Starts sending one gift. A gift that can't be sent is told to the ledger too: it may have been accepted under this id before, and if not,
    /// the refusal must stay the answer. What is malformed comes back with its request id.
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

/// Where its answer comes from.
enum GiftAnswer {
    Batched(BatchedPost),
    Alone(BoxFuture<'static, Result<PostResponse, NotPosted>>),
    End(BoxFuture<'static, Result<Result<PostResponse, NotPosted>, Error>>),
}

impl GiftInFlight {
    /// Its request id, and what became of it.
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
            // It could be read when it was sent, so it can be now.
            Err(not_posted) => match wire::sending(&self.request, &self.sender) {
                Ok((_, sending)) => Err(Error::of_gift(not_posted, &sending)),
                Err(malformed) => Err(Error::Malformed(malformed)),
            },
        };
        (self.request.request_id, outcome)
    }
}
