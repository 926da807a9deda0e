//! A PostgreSQL primary with a synchronous standby: what is acknowledged is on both, whatever happens to the primary.
use crate::{
    crash::rounds,
    fleets::{assert_sound, options, partly},
    line::Line,
    load::{Load, fund_users},
};
use demo::{fleet::Fleet, installation::Installation};
use identity::Service;
use pgtest::Cluster;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

const USERS: usize = 8;

/// How long the ledger may take to reach an expected state.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// Sessions with a commit of the ledger that waits for the standby.
const COMMITS: &str = "wait_event = 'SyncRep' AND query LIKE 'WITH fence%'";
/// Sessions that check whether the standby has what was read.
const PROBES: &str = "wait_event = 'SyncRep' AND query LIKE '%pg_logical_emit_message%'";
/// Sessions with a commit that waits for another one under the same number.
const BLOCKED: &str = "cardinality(pg_blocking_pids(pid)) > 0 AND query LIKE 'WITH fence%'";

/// A primary, its standby, a relay to one of them, and a ledger that uses the relay.
struct World {
    primary: Cluster,
    standby: Cluster,
    line: Line,
    name: String,
    fleet: Fleet,
    installation: Installation,
    /// Coins spent so far, one for each answer.
    spent: usize,
    failovers: usize,
    _dir: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let primary = Cluster::start().unwrap();
        let url = primary.create_database().unwrap();
        let name = url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
        let standby = primary.standby("s0").unwrap();
        primary.set_synchronous("s0").unwrap();
        let line = Line::start(primary.socket()).await;
        let dir = tempfile::tempdir().unwrap();
        let fleet = Fleet::start(options(dir.path(), line.url(&name), &[Service::Ledger])).await.unwrap();
        let installation = partly(&fleet, &[Service::Ledger]);
        fund_users(&installation, USERS).await;
        Self { primary, standby, line, name, fleet, installation, spent: 0, failovers: 0, _dir: dir }
    }

    fn load(&self, limit: usize) -> Arc<Load> {
        Load::start(std::slice::from_ref(&self.installation), USERS, limit)
    }

    /// Process ids of the primary's sessions that match this condition.
    async fn sessions(&self, which: &str) -> Vec<i32> {
        let mut connection = PgConnection::connect(&self.primary.database_url(&self.name)).await.unwrap();
        let sql = format!("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND {which}");
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap()
    }

    /// Waits until there is such a session, while nothing may be acknowledged.
    async fn until_one(&self, which: &str, load: &Load) -> i32 {
        let begun = Instant::now();
        loop {
            assert_eq!(load.count(), 0, "acknowledged without the standby");
            assert_eq!(load.denied.load(SeqCst), 0, "told that nothing was written while nobody can know");
            assert!(begun.elapsed() < WAIT_MAX, "no session with {which}");
            if let Some(pid) = self.sessions(which).await.first() {
                return *pid;
            }
        }
    }

    /// Cancels a wait for the standby.
    async fn cancel(&self, which: &str, load: &Load) {
        let pid = self.until_one(which, load).await;
        self.primary.execute(&format!("SELECT pg_cancel_backend({pid})")).unwrap();
    }

    /// The last commit that can be read at the primary.
    async fn head(&self) -> i64 {
        let mut connection = PgConnection::connect(&self.primary.database_url(&self.name)).await.unwrap();
        sqlx::query_scalar("SELECT MAX(commit_no) FROM ledger.\"commit\"").fetch_one(&mut connection).await.unwrap()
    }

    /// Kills the primary, promotes the standby, and adds a new standby.
    fn fail_over(&mut self) {
        self.primary.kill_postmaster().unwrap();
        self.standby.promote().unwrap();
        self.line.lead_to(self.standby.socket());
        self.failovers += 1;
        let name = format!("s{}", self.failovers);
        let next = self.standby.standby(&name).unwrap();
        self.primary = std::mem::replace(&mut self.standby, next);
        self.primary.set_synchronous(&name).unwrap();
    }

    /// Everything is answered, nothing is lost and nothing is done twice.
    async fn settle(&mut self, load: &Load) {
        self.spent += load.end().await;
        let report = assert_sound(&self.primary.database_url(&self.name)).await;
        assert_eq!(report.books[0].coins.redeemed, i128::try_from(self.spent).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_standby_has_whatever_was_acknowledged_in_a_crash() {
    let mut world = World::start().await;
    for round in 0..rounds().div_ceil(10).max(2) {
        let load = world.load(usize::MAX);
        load.progress(USERS * 20).await;
        // Every second time the ledger is killed with its database, and loses what it knew of the calls in flight.
        if round % 2 == 1 {
            world.fleet.kill(Service::Ledger).await.unwrap();
        }
        world.fail_over();
        if round % 2 == 1 {
            world.fleet.restart(Service::Ledger).await.unwrap();
        }
        load.progress(USERS * 5).await;
        world.settle(&load).await;
    }
    world.fleet.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_wait_for_the_standby_in_a_crash_acknowledges_nothing() {
    let mut world = World::start().await;
    for comes_back in [true, false] {
        let head = world.head().await;
        world.standby.stop();
        let load = world.load(1);
        world.cancel(COMMITS, &load).await;
        // Now the commit can be read, although the standby does not have it.
        for _ in 0..3 {
            world.until_one(PROBES, &load).await;
            assert!(world.head().await > head);
            world.cancel(PROBES, &load).await;
        }
        assert_eq!(load.count(), 0, "acknowledged without the standby");
        if comes_back {
            world.standby.restart().unwrap();
        } else {
            world.primary.kill_postmaster().unwrap();
            world.standby.restart().unwrap();
            world.fail_over();
        }
        world.settle(&load).await;
    }
    world.fleet.stop().await.unwrap();
}

/// The outcome of a commit whose client was cut off while it waited for the standby.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// The standby comes back, and the commit succeeds.
    Happens,
    /// The same, and a new process of the ledger has to find out.
    HappensUnderARestart,
    /// The primary is lost, and with it the commit.
    Lost,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_outlives_its_client_in_a_crash_is_resolved_by_writing() {
    let mut world = World::start().await;
    for fate in [Fate::Happens, Fate::HappensUnderARestart, Fate::Lost] {
        let head = world.head().await;
        world.standby.stop();
        // One caller: another's call could wait for its accounts to be read, and is truly not executed when the line is cut.
        let load = Load::start(std::slice::from_ref(&world.installation), 1, 1);
        let zombie = world.until_one(COMMITS, &load).await;
        world.line.cut();
        // The ledger checks by writing, and has to wait. A check by reading would find nothing.
        world.until_one(BLOCKED, &load).await;
        assert_eq!(world.head().await, head);
        assert!(world.sessions(COMMITS).await.contains(&zombie));
        if fate == Fate::HappensUnderARestart {
            world.fleet.kill(Service::Ledger).await.unwrap();
            world.fleet.restart(Service::Ledger).await.unwrap();
            // It ended its predecessor's session: now the commit can be read here, and only here. Answering a retry now would acknowledge it.
            world.until_one(PROBES, &load).await;
            assert!(world.head().await > head);
        }
        assert_eq!(load.count(), 0, "acknowledged without the standby");
        match fate {
            Fate::Happens | Fate::HappensUnderARestart => world.standby.restart().unwrap(),
            Fate::Lost => {
                world.primary.kill_postmaster().unwrap();
                world.standby.restart().unwrap();
                world.fail_over();
            }
        }
        world.settle(&load).await;
    }
    world.fleet.stop().await.unwrap();
}
