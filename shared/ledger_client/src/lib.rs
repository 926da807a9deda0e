//! The one way in which services talk to the ledger.
//!
//! - [`client`]: the calls. [`balance`]: accounts as coins, diamonds and money.
//! - [`entries`]: the entries of one account. [`journal`]: a book's journal, commit by commit.
//! - [`posting`]: requests to post, built over the chart of accounts.
//! - [`answer`]: what an answer proves: posted, refused, not executed, or unknown; and which part of it a user may see.
//! - [`reason`]: the table of all reasons of the ledger, and whether a retry may use the same id. [`fresh`]: when it takes another.
pub mod answer;
pub mod balance;
pub mod client;
pub mod entries;
pub mod fresh;
pub mod journal;
pub mod posting;
pub mod reason;

pub use answer::{LedgerRefusal, NotPosted, Withheld, classify};
pub use balance::{BalanceSeq, CreatorDiamonds, CreatorPayable, SignedBalance, SuspendedCoins, ViewerCoins, ViewerWallet};
pub use client::{HoldPosting, LedgerClient, TrialRead, all_books, refused_item};
pub use entries::{EntriesWanted, ListedEntries, ListedEntry};
pub use fresh::{IN_FLIGHT_MAX_MS, is_final, is_final_under, takes_a_fresh_id};
pub use journal::{AccountAfter, JournalEvents, JournalNews, JournalPart, JournalPlace, JournalReader, MovedTransfer};
pub use posting::PostingDraft;
pub use reason::{Audience, LedgerReason, Proof, Retry};
