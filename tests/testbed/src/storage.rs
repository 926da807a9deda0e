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

/// A statement that fills tables of a PostgreSQL database with rows of one book that differ in everything else, and counts them: only then does it plan as for a book of
/// some size.
#[must_use]
pub fn filling(book: &str, tables: &[&str]) -> String {
    let names: Vec<String> = tables.iter().map(|table| format!("'{table}'")).collect();
    format!(
        "DO $do$
         DECLARE of_table text; made text;
         BEGIN
             FOREACH of_table IN ARRAY ARRAY[{}] LOOP
                 SELECT string_agg(CASE WHEN column_name = 'book' THEN quote_literal('{book}') WHEN data_type = 'text' THEN '$$c$$ || i'
                         WHEN data_type = 'bytea' THEN '$$$$::bytea' ELSE 'i' END, ', ' ORDER BY ordinal_position) INTO made
                     FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = of_table;
                 EXECUTE format('INSERT INTO %I SELECT %s FROM generate_series(1, 5000) i', of_table, made);
                 EXECUTE format('ANALYZE %I', of_table);
             END LOOP;
         END $do$",
        names.join(", ")
    )
}
