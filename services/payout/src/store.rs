//! Every SQL statement of this service.
//!
//! - [`beneficiaries`]: bank accounts. [`payouts`]: payouts. [`attempts`]: their attempts. [`row`]: their columns. [`steps`]: their steps. [`messages`]: messages to and from banks. [`shared_messages`]: those of many payments. [`sent_payees`]: whom attempts pay, as it was sent.
//! - [`reviews`]: what payouts wait for, and blocked money. [`screening`]: clearances, and how far beneficiaries were screened. [`thresholds`]: tiers and thresholds.
//! - [`reservations`]: reservations of bank accounts' money. [`leaf_holds`]: those with treasury. [`runs`], [`run_items`]: runs of payouts. [`standing`]: standing orders.
//! - [`reports`]: payouts in the order of their time, for reports. `newest`: the same, newest first, for lists. `lookups`: payouts and runs by the ids that somebody may have.
//! - [`own_transfers`]: transfers between our own accounts. [`ach`]: ACH files and their entries. [`ach_listing`]: pages of them. [`ach_findings`]: what people found of them.
//!   `group`: writes of many payouts in one commit. `read_group`: reads of many rows in one statement.
//! - [`returns`]: money that came back. [`recalls`]: requests for it. [`inbox`]: banks' callbacks.
//! - [`statements`]: findings from banks' statements. [`debits`]: booked debits that nothing explains. [`resealing`]: rows under earlier keys. [`erasure`]: erases personal data. [`refusals`]: deletes
//!   old ones. [`waits`]: the longest that rows wait.

pub mod ach;
pub mod ach_findings;
pub mod ach_listing;
pub mod attempts;
pub mod beneficiaries;
pub mod debits;
pub mod erasure;
mod group;
pub mod inbox;
pub mod leaf_holds;
mod lookups;
pub mod messages;
mod newest;
pub mod own_transfers;
pub mod payouts;
mod read_group;
pub mod recalls;
pub mod refusals;
pub mod reports;
pub mod resealing;
pub mod reservations;
pub mod resolutions;
pub mod returns;
pub mod reviews;
pub mod row;
pub mod run_items;
pub mod runs;
pub mod screening;
pub mod sent_payees;
pub mod shared_messages;
pub mod standing;
pub mod statements;
pub mod steps;
pub mod thresholds;
pub mod waits;

use crate::{
    domain::{Payout, PayoutKey, reservation::LeafHold},
    vault::Vault,
};
use beneficiaries::Beneficiary;
use db::{Database, Engine, Migration, QueuedTransaction, WriteQueue, requests, sets::SetValue};
use futures::FutureExt as _;
use group::WriteGroup;
use money::{BookName, Currency, Money, UserKey};
use read_group::ReadGroup;
use sqlx::{Any, AnyPool, pool::PoolConnection};
use uuid::Uuid;

/// The service's schema.
pub const MIGRATIONS: [Migration; 28] = [
    Migration::contract(1, include_str!("../migrations/0001_payout.sql")),
    Migration::expand(2, requests::TABLE),
    Migration::expand(3, include_str!("../migrations/0003_under_way.sql")),
    Migration::expand(4, include_str!("../migrations/0004_blocked_by.sql")),
    Migration::expand(5, include_str!("../migrations/0005_sendings.sql")),
    Migration::expand(6, include_str!("../migrations/0006_repeated.sql")),
    Migration::expand(7, include_str!("../migrations/0007_statements.sql")),
    Migration::expand(8, include_str!("../migrations/0008_attempts.sql")),
    // Older programs can't read accounts of kinds that they don't know.
    Migration::contract(10, include_str!("../migrations/0010_payees.sql")),
    Migration::expand(11, include_str!("../migrations/0011_reviews.sql")),
    Migration::expand(13, include_str!("../migrations/0013_returns.sql")),
    Migration::expand(14, include_str!("../migrations/0014_liquidity.sql")),
    Migration::expand(15, include_str!("../migrations/0015_runs.sql")),
    Migration::expand(16, include_str!("../migrations/0016_reports.sql")),
    Migration::expand(17, include_str!("../migrations/0017_ach.sql")),
    Migration::expand(18, include_str!("../migrations/0018_ach_change.sql")),
    Migration::expand(19, include_str!("../migrations/0019_resolutions.sql")),
    Migration::expand(20, include_str!("../migrations/0020_recall_fees.sql")),
    Migration::expand(21, include_str!("../migrations/0021_rejected_runs.sql")),
    Migration::expand(22, include_str!("../migrations/0022_shared_messages.sql")),
    Migration::expand(23, include_str!("../migrations/0023_leaf_holds.sql")),
    Migration::expand(24, include_str!("../migrations/0024_file_findings.sql")),
    Migration::expand(25, include_str!("../migrations/0025_on_behalf_of.sql")),
    Migration::expand(26, include_str!("../migrations/0026_unexplained_debits.sql")),
    Migration::expand(27, include_str!("../migrations/0027_own_transfers.sql")),
    Migration::expand(28, include_str!("../migrations/0028_lookups.sql")),
    Migration::expand(29, include_str!("../migrations/0029_in_flight.sql")),
    Migration::expand(30, include_str!("../migrations/0030_sent_payees.sql")),
];

/// The text that the key check seals.
pub(crate) const KEY_CHECK: &[u8] = b"largesse payout";

/// Why the store can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database can't be opened.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// A statement failed.
    #[error(transparent)]
    Sqlx(#[from] sqlx::Error),
    /// Sealing failed, or the key is not the one the store was written with.
    #[error(transparent)]
    Vault(#[from] crate::vault::Error),
    /// A row has a value that this program never writes.
    #[error("a stored {0} is invalid")]
    Row(&'static str),
    /// The same, of a payout.
    #[error("payout {payout_id}: the stored {what} is invalid")]
    Payout {
        /// Its id as stored.
        payout_id: String,
        /// The value.
        what: &'static str,
    },
}

impl Error {
    /// Whether the database was unreachable or busy: the same request may succeed later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Sqlx(source) | Self::Database(db::Error::Sqlx { cause: source, .. }) => db::is_passing(source),
            Self::Database(_) | Self::Vault(_) | Self::Row(_) | Self::Payout { .. } => false,
        }
    }

    /// The problem of a row that can't be read; `None` where nothing is known about the row.
    #[must_use]
    pub fn damage(&self) -> Option<String> {
        match self {
            Self::Sqlx(source) => db::damaged_value(source),
            Self::Row(_) | Self::Payout { .. } => Some(self.to_string()),
            Self::Database(_) | Self::Vault(_) => None,
        }
    }
}

/// The tables.
#[derive(Debug, Clone)]
pub struct Store {
    writes: WriteQueue,
    /// On SQLite.
    group: Option<WriteGroup>,
    payout_rows: ReadGroup<Payout>,
    beneficiary_rows: ReadGroup<Beneficiary>,
    leaf_hold_rows: ReadGroup<Vec<LeafHold>>,
}

impl Store {
    /// Opens the tables and checks that they were written with this key.
    pub async fn open(database: &Database, vault: &Vault) -> Result<Self, Error> {
        let pool = database.open("payout", &MIGRATIONS).await?;
        let sealed = vault.seal("key_check", KEY_CHECK)?;
        sqlx::query("INSERT INTO key_check (check_no, sealed) VALUES (1, $1) ON CONFLICT DO NOTHING").bind(sealed).execute(&pool).await?;
        let kept: Vec<u8> = sqlx::query_scalar("SELECT sealed FROM key_check WHERE check_no = 1").fetch_one(&pool).await?;
        vault.unseal("key_check", &kept)?;
        Ok(Self::over(pool))
    }

    /// Opens the tables to read columns that need no key: sums and states.
    pub async fn inspect(database: &Database) -> Result<Self, Error> {
        Ok(Self::over(database.open("payout", &MIGRATIONS).await?))
    }

    fn over(pool: AnyPool) -> Self {
        let writes = WriteQueue::new(pool);
        let group = (db::engine(writes.pool()) == Engine::Sqlite).then(|| WriteGroup::start(writes.clone()));
        let pool = || writes.pool().clone();
        Self {
            group,
            payout_rows: ReadGroup::start(pool(), |connection, keys| payouts::get_all(connection, keys).boxed()),
            beneficiary_rows: ReadGroup::start(pool(), |connection, keys| beneficiaries::get_all(connection, keys).boxed()),
            leaf_hold_rows: ReadGroup::start(pool(), |connection, keys| leaf_holds::of_all(connection, keys).boxed()),
            writes,
        }
    }

    /// A transaction that will write.
    pub async fn begin(&self) -> Result<QueuedTransaction, Error> {
        Ok(self.writes.transaction().await?)
    }

    /// The result of something that may have ended without a commit because of what it read, once what it read is committed.
    pub(crate) async fn settled<T, E: From<Error>>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let result = work.await;
        self.writes.settled().await.map_err(Error::from)?;
        result
    }

    /// A connection for reading: it waits for no writer's turn.
    pub async fn reader(&self) -> Result<PoolConnection<Any>, Error> {
        Ok(self.pool().acquire().await?)
    }

    pub(crate) fn pool(&self) -> &AnyPool {
        self.writes.pool()
    }
}

/// Where a page begins: after this row, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageStart {
    /// The last row's creation.
    pub created_at_ms: i64,
    /// The last row's id.
    pub id: Uuid,
}

impl PageStart {
    /// Before the newest.
    pub const NEWEST: Self = Self { created_at_ms: i64::MAX, id: Uuid::max() };
}

impl PayoutKey {
    /// Its columns, as those of a set.
    fn columns(&self) -> [SetValue; 2] {
        [self.book.as_str().into(), self.payout_id.to_string().into()]
    }
}

fn uuid(text: &str) -> Result<Uuid, Error> {
    text.parse().map_err(|_| Error::Row("id"))
}

fn user(text: &str) -> Result<UserKey, Error> {
    UserKey::try_new(text).map_err(|_| Error::Row("user key"))
}

fn book(text: &str) -> Result<BookName, Error> {
    BookName::try_new(text).map_err(|_| Error::Row("book"))
}

fn currency(text: &str) -> Result<Currency, Error> {
    Currency::try_new(text).map_err(|_| Error::Row("currency"))
}

fn money(code: &str, minor_units: i64) -> Result<Money, Error> {
    Money::try_new(currency(code)?, minor_units).map_err(|_| Error::Row("amount"))
}
