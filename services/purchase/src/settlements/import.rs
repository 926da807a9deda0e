//! Takes a store's report in parts.

use std::time::SystemTime;

use money::time::unix_ms;
use sha2::{Digest as _, Sha256};

use super::SETTLED_MAX;
use super::report::{ReportPart, ReportRefusal, ReportState, StoredReport};
use crate::error::Error;
use crate::purchases::Purchases;

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImportedReport {
    pub(crate) row: StoredReport,
    /// It had been taken before.
    pub(crate) replayed: bool,
}

impl Purchases {
    /// Keeps a part of a report, and takes the report once it is whole. A report that is here changes nothing.
    pub(crate) async fn import_report(&self, part: &ReportPart, by: &str, now: SystemTime) -> Result<ImportedReport, Error> {
        let key = &part.key;
        let account = self.settlements.account(&key.book, key.store, &key.account);
        let account = account.ok_or_else(|| ReportRefusal::AccountUnknown(key.account.clone()))?;
        let before = self.store.store_report(&key.book, &part.sha256).await?;
        if let Some(row) = before.filter(|row| row.state != ReportState::Receiving) {
            return match part.differs_from(&row) {
                Some(field) => Err(ReportRefusal::Differs(field).into()),
                None => Ok(ImportedReport { row, replayed: true }),
            };
        }
        self.store.keep_report_part(part, by, unix_ms(now)).await?;
        let row = self.known(part).await?;
        if let Some(field) = part.differs_from(&row) {
            return Err(ReportRefusal::Differs(field).into());
        }
        if row.state != ReportState::Receiving || row.received_bytes < row.size_bytes {
            // Another call may have taken it since.
            let replayed = row.state != ReportState::Receiving;
            return Ok(ImportedReport { row, replayed });
        }
        let bytes = self.store.report_bytes(&row).await?;
        let read = match read(&row, bytes).await {
            Ok(read) => read,
            Err(refusal) => {
                // If another call took it meanwhile, its parts are gone, and that is why they are not those of the report.
                let row = self.known(part).await?;
                if row.state != ReportState::Receiving {
                    return Ok(ImportedReport { row, replayed: true });
                }
                self.store.forget_report(&row).await?;
                return Err(refusal.into());
            }
        };
        let is_first = self.store.take_report(&row, &read, &account.entity, &account.bank_account, unix_ms(now)).await?;
        let row = self.known(part).await?;
        // What is due is compared by the next sweep at the latest.
        self.settle_reports(now, SETTLED_MAX).await?;
        Ok(ImportedReport { row, replayed: !is_first })
    }

    async fn known(&self, part: &ReportPart) -> Result<StoredReport, Error> {
        let row = self.store.store_report(&part.key.book, &part.sha256).await?;
        // Another call found it unreadable, and forgot it.
        row.ok_or_else(|| ReportRefusal::Hash.into())
    }
}

/// Reads a report off the threads that serve calls: a large one takes seconds.
async fn read(row: &StoredReport, bytes: Vec<u8>) -> Result<storereports::StoreReport, ReportRefusal> {
    if hex::encode(Sha256::digest(&bytes)) != row.sha256 {
        return Err(ReportRefusal::Hash);
    }
    let format = row.format;
    let read = tokio::task::spawn_blocking(move || storereports::read(format, &bytes)).await;
    let read = read.expect("reading a report does not panic").map_err(ReportRefusal::Unreadable)?;
    if !read.period.is_empty() && read.period != row.key.period {
        return Err(ReportRefusal::Period(read.period));
    }
    Ok(read)
}
