//! The private server as a test sees it.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

use sqlx::{Connection, PgConnection, Row};

async fn setting(url: &str, name: &str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query("SELECT current_setting($1)").bind(name).fetch_one(&mut connection).await.unwrap().get(0)
}

#[tokio::test]
async fn committed_rows_survive_a_killed_postmaster_and_durability_is_on() {
    let mut cluster = pgtest::Cluster::start().unwrap();
    let url = cluster.create_database().unwrap();
    assert_ne!(url, cluster.create_database().unwrap());
    for name in ["fsync", "full_page_writes", "synchronous_commit"] {
        assert_eq!(setting(&url, name).await, "on");
    }
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE t (n BIGINT); INSERT INTO t VALUES (7)").execute(&mut connection).await.unwrap();
    cluster.kill_postmaster().unwrap();
    assert!(PgConnection::connect(&url).await.is_err());
    cluster.restart().unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let n: i64 = sqlx::query("SELECT n FROM t").fetch_one(&mut connection).await.unwrap().get(0);
    assert_eq!(n, 7);
}

#[test]
fn dropping_removes_the_data() {
    let cluster = pgtest::Cluster::start().unwrap();
    let data = cluster.data();
    assert!(data.exists());
    drop(cluster);
    assert!(!data.exists());
}

#[tokio::test]
async fn a_promoted_standby_has_what_was_committed_with_it() {
    let mut primary = pgtest::Cluster::start().unwrap();
    let url = primary.create_database().unwrap();
    let mut standby = primary.standby("second").unwrap();
    primary.set_synchronous("second").unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE t (n BIGINT); INSERT INTO t VALUES (7)").execute(&mut connection).await.unwrap();
    primary.kill_postmaster().unwrap();
    standby.promote().unwrap();
    let name = url.split('?').next().and_then(|url| url.rsplit('/').next()).unwrap();
    let mut connection = PgConnection::connect(&standby.database_url(name)).await.unwrap();
    let n: i64 = sqlx::query("UPDATE t SET n = n + 1 RETURNING n").fetch_one(&mut connection).await.unwrap().get(0);
    assert_eq!(n, 8);
}
