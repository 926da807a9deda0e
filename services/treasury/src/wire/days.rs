//! Closed days as messages.
use super::reconciliation::{PAGES, ShownDifferences, optional_day};
use crate::{
    error::Error,
    store::{ClosedDayRow, DaysFilter},
};
use api::treasury as pb;
use jiff::civil::Date;
use money::{BookName, Currency};
use rpc::{Violations, page::PagedList};

/// Reads a list's request: what to list, the size of a page, and the list of its token.
pub fn list_ask(book: &BookName, request: pb::ListClosedDaysRequest) -> Result<(DaysFilter, usize, PagedList), Error> {
    let mut wrong = Violations::default();
    if request.physical_account.is_empty() {
        wrong.add(rpc::malformed("physical_account", "must be the id of a physical account"));
    }
    let from = wrong.take(optional_day("from_date", &request.from_date)).flatten();
    let until = wrong.take(optional_day("until_date", &request.until_date)).flatten();
    let size = PAGES.read(request.page_size).map_err(|error| rpc::malformed("page_size", &error.to_string()));
    let size = wrong.take(size).unwrap_or_default();
    wrong.check().map_err(|status| Error::Violations(Box::new(status)))?;
    let list = PagedList::new("ListClosedDays", book.as_str(), &[&request.physical_account, &request.from_date, &request.until_date]);
    let before: Option<i64> = list.position(&request.page_token).map_err(|_| Error::PageToken)?;
    let before = before.map(|number| day_of(number).ok_or(Error::PageToken)).transpose()?;
    Ok((DaysFilter { account: request.physical_account, from, until, before }, size, list))
}

/// A day as a number such as 20261127, which a page's token has.
pub fn number_of(day: Date) -> i64 {
    (i64::from(day.year()) * 100 + i64::from(day.month())) * 100 + i64::from(day.day())
}

fn day_of(number: i64) -> Option<Date> {
    let part = |number: i64| i8::try_from(number % 100).ok();
    Date::new(i16::try_from(number / 10_000).ok()?, part(number / 100)?, part(number)?).ok()
}

/// A closed day as its message.
pub fn day(closed: &ClosedDayRow, currency: Currency) -> pb::ClosedDay {
    let ((closed_by, closed_at_ms), differences) = (&closed.closed, ShownDifferences::of(closed));
    pb::ClosedDay {
        day: closed.day.to_string(),
        currency_code: currency.code().to_owned(),
        opening_minor_units: closed.balances.0,
        closing_minor_units: closed.balances.1,
        books_minor_units: closed.books,
        timing_items: differences.largest,
        entry_count: closed.entry_count,
        closed_by: closed_by.clone(),
        closed_time: Some(rpc::wire::timestamp_ms(*closed_at_ms)),
        timing_items_left_out: differences.left_out,
        left_out_minor_units: differences.left_out_sum,
    }
}
