//! Measures the disk alone, and the space that a book takes on it.

use super::sample::LatencySample;
use db::{Database, Engine};
use runtime::command::UntypedError;
use sqlx::{ConnectOptions as _, Connection as _};
use std::{
    fs::File,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

/// Size of one append.
const BLOCK_BYTES: usize = 4_096;

/// Appends blocks in `dir` one after the other, each synced to disk.
pub(crate) async fn fdatasync(dir: &Path, slice: Duration) -> Result<LatencySample, UntypedError> {
    let dir = dir.to_owned();
    let measured = tokio::task::spawn_blocking(move || -> Result<LatencySample, std::io::Error> {
        let mut file = tempfile::tempfile_in(dir)?;
        let mut sample = LatencySample::start();
        let stop = Instant::now() + slice;
        loop {
            let started = Instant::now();
            append(&mut file)?;
            sample.record(1, started.elapsed());
            // After the first append: one is needed to compare with.
            if Instant::now() >= stop {
                return Ok(sample.finish());
            }
        }
    });
    Ok(measured.await??)
}

fn append(file: &mut File) -> Result<(), std::io::Error> {
    file.write_all(&[0x5a; BLOCK_BYTES])?;
    file.sync_data()
}

/// The size of the ledger's tables and indexes, in bytes.
pub(crate) async fn ledger_bytes(database: &Database) -> Result<u64, UntypedError> {
    let bytes: i64 = match database.engine() {
        Engine::Sqlite => {
            let options = database.sqlite_options("ledger")?.ok_or("not an SQLite database")?;
            let mut connection = options.read_only(true).connect().await?;
            // Counts pages that are still in the write-ahead log as well.
            let sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
            let bytes = sqlx::query_scalar(sql).fetch_one(&mut connection).await?;
            connection.close().await?;
            bytes
        }
        Engine::Postgres => {
            let options = database.postgres_options("ledger")?.ok_or("not a PostgreSQL database")?;
            let mut connection = options.connect().await?;
            let sql = "SELECT COALESCE(SUM(pg_total_relation_size(c.oid)), 0)::BIGINT FROM pg_class c \
                       JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'ledger' AND c.relkind = 'r'";
            let bytes = sqlx::query_scalar(sql).fetch_one(&mut connection).await?;
            connection.close().await?;
            bytes
        }
    };
    Ok(u64::try_from(bytes)?)
}
