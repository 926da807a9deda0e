//! Protobuf to domain and back, for accounting.
use super::{AsRead, error::AccountingError};
use crate::store::{EntityBooks, Period};
use accounting::{account, balance::BalanceLine, journal::JournalLine, roll::RollForward};
use api::treasury::{AccountingBalance, AccountingLine, AccountingPeriod, GetRollForwardResponse, RollForwardLine, RollForwardMovement};
use jiff::civil::Date;
use money::BookName;
use rpc::{
    Violations,
    page::{PageSizes, PagedList},
};

/// Items of a page: what fits into an answer, whose sums are a hundred bytes each.
pub const LINE_PAGES: PageSizes = PageSizes { default: 5_000, max: 5_000 };
/// Periods of a page: four years of months.
pub const PERIOD_PAGES: PageSizes = PageSizes { default: 50, max: 200 };

/// A day, an entity and a page as sent.
pub struct Asked<'a> {
    /// The entity; empty: main.
    pub entity: &'a str,
    /// Days by the names of their fields.
    pub days: &'a [(&'static str, &'a str)],
    /// Items of a page, and the sizes that there are.
    pub page: Option<(i32, PageSizes)>,
}

/// What was asked, read.
pub struct ReadRequest {
    /// The entity of the book.
    pub of: EntityBooks,
    /// The days, in the order in which they were asked.
    pub days: Vec<Date>,
    /// Items of a page.
    pub size: usize,
}

/// Reads a request, or says everything that is wrong with it.
pub fn asked(book: BookName, asked: &Asked<'_>) -> Result<ReadRequest, AccountingError> {
    let mut wrong = Violations::default();
    let entity = if asked.entity.is_empty() { account::MAIN_ENTITY } else { asked.entity };
    if !account::is_entity(entity) {
        wrong.add(rpc::malformed("entity", "must have 1 to 32 of the characters a to z, 0 to 9 and -"));
    }
    let mut days = Vec::new();
    for (field, text) in asked.days {
        // Only the form that sorts as text: the tables compare days so.
        let day = text.parse::<Date>().ok().filter(|day| day.to_string() == **text && day.year() > 0);
        days.extend(wrong.take(day.ok_or_else(|| rpc::malformed(field, "must be a day such as 2026-11-27"))));
    }
    if let ([first, last], [_, (field, _)]) = (days.as_slice(), asked.days)
        && last < first
    {
        wrong.add(rpc::malformed(field, "must not be before first_date"));
    }
    let size =
        asked.page.map(|(size, sizes)| wrong.take(sizes.read(size).map_err(|error| rpc::malformed("page_size", &error.to_string()))));
    wrong.check().map_err(|status| AccountingError::Violations(Box::new(status)))?;
    Ok(ReadRequest { of: EntityBooks { book, entity: entity.to_owned() }, days, size: size.flatten().unwrap_or_default() })
}

/// The list of a day that a page token is bound to; of an open day also to what was read, which changes it.
pub fn day_list<T>(name: &str, request: &ReadRequest, read: &AsRead<T>) -> PagedList {
    let days: Vec<String> = request.days.iter().map(ToString::to_string).collect();
    let seq = if read.closed { String::new() } else { read.seq.to_string() };
    PagedList::new(name, request.of.book.as_str(), &[&request.of.entity, &days.join(" "), &seq])
}

/// The lines after the position of a token, each with its own, one more than a page has if the list goes on.
pub fn after<T, M>(
    list: PagedList,
    token: &str,
    size: usize,
    lines: Vec<T>,
    message: impl Fn(T) -> M,
) -> Result<Vec<(M, i64)>, AccountingError> {
    let after: Option<i64> = list.position(token).map_err(|_| AccountingError::PageToken)?;
    let rows = lines.into_iter().zip(1_i64..).filter(|(_, at)| after.is_none_or(|after| *at > after));
    Ok(rows.take(size + 1).map(|(line, at)| (message(line), at)).collect())
}

/// A line of a day.
pub fn line(line: JournalLine) -> AccountingLine {
    let JournalLine { account, unit, kind, event_day, sums } = line;
    let (debits, credits, entries) = (sums.debits, sums.credits, sums.entries);
    AccountingLine { account, unit, kind, event_date: event_day.to_string(), debits, credits, entries }
}

/// A balance.
pub fn balance(line: BalanceLine) -> AccountingBalance {
    let BalanceLine { account, unit, debits, credits } = line;
    AccountingBalance { account, unit, debits, credits }
}

/// A roll-forward.
pub fn rolled(read: AsRead<RollForward>) -> GetRollForwardResponse {
    let movement = |one: accounting::roll::RollMovement| RollForwardMovement { kind: one.kind, added: one.added, released: one.released };
    let line = |line: RollForward| RollForwardLine {
        account: line.account,
        currency_code: line.unit,
        opening: line.opening,
        movements: line.movements.into_iter().map(movement).collect(),
        closing: line.closing,
    };
    GetRollForwardResponse { lines: read.lines.into_iter().map(line).collect(), closed: read.closed, seq: read.seq }
}

/// A closed period.
pub fn period(entity: &str, period: Period) -> AccountingPeriod {
    AccountingPeriod {
        period_no: period.period_no,
        entity: entity.to_owned(),
        first_date: period.first_day.to_string(),
        last_date: period.last_day.to_string(),
        seq: period.seq,
        balances_hash: period.balances_hash,
        close_time: Some(rpc::wire::timestamp_ms(period.closed_at_ms)),
        closed_by: period.closed_by,
        reason: period.close_reason,
    }
}
