//! Every SQL statement of this service. The same on SQLite and PostgreSQL.
use db::{Migration, requests, text};
use sqlx::AnyPool;
use std::error::Error as StdError;

mod about;
mod acts;
mod bound;
mod proposals;
pub(crate) mod stored_act;

pub use acts::ActFilter;
pub use bound::ProposalBond;
pub use proposals::{NewProposal, ProposalFilter, ProposalSubject, Proposed};

/// The service's schema.
pub const MIGRATIONS: [Migration; 7] = [
    Migration::contract(1, include_str!("../migrations/0001_act.sql")),
    Migration::contract(2, include_str!("../migrations/0002_proposal.sql")),
    Migration::expand(3, requests::TABLE),
    Migration::expand(4, include_str!("../migrations/0004_about.sql")),
    Migration::expand(5, include_str!("../migrations/0005_whole.sql")),
    Migration::expand(6, include_str!("../migrations/0006_due.sql")),
    Migration::expand(7, include_str!("../migrations/0007_open.sql")),
];

/// The service's tables.
#[derive(Clone)]
pub struct Store {
    pub(crate) pool: AnyPool,
}

impl Store {
    /// Opens the tables, with their migrations.
    pub async fn open(database: &db::Database) -> Result<Self, db::Error> {
        Ok(Self { pool: database.open("support", &MIGRATIONS).await? })
    }
}

fn unreadable(error: impl Into<Box<dyn StdError + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}
