//! Banks' statements: imported, their cases listed, and days closed by a running treasury service.
use super::{PAGE_SIZE, StructureCaller, told};
use crate::{OperationFault, staff_call};
use api::treasury::{
    CaseState, CloseDayRequest, CloseDayResponse, ClosedDay, ImportStatementResponse, ImportStatementStreamRequest, ListCasesRequest,
    ListClosedDaysRequest, ReconciliationCase,
};
use futures::{Stream, StreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use tonic::Request;

/// Bytes of a part of a file: a fraction of what the service takes, so that slow lines send each in time.
const PART_BYTES: u64 = 192 << 10;

/// The files that paths name, in the order of their names; of a folder those in it, but none whose name begins with a dot.
pub fn bank_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, OperationFault> {
    let mut files = Vec::new();
    for path in paths {
        let failed = |error: std::io::Error| format!("{}: {error}; nothing was sent", path.display());
        if !fs::metadata(path).map_err(failed)?.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        for entry in fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let is_shown = !entry.file_name().to_string_lossy().starts_with('.');
            if is_shown && entry.file_type().map_err(failed)?.is_file() {
                inside.push(entry.path());
            }
        }
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

/// Runs what waits for a disk.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// The hash of a file in hexadecimal digits, and its size.
fn hash(file: &File) -> io::Result<(String, u64)> {
    let (mut digest, mut at, mut buffer) = (Sha256::new(), 0, vec![0; 64 << 10]);
    loop {
        match file.read_at(&mut buffer, at)? {
            0 => return Ok((hex::encode(digest.finalize()), at)),
            read => {
                digest.update(&buffer[..read]);
                at += read as u64;
            }
        }
    }
}

/// The parts of a file as messages. What can't be read ends them early, so that nothing is kept, and is left in `broken`.
fn parts(file: Arc<File>, size_bytes: u64, broken: Arc<OnceLock<io::Error>>) -> impl Stream<Item = ImportStatementStreamRequest> {
    let offsets = stream::iter((0..size_bytes).step_by(usize::try_from(PART_BYTES).unwrap_or(usize::MAX)));
    let part = move |offset: u64| {
        let (file, broken) = (Arc::clone(&file), Arc::clone(&broken));
        async move {
            let read = blocking(move || {
                let mut part = vec![0; usize::try_from(PART_BYTES.min(size_bytes - offset)).unwrap_or_default()];
                file.read_exact_at(&mut part, offset).map(|()| part)
            });
            let part = read.await.inspect_err(|error| drop(broken.set(io::Error::new(error.kind(), error.to_string())))).ok()?;
            Some(ImportStatementStreamRequest { offset_bytes: i64::try_from(offset).ok()?, part, ..Default::default() })
        }
    };
    offsets.then(part).take_while(|part| std::future::ready(part.is_some())).filter_map(std::future::ready)
}

impl StructureCaller<'_> {
    /// Imports a file of any size that the service takes, part by part; one that was imported before changes nothing.
    pub async fn import(&self, path: &Path) -> Result<ImportStatementResponse, OperationFault> {
        let failed = |error: std::io::Error| format!("{}: {error}; nothing was sent", path.display());
        let file = Arc::new(File::open(path).map_err(failed)?);
        let hashed = Arc::clone(&file);
        let (sha256, size_bytes) = blocking(move || hash(&hashed)).await.map_err(failed)?;
        if size_bytes == 0 {
            return Err(format!("{}: is empty; nothing was sent", path.display()).into());
        }
        let first = ImportStatementStreamRequest {
            book: self.book.to_owned(),
            sha256,
            size_bytes: i64::try_from(size_bytes)?,
            ..Default::default()
        };
        let broken: Arc<OnceLock<std::io::Error>> = Arc::default();
        let mut request = Request::new(stream::iter([first]).chain(parts(file, size_bytes, Arc::clone(&broken))));
        staff_call::identify(&mut request, Some(self.token), Some(self.reason))?;
        let answer = self.client().import_statement_stream(request).await;
        if let Some(error) = broken.get() {
            return Err(format!("{}: {error}; nothing of it was kept", path.display()).into());
        }
        let answer = answer.map_err(|status| format!("{}: {}", path.display(), status.message()))?;
        answer.into_inner().imported.ok_or_else(|| "the service answered without saying what became of the file".into())
    }

    /// The cases of all accounts, or of one if it is not empty; of one state, or of all.
    pub async fn cases(&self, physical_account: &str, state: CaseState) -> Result<Vec<ReconciliationCase>, OperationFault> {
        let (mut cases, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListCasesRequest {
                book: self.book.to_owned(),
                physical_account: physical_account.to_owned(),
                state: state.into(),
                page_size: PAGE_SIZE,
                page_token,
            };
            let request = staff_call::request(request, self.token, self.reason)?;
            let page = self.client().list_cases(request).await.map_err(told)?.into_inner();
            cases.extend(page.cases);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(cases);
            }
        }
    }

    /// The closed days of an account, the last first; `from` and `until` may be empty.
    pub async fn closed_days(&self, physical_account: &str, from: &str, until: &str) -> Result<Vec<ClosedDay>, OperationFault> {
        let (mut days, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListClosedDaysRequest {
                book: self.book.to_owned(),
                physical_account: physical_account.to_owned(),
                from_date: from.to_owned(),
                until_date: until.to_owned(),
                page_size: PAGE_SIZE,
                page_token,
            };
            let request = staff_call::request(request, self.token, self.reason)?;
            let page = self.client().list_closed_days(request).await.map_err(told)?.into_inner();
            days.extend(page.days);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(days);
            }
        }
    }

    /// Closes a day of an account.
    pub async fn close(&self, physical_account: &str, day: &str) -> Result<CloseDayResponse, OperationFault> {
        let request = CloseDayRequest { book: self.book.to_owned(), physical_account: physical_account.to_owned(), day: day.to_owned() };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().close_day(request).await.map_err(told)?.into_inner())
    }
}
