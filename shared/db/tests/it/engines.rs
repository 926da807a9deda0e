//! The two engines that tests run on.

use db::Database;

/// A fresh, empty database; lives as long as this value.
pub struct Fresh {
    pub database: Database,
    _dir: Option<tempfile::TempDir>,
    pub cluster: Option<pgtest::Cluster>,
}

pub fn sqlite() -> Fresh {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
    Fresh { database, _dir: Some(dir), cluster: None }
}

pub fn postgres() -> Fresh {
    let cluster = pgtest::Cluster::start().unwrap();
    let database = Database::parse(&cluster.create_database().unwrap()).unwrap();
    Fresh { database, _dir: None, cluster: Some(cluster) }
}

/// Each engine in turn.
pub fn both() -> [Fresh; 2] {
    [sqlite(), postgres()]
}
