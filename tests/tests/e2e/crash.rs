//! `kill -9` of the ledger with calls unanswered: no gift is lost or charged twice, whenever the kill happens.
use crate::fleets::{assert_sound, databases, fund, options, partly};
use api::gift::SendGiftRequest;
use demo::{
    fleet::Fleet,
    installation::{Installation, authorised},
};
use identity::Role;
use identity::Service;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use tokio::sync::watch;
use tonic::Code;
use uuid::Uuid;

/// Callers with a call in flight each. Well above the 64 that have to be unanswered at the kill.
const CALLERS: usize = 160;
const UNANSWERED_MIN: usize = 64;
/// Id and price of the gift that is sent: Doughnut.
const GIFT: (i64, i64) = (5879, 30);
/// Gifts each caller sends before and after the kill.
const GIFTS_BEFORE: usize = 4;
const GIFTS_AFTER: usize = 3;

/// Number of kills per database: `LARGESSE_CRASHES`, or five.
pub fn rounds() -> usize {
    std::env::var("LARGESSE_CRASHES").map_or(5, |text| text.parse().expect("LARGESSE_CRASHES is a number"))
}

/// What callers count and wait for.
struct Watch {
    in_flight: AtomicUsize,
    answered: AtomicUsize,
    /// How often the ledger was restarted.
    restarts: watch::Receiver<usize>,
}

/// The results of one caller.
#[derive(Default)]
struct Seen {
    accepted: usize,
    /// Calls cut off by the ledger's crash and retried, by whether the ledger had committed them.
    lost_committed: usize,
    lost_new: usize,
}

/// Sends gifts, each under one id until it is answered.
async fn call(installation: Installation, user: String, watch: Arc<Watch>) -> Seen {
    let token = installation.token(&user, Role::Viewer).unwrap();
    let mut gifts = installation.gift();
    let mut restarts = watch.restarts.clone();
    let mut seen = Seen::default();
    let mut after_kill = 0;
    while after_kill < GIFTS_AFTER {
        let request_id = Uuid::now_v7().to_string();
        let request = SendGiftRequest { request_id, room_id: "r".into(), creator_id: "star".into(), gift_id: GIFT.0, ..Default::default() };
        let mut lost = false;
        let answer = loop {
            watch.in_flight.fetch_add(1, SeqCst);
            let answer = gifts.send_gift(authorised(request.clone(), &token).unwrap()).await;
            watch.in_flight.fetch_sub(1, SeqCst);
            match answer {
                Ok(answer) => break answer.into_inner(),
                Err(status) => {
                    assert!(matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded), "{status:?}");
                    lost = true;
                    if *restarts.borrow() == 0 {
                        restarts.wait_for(|restarts| *restarts > 0).await.unwrap();
                    } else {
                        tokio::task::yield_now().await;
                    }
                }
            }
        };
        assert!(lost || !answer.replayed, "the answer to a first call was called a replay");
        assert_eq!(answer.cost_coins, GIFT.1);
        watch.answered.fetch_add(1, SeqCst);
        seen.accepted += 1;
        match (lost, answer.replayed) {
            (true, true) => seen.lost_committed += 1,
            (true, false) => seen.lost_new += 1,
            (false, _) => {}
        }
        if *restarts.borrow() > 0 {
            after_kill += 1;
        }
    }
    seen
}

/// Kills the ledger once. Returns how many unanswered calls had been committed, and how many had not.
async fn kill_once(fleet: &mut Fleet, round: usize, spent: &mut i64) -> (usize, usize) {
    let installation = partly(fleet, &[Service::Ledger, Service::Gift]);
    let user = |caller| format!("u{round}-{caller}");
    for caller in 0..CALLERS {
        fund(&installation, &user(caller), 1_000_000).await;
    }
    let (restarted, restarts) = watch::channel(0);
    let watch = Arc::new(Watch { in_flight: AtomicUsize::new(0), answered: AtomicUsize::new(0), restarts });
    let callers: Vec<_> = (0..CALLERS).map(|caller| tokio::spawn(call(installation.clone(), user(caller), watch.clone()))).collect();
    while watch.answered.load(SeqCst) < CALLERS * GIFTS_BEFORE {
        tokio::task::yield_now().await;
    }
    // Stopped first: what it had committed but not answered stays unanswered, and every caller gets to have a call open before the kill.
    let process = fleet.process_id(Service::Ledger).unwrap().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-STOP", &process]).status().unwrap().success());
    while watch.in_flight.load(SeqCst) < CALLERS {
        tokio::task::yield_now().await;
    }
    let unanswered = watch.in_flight.load(SeqCst);
    fleet.kill(Service::Ledger).await.unwrap();
    // Some of them still wait in the gift service: those are sent after the restart and need no retry.
    assert!(unanswered >= UNANSWERED_MIN, "only {unanswered} calls were unanswered");
    fleet.restart(Service::Ledger).await.unwrap();
    restarted.send(1).unwrap();
    let (mut committed, mut new) = (0, 0);
    for caller in callers {
        let seen = caller.await.unwrap();
        *spent += i64::try_from(seen.accepted).unwrap() * GIFT.1;
        committed += seen.lost_committed;
        new += seen.lost_new;
    }
    (committed, new)
}

async fn kill_again_and_again(dir: &std::path::Path, database: String) {
    let services = [Service::Ledger, Service::Gift];
    let mut fleet = Fleet::start(options(dir, database.clone(), &services)).await.unwrap();
    let (mut committed, mut new, mut spent) = (0, 0, 0);
    let mut round = 0;
    // A single kill may hit none of one kind: between a commit and its answer there is less time the faster the disk is. Over more kills both kinds occur.
    while round < rounds() || ((committed == 0 || new == 0) && round < rounds() * 12) {
        let (c, n) = kill_once(&mut fleet, round, &mut spent).await;
        (committed, new, round) = (committed + c, new + n, round + 1);
        let report = assert_sound(&database).await;
        assert_eq!(report.books[0].coins.redeemed, i128::from(spent), "after kill {round}");
    }
    assert!(committed > 0 && new > 0, "over {round} kills {committed} unanswered calls had been committed and {new} had not");
    println!(
        "{round} kills with {CALLERS} calls open each: of those cut off {committed} had been committed and {new} had not; {spent} coins charged once each"
    );
    fleet.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_ledger_loses_and_doubles_nothing_on_sqlite() {
    let databases = databases();
    kill_again_and_again(databases.dir.path(), databases.sqlite.clone()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_ledger_loses_and_doubles_nothing_on_postgres() {
    let databases = databases();
    kill_again_and_again(databases.dir.path(), databases.postgres.clone()).await;
}
