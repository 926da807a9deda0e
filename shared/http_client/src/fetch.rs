//! What many callers need at the same time and only somebody else can give, such as an access token: fetched once for all of them, and kept.
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::timeout};

#[cfg(test)]
mod tests;

/// Why a caller has nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfetched {
    /// It was fetched in vain, for this caller and for all that waited with it.
    #[error("{0}")]
    Failed(String),
    /// The caller has waited as long as it may. The fetch goes on for others.
    #[error("no answer in time")]
    Late,
    /// The fetch ended without a result.
    #[error("it was broken off")]
    BrokenOff,
}

/// The result of a fetch in progress, once there is one.
type Fetched<T> = Option<Result<T, String>>;

/// Something that is fetched when what is kept does not do. There is one fetch at a time, which belongs to no caller: it goes on when the one that began it is
/// dropped, and its result is for all that wait, so that a failure is not repeated for each of them.
#[derive(Debug)]
pub struct SharedFetch<T>(Arc<Mutex<FetchState<T>>>);

#[derive(Debug)]
struct FetchState<T> {
    kept: Option<T>,
    fetching: Option<watch::Receiver<Fetched<T>>>,
}

impl<T> Default for FetchState<T> {
    fn default() -> Self {
        Self { kept: None, fetching: None }
    }
}

impl<T> Default for SharedFetch<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone + Send + Sync + 'static> SharedFetch<T> {
    /// What is kept, if it does; else what is fetched now, for which this caller waits so long at most. The fetch itself must end, by a time-out of its own.
    pub async fn get<F>(&self, does: impl FnOnce(&T) -> bool, wait: Duration, fetch: impl FnOnce() -> F) -> Result<T, Unfetched>
    where
        F: Future<Output = Result<T, String>> + Send + 'static,
    {
        let mut fetching = {
            let mut state = lock(&self.0);
            if let Some(kept) = state.kept.as_ref().filter(|kept| does(kept)) {
                return Ok(kept.clone());
            }
            // One that panicked is closed, and is not waited for.
            match state.fetching.as_ref().filter(|fetching| fetching.has_changed().is_ok()) {
                Some(fetching) => fetching.clone(),
                None => state.fetching.insert(self.begin(fetch())).clone(),
            }
        };
        let ended = timeout(wait, fetching.wait_for(Option::is_some)).await.map_err(|_| Unfetched::Late)?;
        let fetched = ended.map_err(|_| Unfetched::BrokenOff)?.clone();
        fetched.ok_or(Unfetched::BrokenOff)?.map_err(Unfetched::Failed)
    }

    fn begin(&self, fetch: impl Future<Output = Result<T, String>> + Send + 'static) -> watch::Receiver<Fetched<T>> {
        let (done, fetching) = watch::channel(None);
        let state = self.0.clone();
        tokio::spawn(async move {
            let fetched = fetch.await;
            let mut state = lock(&state);
            if let Ok(value) = &fetched {
                state.kept = Some(value.clone());
            }
            state.fetching = None;
            // Nobody may wait for it any more.
            let _ = done.send(Some(fetched));
        });
        fetching
    }
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
