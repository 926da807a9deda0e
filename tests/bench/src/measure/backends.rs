//! Processor time of PostgreSQL's processes, where the server runs on this machine.

use super::child;
use db::Database;
use runtime::command::UntypedError;
use sqlx::{ConnectOptions as _, Connection as _};

/// The server: all its processes, backends and writers of its log and data, are children of one.
pub(crate) struct PostgresBackends {
    postmaster: u32,
}

impl PostgresBackends {
    /// `None`: not PostgreSQL, or not on this machine.
    pub async fn connect(database: &Database) -> Result<Option<Self>, UntypedError> {
        let Some(options) = database.postgres_options("ledger")? else { return Ok(None) };
        let mut connection = options.connect().await?;
        let own: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await?;
        // If the server is elsewhere, its process id may belong to another process here.
        let name = std::fs::read_to_string(format!("/proc/{own}/comm")).unwrap_or_default();
        let here = name.trim().starts_with("postgres");
        let postmaster = child::parent(&own.to_string()).filter(|_| here);
        connection.close().await?;
        Ok(postmaster.map(|postmaster| Self { postmaster }))
    }

    /// The time that all of them, including ended ones, have used since the server was started, in microseconds.
    pub fn processor_us(&self) -> Option<u64> {
        let name = self.postmaster.to_string();
        let running = std::fs::read_dir("/proc").ok()?.filter_map(|entry| {
            let process = entry.ok()?.file_name().into_string().ok().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))?;
            (child::parent(&process)? == self.postmaster).then(|| child::processor_us(&process))?
        });
        Some(running.sum::<u64>() + child::processor_us(&name)? + child::ended_children_us(&name)?)
    }
}
