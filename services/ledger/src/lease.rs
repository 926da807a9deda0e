//! One lease per process on the database's clock. It only keeps rivals from evicting each other in turn; what protects the books is the fence.

use crate::{config::Config, store::Store};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

mod owner;

/// How often the holder renews the lease during its validity.
const RENEWALS: u32 = 3;
/// How often another process tries to take it during that time: a successor is late by one such interval at most.
const ATTEMPTS: u32 = 6;
/// What is said of the owner by a process that has released its lease.
const STOPPED: &str = "none, as far as this process knows: it is stopping and has released its lease";

/// Whether this process may write.
pub(crate) struct Lease {
    store: Arc<dyn Store>,
    owner: String,
    /// How long the lease is valid; zero: it is always ours.
    hold: Duration,
    held: Mutex<LeaseStatus>,
    /// Whether we hold it, for tasks that must notice a change at once.
    holds: watch::Sender<bool>,
    /// Serializes attempts.
    asking: tokio::sync::Mutex<()>,
    /// The task that renews the lease, and releases it at the end.
    keeper: Mutex<Option<JoinHandle<()>>>,
}

/// The result of the last attempt.
struct LeaseStatus {
    /// `None`: we hold it.
    other: Option<String>,
    /// If we hold it: no other process can take it before this time.
    until: Instant,
}

impl Lease {
    /// Takes the lease if it is free, and keeps renewing or trying in the background. With a lease time of zero it is always ours.
    pub(crate) async fn start(store: Arc<dyn Store>, config: &Config, stop: CancellationToken) -> Arc<Self> {
        let hold = Duration::from_millis(config.lease_ms);
        let held = Mutex::new(LeaseStatus { other: None, until: Instant::now() });
        let lease = Arc::new(Self {
            store,
            owner: owner::own(),
            hold,
            held,
            holds: watch::Sender::new(true),
            asking: tokio::sync::Mutex::default(),
            keeper: Mutex::default(),
        });
        if hold.is_zero() {
            return lease;
        }
        lease.ask(hold).await;
        let keeper = lease.clone();
        let keeping = tokio::spawn(async move {
            let pause = || hold / if keeper.other_owner().is_none() { RENEWALS } else { ATTEMPTS };
            while stop.run_until_cancelled(tokio::time::sleep(pause())).await.is_some() {
                keeper.ask(hold).await;
            }
            keeper.release().await;
        });
        *lease.keeper.lock().expect("nothing panics while it holds this") = Some(keeping);
        lease
    }

    /// Returns once the lease was released, after `stop`: a process that exits before that makes its successor wait.
    pub(crate) async fn released(&self) {
        let keeping = self.keeper.lock().expect("nothing panics while it holds this").take();
        if let Some(keeping) = keeping
            && let Err(why) = keeping.await
        {
            warn!(%why, "the lease may not have been released");
        }
    }

    /// The process that writes the books, as of the last attempt.
    pub(crate) fn other_owner(&self) -> Option<String> {
        self.held.lock().expect("nothing panics while it holds this").other.clone()
    }

    /// Whether we hold it, now and at each change.
    pub(crate) fn holds(&self) -> watch::Receiver<bool> {
        self.holds.subscribe()
    }

    /// As [`Lease::other_owner`]; but if our lease may have expired unnoticed, as in a process that was paused, the database is asked first.
    pub(crate) async fn sure_owner(&self) -> Option<String> {
        let over = |held: &LeaseStatus| held.other.is_none() && held.until < Instant::now();
        if !self.hold.is_zero() && over(&self.held.lock().expect("nothing panics while it holds this")) {
            let _one = self.asking.lock().await;
            // Another task may have asked meanwhile.
            if over(&self.held.lock().expect("nothing panics while it holds this")) {
                self.attempt(self.hold).await;
            }
        }
        self.other_owner()
    }

    async fn ask(&self, hold: Duration) {
        let _one = self.asking.lock().await;
        self.attempt(hold).await;
    }

    /// Releases it, so that a successor need not wait until it expires, and for good: a service of this process that still reads must not take it again.
    async fn release(&self) {
        let _one = self.asking.lock().await;
        if self.other_owner().is_none() {
            self.attempt(Duration::ZERO).await;
            self.held.lock().expect("nothing panics while it holds this").other = Some(STOPPED.to_owned());
            self.holds.send_replace(false);
        }
    }

    async fn attempt(&self, hold: Duration) {
        let started = Instant::now();
        // A dead connection must not keep us from trying another.
        let told = tokio::time::timeout(self.hold / 2, self.take(hold)).await;
        let holder = match told {
            Ok(Ok(holder)) => (holder != self.owner).then_some(holder),
            failed => {
                // The database is unreachable: writes fail by themselves, and reads from memory continue.
                match failed {
                    Ok(Err(why)) => warn!(%why, "can't renew the lease"),
                    Ok(Ok(_)) | Err(_) => warn!("can't renew the lease: the database does not answer"),
                }
                self.held.lock().expect("nothing panics while it holds this").until = Instant::now() + self.hold / ATTEMPTS;
                return;
            }
        };
        let mut held = self.held.lock().expect("nothing panics while it holds this");
        // The database counts from a later moment than `started`.
        held.until = started + hold;
        if held.other != holder {
            match &holder {
                None => info!("lease taken, this process writes the books"),
                Some(holder) => {
                    warn!(holder, "another process holds the lease and writes the books; this one stands by and refuses requests")
                }
            }
            held.other = holder;
            self.holds.send_replace(held.other.is_none());
        }
    }

    async fn take(&self, hold: Duration) -> Result<String, crate::store::Error> {
        let hold_ms = i64::try_from(hold.as_millis()).unwrap_or(i64::MAX);
        let holder = self.store.lease(&self.owner, hold_ms, None).await?;
        if holder == self.owner || !owner::is_gone(&holder) {
            return Ok(holder);
        }
        // The holder crashed on this machine: there is no need to wait until its lease expires.
        self.store.lease(&self.owner, hold_ms, Some(&holder)).await
    }
}
