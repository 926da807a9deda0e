//! The two database engines, for the few statements that differ.
use sqlx::AnyPool;

/// The engine behind a pool, for the few statements that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, one file per service.
    Sqlite,
    /// A server, one schema per service.
    Postgres,
}

impl Engine {
    /// The column type of bytes.
    pub fn blob(self) -> &'static str {
        match self {
            Engine::Sqlite => "BLOB",
            Engine::Postgres => "BYTEA",
        }
    }

    /// The clause after a table whose rows are stored in key order: SQLite would otherwise store the key twice, as it numbers rows itself.
    pub fn clustered(self) -> &'static str {
        match self {
            Engine::Sqlite => " WITHOUT ROWID",
            Engine::Postgres => "",
        }
    }
}

/// The engine a pool talks to.
pub fn engine(pool: &AnyPool) -> Engine {
    match pool.connect_options().database_url.scheme() {
        "sqlite" => Engine::Sqlite,
        _ => Engine::Postgres,
    }
}
