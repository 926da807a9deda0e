//! The whole story behind an id: what it is, which postings belong to it, where the money came from and where it went.
//!
//! Reads the stores of all services; where they differ, the journal counts. [`tables`]: these stores. [`seek`]: finds what an id stands for; `summaries`: says
//! in a sentence what that is; `story`: builds its story, in the words of `words` and the shape of [`shape`]; `people`: users and their accounts; `newest`:
//! accounts as they are now; `sales`: purchases with what was paid back of them, orders, refunds, settlements; `wallets`: those that are closed or merged;
//! `gift_names`: what gifts are called; `kept`, `ahead`: what one call reads for many things at once; `decisions`: what people decided of payouts;
//! `treasury_book`: what treasury knows; `staff`: what staff proposed, approved and reversed. Things are linked through the accounts of people, first in, first out (`books::read::trail`): a purchase pays for gifts, a conversion
//! turns gifts into money, a payout takes the money of conversions.
use crate::audit::ReadFault;
use books::store::{Book, Store};
use db::Database;
use futures::{FutureExt as _, future::BoxFuture};
use gift_names::{GiftNames, ServedNames};
use identity::BookScope;
use kept::KeptReads;
use money::{BookName, UserKey};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

mod aftermath;
mod ahead;
mod decisions;
pub(crate) mod gift_names;
mod kept;
pub(crate) mod newest;
mod people;
mod sales;
pub mod seek;
pub mod shape;
mod staff;
mod story;
pub(crate) mod summaries;
pub mod tables;
mod treasury_book;
mod wallets;
mod words;

pub use seek::SoughtId;
pub use shape::{Story, StoryLinks};
pub use tables::StoryTables;
pub(crate) use {decisions::run_thing, sales::refund_thing, story::is_a_persons, wallets::change_thing, words::moved};

/// Maximum number of things in one story, however it branches.
const STORIES_MAX: usize = 200;

/// How much a story contains.
#[derive(Debug, Clone)]
pub struct StoryScope {
    /// Only these books.
    pub books: BookScope,
    /// If the id may be a request id: the user who sent the request.
    pub user: Option<UserKey>,
    /// Things listed one by one in each direction; the rest is summed.
    pub most: usize,
}

/// A book and the tables of the services, as far as they exist.
pub struct StoryTeller {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) book: Book,
    pub(crate) name: BookName,
    pub(crate) purchase: Option<purchase::tables::Store>,
    pub(crate) earnings: Option<earnings::tables::Store>,
    pub(crate) payout: Option<payout::tables::Store>,
    pub(crate) support: Option<support::tables::Store>,
    pub(crate) treasury: Option<treasury::tables::Store>,
    pub(crate) gifts: Option<GiftNames>,
    kept: KeptReads,
    scope: StoryScope,
    /// Whether staff actions that name no book are found with this one.
    with_bookless: bool,
    left: AtomicUsize,
}

/// A teller for each book of the scope, in the order of their names.
pub(crate) async fn tellers(tables: &StoryTables, scope: &StoryScope) -> Result<Vec<StoryTeller>, ReadFault> {
    let mut tellers = Vec::new();
    for book in tables.ledger.books().await? {
        let name = BookName::try_new(&book.name)?;
        if !scope.books.covers(&name) {
            continue;
        }
        let StoryTables { ledger, purchase, earnings, payout, support, treasury, gifts } = tables.clone();
        let with_bookless = matches!(scope.books, BookScope::All) && tellers.is_empty();
        let (store, kept, scope, left) = (ledger, KeptReads::default(), scope.clone(), AtomicUsize::new(STORIES_MAX));
        tellers.push(StoryTeller {
            store,
            book,
            name,
            purchase,
            earnings,
            payout,
            support,
            treasury,
            gifts,
            kept,
            scope,
            with_bookless,
            left,
        });
    }
    Ok(tellers)
}

/// Whether anything of a user is kept in a book of the scope.
pub(crate) async fn knows(tables: &StoryTables, scope: &StoryScope, user: &UserKey) -> Result<bool, ReadFault> {
    for teller in tellers(tables, scope).await? {
        if teller.knows(user).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl StoryTeller {
    /// What gifts were called, as of this call's first look; no names without tables of catalogues.
    pub(crate) async fn gift_names(&self) -> Result<&ServedNames, ReadFault> {
        let served = async || match &self.gifts {
            Some(names) => names.served().await,
            None => Ok(ServedNames::default()),
        };
        self.kept.names.get_or_try_init(served).await
    }

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
    let tables = StoryTables::open(database).await?;
    let tellers = tellers(&tables, scope).await?;
    if let (BookScope::Only(names), true) = (&scope.books, tellers.is_empty()) {
        let names: Vec<&str> = names.iter().map(BookName::as_str).collect();
        return Err(format!("there is no book {}", names.join(", ")).into());
    }
    let mut stories = Vec::new();
    for teller in tellers {
        for thing in teller.seek(sought).await? {
            stories.push(teller.story(thing, shape::TrailDirection::Both, 0).await?);
        }
    }
    Ok(stories)
}
