//! Stores' reports: imported, and their settlements read and decided by a running purchase service, and written as text.

use crate::{OperationFault, staff_call};
use api::purchase::{
    AcceptStoreDifferencesRequest, AcceptStoreDifferencesResponse, GetStoreSettlementRequest, GetStoreSettlementResponse,
    ImportStoreReportRequest, ImportStoreReportResponse, ListStoreSettlementsRequest, StoreReportFormat, StoreReportState, StoreSettlement,
    StoreSettlementState, purchase_service_client::PurchaseServiceClient,
};
use rpc::{ANSWER_BYTES_MAX, Transport};
use sha2::{Digest as _, Sha256};
use std::{fs, path::Path};
use tonic::Status;

/// Bytes of a part of a report, as the service takes them.
const PART_BYTES: usize = 192 << 10;
/// Largest report, in bytes: what the service takes.
const FILE_BYTES_MAX: u64 = 15 << 20;
/// Items that are asked for at once.
const PAGE_SIZE: i32 = 200;

/// The formats by the names that commands have for them.
pub const FORMATS: [(&str, StoreReportFormat); 7] = [
    ("apple-detail", StoreReportFormat::AppleDetail),
    ("apple-summary", StoreReportFormat::AppleSummary),
    ("google-earnings", StoreReportFormat::GoogleEarnings),
    ("stripe-payout", StoreReportFormat::StripePayout),
    ("alipay-bill", StoreReportFormat::AlipayBill),
    ("wechat-bill", StoreReportFormat::WechatBill),
    ("wechat-fund-flow", StoreReportFormat::WechatFundFlow),
];

/// The format of a name.
pub fn format(name: &str) -> Result<StoreReportFormat, String> {
    let names: Vec<&str> = FORMATS.iter().map(|(name, _)| *name).collect();
    let found = FORMATS.into_iter().find(|(known, _)| *known == name);
    found.map(|(_, format)| format).ok_or_else(|| format!("one of {}", names.join(", ")))
}

/// A report to be imported.
#[derive(Debug, Clone, Copy)]
pub struct ReportFile<'a> {
    /// The file.
    pub path: &'a Path,
    /// Its format.
    pub format: StoreReportFormat,
    /// Our account at the store.
    pub account: &'a str,
    /// The period.
    pub period: &'a str,
    /// Which of the period's reports it is; empty where there is one.
    pub part: &'a str,
}

/// The purchase service of an installation, as a member of staff sees it.
pub struct SettlementCaller<'a> {
    /// The connection.
    pub transport: Transport,
    /// The token of a member of staff.
    pub token: &'a str,
    /// Why, for the audit log.
    pub reason: &'a str,
    /// The book.
    pub book: &'a str,
}

fn failed(status: Status) -> OperationFault {
    status.message().to_owned().into()
}

impl SettlementCaller<'_> {
    fn client(&self) -> PurchaseServiceClient<Transport> {
        PurchaseServiceClient::new(self.transport.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// Imports a report; one that was imported before changes nothing.
    pub async fn import(&self, file: ReportFile<'_>) -> Result<ImportStoreReportResponse, OperationFault> {
        let unread = |error: std::io::Error| format!("{}: {error}; nothing was sent", file.path.display());
        let size = fs::metadata(file.path).map_err(unread)?.len();
        if size == 0 || size > FILE_BYTES_MAX {
            return Err(format!("{}: has {size} bytes, and 1 to {FILE_BYTES_MAX} are taken; nothing was sent", file.path.display()).into());
        }
        let bytes = fs::read(file.path).map_err(unread)?;
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let mut answer = ImportStoreReportResponse::default();
        for (at, content) in bytes.chunks(PART_BYTES).enumerate() {
            let request = ImportStoreReportRequest {
                book: self.book.to_owned(),
                format: file.format.into(),
                account: file.account.to_owned(),
                period: file.period.to_owned(),
                report_part: file.part.to_owned(),
                sha256: sha256.clone(),
                size_bytes: i64::try_from(bytes.len())?,
                offset_bytes: i64::try_from(at * PART_BYTES)?,
                content: content.to_vec(),
            };
            let request = staff_call::request(request, self.token, self.reason)?;
            let imported = self.client().import_store_report(request).await;
            answer = imported.map_err(|status| format!("{}: {}", file.path.display(), status.message()))?.into_inner();
        }
        Ok(answer)
    }

    /// All settlements, newest first.
    pub async fn list(&self) -> Result<Vec<StoreSettlement>, OperationFault> {
        let (mut listed, mut page_token) = (Vec::new(), String::new());
        loop {
            let request =
                ListStoreSettlementsRequest { book: self.book.to_owned(), page_size: PAGE_SIZE, page_token, ..Default::default() };
            let request = staff_call::request(request, self.token, self.reason)?;
            let page = self.client().list_store_settlements(request).await.map_err(failed)?.into_inner();
            listed.extend(page.settlements);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(listed);
            }
        }
    }

    /// A settlement with everything that differs in it.
    pub async fn get(&self, settlement_id: &str) -> Result<GetStoreSettlementResponse, OperationFault> {
        let mut whole = GetStoreSettlementResponse::default();
        loop {
            let request = GetStoreSettlementRequest {
                book: self.book.to_owned(),
                settlement_id: settlement_id.to_owned(),
                page_size: PAGE_SIZE,
                page_token: whole.next_page_token.clone(),
            };
            let request = staff_call::request(request, self.token, self.reason)?;
            let mut page = self.client().get_store_settlement(request).await.map_err(failed)?.into_inner();
            let mut differences = std::mem::take(&mut whole.differences);
            differences.append(&mut page.differences);
            whole = GetStoreSettlementResponse { differences, ..page };
            if whole.next_page_token.is_empty() {
                return Ok(whole);
            }
        }
    }

    /// Proposes to settle with these differences, or settles if another person proposed that.
    pub async fn accept(&self, settlement_id: &str, differences_hash: &str) -> Result<AcceptStoreDifferencesResponse, OperationFault> {
        let request = AcceptStoreDifferencesRequest {
            book: self.book.to_owned(),
            settlement_id: settlement_id.to_owned(),
            differences_hash: differences_hash.to_owned(),
        };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().accept_store_differences(request).await.map_err(failed)?.into_inner())
    }
}

/// A settlement in a line.
#[must_use]
pub fn settlement_text(of: &StoreSettlement) -> String {
    let state = match of.state() {
        StoreSettlementState::Settled => "settled".to_owned(),
        _ if of.waits_for.is_empty() => "open".to_owned(),
        _ => format!("open: {}", of.waits_for),
    };
    let paid = of.paid.as_ref().map_or_else(|| "nothing yet".to_owned(), |paid| format!("{} {}", paid.minor_units, paid.currency_code));
    format!("{} {} {} {}: pays {paid} (minor units); {state}", of.settlement_id, of.store_kind().as_str_name(), of.account, of.period)
}

/// What became of a report.
#[must_use]
pub fn imported_text(imported: &ImportStoreReportResponse) -> String {
    let how = match (imported.state(), imported.replayed) {
        (StoreReportState::Replaced, _) => "was taken before, and a later report counts in its place",
        (_, true) => "was taken before; nothing was changed",
        _ => "is taken",
    };
    let settlement = imported.settlement.as_ref().map(settlement_text).unwrap_or_default();
    format!("the report ({}, {} lines) {how}\n{settlement}", imported.reader, imported.line_count)
}

/// A settlement with what differs in it, a line each.
#[must_use]
pub fn settlement_lines(of: &GetStoreSettlementResponse) -> String {
    let mut lines: Vec<String> = of.settlement.iter().map(settlement_text).collect();
    for one in &of.differences {
        let about = [&one.transaction_id, &one.product_id].into_iter().find(|text| !text.is_empty()).map_or("", String::as_str);
        let mark = if one.unexplained { " (not explained)" } else { "" };
        let (kind, amount, currency) = (&one.kind, &one.amount, &one.currency_code);
        lines.push(format!(
            "  {kind}{mark}: {amount} {currency} less than expected ({} and {}) {about} {}",
            one.expected, one.reported, one.note
        ));
    }
    for posting in &of.postings {
        let id = if posting.posting_id.is_empty() { "not posted yet" } else { &posting.posting_id };
        lines.push(format!("  edition {} in {}: {id}", posting.edition, posting.currency_code));
    }
    let hash = of.settlement.as_ref().map(|settlement| format!("  differences: {}", settlement.differences_hash));
    lines.into_iter().chain(hash).collect::<Vec<_>>().join("\n")
}
