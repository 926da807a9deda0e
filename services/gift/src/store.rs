//! Every SQL statement of this service. The same on SQLite and PostgreSQL.
use crate::prices::{DamagedCatalogue, PriceList, RecordedCatalogue};
use db::Migration;
use money::time::{millis, unix_ms};
use sqlx::AnyPool;
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

/// The service's schema.
pub const MIGRATIONS: [Migration; 1] = [Migration::expand(1, include_str!("../migrations/0001_catalogue.sql"))];

/// How long a catalogue may go unconfirmed and still count as served without a break: replacing processes takes less.
pub const SERVED_GAP_MAX: Duration = Duration::from_secs(600);

/// The service's tables.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
}

/// A catalogue and a time in which it was served, for auditors.
#[derive(Clone, Debug)]
pub struct ServedCatalogue {
    /// The catalogue's hash, in hexadecimal.
    pub hash: String,
    /// Its prices, or why it can't be read.
    pub prices: Result<PriceList, DamagedCatalogue>,
    /// Start of the time in which it was served, in milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// Its end, as last confirmed.
    pub until_ms: i64,
}

impl Store {
    /// Opens the tables, creating them if missing.
    pub async fn open(database: &db::Database) -> Result<Self, db::Error> {
        Ok(Self { pool: database.open("gift", &MIGRATIONS).await? })
    }

    /// Records that a catalogue is served as of `now`.
    pub async fn serve(&self, catalogue: &RecordedCatalogue, now: SystemTime) -> Result<(), sqlx::Error> {
        let now_ms = unix_ms(now);
        let mut tx = db::begin(&self.pool).await?;
        let insert = "INSERT INTO catalogue (hash, content) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        sqlx::query(insert).bind(&catalogue.hash).bind(&catalogue.content).execute(&mut *tx).await?;
        let confirm = "UPDATE catalogue_served
            SET served_until_ms = CASE WHEN served_until_ms < $2 THEN $2 ELSE served_until_ms END
            WHERE hash = $1 AND served_from_ms <= $2 AND served_until_ms >= $3";
        let unbroken_ms = now_ms.saturating_sub(millis(SERVED_GAP_MAX));
        let confirmed = sqlx::query(confirm).bind(&catalogue.hash).bind(now_ms).bind(unbroken_ms).execute(&mut *tx).await?;
        if confirmed.rows_affected() == 0 {
            let insert = "INSERT INTO catalogue_served (hash, served_from_ms, served_until_ms) VALUES ($1, $2, $2) ON CONFLICT DO NOTHING";
            sqlx::query(insert).bind(&catalogue.hash).bind(now_ms).execute(&mut *tx).await?;
        }
        tx.commit().await
    }

    /// All catalogues with the times in which they were served, in order. A hash without content is reported as damaged.
    pub async fn served(&self) -> Result<Vec<ServedCatalogue>, sqlx::Error> {
        // The times first: the catalogues that they refer to were written before them.
        let times = "SELECT hash, served_from_ms, served_until_ms FROM catalogue_served ORDER BY served_from_ms, hash";
        let times: Vec<(String, i64, i64)> = sqlx::query_as(times).fetch_all(&self.pool).await?;
        let contents: Vec<(String, String)> = sqlx::query_as("SELECT hash, content FROM catalogue").fetch_all(&self.pool).await?;
        let read = |(hash, content): (String, String)| {
            let prices = PriceList::read(&RecordedCatalogue { hash: hash.clone(), content });
            (hash, prices)
        };
        let prices: BTreeMap<String, _> = contents.into_iter().map(read).collect();
        let served = times.into_iter().map(|(hash, from_ms, until_ms)| {
            let missing = || Err(DamagedCatalogue::Content("there is none".to_owned()));
            ServedCatalogue { prices: prices.get(&hash).cloned().unwrap_or_else(missing), hash, from_ms, until_ms }
        });
        Ok(served.collect())
    }

    /// From when which catalogue was served, in milliseconds since the Unix epoch, and its hash; in order.
    pub async fn served_from(&self) -> Result<Vec<(i64, String)>, sqlx::Error> {
        sqlx::query_as("SELECT served_from_ms, hash FROM catalogue_served ORDER BY served_from_ms, hash").fetch_all(&self.pool).await
    }

    /// The catalogue with this hash, or why it can't be read.
    pub async fn recorded(&self, hash: &str) -> Result<Result<PriceList, DamagedCatalogue>, sqlx::Error> {
        let sql = "SELECT content FROM catalogue WHERE hash = $1";
        let content: Option<String> = sqlx::query_scalar(sql).bind(hash).fetch_optional(&self.pool).await?;
        let missing = || DamagedCatalogue::Content("there is none".to_owned());
        Ok(content.ok_or_else(missing).and_then(|content| PriceList::read(&RecordedCatalogue { hash: hash.to_owned(), content })))
    }

    /// When the tables were created, in milliseconds since the Unix epoch.
    pub async fn made_at_ms(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("SELECT applied_at_ms FROM migration WHERE version = 1").fetch_one(&self.pool).await
    }
}
