//! Two ledger processes on one PostgreSQL book, both posting.
use crate::fleets::{assert_sound, book, databases, fund, options, partly, share_identity};
use crate::load::coin;
use demo::{
    fleet::Fleet,
    installation::{Installation, authorised},
};
use identity::Role;
use identity::Service;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};
use tonic::Code;
use uuid::Uuid;

const CALLERS: usize = 16;
const POSTINGS: usize = 40;

/// Posts through either of the two, the same id until it is answered; returns how often one answered that it is not the writer.
async fn post_all(two: [Installation; 2], first: usize, kill: Arc<Kill>) -> usize {
    let mut told_no = 0;
    for _ in 0..POSTINGS {
        let id = Uuid::now_v7();
        let mut at = first;
        loop {
            let token = two[at].token("gift", Role::Service).unwrap();
            match two[at].ledger().post(authorised(coin(id, "u1"), &token).unwrap()).await {
                Ok(_) => break,
                Err(status) => {
                    assert!(status.code() == Code::Unavailable || (kill.done.load(SeqCst) && status.code() == Code::Unknown), "{status:?}");
                    told_no += usize::from(rpc::reason(&status).as_deref() == Some("NOT_THE_WRITER"));
                    at = 1 - at;
                    tokio::task::yield_now().await;
                }
            }
        }
        kill.answered.fetch_add(1, SeqCst);
    }
    told_no
}

#[derive(Default)]
struct Kill {
    answered: AtomicUsize,
    done: AtomicBool,
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_make_one_order_and_the_second_takes_over() {
    let databases = databases();
    let dirs = [databases.dir.path().join("one"), databases.dir.path().join("two")];
    let start = |at: usize| Fleet::start(options(&dirs[at], databases.postgres.clone(), &[Service::Ledger]));
    let mut one = start(0).await.unwrap();
    share_identity(&dirs[0], &dirs[1]);
    let two = start(1).await.unwrap();
    let installations = [partly(&one, &[Service::Ledger]), partly(&two, &[Service::Ledger])];
    fund(&installations[0], "u1", 1_000_000).await;

    let kill = Arc::new(Kill::default());
    let callers: Vec<_> = (0..CALLERS).map(|caller| tokio::spawn(post_all(installations.clone(), caller % 2, kill.clone()))).collect();
    // Halfway the writer is killed; the other takes over, and nothing is lost or done twice.
    while kill.answered.load(SeqCst) < CALLERS * POSTINGS / 2 {
        tokio::task::yield_now().await;
    }
    kill.done.store(true, SeqCst);
    one.kill(Service::Ledger).await.unwrap();
    let mut told_no = 0;
    for caller in callers {
        told_no += caller.await.unwrap();
    }
    assert!(told_no > 0, "the loser never answered that it is not the writer");
    let report = assert_sound(&databases.postgres).await;
    assert_eq!(report.books[0].coins.redeemed, i128::try_from(CALLERS * POSTINGS).unwrap());
    assert_eq!(book().as_str(), report.books[0].ledger.book);
    two.stop().await.unwrap();
}
