//! Writing and listing the audit log: each act is checked, truncated and recorded.
//!
//! - `hashes`: what its line has of the whole request.
mod hashes;

use crate::{
    domain::{ActRecord, StaffAct},
    error::Error,
    heads,
    store::{ActFilter, Store},
    whole::WholeRequest,
};
use money::text::{is_plain, shown};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::Mutex;
use uuid::Uuid;

/// Bytes of a request that are kept: enough for everything but a batch, whose beginning still shows what it was.
pub const REQUEST_JSON_MAX: usize = 8 * 1024;
/// Maximum bytes of any other text of a line.
pub const TEXT_MAX: usize = 512;

/// The audit log.
#[derive(Clone)]
pub struct Acts {
    store: Store,
    /// Directory, outside the database, where heads are recorded.
    heads_dir: Option<Arc<Path>>,
    /// Serializes the writes of one process, which would otherwise compete for the same sequence number.
    turn: Arc<Mutex<()>>,
}

impl Acts {
    /// An audit log in this store, with its heads recorded in this directory.
    #[must_use]
    pub fn new(store: Store, heads_dir: Option<PathBuf>) -> Self {
        Self { store, heads_dir: heads_dir.map(Into::into), turn: Arc::default() }
    }

    /// Writes a line, unless it exists already, and returns its sequence number.
    pub async fn record(&self, act: StaffAct) -> Result<i64, Error> {
        self.record_whole(act, &WholeRequest::default()).await
    }

    /// The same, with the whole request, of which the line stores only a part.
    pub async fn record_whole(&self, act: StaffAct, whole: &WholeRequest) -> Result<i64, Error> {
        let mut salt = [0; 16];
        SystemRandom::new().fill(&mut salt).map_err(|_| Error::Randomness)?;
        let hashes = whole.hashes(&self.store, &act, &salt).await?;
        let act = fitting(act)?;
        let _turn = self.turn.lock().await;
        let (seq, hash) = self.store.append_whole(&act, whole, hashes, now_ms(), salt).await?;
        if let (Some(hash), Some(dir)) = (hash, self.heads_dir.clone()) {
            let written = tokio::task::spawn_blocking(move || heads::append(&dir, seq, &hash)).await;
            // The line is recorded. Staff must be able to work even if the head can't be written, but the failure must be logged.
            match written {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the head of the audit log could not be written outside the database"),
                Err(error) => tracing::error!(%error, "the head of the audit log could not be written outside the database"),
            }
        }
        Ok(seq)
    }

    /// Records which users an act turned out to be about, so that it is listed as theirs.
    pub async fn concerns(&self, act_id: Uuid, book: &str, users: &BTreeSet<String>) -> Result<(), Error> {
        Ok(self.store.concerns(act_id, book, users).await?)
    }

    /// Lines older than `before`, newest first.
    pub async fn list(&self, filter: &ActFilter, before: i64, limit: i64) -> Result<Vec<ActRecord>, Error> {
        Ok(self.store.acts(filter, before, limit).await?)
    }
}

/// Refuses texts that are too long, except the request, which is truncated: the calling process itself produces the others.
fn fitting(mut act: StaffAct) -> Result<StaffAct, Error> {
    let StaffAct { subject, issuer, role, rpc, book, user_id, outcome, reason, .. } = &act;
    let texts = [("subject", subject), ("issuer", issuer), ("role", role), ("rpc", rpc), ("book", book), ("user_id", user_id)];
    for (field, text) in texts.into_iter().chain([("outcome", outcome), ("reason", reason)]) {
        if text.len() > TEXT_MAX {
            return Err(Error::Malformed { field, why: format!("must have at most {TEXT_MAX} bytes") });
        }
        if !is_plain(text) {
            return Err(Error::Malformed { field, why: "must have no control, bidirectional or zero-width characters".to_owned() });
        }
    }
    for (field, text) in [("subject", subject), ("role", role), ("rpc", rpc)] {
        if text.is_empty() {
            return Err(Error::Malformed { field, why: "must not be empty".to_owned() });
        }
    }
    act.request_json = rpc::acts::cut(&shown(&act.request_json), REQUEST_JSON_MAX);
    Ok(act)
}

pub(crate) use money::time::now_ms;
