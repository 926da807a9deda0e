//! Whether anything was written to the tables of a market since the last look, so that a process can be lost between any two writes.

use std::path::Path;

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};

/// Looks at what is committed: on SQLite by each file's own count of changes, on PostgreSQL by the newest transaction that ended.
pub struct Writes {
    connections: Vec<AnyConnection>,
    sql: &'static str,
    seen: Vec<i64>,
    /// How many looks found something new.
    pub count: u64,
}

impl Writes {
    /// The files below this directory, or, where there are none, the database behind the pool.
    pub async fn of(dir: &Path, pool: &sqlx::AnyPool) -> Self {
        let mut connections = Vec::new();
        for service in ["purchase", "ledger", "sandbox_google", "sandbox_stripe", "sandbox_alipay", "sandbox_wechat"] {
            let file = dir.join(format!("{service}.db"));
            if file.exists() {
                connections.push(AnyConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap());
            }
        }
        let is_embedded = !connections.is_empty();
        assert!(connections.is_empty() || connections.len() == 6, "a service's file has another name");
        if !is_embedded {
            connections.push(pool.acquire().await.unwrap().detach());
        }
        let sql = match is_embedded {
            true => "PRAGMA data_version",
            false => "SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT)",
        };
        let mut writes = Self { connections, sql, seen: Vec::new(), count: 0 };
        writes.seen = writes.read().await;
        writes
    }

    async fn read(&mut self) -> Vec<i64> {
        let mut found = Vec::new();
        for connection in &mut self.connections {
            found.push(sqlx::query_scalar(AssertSqlSafe(self.sql)).fetch_one(connection).await.unwrap());
        }
        found
    }

    /// Counts from here on.
    pub async fn begin(&mut self) {
        self.seen = self.read().await;
        self.count = 0;
    }

    /// How many times something was written since the count began.
    pub async fn look(&mut self) -> u64 {
        let found = self.read().await;
        if found != self.seen {
            self.seen = found;
            self.count += 1;
        }
        self.count
    }
}
