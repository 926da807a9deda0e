//! The obvious implementation: PostgreSQL, one transaction per gift. Both people's rows are locked in key order, the id is stored, two transfers are written,
//! both balances updated. As fast as that can be: a connection for each client, prepared statements, no shared row locked.

use super::{
    closed,
    crowd::{BenchCrowd, GiftPairs},
    sample::{LatencySample, SampleEnd},
};
use crate::plan::GiftMix;
use db::Database;
use runtime::command::UntypedError;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row as _,
    postgres::{PgConnectOptions, PgConnection},
};
use std::time::Instant;
use uuid::Uuid;

/// First key of creators, above all viewers.
const CREATORS_FROM: i64 = 1_000_000_000;
/// Each viewer's coins at the start: more than a run can spend.
const COINS_EACH: i64 = 1_000_000_000;
/// The company's side of a transfer. It has no row: locked by every gift, it would be the bottleneck.
const HOUSE: i64 = 0;

const TABLES: &str = "
    CREATE TABLE account (key BIGINT PRIMARY KEY, balance BIGINT NOT NULL);
    CREATE TABLE request (id UUID PRIMARY KEY, time TIMESTAMPTZ NOT NULL DEFAULT now());
    CREATE TABLE transfer (
        no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        request UUID NOT NULL, debit BIGINT NOT NULL, credit BIGINT NOT NULL, amount BIGINT NOT NULL
    );";
const REMEMBER: &str = "INSERT INTO request (id) VALUES ($1::uuid) ON CONFLICT DO NOTHING";
const LOCK: &str = "SELECT key, balance FROM account WHERE key IN ($1, $2) ORDER BY key FOR UPDATE";
const TRANSFER: &str = "INSERT INTO transfer (request, debit, credit, amount) VALUES \
     ($1::uuid, $2::bigint, $5::bigint, $4::bigint), ($1::uuid, $5::bigint, $3::bigint, $4::bigint)";
const UPDATE: &str = "UPDATE account SET balance = balance + CASE key WHEN $1 THEN -$3::bigint ELSE $3::bigint END WHERE key IN ($1, $2)";

/// A schema of its own with the tables; to be dropped at the end.
pub(crate) struct NaiveTables {
    options: PgConnectOptions,
    schema: String,
    crowd: BenchCrowd,
    cost: i64,
}

impl NaiveTables {
    /// Creates the tables. Fails if the database is not PostgreSQL, or would lose acknowledged transactions.
    pub async fn make(database: &Database, crowd: BenchCrowd, cost: i64) -> Result<Self, UntypedError> {
        let options = database.postgres_options("ledger")?.ok_or("--baseline postgres-naive needs --database postgres://…")?;
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        db::check_durability_postgres(&pool).await?;
        pool.close().await;
        let schema = format!("bench_naive_{}", Uuid::now_v7().simple());
        let mut connection = options.connect().await?;
        let options = options.options([("search_path", &schema)]);
        let sql = format!(
            "CREATE SCHEMA {schema}; SET search_path TO {schema}; {TABLES}
             INSERT INTO account SELECT key, {COINS_EACH} FROM generate_series(1, {viewers}) key;
             INSERT INTO account SELECT {CREATORS_FROM} + key, 0 FROM generate_series(0, {creators} - 1) key;
             ANALYZE account",
            viewers = crowd.viewers,
            creators = crowd.creators
        );
        connection.execute(AssertSqlSafe(sql)).await?;
        connection.close().await?;
        Ok(Self { options, schema, crowd, cost })
    }

    /// Clients, each with a connection.
    pub async fn clients(&self, connections: usize, mix: GiftMix) -> Result<Vec<NaiveClient>, UntypedError> {
        let mut clients = Vec::with_capacity(connections);
        for at in 0..connections {
            let connection = self.options.connect().await.map_err(|error| {
                format!("connection {} of {connections}: {error} (the baseline needs that many, see max_connections)", at + 1)
            })?;
            clients.push(NaiveClient { connection, pairs: GiftPairs::new(self.crowd, mix, at as u64), cost: self.cost });
        }
        Ok(clients)
    }

    /// Drops the tables; fails if their contents don't match the number of accepted `gifts`.
    pub async fn drop(self, gifts: u64) -> Result<(), UntypedError> {
        let mut connection = self.options.connect().await?;
        let sql = "SELECT (SELECT COUNT(*) FROM transfer), (SELECT COALESCE(SUM(balance), 0)::BIGINT FROM account)";
        let row = sqlx::query(sql).fetch_one(&mut connection).await?;
        let (transfers, coins): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        connection.execute(AssertSqlSafe(format!("DROP SCHEMA {} CASCADE", self.schema))).await?;
        connection.close().await?;
        let issued = COINS_EACH * i64::try_from(self.crowd.viewers)?;
        if u64::try_from(transfers)? != gifts * 2 || coins != issued {
            return Err(format!("the baseline is wrong: {gifts} gifts, {transfers} transfers, {coins} of {issued} in balances").into());
        }
        Ok(())
    }
}

/// A client that runs one transaction at a time.
pub(crate) struct NaiveClient {
    connection: PgConnection,
    pairs: GiftPairs,
    cost: i64,
}

impl NaiveClient {
    async fn run(mut self, end: SampleEnd) -> Result<LatencySample, UntypedError> {
        let mut sample = LatencySample::start();
        while end.more(1) {
            let started = Instant::now();
            self.gift().await?;
            sample.record(1, started.elapsed());
        }
        // Closed synchronously, or the next measurement's connections would exceed the limit together with these.
        self.connection.close().await?;
        Ok(sample)
    }

    async fn gift(&mut self) -> Result<(), UntypedError> {
        let (viewer, creator) = self.pairs.next();
        let (viewer, creator) = (i64::try_from(viewer)? + 1, CREATORS_FROM + i64::try_from(creator)?);
        let id = Uuid::now_v7().to_string();
        let mut tx = self.connection.begin().await?;
        let new = sqlx::query(REMEMBER).bind(&id).execute(&mut *tx).await?.rows_affected();
        let rows = sqlx::query(LOCK).bind(viewer).bind(creator).fetch_all(&mut *tx).await?;
        let coins: i64 = rows.first().ok_or("a viewer has no row")?.try_get(1)?;
        if new != 1 || coins < self.cost || rows.len() != 2 {
            return Err("the baseline refused a gift".into());
        }
        let transfers = sqlx::query(TRANSFER).bind(&id).bind(viewer).bind(creator).bind(self.cost).bind(HOUSE);
        transfers.execute(&mut *tx).await?;
        sqlx::query(UPDATE).bind(viewer).bind(creator).bind(self.cost).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }
}

/// Runs the clients concurrently.
pub(crate) async fn run(clients: Vec<NaiveClient>, end: SampleEnd) -> Result<LatencySample, UntypedError> {
    closed::together(clients.into_iter().map(|client| client.run(end.clone())).collect()).await
}
