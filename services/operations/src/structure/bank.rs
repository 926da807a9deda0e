//! Banks' statements: imported, their cases listed, and days closed by a running treasury service.
use super::{PAGE_SIZE, StructureCaller, told};
use crate::{OperationFault, staff_call};
use api::treasury::{
    CaseState, CloseDayRequest, CloseDayResponse, ClosedDay, ImportStatementRequest, ImportStatementResponse, ListCasesRequest,
    ListClosedDaysRequest, ReconciliationCase,
};
use sha2::{Digest as _, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Bytes of a part of a file, as the service takes them.
const PART_BYTES: usize = 192 << 10;
/// Largest file, in bytes: what the service takes.
const FILE_BYTES_MAX: u64 = 32 << 20;

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

impl StructureCaller<'_> {
    /// Imports a file; one that was imported before changes nothing.
    pub async fn import(&self, path: &Path) -> Result<ImportStatementResponse, OperationFault> {
        let failed = |error: std::io::Error| format!("{}: {error}; nothing was sent", path.display());
        let size = fs::metadata(path).map_err(failed)?.len();
        if size == 0 || size > FILE_BYTES_MAX {
            return Err(format!("{}: has {size} bytes, and 1 to {FILE_BYTES_MAX} are taken; nothing was sent", path.display()).into());
        }
        let bytes = fs::read(path).map_err(failed)?;
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let mut answer = ImportStatementResponse::default();
        for (at, part) in bytes.chunks(PART_BYTES).enumerate() {
            let request = ImportStatementRequest {
                book: self.book.to_owned(),
                sha256: sha256.clone(),
                size_bytes: i64::try_from(bytes.len())?,
                offset_bytes: i64::try_from(at * PART_BYTES)?,
                part: part.to_vec(),
            };
            let request = staff_call::request(request, self.token, self.reason)?;
            let imported = self.client().import_statement(request).await;
            answer = imported.map_err(|status| format!("{}: {}", path.display(), status.message()))?.into_inner();
        }
        Ok(answer)
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
