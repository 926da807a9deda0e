//! Statements in protobuf, and back.
use crate::{
    domain::{
        node::is_id,
        statement::{DayStatement, StatementKind, StatementLine, StatementTotal, line::LineDetails},
    },
    error::Error,
    rendering::RenderFormat,
    statements::StatementCursor,
};
use api::treasury as pb;
use iso20022::report::ReportKind;
use jiff::civil::Date;
use money::BookName;
use rpc::{
    Violations,
    page::{PageSizes, PagedList},
};

/// Entries of a page.
const ENTRIES: PageSizes = PageSizes { default: 200, max: 1_000 };
/// Statements of a page.
const STATEMENTS: PageSizes = PageSizes { default: 100, max: 1_000 };

/// A statement that is asked for.
pub struct StatementAsk {
    /// The leaf, summary node or physical account.
    pub node: String,
    /// The day.
    pub day: Date,
}

/// Reads a node and a day, and what else a request has.
fn ask<T>(node: String, day: &str, rest: Result<T, tonic::Status>) -> Result<(StatementAsk, T), Error> {
    let mut wrong = Violations::default();
    check_node(&node, &mut wrong);
    let day = wrong.take(super::moves::date("day", day));
    let rest = wrong.take(rest);
    wrong.check().map_err(|status| Error::Violations(Box::new(status)))?;
    match (day, rest) {
        (Some(day), Some(rest)) => Ok((StatementAsk { node, day }, rest)),
        _ => Err(Error::NodeUnknown { node }),
    }
}

fn check_node(node: &str, wrong: &mut Violations) {
    if !is_id(node) {
        wrong.add(rpc::malformed("node_id", "must have 1 to 32 of the characters a to z, 0 to 9 and -"));
    }
}

fn size(sizes: PageSizes, asked: i32) -> Result<usize, tonic::Status> {
    sizes.read(asked).map_err(|error| rpc::malformed("page_size", &error.to_string()))
}

/// Reads a request to issue.
pub fn issue_ask(request: pb::IssueStatementRequest) -> Result<StatementAsk, Error> {
    Ok(ask(request.node_id, &request.day, Ok(()))?.0)
}

/// Reads a request for a page of a statement: the page's size, and the list that its tokens are of.
pub fn get_ask(
    book: &BookName,
    request: pb::GetStatementRequest,
) -> Result<(StatementAsk, usize, Option<StatementCursor>, PagedList), Error> {
    let (ask, size) = ask(request.node_id, &request.day, size(ENTRIES, request.page_size))?;
    let list = PagedList::new("GetStatement", book.as_str(), &[&ask.node, &ask.day.to_string()]);
    let after: Option<(i64, (i64, i64))> = list.position(&request.page_token).map_err(|_| Error::PageToken)?;
    let after = after.map(|(booked_us, (place, balance))| StatementCursor { booked_us, place, balance });
    Ok((ask, size, after, list))
}

/// Reads a request for a list: the node, the page's size, the number above the page's first, and the list that its tokens are of.
pub fn list_ask(book: &BookName, request: pb::ListStatementsRequest) -> Result<(String, usize, i64, PagedList), Error> {
    let mut wrong = Violations::default();
    check_node(&request.node_id, &mut wrong);
    let size = wrong.take(size(STATEMENTS, request.page_size)).unwrap_or_default();
    wrong.check().map_err(|status| Error::Violations(Box::new(status)))?;
    let list = PagedList::new("ListStatements", book.as_str(), &[&request.node_id]);
    let before: Option<i64> = list.position(&request.page_token).map_err(|_| Error::PageToken)?;
    Ok((request.node_id, size, before.unwrap_or(i64::MAX), list))
}

/// Reads a request for a file.
pub fn render_ask(request: pb::RenderStatementRequest) -> Result<(StatementAsk, RenderFormat), Error> {
    let format = match request.format() {
        pb::StatementFormat::Unspecified => Err(rpc::malformed("format", "must be one of the formats")),
        pb::StatementFormat::Csv => Ok(RenderFormat::Csv),
        pb::StatementFormat::Camt053 => Ok(RenderFormat::Camt(ReportKind::Statement)),
        pb::StatementFormat::Camt052 => Ok(RenderFormat::Camt(ReportKind::Intraday)),
        pb::StatementFormat::Camt054 => Ok(RenderFormat::Camt(ReportKind::Notification)),
        pb::StatementFormat::Mt940 => Ok(RenderFormat::Mt940),
        pb::StatementFormat::Bai2 => Ok(RenderFormat::Bai2),
        pb::StatementFormat::Pdf => Ok(RenderFormat::Pdf),
    };
    ask(request.node_id, &request.day, format)
}

fn total(total: StatementTotal) -> pb::StatementTotal {
    pb::StatementTotal { count: total.count, sum_minor_units: total.minor_units }
}

/// A statement without its entries.
#[must_use]
pub fn statement(statement: &DayStatement) -> pb::Statement {
    let account = &statement.account;
    let kind = match account.kind {
        StatementKind::Physical => pb::StatementKind::Physical,
        StatementKind::Summary => pb::StatementKind::Summary,
        StatementKind::Leaf => pb::StatementKind::Leaf,
    };
    pb::Statement {
        node_id: account.node.clone(),
        kind: kind.into(),
        number: statement.number,
        day: statement.day.to_string(),
        account_number: account.number.clone(),
        name: account.name.clone(),
        entity: account.entity.clone(),
        bank: account.bank.clone(),
        branch: account.branch.clone(),
        currency_code: account.currency.code().to_owned(),
        opening_minor_units: statement.opening,
        closing_minor_units: statement.closing,
        credits: Some(total(statement.credits)),
        debits: Some(total(statement.debits)),
        // Of a later page of a day that is not over, it is not known.
        position: if statement.position == i64::MAX { 0 } else { statement.position },
        hash: statement.hash.clone(),
        issue_time: (statement.number > 0).then(|| rpc::wire::timestamp_ms(statement.issued_at_ms)),
    }
}

/// An entry with the place after which the next page begins.
#[must_use]
pub fn entry(line: &StatementLine, details: LineDetails, balance: i64) -> (pb::StatementEntry, (i64, (i64, i64))) {
    let place = (line.booked_us, (line.place(), balance));
    let entry = pb::StatementEntry {
        node_id: line.member.clone(),
        minor_units: line.change.saturating_abs(),
        is_credit: line.is_credit(),
        kind: line.kind.clone(),
        booking_time: Some(rpc::wire::timestamp_us(line.booked_us)),
        value_date: line.value_date.to_string(),
        posting_id: line.posting_id.clone(),
        seq: line.seq,
        // What has no transfer is numbered below zero.
        transfer_no: line.transfer_no.max(0),
        other_node_id: line.other.id().to_owned(),
        is_internal: line.is_internal,
        end_to_end_id: details.end_to_end_id.unwrap_or_default(),
        return_reason: details.return_reason.unwrap_or_default(),
        balance_minor_units: balance,
    };
    (entry, place)
}
