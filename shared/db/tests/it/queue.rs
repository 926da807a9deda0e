//! Writers that share a commit: none is answered before it, and none spoils another's.

use crate::engines;
use db::{Engine, Migration, WriteQueue};
use sqlx::AnyPool;
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
};

const MIGRATIONS: [Migration; 1] = [Migration::expand(1, "CREATE TABLE thing (id BIGINT PRIMARY KEY)")];

/// How many writers wait in a test: more than one commit serves.
const WRITERS: i64 = 150;
/// More polls than any path needs here.
const POLLS_MAX: usize = 1_000;

/// What a writer does in its turn after it has written its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    Commits,
    RollsBack,
    IsDropped,
    /// It fails first, and commits.
    FailsAndCommits,
}

/// A writer's turn. True: its row is there.
async fn write(queue: &WriteQueue, id: i64, ends: Ends) -> bool {
    let mut tx = queue.transaction().await.unwrap();
    sqlx::query("INSERT INTO thing (id) VALUES ($1)").bind(id).execute(&mut *tx).await.unwrap();
    match ends {
        Ends::Commits => tx.commit().await.unwrap(),
        Ends::RollsBack => tx.rollback().await.unwrap(),
        Ends::IsDropped => drop(tx),
        Ends::FailsAndCommits => {
            sqlx::query("INSERT INTO thing (id) VALUES ($1)").bind(id).execute(&mut *tx).await.unwrap_err();
            tx.commit().await.unwrap();
        }
    }
    matches!(ends, Ends::Commits | Ends::FailsAndCommits)
}

async fn ids(pool: &AnyPool) -> Vec<i64> {
    sqlx::query_scalar("SELECT id FROM thing ORDER BY id").fetch_all(pool).await.unwrap()
}

/// Polls each of these once, so that it waits for its turn.
async fn queued<F: Future>(writers: &mut [Pin<Box<F>>]) {
    for writer in writers {
        let is_waiting = poll_fn(|context| Poll::Ready(writer.as_mut().poll(context).is_pending())).await;
        assert!(is_waiting);
    }
}

#[tokio::test]
async fn those_who_wait_while_one_writes_are_committed_with_it() {
    let fresh = engines::sqlite();
    let queue = WriteQueue::new(fresh.database.open("things", &MIGRATIONS).await.unwrap());
    let mut first = queue.transaction().await.unwrap();
    sqlx::query("INSERT INTO thing (id) VALUES (1000)").execute(&mut *first).await.unwrap();
    let turns = |id: i64| [Ends::Commits, Ends::RollsBack, Ends::IsDropped, Ends::Commits][id.unsigned_abs() as usize % 4];
    let mut writers: Vec<_> = (0..40).map(|id| Box::pin(write(&queue, id, turns(id)))).collect();
    queued(&mut writers).await;
    assert!(ids(queue.pool()).await.is_empty());
    let committed = async {
        first.commit().await.unwrap();
        ids(queue.pool()).await
    };
    let (seen, _) = tokio::join!(committed, all(writers));
    let stay: Vec<i64> = (0..40).filter(|id| turns(*id) == Ends::Commits).chain([1000]).collect();
    assert_eq!(seen, stay, "what the first one's commit made visible");
}

/// All of them, at the same time.
async fn all<F: Future>(writers: Vec<Pin<Box<F>>>) -> Vec<F::Output> {
    let mut left: Vec<_> = writers.into_iter().map(|writer| (writer, None)).collect();
    poll_fn(|context| {
        for (writer, output) in left.iter_mut().filter(|(_, output)| output.is_none()) {
            if let Poll::Ready(ready) = writer.as_mut().poll(context) {
                *output = Some(ready);
            }
        }
        if left.iter().all(|(_, output)| output.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    left.into_iter().filter_map(|(_, output)| output).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writers_exactly_those_stay_that_were_answered_so() {
    for fresh in engines::both() {
        let queue = WriteQueue::new(fresh.database.open("things", &MIGRATIONS).await.unwrap());
        let sqlite = fresh.database.engine() == Engine::Sqlite;
        let mut tasks = tokio::task::JoinSet::new();
        for id in 0..WRITERS {
            let queue = queue.clone();
            // PostgreSQL takes nothing more in a transaction in which a statement failed.
            let fails = if sqlite { Ends::FailsAndCommits } else { Ends::Commits };
            let ends = [Ends::Commits, Ends::IsDropped, Ends::Commits, Ends::RollsBack, fails][id.unsigned_abs() as usize % 5];
            tasks.spawn(async move {
                let stays = write(&queue, id, ends).await;
                assert_eq!(ids(queue.pool()).await.contains(&id), stays, "{id} {ends:?}");
                stays.then_some(id)
            });
        }
        let mut stay: Vec<i64> = tasks.join_all().await.into_iter().flatten().collect();
        stay.sort_unstable();
        assert_eq!(ids(queue.pool()).await, stay);
    }
}

/// Polls a future so many times, then drops it.
async fn dropped_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test]
async fn a_writer_dropped_anywhere_spoils_nobody_elses() {
    let fresh = engines::sqlite();
    let queue = WriteQueue::new(fresh.database.open("things", &MIGRATIONS).await.unwrap());
    let (mut ended, mut lost) = (false, 0);
    for polls in 1..POLLS_MAX {
        let id = i64::try_from(polls).unwrap() * 10;
        // One before it and two after it, whichever shares its commit.
        let (_, dropped, ..) = tokio::join!(
            write(&queue, id, Ends::Commits),
            dropped_after(polls, write(&queue, id + 1, Ends::Commits)),
            write(&queue, id + 2, Ends::Commits),
            write(&queue, id + 3, Ends::RollsBack),
        );
        let there = ids(queue.pool()).await;
        assert!(there.contains(&id) && there.contains(&(id + 2)) && !there.contains(&(id + 3)), "after a drop at poll {polls}: {there:?}");
        assert!(dropped.is_none() || there.contains(&(id + 1)), "answered, and not there, at poll {polls}");
        lost += usize::from(!there.contains(&(id + 1)));
        ended = dropped.is_some();
        if ended {
            break;
        }
    }
    assert!(ended);
    // How many polls a turn has depends on how fast the others' commits are.
    assert!(lost > 0, "dropped in its turn, {lost} times");
}

#[tokio::test]
async fn a_transaction_that_sqlite_ended_by_itself_is_nobodys_success() {
    let fresh = engines::sqlite();
    let queue = WriteQueue::new(fresh.database.open("things", &MIGRATIONS).await.unwrap());
    let mut first = queue.transaction().await.unwrap();
    sqlx::query("INSERT INTO thing (id) VALUES (1)").execute(&mut *first).await.unwrap();
    let spoils = async {
        let mut tx = queue.transaction().await.unwrap();
        // As SQLite does when the disk is full.
        sqlx::query("ROLLBACK").execute(&mut *tx).await.unwrap();
        tx.commit().await
    };
    let mut spoils = vec![Box::pin(spoils)];
    queued(&mut spoils).await;
    let (first, spoils) = tokio::join!(first.commit(), all(spoils));
    assert!(db::is_passing(&first.unwrap_err()));
    assert!(spoils.iter().all(Result::is_err));
    assert!(ids(queue.pool()).await.is_empty());
    // On whichever connection.
    for id in 2..20 {
        assert!(write(&queue, id, Ends::Commits).await);
    }
    assert_eq!(ids(queue.pool()).await, Vec::from_iter(2..20));
}

#[tokio::test]
async fn what_a_writer_read_of_others_and_did_not_commit_can_be_waited_for() {
    let fresh = engines::sqlite();
    let queue = WriteQueue::new(fresh.database.open("things", &MIGRATIONS).await.unwrap());
    let first = queue.transaction().await.unwrap();
    let replay = async {
        let mut tx = queue.transaction().await.unwrap();
        let known: Vec<i64> = sqlx::query_scalar("SELECT id FROM thing").fetch_all(&mut *tx).await.unwrap();
        drop(tx);
        let mut settled = pin!(queue.settled());
        let waits = poll_fn(|context| Poll::Ready(settled.as_mut().poll(context).is_pending())).await;
        settled.await.unwrap();
        (known, waits, ids(queue.pool()).await)
    };
    let mut waiting = [Box::pin(replay)];
    let mut writers = [Box::pin(write(&queue, 7, Ends::Commits))];
    queued(&mut writers).await;
    queued(&mut waiting).await;
    let [replay] = waiting;
    let [writer] = writers;
    let (_, written, (known, waits, after)) = tokio::join!(first.commit(), writer, replay);
    assert!(written);
    assert_eq!((known, after), (vec![7], vec![7]));
    assert!(waits, "it was answered before the commit");
    queue.settled().await.unwrap();
}
