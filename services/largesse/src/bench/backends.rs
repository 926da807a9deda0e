//! What PostgreSQL's processes take of the processors, where the server runs on this machine.

use super::{Fault, child};
use db::Database;
use sqlx::{ConnectOptions as _, postgres::PgConnection};
use std::collections::BTreeMap;
use tokio::sync::Mutex;

/// A connection to ask who they are, and what each had spent when it was last seen: one that has ended since has spent that at least.
pub(super) struct Backends {
    connection: Mutex<(PgConnection, BTreeMap<i32, u64>)>,
}

impl Backends {
    /// None: not PostgreSQL, or not on this machine.
    pub async fn connect(database: &Database) -> Result<Option<Self>, Fault> {
        let Some(options) = database.postgres_options("ledger")? else { return Ok(None) };
        let mut connection = options.connect().await?;
        let own: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await?;
        let name = std::fs::read_to_string(format!("/proc/{own}/comm")).unwrap_or_default();
        // The same number may be someone else's here when the server is elsewhere.
        let here = name.trim().starts_with("postgres");
        Ok(here.then(|| Self { connection: Mutex::new((connection, BTreeMap::new())) }))
    }

    /// What all of them have spent since the first call, in microseconds: backends, and those that write the log and the data.
    pub async fn processor_us(&self) -> Result<Option<u64>, Fault> {
        let mut guard = self.connection.lock().await;
        let (connection, seen) = &mut *guard;
        let pids: Vec<i32> = sqlx::query_scalar("SELECT pid FROM pg_stat_activity").fetch_all(connection).await?;
        for pid in pids {
            if let Some(spent) = child::processor_us(&pid.to_string()) {
                seen.insert(pid, spent);
            }
        }
        Ok(Some(seen.values().sum()))
    }
}
