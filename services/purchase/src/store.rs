//! Every SQL statement of the service. The same text runs on SQLite and PostgreSQL.
//!
//! - [`purchases`]: the receipts. `orders`: orders that we make. [`wallet`]: the tokens that bind them. [`refused`]: refused receipts. `events`: the inbox of what
//!   stores say; `cases`: what of it waits for a person; [`outbox`]: what they must be told. [`questions`]: what they ask; `consents`: whose buyers consent to an answer.
//!   `sweeps`: how far they were asked for what was lost. [`tokens`]: sales that a store names by a token. Request ids are in `db::requests`. [`lots`]: which coins belong
//!   to which purchase; `answers` reads them, `dormant` by owner as of a day. `revenue`: what days earned. `refunds`: what was paid back, in the rows of `refund_rows`;
//!   `debts`: what viewers owe. `disputes`: what is withdrawn for disputes. `refund_orders`: refunds that are started here. `holds`: what is held. `wallet_changes`, in
//!   the rows of `wallet_rows`: wallets that are closed or merged. `reports`, `settlements` and `own_parts`: what stores owe us. `bills`: which days' bills were read.
//!   [`price_sheets`]: price sheets that were loaded. `spending`: what limits users' purchases. `audited`: what audits read; `lookups`: what explanations look for;
//!   `newest_purchases`: lists over all users. `due`: what sweeps take up. `breakage`: lots whose coins were left for long.

pub mod answers;
pub mod audited;
pub(crate) mod bills;
mod breakage;
pub(crate) mod cases;
pub(crate) mod consents;
mod debts;
mod disputes;
mod dormant;
mod due;
mod events;
mod holds;
mod lookups;
pub mod lots;
mod newest;
mod newest_purchases;
pub(crate) mod orders;
pub mod outbox;
mod own_parts;
pub mod price_sheets;
pub mod purchases;
pub mod questions;
pub(crate) mod refund_orders;
mod refund_rows;
mod refunds;
pub mod refused;
mod reports;
mod revenue;
mod rows;
mod settlements;
pub(crate) mod spending;
pub(crate) mod sweeps;
pub mod tokens;
pub(crate) mod waits;
pub mod wallet;
pub(crate) mod wallet_changes;
mod wallet_rows;

pub use audited::{AuditedRow, RevenueEdition};
pub(crate) use debts::Debtor;
pub(crate) use events::ArrivedEvent;
pub(crate) use refund_rows::keep as keep_refund_fact;
pub(crate) use refunds::RefundSubject;
pub(crate) use reports::PeriodReports;
pub(crate) use settlements::PlannedEdition;

use db::{Database, Migration};
use money::{BookName, UserKey};
use rpc::wire::TimeRange;
use sqlx::{Any, AnyPool, Transaction};
use uuid::Uuid;

/// The service's name: its file or schema.
pub const SERVICE: &str = "purchase";

/// The service's schema.
pub const MIGRATIONS: [Migration; 35] = [
    Migration::contract(1, include_str!("../migrations/0001_purchase.sql")),
    Migration::expand(2, db::requests::TABLE),
    Migration::expand(3, include_str!("../migrations/0003_attempt.sql")),
    Migration::expand(4, include_str!("../migrations/0004_blocked_by.sql")),
    Migration::expand(5, include_str!("../migrations/0005_details.sql")),
    Migration::expand(6, include_str!("../migrations/0006_store.sql")),
    Migration::expand(7, include_str!("../migrations/0007_store_event.sql")),
    Migration::expand(8, include_str!("../migrations/0008_outbox.sql")),
    Migration::expand(9, include_str!("../migrations/0009_receipt_token.sql")),
    Migration::expand(10, include_str!("../migrations/0010_sold_as.sql")),
    Migration::expand(11, include_str!("../migrations/0011_coin_lot.sql")),
    Migration::expand(12, include_str!("../migrations/0012_revenue.sql")),
    Migration::expand(13, include_str!("../migrations/0013_store_order.sql")),
    Migration::expand(14, include_str!("../migrations/0014_refund.sql")),
    Migration::expand(15, include_str!("../migrations/0015_dispute.sql")),
    Migration::expand(16, include_str!("../migrations/0016_coin_hold.sql")),
    Migration::expand(17, include_str!("../migrations/0017_refund_order.sql")),
    Migration::expand(19, include_str!("../migrations/0019_store_question.sql")),
    Migration::expand(20, include_str!("../migrations/0020_store_sweep.sql")),
    Migration::expand(21, include_str!("../migrations/0021_store_report.sql")),
    Migration::expand(22, include_str!("../migrations/0022_store_settlement.sql")),
    Migration::expand(23, include_str!("../migrations/0023_suspended_coins.sql")),
    Migration::expand(24, include_str!("../migrations/0024_order_bounds.sql")),
    Migration::expand(25, include_str!("../migrations/0025_wallet_change.sql")),
    Migration::expand(26, include_str!("../migrations/0026_price_sheet.sql")),
    Migration::expand(27, include_str!("../migrations/0027_store_bill.sql")),
    Migration::expand(28, include_str!("../migrations/0028_lookups.sql")),
    Migration::expand(29, include_str!("../migrations/0029_wallet_business.sql")),
    Migration::expand(30, include_str!("../migrations/0030_breakage.sql")),
    Migration::expand(31, include_str!("../migrations/0031_store_lists.sql")),
    Migration::expand(32, include_str!("../migrations/0032_looked_up.sql")),
    Migration::expand(33, include_str!("../migrations/0033_uncredited_of.sql")),
    Migration::expand(34, include_str!("../migrations/0034_download_consent.sql")),
    Migration::expand(35, include_str!("../migrations/0035_suspended.sql")),
    Migration::expand(36, include_str!("../migrations/0036_closure_waits.sql")),
];

/// Why a statement failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A row has a value that this program never writes.
    #[error("purchase {purchase_id}: {column} is damaged")]
    Damaged {
        /// The row.
        purchase_id: String,
        /// The column.
        column: &'static str,
    },
}

impl Error {
    /// Whether the database was unreachable or busy: the same request may succeed later.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Error::Database(source) if db::is_passing(source))
    }

    /// The problem of a row that can't be read; `None` where nothing is known about the row.
    #[must_use]
    pub fn damage(&self) -> Option<String> {
        match self {
            Error::Database(source) => db::damaged_value(source),
            Error::Damaged { .. } => Some(self.to_string()),
        }
    }
}

/// The service's tables. Cloning shares the pool.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) pool: AnyPool,
}

/// Most rows of one page of [`Store::credited`].
pub const CREDITED_PAGE_MAX: i64 = 1_000;

impl Store {
    /// Opens the tables, creating them if missing. Also used by `largesse verify`, beside a running service.
    pub async fn open(database: &Database) -> Result<Store, db::Error> {
        Ok(Store { pool: database.open(SERVICE, &MIGRATIONS).await? })
    }

    /// Purchases of a book whose coins were issued, to the wallet or to suspense, in the order of their ids, after `after`; at most
    /// [`CREDITED_PAGE_MAX`]. An empty page is the end.
    pub async fn credited(&self, book: &BookName, after: Option<Uuid>) -> Result<Vec<crate::domain::Purchase>, Error> {
        purchases::credited(&self.pool, book, after, CREDITED_PAGE_MAX).await
    }

    /// Purchases of a book that were verified and whose coins are not known to be issued, in the order of their ids, after `after`; at most
    /// [`CREDITED_PAGE_MAX`]. [`crate::domain::Purchase::credit_id`] is the request id sent to the ledger.
    pub async fn verified(&self, book: &BookName, after: Option<Uuid>) -> Result<Vec<crate::domain::Purchase>, Error> {
        purchases::verified(&self.pool, book, after, CREDITED_PAGE_MAX).await
    }

    /// A user's purchases, newest first, for showing them to their owner; before this one when given, at most `count_max`.
    pub async fn of_user(
        &self,
        book: &BookName,
        user: &UserKey,
        before: Option<Uuid>,
        count_max: i64,
    ) -> Result<Vec<crate::domain::Purchase>, Error> {
        self.purchases(book, user, purchases::PurchasePage { created: TimeRange::ANY, before, count_max }).await
    }

    /// The token that binds receipts to the user, if one was made.
    pub async fn token_of(&self, book: &BookName, user: &UserKey) -> Result<Option<String>, Error> {
        wallet::token(&mut *self.pool.acquire().await?, book, user).await
    }

    /// The purchases of a book of which something was paid back or withdrawn, in the order of their ids, after this one; at most `count_max`.
    pub async fn refunded_purchases(&self, book: &BookName, after: Option<Uuid>, count_max: i64) -> Result<Vec<Uuid>, Error> {
        refunds::purchases(&self.pool, book, after.unwrap_or(Uuid::nil()), count_max).await
    }

    /// Purchases of any book that were verified and have no coins yet, what stores said that is not over, what they are to be told, what is not paid yet, orders
    /// that wait for a person, refunds and settlements that are not posted, questions that are not answered, wallets that are being closed or merged, and bills that are
    /// not read.
    pub async fn unfinished(&self) -> Result<Vec<telemetry::UnfinishedCount>, Error> {
        let of_stores =
            [self.open_events().await?, self.open_duties().await?, self.open_pending().await?, self.open_orders().await?].concat();
        let of_refunds =
            [self.open_refunds().await?, self.open_refund_orders().await?, self.open_disputes().await?, self.open_holds().await?].concat();
        let others =
            [self.open_questions().await?, self.open_settlements().await?, self.open_wallet_changes().await?, self.open_bills().await?]
                .concat();
        Ok([purchases::unfinished(&self.pool).await?, of_stores, of_refunds, others].concat())
    }

    /// How many purchases of a book were verified and wait for their coins.
    pub async fn open_count(&self, book: &BookName) -> Result<i64, Error> {
        purchases::open_count(&self.pool, book).await
    }

    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>, Error> {
        Ok(db::begin(&self.pool).await?)
    }
}
