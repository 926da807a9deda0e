//! Migrations: applied once and in order, in one transaction, by whoever comes first.

use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Executor};

use crate::{Engine, Error, begin, engine};

/// One step of a service's schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Grows from step to step.
    pub version: i64,
    /// Statements for both engines. `{blob}` becomes BLOB or BYTEA; `{clustered}`, behind a table, makes SQLite keep its rows in key order.
    pub sql: &'static str,
}

/// The text that ran is kept, so that an edited migration is noticed rather than half trusted.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration (
    version BIGINT PRIMARY KEY,
    sql TEXT NOT NULL,
    applied_at_ms BIGINT NOT NULL
)";

/// Key of the advisory lock for a service: the bytes of `largesse` folded with the service's name.
pub(crate) fn lock_key(service: &str) -> i64 {
    // FNV-1a: stable across programs and versions, which a hasher of the standard library is not.
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = b"largesse/".iter().chain(service.as_bytes()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| fold(hash, *byte));
    i64::from_ne_bytes(hash.to_ne_bytes())
}

/// Applies what is missing. Waits while another process does the same.
pub(crate) async fn run(pool: &AnyPool, service: &'static str, migrations: &[Migration]) -> Result<(), Error> {
    in_order(service, migrations)?;
    let doing = || format!("migrating {service}");
    let mut tx = begin(pool).await.map_err(Error::sqlx(doing()))?;
    if engine(pool) == Engine::Postgres {
        let lock = format!("SELECT pg_advisory_xact_lock({})", lock_key(service));
        tx.execute(AssertSqlSafe(lock)).await.map_err(Error::sqlx(doing()))?;
    }
    tx.execute(TABLE).await.map_err(Error::sqlx(doing()))?;
    let applied: Vec<(i64, String)> =
        sqlx::query_as("SELECT version, sql FROM migration ORDER BY version").fetch_all(&mut *tx).await.map_err(Error::sqlx(doing()))?;
    let known = migrations.last().map_or(0, |migration| migration.version);
    if let Some((found, _)) = applied.last().filter(|(found, _)| *found > known) {
        return Err(Error::TooNew { service, found: *found, known });
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
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis());
    sqlx::query("INSERT INTO migration (version, sql, applied_at_ms) VALUES ($1, $2, $3)")
        .bind(migration.version)
        .bind(migration.sql)
        .bind(i64::try_from(now).unwrap_or(i64::MAX))
        .execute(connection)
        .await?;
    Ok(())
}
