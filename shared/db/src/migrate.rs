//! Migrations: applied once and in order, in one transaction, by the first process that starts.
//!
//! A program's format is the newest migration it knows. The database stores the oldest format that may still open it: a migration that only
//! adds ([`Migration::expand`]) leaves it unchanged, one that removes something ([`Migration::contract`]) raises it to its own version. So a
//! rollout is: expand, replace every program, contract in a later release; and an old program that is started by mistake after that is refused
//! instead of half working.

use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Executor};

use crate::{Engine, Error, begin, engine};

/// One step of a service's schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Grows from step to step; also the format of a program that knows it.
    pub version: i64,
    /// Whether programs that don't know it continue to work.
    pub step: MigrationStep,
    /// Statements for both engines. `{blob}` becomes BLOB or BYTEA; `{clustered}`, after a table, makes SQLite store its rows in key order.
    pub sql: &'static str,
}

/// What a migration means to programs that don't know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationStep {
    /// It only adds what they don't read: they continue to work, and may be restarted.
    Expand,
    /// It changes or removes what they need: they are refused from then on.
    Contract,
}

impl Migration {
    /// A migration after which older programs still work.
    #[must_use]
    pub const fn expand(version: i64, sql: &'static str) -> Self {
        Self { version, step: MigrationStep::Expand, sql }
    }

    /// A migration after which older programs must not open the database.
    #[must_use]
    pub const fn contract(version: i64, sql: &'static str) -> Self {
        Self { version, step: MigrationStep::Contract, sql }
    }
}

/// The text that ran is stored, so that an edited migration is noticed.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration (
    version BIGINT PRIMARY KEY,
    sql TEXT NOT NULL,
    applied_at_ms BIGINT NOT NULL
)";

/// The oldest format that may open the tables. One row, whose value only grows.
const FORMAT_TABLE: &str = "CREATE TABLE IF NOT EXISTS program_format (
    id BIGINT PRIMARY KEY,
    oldest BIGINT NOT NULL
)";

/// Key of the advisory lock for a service: a hash of `largesse` and the service's name.
pub(crate) fn lock_key(service: &str) -> i64 {
    // FNV-1a: stable across programs and versions, which a hasher of the standard library is not.
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = b"largesse/".iter().chain(service.as_bytes()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| fold(hash, *byte));
    i64::from_ne_bytes(hash.to_ne_bytes())
}

/// Applies the missing migrations. Waits while another process does the same.
pub(crate) async fn run(pool: &AnyPool, service: &'static str, migrations: &[Migration]) -> Result<(), Error> {
    in_order(service, migrations)?;
    let doing = || format!("migrating {service}");
    let mut tx = begin(pool).await.map_err(Error::sqlx(doing()))?;
    if engine(pool) == Engine::Postgres {
        let lock = format!("SELECT pg_advisory_xact_lock({})", lock_key(service));
        tx.execute(AssertSqlSafe(lock)).await.map_err(Error::sqlx(doing()))?;
    }
    tx.execute(TABLE).await.map_err(Error::sqlx(doing()))?;
    tx.execute(FORMAT_TABLE).await.map_err(Error::sqlx(doing()))?;
    let applied: Vec<(i64, String)> =
        sqlx::query_as("SELECT version, sql FROM migration ORDER BY version").fetch_all(&mut *tx).await.map_err(Error::sqlx(doing()))?;
    let known = migrations.last().map_or(0, |migration| migration.version);
    let oldest: Option<i64> = sqlx::query_scalar("SELECT oldest FROM program_format WHERE id = 1")
        .fetch_optional(&mut *tx)
        .await
        .map_err(Error::sqlx(doing()))?;
    if let Some(oldest) = oldest.filter(|oldest| *oldest > known) {
        return Err(Error::ProgramTooOld { service, format: known, oldest });
    }
    for migration in migrations {
        match applied.iter().find(|(version, _)| *version == migration.version) {
            Some((version, sql)) if sql != migration.sql => {
                return Err(Error::MigrationChanged { service, version: *version });
            }
            Some(_) => {}
            None => {
                let doing = format!("migrating {service} to {}", migration.version);
                apply(&mut tx, engine(pool), migration).await.map_err(Error::sqlx(doing))?;
            }
        }
    }
    let contracts = migrations.iter().filter(|migration| migration.step == MigrationStep::Contract);
    let needed = contracts.map(|migration| migration.version).max().unwrap_or(0);
    if oldest.is_none_or(|oldest| oldest < needed) {
        let sql = "INSERT INTO program_format (id, oldest) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET oldest = $1";
        sqlx::query(sql).bind(needed).execute(&mut *tx).await.map_err(Error::sqlx(doing()))?;
    }
    tx.commit().await.map_err(Error::sqlx(doing()))
}

fn in_order(service: &'static str, migrations: &[Migration]) -> Result<(), Error> {
    match migrations.windows(2).find(|pair| pair[0].version >= pair[1].version) {
        Some(pair) => Err(Error::MigrationOrder { service, version: pair[1].version }),
        None => Ok(()),
    }
}

async fn apply(connection: &mut AnyConnection, engine: Engine, migration: &Migration) -> Result<(), sqlx::Error> {
    let sql = migration.sql.replace("{blob}", engine.blob()).replace("{clustered}", engine.clustered());
    // Unprepared: a migration may hold several statements.
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await?;
    sqlx::query("INSERT INTO migration (version, sql, applied_at_ms) VALUES ($1, $2, $3)")
        .bind(migration.version)
        .bind(migration.sql)
        .bind(money::time::now_ms())
        .execute(connection)
        .await?;
    Ok(())
}
