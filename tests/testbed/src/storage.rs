//! Databases that are removed with the test.
use db::Database;
use tempfile::TempDir;

/// A database of one engine, with its files or server.
pub struct Storage {
    /// The database's address.
    pub database: Database,
    /// A directory for further files.
    pub dir: TempDir,
    _cluster: Option<pgtest::Cluster>,
}

impl Storage {
    /// SQLite files in a new directory.
    #[must_use]
    pub fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
        Self { database, dir, _cluster: None }
    }

    /// A new database on the tests' private PostgreSQL.
    #[must_use]
    pub fn postgres() -> Self {
        let cluster = pgtest::Cluster::start().unwrap();
        let database = Database::parse(&cluster.create_database().unwrap()).unwrap();
        Self { database, dir: tempfile::tempdir().unwrap(), _cluster: Some(cluster) }
    }
}

/// One of each engine.
#[must_use]
pub fn both() -> [Storage; 2] {
    [Storage::sqlite(), Storage::postgres()]
}
