//! What is read from elsewhere when it is needed, such as keys: kept, and read no more often than its bounds say, however often it is asked for.
use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::Instant,
};

#[cfg(test)]
mod tests;

/// Why nothing is known after a read that crashed.
const BROKEN_OFF: &str = "reading it was broken off";

/// When something is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptBounds {
    /// The oldest that is used. Half as old it is read again, by one caller while the others use it.
    pub age_max: Duration,
    /// The youngest that is read again because it lacks something.
    pub reread: Duration,
    /// How long a failure is remembered: until then nothing is read.
    pub retry: Duration,
}

/// Something that is read when it is needed. A read ends even if whoever asked for it goes away, as one may who sends something forged and hangs up: it serves all who
/// wait. How long it may take, who reads has to bound.
#[derive(Debug)]
pub struct KeptValue<T> {
    bounds: KeptBounds,
    state: Arc<RwLock<KeptState<T>>>,
    /// Held while it is read, so that one request serves all who wait. Who has a value that is good enough never waits.
    reading: Arc<Mutex<()>>,
}

#[derive(Debug)]
struct KeptState<T> {
    read: Option<(T, Instant)>,
    failed: Option<(String, Instant)>,
}

impl<T: Clone + Send + Sync + 'static> KeptValue<T> {
    /// Reads nothing yet.
    #[must_use]
    pub fn new(bounds: KeptBounds) -> Self {
        Self { bounds, state: Arc::new(RwLock::new(KeptState { read: None, failed: None })), reading: Arc::default() }
    }

    /// The value, read now if none is young enough; or why it can't be read.
    pub async fn get<F>(&self, read: impl FnOnce() -> F) -> Result<T, String>
    where
        F: Future<Output = Result<T, String>> + Send + 'static,
    {
        let Some((value, age)) = self.known(self.bounds.age_max) else {
            let reading = self.reading.clone().lock_owned().await;
            return match self.known(self.bounds.age_max) {
                Some((value, _)) => Ok(value),
                None => self.read(reading, read).await,
            };
        };
        if age < self.bounds.age_max / 2 {
            return Ok(value);
        }
        match self.reading.clone().try_lock_owned() {
            Ok(reading) => Ok(self.read(reading, read).await.unwrap_or(value)),
            Err(_) => Ok(value),
        }
    }

    /// A value that is younger than what lacked something, unless that was read just now; or why it can't be read.
    pub async fn reread<F>(&self, read: impl FnOnce() -> F) -> Result<T, String>
    where
        F: Future<Output = Result<T, String>> + Send + 'static,
    {
        if let Some((value, _)) = self.known(self.bounds.reread) {
            return Ok(value);
        }
        let reading = self.reading.clone().lock_owned().await;
        match self.known(self.bounds.reread) {
            Some((value, _)) => Ok(value),
            None => self.read(reading, read).await,
        }
    }

    async fn read<F>(&self, reading: OwnedMutexGuard<()>, read: impl FnOnce() -> F) -> Result<T, String>
    where
        F: Future<Output = Result<T, String>> + Send + 'static,
    {
        let retry = self.bounds.retry;
        if let Some((why, at)) = self.state().failed.as_ref()
            && at.elapsed() < retry
        {
            return Err(why.clone());
        }
        // Recorded before: a read that ends without an answer must not cause another one at once.
        self.state_mut().failed = Some((BROKEN_OFF.to_owned(), Instant::now()));
        let (state, read) = (self.state.clone(), read());
        let ended = tokio::spawn(async move {
            let ended = read.await;
            let mut state = state.write().unwrap_or_else(PoisonError::into_inner);
            match &ended {
                Ok(value) => *state = KeptState { read: Some((value.clone(), Instant::now())), failed: None },
                Err(why) => state.failed = Some((why.clone(), Instant::now())),
            }
            // Those who wait find what is kept by now.
            drop(state);
            drop(reading);
            ended
        });
        ended.await.unwrap_or_else(|_| Err(BROKEN_OFF.to_owned()))
    }

    /// The value and its age, if it is younger than this.
    fn known(&self, than: Duration) -> Option<(T, Duration)> {
        let state = self.state();
        let (value, read_at) = state.read.as_ref()?;
        let age = read_at.elapsed();
        (age < than).then(|| (value.clone(), age))
    }

    fn state(&self) -> RwLockReadGuard<'_, KeptState<T>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, KeptState<T>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
