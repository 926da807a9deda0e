//! PostgreSQL recovered to a point in time from a base backup and its archived log: everything acknowledged before that time is there, nothing after it, and
//! the books verify.
use crate::{
    backup::{journal, last_commit},
    fleets::{assert_sound, book, fund, options, partly, share_identity},
    load::{Load, fund_users},
};
use demo::{fleet::Fleet, installation::Installation};
use identity::Service;
use sqlx::{Connection as _, PgConnection};

const USERS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_comes_back_with_all_that_was_acknowledged_before_it() {
    let mut cluster = pgtest::Cluster::start().unwrap();
    let archived = cluster.archive().unwrap();
    let database = cluster.create_database().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let fleet = Fleet::start(options(&dir.path().join("data"), database.clone(), &Service::ALL)).await.unwrap();
    let installation = Installation::of_fleet(&fleet, book()).unwrap();
    fund_users(&installation, USERS).await;
    let load = Load::start(std::slice::from_ref(&installation), USERS, usize::MAX);
    load.progress(USERS * 10).await;
    cluster.base_backup(&archived).unwrap();
    load.progress(USERS * 10).await;

    let before = last_commit(&database).await;
    let mut connection = PgConnection::connect(&database).await.unwrap();
    let moment: String = sqlx::query_scalar("SELECT clock_timestamp()::text").fetch_one(&mut connection).await.unwrap();
    let after = last_commit(&database).await;
    connection.close().await.unwrap();
    load.progress(USERS * 20).await;
    load.end().await;
    fleet.stop().await.unwrap();
    cluster.archive_log().unwrap();

    let recovered = cluster.recovered(&archived, &moment).unwrap();
    let name = database.split("localhost/").nth(1).and_then(|rest| rest.split('?').next()).unwrap();
    let elsewhere = recovered.database_url(name);
    assert_sound(&elsewhere).await;
    let end = last_commit(&elsewhere).await;
    assert!((before..=after).contains(&end), "{end} is not between {before} and {after}");
    assert!(end < last_commit(&database).await, "nothing was posted after the moment");
    assert!(journal(&elsewhere, end).await == journal(&database, end).await, "the journal is not the original's beginning");

    // It continues from there.
    share_identity(&dir.path().join("data"), &dir.path().join("new"));
    let fleet = Fleet::start(options(&dir.path().join("new"), elsewhere.clone(), &[Service::Ledger, Service::Support])).await.unwrap();
    fund(&partly(&fleet, &[Service::Ledger]), "u0", 1).await;
    fleet.stop().await.unwrap();
    assert_sound(&elsewhere).await;
}
