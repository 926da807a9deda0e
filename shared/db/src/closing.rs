//! An orderly end: pools are closed, and SQLite's write-ahead logs are moved into their files, so that a stopped installation is one file per service.
use crate::Database;
use sqlx::{ConnectOptions as _, Connection as _};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};

/// How long a pool is given to end its queries. What is not committed by then was not acknowledged.
const POOL_MAX: Duration = Duration::from_secs(2);
/// How long to wait for connections of this process that end by themselves, such as the ledger's writer. Another process may keep a file open for ever.
const LOG_MAX: Duration = Duration::from_secs(1);
/// Time between two tries.
const LOG_RETRY_DELAY: Duration = Duration::from_millis(20);

impl Database {
    /// Closes every pool that this value and its clones opened since [`Database::tracked`]. On SQLite, the write-ahead logs are moved into the files
    /// afterwards, and removed where no other process has the file open. Never fails: what is in a log is durable there as well, and is only logged.
    pub async fn close(&self) {
        let opened = self.opened.take();
        let services: BTreeSet<&'static str> = opened.iter().map(|(service, _)| *service).collect();
        for (service, pool) in opened {
            if timeout(POOL_MAX, pool.close()).await.is_err() {
                tracing::warn!(service, "the database's connections did not end in time");
            }
        }
        let Some(dir) = self.sqlite_dir() else { return };
        let until = Instant::now() + LOG_MAX;
        for service in services {
            let log = dir.join(format!("{service}.db-wal"));
            if let Err(error) = self.empty_log(service, &log, until).await {
                tracing::warn!(service, %error, "the write-ahead log was not moved into its file; it is read at the next start");
            }
        }
    }

    /// Moves a log into its file until it is gone, which is when the last connection ends.
    async fn empty_log(&self, service: &'static str, log: &Path, until: Instant) -> Result<(), sqlx::Error> {
        let Ok(Some(options)) = self.sqlite_options(service) else { return Ok(()) };
        let options = options.create_if_missing(false).busy_timeout(LOG_MAX);
        while exists(log.to_owned()).await {
            let mut connection = options.connect().await?;
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
            connection.close().await?;
            if Instant::now() >= until {
                break;
            }
            if exists(log.to_owned()).await {
                sleep(LOG_RETRY_DELAY).await;
            }
        }
        Ok(())
    }
}

async fn exists(path: PathBuf) -> bool {
    tokio::fs::try_exists(path).await.unwrap_or(false)
}

#[cfg(test)]
mod tests;
