//! What is read from elsewhere when it is needed, such as keys: kept, and read no more often than its bounds say, however often it is asked for.
use std::{
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};

#[cfg(test)]
mod tests;

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

/// Something that is read when it is needed.
#[derive(Debug)]
pub struct KeptValue<T> {
    bounds: KeptBounds,
    state: RwLock<KeptState<T>>,
    /// Held while it is read, so that one request serves all who wait. Who has a value that is good enough never waits.
    reading: Mutex<()>,
}

#[derive(Debug)]
struct KeptState<T> {
    read: Option<(T, Instant)>,
    failed: Option<(String, Instant)>,
}

impl<T: Clone> KeptValue<T> {
    /// Reads nothing yet.
    #[must_use]
    pub fn new(bounds: KeptBounds) -> Self {
        Self { bounds, state: RwLock::new(KeptState { read: None, failed: None }), reading: Mutex::new(()) }
    }

    /// The value, read now if none is young enough; or why it can't be read.
    pub async fn get(&self, read: impl AsyncFnOnce() -> Result<T, String>) -> Result<T, String> {
        let Some((value, age)) = self.known(self.bounds.age_max) else {
            let reading = self.reading.lock().await;
            return match self.known(self.bounds.age_max) {
                Some((value, _)) => Ok(value),
                None => self.read(reading, read).await,
            };
        };
        if age < self.bounds.age_max / 2 {
            return Ok(value);
        }
        match self.reading.try_lock() {
            Ok(reading) => Ok(self.read(reading, read).await.unwrap_or(value)),
            Err(_) => Ok(value),
        }
    }

    /// A value that is younger than what lacked something, unless that was read just now; or why it can't be read.
    pub async fn reread(&self, read: impl AsyncFnOnce() -> Result<T, String>) -> Result<T, String> {
        if let Some((value, _)) = self.known(self.bounds.reread) {
            return Ok(value);
        }
        let reading = self.reading.lock().await;
        match self.known(self.bounds.reread) {
            Some((value, _)) => Ok(value),
            None => self.read(reading, read).await,
        }
    }

    async fn read(&self, _reading: MutexGuard<'_, ()>, read: impl AsyncFnOnce() -> Result<T, String>) -> Result<T, String> {
        let retry = self.bounds.retry;
        if let Some((why, at)) = self.state().failed.as_ref()
            && at.elapsed() < retry
        {
            return Err(why.clone());
        }
        // Recorded before: a caller that goes away while it reads must not cause another read at once.
        self.state_mut().failed = Some(("reading it was broken off".to_owned(), Instant::now()));
        let ended = read().await;
        let mut state = self.state_mut();
        match ended {
            Ok(value) => {
                *state = KeptState { read: Some((value.clone(), Instant::now())), failed: None };
                Ok(value)
            }
            Err(why) => {
                state.failed = Some((why.clone(), Instant::now()));
                Err(why)
            }
        }
    }

    /// The value and its age, if it is younger than this.
    fn known(&self, than: Duration) -> Option<(T, Duration)> {
        let state = self.state();
        let (value, read_at) = state.read.as_ref()?;
        let age = read_at.elapsed();
        (age < than).then(|| (value.clone(), age))
    }

    fn state(&self) -> RwLockReadGuard<'_, KeptState<T>> {
        self.state.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, KeptState<T>> {
        self.state.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
