//! The tables that are distributed over a Citus cluster, compared with PostgreSQL's catalogue. Citus itself is not installed: stubs replace its two functions
//! and its list of tables, so the tests show the calls, and that the unique constraints of all distributed tables are allowed.
use identity::Service;
use operations::citus::{PLAN, TablePlacement, distribute};
use runtime::tables;
use sqlx::{Connection as _, PgConnection};
use std::{collections::BTreeMap, process::Command};

/// Stubs of what Citus has: its list of tables, and the functions that add one.
const STAND_IN: &str = "
    SET allow_system_table_mods = on;
    INSERT INTO pg_extension SELECT 999999, 'citus', 10, oid, true, '0', NULL, NULL FROM pg_namespace WHERE nspname = 'pg_catalog';
    CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass PRIMARY KEY, column_name text, beside text);
    CREATE FUNCTION pg_catalog.create_distributed_table(t regclass, c text, colocate_with text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
        IF colocate_with <> 'none' AND NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = colocate_with::regclass) THEN
            RAISE EXCEPTION 'relation % is not distributed', colocate_with; END IF;
        INSERT INTO pg_dist_partition VALUES (t, c, colocate_with); END $$;
    CREATE FUNCTION pg_catalog.create_reference_table(t regclass) RETURNS void LANGUAGE sql AS $$ INSERT INTO pg_dist_partition VALUES (t, NULL, NULL) $$;";

/// Unique constraints, including primary keys, of distributed tables that lack `book`.
const WITHOUT_BOOK: &str = "
    SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_dist_partition p ON i.indrelid = p.logicalrelid
    WHERE i.indisunique AND p.column_name IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attname = p.column_name AND a.attnum = ANY (i.indkey))";

#[tokio::test(flavor = "multi_thread")]
async fn every_table_has_a_place_and_what_is_spread_can_be() {
    let cluster = pgtest::Cluster::start().unwrap();
    let address = cluster.create_database().unwrap();
    let database = db::Database::parse(&address).unwrap();
    for service in Service::ALL {
        tables::migrate(service, &database).await.unwrap();
    }
    let without = distribute(&database).await.unwrap_err().to_string();
    assert!(without.contains("CREATE EXTENSION citus"), "{without}");

    let mut connection = PgConnection::connect(&address).await.unwrap();
    sqlx::raw_sql(STAND_IN).execute(&mut connection).await.unwrap();
    let done = distribute(&database).await.unwrap();
    assert_eq!(done.len(), PLAN.len());
    let again = distribute(&database).await.unwrap();
    assert!(again.iter().all(|done| done.told.ends_with(", already") || done.told.starts_with("stays")), "{again:?}");

    // A cluster's nodes are read at several moments, and a backup of one says so.
    let dir = tempfile::tempdir().unwrap();
    let path = format!("{}:{}", cluster.programs().display(), std::env::var("PATH").unwrap_or_default());
    let mut backup = Command::new(env!("CARGO_BIN_EXE_largesse"));
    backup.args(["backup", "--database", &address, "--to"]).arg(dir.path()).env("PATH", path).env_remove("RUST_LOG");
    let backup = backup.output().unwrap();
    let told = String::from_utf8_lossy(&backup.stdout);
    assert!(backup.status.success() && told.contains("caution: the tables may be spread"), "{backup:?}");
    let manifest = std::fs::read_to_string(dir.path().join("manifest.json")).unwrap();
    assert!(manifest.contains("\"caution\""), "{manifest}");

    let lacking: Vec<String> = sqlx::query_scalar(WITHOUT_BOOK).fetch_all(&mut connection).await.unwrap();
    assert!(lacking.is_empty(), "Citus would refuse these: {lacking:?}");
    let there = "SELECT schemaname || '.' || quote_ident(tablename) FROM pg_tables WHERE schemaname IN ('ledger', 'payout', 'earnings', 'purchase', 'support', 'gift', 'treasury', 'monitor')";
    let mut there: Vec<String> = sqlx::query_scalar(there).fetch_all(&mut connection).await.unwrap();
    let mut planned: Vec<String> = PLAN.iter().map(|(table, _)| table.replace("\"commit\"", "commit")).collect();
    there.iter_mut().for_each(|table| *table = table.replace("\"commit\"", "commit"));
    there.sort();
    planned.sort();
    assert_eq!(there, planned, "a table without a place");

    // The column `book` has the same type in all colocated tables.
    let mut types: BTreeMap<&str, String> = BTreeMap::new();
    for (table, place) in PLAN {
        let TablePlacement::Spread { beside } = place else { continue };
        let sql = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = $1::regclass AND attname = 'book'";
        let kind: String = sqlx::query_scalar(sql).bind(table).fetch_one(&mut connection).await.unwrap();
        assert_eq!(*types.entry(beside).or_insert_with(|| kind.clone()), kind, "{table}");
    }
    assert_eq!(types.len(), 2, "{types:?}");
}

#[tokio::test]
async fn sqlite_is_not_spread() {
    let dir = tempfile::tempdir().unwrap();
    let database = db::Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
    assert!(distribute(&database).await.unwrap_err().to_string().contains("extension of PostgreSQL"));
}
