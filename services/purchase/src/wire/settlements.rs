//! Reports of stores and their settlements from and to protobuf.

use api::purchase::{self as pb, ImportStoreReportRequest, ImportStoreReportResponse};
use api::r#type::Money;
use money::{BookName, Currency};
use rpc::Violations;
use rpc::page::PagedList;
use rpc::wire::timestamp_ms;
use storereports::ReportFormat;
use tonic::Status;

use crate::domain::StoreKind;
use crate::error::Error;
use crate::settlements::import::ImportedReport;
use crate::settlements::report::{PART_BYTES, ReportPart, ReportState, SIZE_BYTES_MAX, store_of};
use crate::settlements::settlement::{SettlementDifference, SettlementKey, SettlementPosting, SettlementState, StoreSettlement};
use crate::wire::checkout::store_kind;

/// Longest name of a period or a part, in bytes.
const NAME_BYTES_MAX: usize = 64;

fn format(number: i32) -> Result<ReportFormat, Status> {
    let known = match pb::StoreReportFormat::try_from(number) {
        Ok(pb::StoreReportFormat::AppleDetail) => ReportFormat::AppleDetail,
        Ok(pb::StoreReportFormat::AppleSummary) => ReportFormat::AppleSummary,
        Ok(pb::StoreReportFormat::GoogleEarnings) => ReportFormat::GoogleEarnings,
        Ok(pb::StoreReportFormat::StripePayout) => ReportFormat::StripePayout,
        Ok(pb::StoreReportFormat::AlipayBill) => ReportFormat::AlipayBill,
        Ok(pb::StoreReportFormat::WechatBill) => ReportFormat::WechatBill,
        Ok(pb::StoreReportFormat::WechatFundFlow) => ReportFormat::WechatFundFlow,
        Ok(pb::StoreReportFormat::Unspecified) | Err(_) => {
            return Err(rpc::malformed("format", "must be one of the formats that there are"));
        }
    };
    Ok(known)
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn hash<'a>(field: &'static str, text: &'a str) -> Result<&'a str, Status> {
    let fits = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if fits { Ok(text) } else { Err(rpc::malformed(field, "must be 64 hexadecimal digits in lower case")) }
}

fn name(field: &'static str, text: &str, may_be_empty: bool) -> Result<String, Status> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let fits = text.len() <= NAME_BYTES_MAX && text.bytes().all(known) && (may_be_empty || !text.is_empty());
    if fits { Ok(text.to_owned()) } else { Err(rpc::malformed(field, "must have at most 64 letters, digits, `-`, `_` and `.`")) }
}

fn account(text: String) -> Result<String, Status> {
    let fits = (1..=NAME_BYTES_MAX).contains(&text.len()) && money::text::is_plain(&text);
    if fits { Ok(text) } else { Err(rpc::malformed("account", "must have 1 to 64 bytes and no control characters")) }
}

/// A part's bytes, if they are where and as many as they must be.
fn content(bytes: Vec<u8>, size_bytes: i64, offset_bytes: i64) -> Result<Vec<u8>, Status> {
    let part_bytes = PART_BYTES as i64;
    if !(1..=SIZE_BYTES_MAX).contains(&size_bytes) {
        return Err(rpc::malformed("size_bytes", &format!("must be 1 to {SIZE_BYTES_MAX}")));
    }
    if offset_bytes < 0 || offset_bytes >= size_bytes || offset_bytes % part_bytes != 0 {
        return Err(rpc::malformed("offset_bytes", &format!("must be a multiple of {PART_BYTES} below size_bytes")));
    }
    if i64::try_from(bytes.len()) != Ok((size_bytes - offset_bytes).min(part_bytes)) {
        return Err(rpc::malformed("content", &format!("must have {PART_BYTES} bytes, or what is left at the end of the report")));
    }
    Ok(bytes)
}

/// A part of a report, or what is wrong with it.
pub(crate) fn part(book: Result<BookName, Status>, request: ImportStoreReportRequest) -> Result<ReportPart, Status> {
    let mut wrong = Violations::default();
    let book = wrong.take(book);
    let format = wrong.take(format(request.format));
    let account = wrong.take(account(request.account));
    let period = wrong.take(name("period", &request.period, false));
    let part = wrong.take(name("report_part", &request.report_part, true));
    let sha256 = wrong.take(hash("sha256", &request.sha256).map(str::to_owned));
    let (size_bytes, offset_bytes) = (request.size_bytes, request.offset_bytes);
    let content = wrong.take(content(request.content, size_bytes, offset_bytes));
    let named = book.zip(format).zip(account).zip(period);
    let (Some((((book, format), account), period)), Some(part), Some(sha256), Some(bytes)) = (named, part, sha256, content) else {
        return Err(wrong.into_status());
    };
    let key = SettlementKey { book, store: store_of(format), account, period };
    Ok(ReportPart { key, part, format, sha256, size_bytes, offset_bytes, bytes })
}

/// What became of a report.
pub(crate) fn imported(imported: &ImportedReport, of: Option<&StoreSettlement>) -> ImportStoreReportResponse {
    let row = &imported.row;
    let state = match row.state {
        ReportState::Receiving => pb::StoreReportState::Receiving,
        ReportState::Current => pb::StoreReportState::Taken,
        ReportState::Replaced => pb::StoreReportState::Replaced,
    };
    ImportStoreReportResponse {
        state: state.into(),
        // What was taken had come whole; its parts are not kept.
        received_bytes: if row.state == ReportState::Receiving { row.received_bytes } else { row.size_bytes },
        line_count: row.line_count,
        reader: row.format.name().to_owned(),
        replayed: imported.replayed,
        settlement: of.map(settlement),
    }
}

/// The store that a filter names; empty for any.
pub(crate) fn store(number: i32) -> Result<&'static str, Error> {
    let named = pb::StoreKind::try_from(number);
    let named = named.map_err(|_| Error::Malformed { field: "store_kind", why: "must be one of the stores that there are".to_owned() })?;
    Ok(StoreKind::ALL.into_iter().find(|kind| store_kind(*kind) == named).map_or("", StoreKind::as_str))
}

/// Settlements of a filter, as a list to which page tokens are bound.
pub(crate) fn settlements_list(book: &BookName, store: &str) -> PagedList {
    PagedList::new("ListStoreSettlements", book.as_str(), &[store])
}

/// A settlement.
pub(crate) fn settlement(of: &StoreSettlement) -> pb::StoreSettlement {
    let state = match of.state {
        SettlementState::Open => pb::StoreSettlementState::Open,
        SettlementState::Settled => pb::StoreSettlementState::Settled,
    };
    let money = |currency: Currency, minor_units| Money { currency_code: currency.code().to_owned(), minor_units };
    let carried = |minor| of.proceeds_currency.filter(|_| minor != 0).map(|currency| money(currency, minor));
    pb::StoreSettlement {
        settlement_id: of.settlement_id.to_string(),
        store_kind: store_kind(of.key.store).into(),
        account: of.key.account.clone(),
        period: of.key.period.clone(),
        entity: of.entity.clone(),
        state: state.into(),
        waits_for: of.note.clone(),
        paid: of.proceeds_currency.map(|currency| money(currency, of.paid)),
        carried_in: carried(of.carried_in),
        carried_out: carried(of.carried_out),
        has_unexplained: of.has_unexplained,
        differences_hash: of.differences_hash.clone(),
        proposed_by: of.proposed.0.clone(),
        approved_by: of.approved.0.clone(),
        create_time: Some(timestamp_ms(of.created_at_ms)),
    }
}

/// A difference.
pub(crate) fn difference(of: &SettlementDifference) -> pb::StoreDifference {
    pb::StoreDifference {
        kind: of.kind.name().to_owned(),
        currency_code: of.currency.code().to_owned(),
        amount: of.amount.normalize().to_string(),
        expected: of.expected.normalize().to_string(),
        reported: of.reported.normalize().to_string(),
        transaction_id: of.transaction_id.clone(),
        product_id: of.product_id.clone(),
        market: of.market.clone(),
        line_no: i64::try_from(of.line_no).unwrap_or(i64::MAX),
        note: of.note.clone(),
        unexplained: of.kind.is_unexplained(),
    }
}

/// A posting of a settlement.
pub(crate) fn posting(of: &SettlementPosting) -> pb::StoreSettlementPosting {
    pb::StoreSettlementPosting {
        edition: of.edition,
        currency_code: of.currency.code().to_owned(),
        posting_id: of.posting_id.clone(),
        announced: of.is_announced,
    }
}
