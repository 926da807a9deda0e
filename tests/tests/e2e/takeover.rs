//! Two ledger processes on one PostgreSQL database: the second takes over within five seconds, however the first vanished.
use crate::{
    fleets::{assert_sound, databases, options, partly, share_identity},
    line::Line,
    load::{Load, fund_users, post},
};
use api::ledger::GetAccountRequest;
use demo::{
    fleet::Fleet,
    installation::{Installation, authorised},
};
use identity::Role;
use identity::Service;
use sqlx::{Connection as _, PgConnection};
use std::time::{Duration, Instant};
use tonic::Code;
use uuid::Uuid;

/// Maximum time from the end of the first to the first posting that the second accepts. A lease is valid for three seconds.
const TAKEOVER_MAX: Duration = Duration::from_secs(5);
const USERS: usize = 8;

/// Sends a signal to the process with the ledger.
fn signal(fleet: &Fleet, signal: &str) {
    let process = fleet.process_id(Service::Ledger).unwrap().unwrap().to_string();
    assert!(std::process::Command::new("kill").args([signal, &process]).status().unwrap().success());
}

async fn start(dir: &std::path::Path, database: String) -> (Fleet, Installation) {
    let fleet = Fleet::start(options(dir, database, &[Service::Ledger])).await.unwrap();
    let installation = partly(&fleet, &[Service::Ledger]);
    (fleet, installation)
}

/// Retries until a posting is accepted.
async fn until_accepted(second: &Installation) {
    let (id, begun) = (Uuid::now_v7(), Instant::now());
    while let Err(status) = post(second, id, "u0").await {
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(begun.elapsed() <= TAKEOVER_MAX, "not taken over: {status:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_elsewhere_is_succeeded_within_five_seconds() {
    let databases = databases();
    let (mut one, first) = start(&databases.dir.path().join("one"), databases.postgres.clone()).await;
    share_identity(&databases.dir.path().join("one"), &databases.dir.path().join("two"));
    let (two, second) = start(&databases.dir.path().join("two"), databases.postgres.clone()).await;
    fund_users(&first, USERS).await;
    let load = Load::start(&[first, second.clone()], USERS, usize::MAX);
    load.progress(USERS * 10).await;
    // Its parent does not reap it, so its process id stays in use: the second can't see that it is gone and has to wait for the lease to run out, as if it had
    // run on another machine.
    signal(&one, "-KILL");
    let died = Instant::now();
    until_accepted(&second).await;
    let took = died.elapsed();
    assert!(took <= TAKEOVER_MAX, "{took:?}");
    load.progress(USERS).await;
    let spent = 1 + load.end().await;
    assert_eq!(assert_sound(&databases.postgres).await.books[0].coins.redeemed, i128::try_from(spent).unwrap());
    println!("taken over after {took:?}");
    one.kill(Service::Ledger).await.unwrap();
    two.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stands_still_in_a_commit_is_succeeded_and_fenced() {
    let databases = databases();
    let (socket, name) = (databases.cluster.socket(), databases.postgres.split('?').next().unwrap().rsplit('/').next().unwrap());
    let line = Line::start(socket).await;
    let (one, first) = start(&databases.dir.path().join("one"), line.url(name)).await;
    share_identity(&databases.dir.path().join("one"), &databases.dir.path().join("two"));
    let (two, second) = start(&databases.dir.path().join("two"), databases.postgres.clone()).await;
    fund_users(&first, USERS).await;
    let load = Load::start(std::slice::from_ref(&first), USERS, 50);
    load.progress(USERS * 50).await;
    let mut spent = load.end().await;

    // The rows of its commit are written and locked; the commit's end never arrives; and the server does not learn that the client has gone.
    line.keep_back();
    let held = Uuid::now_v7();
    let last = tokio::spawn({
        let first = first.clone();
        async move { post(&first, held, "u1").await }
    });
    let mut connection = PgConnection::connect(&databases.postgres).await.unwrap();
    let open = "SELECT COUNT(*) FROM pg_locks WHERE relation = 'ledger.\"commit\"'::regclass AND mode = 'RowExclusiveLock' AND granted";
    while sqlx::query_scalar::<_, i64>(open).fetch_one(&mut connection).await.unwrap() == 0 {}
    signal(&one, "-STOP");
    let stopped = Instant::now();
    until_accepted(&second).await;
    let took = stopped.elapsed();
    assert!(took <= TAKEOVER_MAX, "{took:?}");
    spent += 1;

    // It continues without knowing that it was succeeded.
    signal(&one, "-CONT");
    let (again, token) = (Uuid::now_v7(), first.token("gift", Role::Service).unwrap());
    let account = GetAccountRequest { account: "viewer/u0/coins".to_owned(), ..Default::default() };
    let (read, written) = tokio::join!(async { first.ledger().get_account(authorised(account, &token).unwrap()).await.map(drop) }, async {
        post(&first, again, "u2").await.map(drop)
    },);
    for answer in [read, written, last.await.unwrap().map(drop)] {
        let status = answer.unwrap_err();
        assert_eq!((status.code(), rpc::reason(&status).as_deref()), (Code::Unavailable, Some("NOT_THE_WRITER")), "{status:?}");
    }
    // What it was asked to do and did not do, the second does, once.
    for (id, user) in [(held, "u1"), (again, "u2"), (held, "u1")] {
        post(&second, id, user).await.unwrap();
    }
    spent += 2;
    assert_eq!(assert_sound(&databases.postgres).await.books[0].coins.redeemed, i128::try_from(spent).unwrap());
    println!("taken over after {took:?}");
    one.stop().await.unwrap();
    two.stop().await.unwrap();
}
