//! Moves the write-ahead log into the database file, parallel to the commits instead of inside them.

use crate::store::Batch;
use sqlx::{SqliteConnection, sqlite::SqliteConnectOptions};
use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, AtomicI64, Ordering},
};
use tokio::sync::{Mutex, Notify};
use tracing::warn;

/// Pages in the log that are worth a checkpoint: 16 MiB. Four times SQLite's own default, because a page that changes again is moved once.
const PAGES_MIN: i64 = 4_096;

/// Pages in the log above which commits wait for the checkpoint's end, so that the log restarts: it can't while commits continue. 128 MiB.
const PAGES_MAX: i64 = 32_768;

/// Pages that may be left to move while commits wait: some milliseconds. Newly written pages are moved first, which leaves fewer each time.
const LEFT_MAX: i64 = 1_024;

/// Pages in the log above which commits wait however many are left: they are written faster than the disk can take them.
const PAGES_LIMIT: i64 = 4 * PAGES_MAX;

/// The most rounds of moving newly written pages.
const MOVES_MAX: usize = 16;

/// The pages that commits have added to the log since the last checkpoint.
#[derive(Debug, Default)]
pub(super) struct LogGrowth {
    pages: AtomicI64,
    enough: Notify,
    ended: AtomicBool,
}

impl LogGrowth {
    /// Counts a committed transaction with these batches.
    pub(super) fn add(&self, batches: &[Arc<Batch>]) {
        // Consecutive rows share pages, account rows seldom do. An estimate is enough: the checkpoint itself reports the exact number.
        let pages =
            |batch: &Arc<Batch>| 4 + batch.events.len() / 8 + batch.opened.len() + batch.flushed.len() + batch.settled.standings.len() / 2;
        let pages = i64::try_from(batches.iter().map(pages).sum::<usize>()).unwrap_or(PAGES_MIN);
        if self.pages.fetch_add(pages, Ordering::Relaxed) + pages >= PAGES_MIN {
            self.enough.notify_one();
        }
    }

    /// Ends the checkpoint task because the store is closing.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.enough.notify_one();
    }
}

/// Runs checkpoints until the writing connection is dropped.
pub(super) fn start(options: SqliteConnectOptions, writer: Weak<Mutex<SqliteConnection>>, written: Arc<LogGrowth>) {
    tokio::spawn(async move {
        let mut own: Option<SqliteConnection> = None;
        loop {
            written.enough.notified().await;
            if writer.strong_count() == 0 || written.ended.load(Ordering::Relaxed) {
                return;
            }
            written.pages.store(0, Ordering::Relaxed);
            if let Err(why) = round(&options, &mut own, &writer).await {
                // The log grows until the next try; nothing is lost.
                warn!(%why, "can't checkpoint the write-ahead log now");
                own = None;
            }
        }
    });
}

async fn round(
    options: &SqliteConnectOptions,
    own: &mut Option<SqliteConnection>,
    writer: &Weak<Mutex<SqliteConnection>>,
) -> Result<(), sqlx::Error> {
    let connection = match own {
        Some(connection) => connection,
        None => own.insert(sqlx::ConnectOptions::connect(options).await?),
    };
    let (mut logged, mut moved) = checkpoint(connection).await?;
    for _ in 0..MOVES_MAX {
        if logged < PAGES_MAX || logged - moved <= LEFT_MAX {
            break;
        }
        (logged, moved) = checkpoint(connection).await?;
    }
    if logged < PAGES_MAX || (logged - moved > LEFT_MAX && logged < PAGES_LIMIT) {
        return Ok(());
    }
    // While the writer is locked everything is moved, and the next commit restarts the log.
    let Some(writer) = writer.upgrade() else { return Ok(()) };
    let _no_commits = writer.lock().await;
    checkpoint(connection).await.map(drop)
}

/// Runs a checkpoint. Returns the pages in the log, and how many of them are in the file by now.
async fn checkpoint(connection: &mut SqliteConnection) -> Result<(i64, i64), sqlx::Error> {
    let (_busy, logged, moved): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(connection).await?;
    Ok((logged, moved))
}
