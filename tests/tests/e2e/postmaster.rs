//! `kill -9` of PostgreSQL's postmaster with calls in flight; all its other processes end with it.
use crate::{
    crash::rounds,
    fleets::{assert_sound, options, partly},
    load::{Load, fund_users},
};
use demo::fleet::Fleet;
use identity::Service;
use std::sync::atomic::Ordering::SeqCst;

const USERS: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_the_database_loses_and_doubles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = pgtest::Cluster::start().unwrap();
    let database = cluster.create_database().unwrap();
    let fleet = Fleet::start(options(dir.path(), database.clone(), &[Service::Ledger])).await.unwrap();
    let installation = partly(&fleet, &[Service::Ledger]);
    fund_users(&installation, USERS).await;
    let (mut spent, mut in_flight) = (0, 0);
    let rounds = rounds().div_ceil(5).max(3);
    for _ in 0..rounds {
        let load = Load::start(std::slice::from_ref(&installation), USERS, usize::MAX);
        load.progress(USERS * 4).await;
        in_flight += load.in_flight.load(SeqCst);
        cluster.kill_postmaster().unwrap();
        cluster.restart().unwrap();
        load.progress(USERS * 2).await;
        spent += load.end().await;
        let report = assert_sound(&database).await;
        assert_eq!(report.books[0].coins.redeemed, i128::try_from(spent).unwrap());
    }
    assert!(in_flight > rounds, "only {in_flight} calls were in flight over {rounds} kills");
    fleet.stop().await.unwrap();
}
