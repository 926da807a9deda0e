//! Lists: the page requested, and page tokens to continue.

use super::{account_name, kind, malformed, micros, violations};
use crate::{
    domain::{account::Side, chart::Unit},
    error::Error,
    read::{EntryFilter, EntryListing, TrialBalanceLine},
};
use api::ledger as pb;
use money::derive_id;
use rpc::{
    Violations,
    page::{InvalidPageSize, InvalidPageToken, PageSizes, PagedList},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Rows of one page, and where none is asked for.
const PAGES: PageSizes = PageSizes { default: 50, max: 200 };

/// The list a page belongs to: the whole request except its page size. `book` is the book meant, whether or not the request names it.
pub(crate) fn entries_list(sent: &pb::ListEntriesRequest, book: &str) -> PagedList {
    let asked = pb::ListEntriesRequest { book: String::new(), page_size: 0, page_token: String::new(), ..sent.clone() };
    PagedList::of_request("ListEntries", book, &asked)
}

/// The page token for the list after `place`; empty at its end.
pub(crate) fn entries_token(list: &PagedList, place: i64) -> String {
    if place == 0 { String::new() } else { list.token(&place) }
}

/// The position in a token, 0 without one; a token of another list is refused.
pub(crate) fn entries_place(list: &PagedList, token: &str) -> Result<i64, Error> {
    match list.position(token) {
        Ok(None) => Ok(0),
        Ok(Some(place @ 1..)) => Ok(place),
        Ok(Some(_)) | Err(InvalidPageToken) => Err(Error::PageToken),
    }
}

/// How many rows the page has that is asked for.
pub(crate) fn page_size(asked: i32) -> Result<usize, Error> {
    PAGES.read(asked).map_err(|InvalidPageSize| malformed("page_size", "must not be negative"))
}

/// Lines of a trial balance on one page: all of them, unless a book has more forms and currencies than any that we know.
const BALANCE_PAGES: PageSizes = PageSizes { default: 5_000, max: 5_000 };

/// How many lines of a trial balance the page has that is asked for.
pub(crate) fn balance_page_size(asked: i32) -> Result<usize, Error> {
    BALANCE_PAGES.read(asked).map_err(|InvalidPageSize| malformed("page_size", "must not be negative"))
}

/// The lines after the one at this position, each with its own; `None` if there is no such line. The position is a digest, because form and unit are longer
/// than a position may be. A line never disappears, so a position stays valid while others appear before and after it.
pub(crate) fn balance_rows(
    lines: BTreeMap<(Unit, String), TrialBalanceLine>,
    after: Option<Uuid>,
) -> Option<Vec<(pb::TrialBalanceLine, Uuid)>> {
    let position = |unit: Unit, form: &str| derive_id(Uuid::nil(), &["GetTrialBalance", &unit.to_string(), form]);
    let mut rows = lines.into_iter().map(|((unit, form), line)| (position(unit, &form), unit, form, line));
    if let Some(after) = after {
        rows.by_ref().find(|(position, ..)| *position == after)?;
    }
    let sum = |sum: i128| i64::try_from(sum).unwrap_or(i64::MAX);
    let told = |(position, unit, accounts, line): (Uuid, Unit, String, TrialBalanceLine)| {
        let line = pb::TrialBalanceLine {
            accounts,
            unit: unit.to_string(),
            count: line.count,
            debits_posted: sum(line.debits_posted),
            credits_posted: sum(line.credits_posted),
            debits_pending: sum(line.debits_pending),
            credits_pending: sum(line.credits_pending),
        };
        (line, position)
    };
    Some(rows.map(told).collect())
}

/// The account's name and the page of its entries that is asked for.
pub(crate) fn listing(sent: pb::ListEntriesRequest, book: &str) -> Result<(String, EntryListing, PagedList), Error> {
    let list = entries_list(&sent, book);
    let mut wrong = Violations::default();
    let name = wrong.take(account_name(sent.account, "account"));
    let limit = wrong.take(page_size(sent.page_size));
    if sent.amount_min < 0 {
        wrong.add(malformed("amount_min", "must not be negative").into());
    }
    let side = wrong.take(match pb::EntrySide::try_from(sent.side) {
        Ok(pb::EntrySide::Unspecified) => Ok(None),
        Ok(pb::EntrySide::Debit) => Ok(Some(Side::Debit)),
        Ok(pb::EntrySide::Credit) => Ok(Some(Side::Credit)),
        Err(_) => Err(malformed("side", "must be one of the sides that there are")),
    });
    let named = |name: String| if name.is_empty() { Ok(None) } else { account_name(name, "counterparty").map(|name| Some(name.text)) };
    let counterparty = wrong.take(named(sent.counterparty));
    let kind = wrong.take(if sent.kind.is_empty() { Ok(None) } else { kind(sent.kind).map(Some) });
    let mut time = |time: Option<_>, field| wrong.take(time.map(|time| micros(time, field)).transpose());
    let booked = (time(sent.booked_from, "booked_from"), time(sent.booked_until, "booked_until"));
    let effective = (time(sent.effective_from, "effective_from"), time(sent.effective_until, "effective_until"));
    let (Some(booked_from), Some(booked_until)) = booked else { return Err(violations(wrong)) };
    let (Some(effective_from), Some(effective_until)) = effective else { return Err(violations(wrong)) };
    let (Some(name), Some(limit), Some(side), Some(counterparty), Some(kind), 0..) =
        (name, limit, side, counterparty, kind, sent.amount_min)
    else {
        return Err(violations(wrong));
    };
    let filter = EntryFilter {
        kind,
        side,
        counterparty,
        amount_min: sent.amount_min,
        booked: (booked_from, booked_until),
        effective: (effective_from, effective_until),
    };
    let place = entries_place(&list, &sent.page_token)?;
    Ok((name.text, EntryListing { filter, oldest_first: sent.oldest_first, place, limit }, list))
}

#[cfg(test)]
mod tests;
