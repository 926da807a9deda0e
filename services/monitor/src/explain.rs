//! The whole story behind an id: what it is, which postings belong to it, where the money came from and where it went.
//!
//! Reads the stores of all services; where they differ, the journal counts. [`seek`]: finds what an id stands for; `story`: builds its story, in the words of
//! `words` and the shape of [`shape`]; `people`: users and their accounts; `sales`: purchases with what
//! was paid back of them, orders, refunds, settlements; `wallets`: those that are closed or merged; `decisions`: what people decided of payouts; `treasury_book`: what treasury knows; `staff`: what staff proposed, approved and reversed.
//! Things are linked through the accounts of people, first in, first out (`books::read::trail`): a purchase pays for gifts, a conversion turns gifts into
//! money, a payout takes the money of conversions.
use crate::audit::{self, ReadFault};
use books::store::{Book, Store};
use db::Database;
use futures::{FutureExt as _, future::BoxFuture};
use identity::Service;
use money::{BookName, UserKey};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

mod aftermath;
mod decisions;
mod people;
mod sales;
pub mod seek;
pub mod shape;
mod staff;
mod story;
mod treasury_book;
mod wallets;
mod words;

pub use seek::SoughtId;
pub use shape::{Story, StoryLinks};

/// Maximum number of things in one story, however it branches.
const STORIES_MAX: usize = 200;

/// How much a story contains.
#[derive(Debug, Clone)]
pub struct StoryScope {
    /// Only this book.
    pub book: Option<BookName>,
    /// If the id may be a request id: the user who sent the request.
    pub user: Option<UserKey>,
    /// Things listed one by one in each direction; the rest is summed.
    pub most: usize,
}

/// A book and the tables of the services, as far as they exist.
pub struct StoryTeller {
    store: Arc<dyn Store>,
    book: Book,
    name: BookName,
    purchase: Option<purchase::tables::Store>,
    earnings: Option<earnings::tables::Store>,
    payout: Option<payout::tables::Store>,
    support: Option<support::tables::Store>,
    treasury: Option<treasury::tables::Store>,
    scope: StoryScope,
    left: AtomicUsize,
}

impl StoryTeller {
    /// Whether one more thing may be added.
    fn may(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// Everything the id stands for, in all books or in one; empty where it stands for nothing.
pub fn explain<'a>(database: &'a Database, sought: &'a SoughtId, scope: &'a StoryScope) -> BoxFuture<'a, Result<Vec<Story>, ReadFault>> {
    // Boxed, so that it is compiled in this crate and not in the binary.
    tell(database, sought, scope).boxed()
}

async fn tell(database: &Database, sought: &SoughtId, scope: &StoryScope) -> Result<Vec<Story>, ReadFault> {
    let store = audit::open(database).await?;
    let there = async |service| audit::exists(database, service).await;
    let purchase = if there(Service::Purchase).await? { Some(purchase::tables::Store::open(database).await?) } else { None };
    let earnings = if there(Service::Earnings).await? { Some(earnings::tables::Store::open(database).await?) } else { None };
    let payout = if there(Service::Payout).await? { Some(payout::tables::Store::inspect(database).await?) } else { None };
    let support = if there(Service::Support).await? { Some(support::tables::Store::open(database).await?) } else { None };
    let treasury = if there(Service::Treasury).await? { Some(treasury::tables::Store::open(database).await?) } else { None };
    let books = store.books().await?;
    if let Some(only) = scope.book.as_ref().filter(|only| books.iter().all(|book| book.name != only.as_str())) {
        return Err(format!("there is no book {only}").into());
    }
    let mut stories = Vec::new();
    for book in books {
        let name = BookName::try_new(&book.name)?;
        if scope.book.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let (store, left) = (store.clone(), AtomicUsize::new(STORIES_MAX));
        let (purchase, earnings, payout) = (purchase.clone(), earnings.clone(), payout.clone());
        let (support, treasury) = (support.clone(), treasury.clone());
        let teller = StoryTeller { store, book, name, purchase, earnings, payout, support, treasury, scope: scope.clone(), left };
        for thing in teller.seek(sought).await? {
            stories.push(teller.story(thing, shape::TrailDirection::Both, 0).await?);
        }
    }
    Ok(stories)
}
