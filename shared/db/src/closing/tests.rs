//! What is left beside the files of a database that was closed.
use crate::{Database, Migration};

const MIGRATIONS: [Migration; 1] = [Migration::contract(1, "CREATE TABLE thing (thing BIGINT NOT NULL PRIMARY KEY);")];

fn beside(dir: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_closed_database_is_one_file_per_service_and_keeps_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap().tracked();
    for service in ["gift", "payout"] {
        let pool = database.clone().open(service, &MIGRATIONS).await.unwrap();
        sqlx::query("INSERT INTO thing VALUES (7)").execute(&pool).await.unwrap();
    }
    assert!(beside(dir.path()).contains(&"gift.db-wal".to_owned()), "{:?}", beside(dir.path()));
    database.close().await;
    assert_eq!(beside(dir.path()), ["gift.db", "payout.db"]);
    database.close().await;
    let pool = database.open("gift", &MIGRATIONS).await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, i64>("SELECT thing FROM thing").fetch_one(&pool).await.unwrap(), 7);
}

#[tokio::test]
async fn a_log_that_somebody_else_reads_is_left_to_them_and_nothing_waits_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", dir.path().display());
    let (ours, theirs) = (Database::parse(&address).unwrap().tracked(), Database::parse(&address).unwrap());
    let pool = ours.open("gift", &MIGRATIONS).await.unwrap();
    let other = theirs.open("gift", &MIGRATIONS).await.unwrap();
    sqlx::query("INSERT INTO thing VALUES (7)").execute(&pool).await.unwrap();
    let mut reading = other.begin().await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, i64>("SELECT thing FROM thing").fetch_one(&mut *reading).await.unwrap(), 7);
    ours.close().await;
    assert!(pool.is_closed());
    reading.rollback().await.unwrap();
    sqlx::query("INSERT INTO thing VALUES (8)").execute(&other).await.unwrap();
    theirs.close().await;
    assert!(!other.is_closed(), "one that is not tracked closes nothing");
}
