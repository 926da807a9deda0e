//! One lease per process on the database's clock. It only keeps rivals from evicting each other in turn; the fence is what keeps the books safe.

use crate::{config::Config, store::Store};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

mod owner;

/// Whether this process may write.
#[derive(Debug)]
pub(crate) struct Lease {
    /// `None`: we hold it.
    other: Mutex<Option<String>>,
}

impl Lease {
    /// Takes the lease if it is free, and keeps renewing or trying in the background. Without a lease time it is always ours.
    pub(crate) async fn start(store: Arc<dyn Store>, config: &Config, stop: CancellationToken) -> Arc<Self> {
        let lease = Arc::new(Self { other: Mutex::new(None) });
        if config.lease_ms == 0 {
            return lease;
        }
        let hold_ms = config.lease_ms;
        let owner = owner::own();
        lease.renew(&*store, &owner, hold_ms).await;
        let keeper = lease.clone();
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_millis(hold_ms / 3));
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            while stop.run_until_cancelled(tick.tick()).await.is_some() {
                keeper.renew(&*store, &owner, hold_ms).await;
            }
            // A successor need not wait for the time to run out.
            if keeper.other_owner().is_none() {
                keeper.renew(&*store, &owner, 0).await;
            }
        });
        lease
    }

    pub(crate) fn other_owner(&self) -> Option<String> {
        self.other.lock().expect("nothing panics while it holds this").clone()
    }

    async fn renew(&self, store: &dyn Store, owner: &str, hold_ms: u64) {
        let hold_ms = i64::try_from(hold_ms).unwrap_or(i64::MAX);
        let mut held = store.lease(owner, hold_ms, None).await;
        if let Ok(holder) = &held
            && holder != owner
            && owner::is_gone(holder)
        {
            // It crashed on this machine: nobody has to wait for its time to run out.
            let gone = holder.clone();
            held = store.lease(owner, hold_ms, Some(&gone)).await;
        }
        let holder = match held {
            Ok(holder) => (holder != owner).then_some(holder),
            Err(why) => {
                // The database is out of reach: writing fails by itself, and reading what memory holds goes on.
                warn!(%why, "can't renew the lease");
                return;
            }
        };
        let mut other = self.other.lock().expect("nothing panics while it holds this");
        if *other != holder {
            match &holder {
                None => info!("lease taken, this process writes the books"),
                Some(holder) => info!(holder, "another process holds the lease and writes the books"),
            }
            *other = holder;
        }
    }
}
