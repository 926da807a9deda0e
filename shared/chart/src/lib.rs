//! The chart of accounts as types: the accounts, the events that post to them, their ids, and who may post.
//!
//! - [`book`]: TEST and LIVE. [`account`]: accounts and their names; no other crate spells a name.
//! - [`owned`]: the names of all accounts that a user may have.
//! - [`unit`]: the units of accounts.
//! - [`kind`]: kinds of postings. [`posters`]: who posts which kinds, between which accounts; [`own`]: the same for operators' own services.
//! - [`class`]: what accounts are for, regardless of their owners; those rows use it. [`pattern`]: classes as texts.
//! - [`reversal`]: which postings people may undo by hand.
//! - [`guard`]: named counters that make something happen once.
//! - [`id`]: the ids under which services post, derived from what caused the posting. [`imported`]: the ids of imports, and how imports are
//!   recognised.
pub mod account;
pub mod book;
pub mod class;
pub mod guard;
pub mod id;
pub mod imported;
pub mod kind;
pub mod own;
pub mod owned;
pub mod pattern;
pub mod posters;
pub mod reversal;
pub mod unit;

pub use account::{
    Account, AccountForm, Owner, claimant, form, group,
    house::{HouseAccount, HouseId, Purpose},
};
pub use book::BookKind;
pub use class::AccountClass;
pub use guard::{GuardFamily, GuardKey};
pub use kind::PostingKind;
pub use own::{InvalidPoster, OwnPoster, OwnPosters};
pub use posters::{Poster, PostingRule};
pub use reversal::{instead_of_reversal, instead_of_reversing};
pub use unit::Unit;
