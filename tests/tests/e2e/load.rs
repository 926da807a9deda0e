//! Callers that post without a pause, each id until it is answered.
use crate::fleets::fund;
use api::ledger::{PostRequest, PostResponse, RequestField, Transfer};
use demo::installation::{Installation, authorised};
use identity::Role;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    task::JoinHandle,
    time::{Interval, MissedTickBehavior},
};
use tonic::{Code, Status};
use uuid::Uuid;

/// How long a caller waits for an answer before it retries, at another process if there is one.
const PATIENCE: Duration = Duration::from_secs(3);
/// More coins than any test spends.
const COINS: i64 = 1_000_000_000;

pub struct Load {
    pub in_flight: AtomicUsize,
    pub answered: AtomicUsize,
    /// Calls that were cut off and turned out to have been committed.
    pub replayed: AtomicUsize,
    /// Calls that were answered that nothing was written.
    pub denied: AtomicUsize,
    enough: AtomicBool,
    callers: Mutex<Vec<JoinHandle<()>>>,
    /// The least time between two calls of one caller.
    pause: Duration,
}

/// A rose from a user to their own creator, as the gift service posts it.
pub fn coin(id: Uuid, user: &str) -> PostRequest {
    let transfer =
        |debit_account: String, credit_account: String| Transfer { debit_account, credit_account, amount: 1, ..Default::default() };
    let transfers = vec![
        transfer(format!("viewer/{user}/coins"), "house/coins/redeemed".to_owned()),
        transfer("house/diamonds/issued".to_owned(), format!("creator/{user}-star/diamonds")),
    ];
    let fields = [("creator_id", format!("{user}-star")), ("gift_id", "5655".to_owned())];
    let request_fields = fields.map(|(name, value)| RequestField { name: name.to_owned(), value }).to_vec();
    PostRequest { request_id: id.to_string(), kind: "gift".to_owned(), transfers, request_fields, ..Default::default() }
}

/// Sends one call once.
pub async fn post(to: &Installation, id: Uuid, user: &str) -> Result<PostResponse, Status> {
    let token = to.token("gift", Role::Service).unwrap();
    Ok(to.ledger().post(authorised(coin(id, user), &token).unwrap()).await?.into_inner())
}

/// Gives users from `u0` on the coins that they spend.
pub async fn fund_users(to: &Installation, users: usize) {
    for user in 0..users {
        fund(to, &format!("u{user}"), COINS).await;
    }
}

/// Ticks with at least this pause between them; none for none.
pub fn pace(pause: Duration) -> Option<Interval> {
    (!pause.is_zero()).then(|| {
        let mut ticks = tokio::time::interval(pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    })
}

impl Load {
    /// Users from `u0` on repeatedly spend a coin each, at the first of the installations that accepts it. With a `limit`, that many times.
    pub fn start(ways: &[Installation], users: usize, limit: usize) -> Arc<Self> {
        Self::begin(ways, users, limit, Duration::ZERO)
    }

    /// The same without a limit, where every user spends a coin at most once in this time: for a test that reads the whole journal meanwhile, which must not
    /// grow faster than it is read.
    pub fn paced(ways: &[Installation], users: usize, pause: Duration) -> Arc<Self> {
        Self::begin(ways, users, usize::MAX, pause)
    }

    fn begin(ways: &[Installation], users: usize, limit: usize, pause: Duration) -> Arc<Self> {
        let load = Arc::new(Self {
            in_flight: AtomicUsize::new(0),
            answered: AtomicUsize::new(0),
            replayed: AtomicUsize::new(0),
            denied: AtomicUsize::new(0),
            enough: AtomicBool::new(false),
            callers: Mutex::default(),
            pause,
        });
        let callers = (0..users).map(|user| tokio::spawn(load.clone().spend(ways.to_vec(), format!("u{user}"), limit)));
        *load.callers.lock().unwrap() = callers.collect();
        load
    }

    async fn spend(self: Arc<Self>, ways: Vec<Installation>, user: String, limit: usize) {
        let (mut at, mut ticks) = (0, pace(self.pause));
        for _ in 0..limit {
            if self.enough.load(SeqCst) {
                return;
            }
            if let Some(ticks) = &mut ticks {
                ticks.tick().await;
            }
            let id = Uuid::now_v7();
            let mut lost = false;
            let answer = loop {
                self.in_flight.fetch_add(1, SeqCst);
                let answer = tokio::time::timeout(PATIENCE, post(&ways[at], id, &user)).await;
                self.in_flight.fetch_sub(1, SeqCst);
                match answer {
                    Ok(Ok(answer)) => break answer,
                    Ok(Err(status)) => {
                        assert!(may_retry(&status), "{status:?}");
                        let denied = rpc::reason(&status).as_deref() == Some("COMMIT_FAILED");
                        self.denied.fetch_add(usize::from(denied), SeqCst);
                    }
                    Err(_) => {}
                }
                lost = true;
                at = (at + 1) % ways.len();
                tokio::task::yield_now().await;
            };
            assert!(lost || !answer.replayed, "the answer to a first call was called a replay");
            self.replayed.fetch_add(usize::from(answer.replayed), SeqCst);
            self.answered.fetch_add(1, SeqCst);
        }
    }

    /// Whether callers were told to stop after their next answer.
    pub fn is_over(&self) -> bool {
        self.enough.load(SeqCst)
    }

    pub fn count(&self) -> usize {
        self.answered.load(SeqCst)
    }

    /// Waits for this many more answers.
    pub async fn progress(&self, more: usize) {
        let wanted = self.count() + more;
        until(|| self.count() >= wanted || self.callers.lock().unwrap().iter().all(JoinHandle::is_finished)).await;
        assert!(self.count() >= wanted, "callers ended after {} answers", self.count());
    }

    /// Lets every caller get its last answer; returns the number of answers.
    pub async fn end(&self) -> usize {
        self.enough.store(true, SeqCst);
        let callers = std::mem::take(&mut *self.callers.lock().unwrap());
        for caller in callers {
            caller.await.unwrap();
        }
        self.count()
    }
}

/// Whether the status may be retried: while processes crash, nothing is certain.
pub fn may_retry(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Unknown | Code::Cancelled)
}

pub async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}
