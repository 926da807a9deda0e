//! Lists: what is asked for, and tokens to go on with.

use super::{account_name, kind, malformed, micros};
use crate::{
    domain::account::Side,
    error::Error,
    read::{EntryFilter, EntryListing},
};
use api::ledger as pb;
use rpc::page::{InvalidPageSize, InvalidPageToken, PageSizes, PagedList};

/// Entries of one page, and where none is asked for.
const PAGES: PageSizes = PageSizes { default: 50, max: 200 };

/// The list that a page is of: everything that was asked for but how much of it. `book` is the one that was meant, named or not.
pub(crate) fn entries_list(sent: &pb::ListEntriesRequest, book: &str) -> PagedList {
    let asked = pb::ListEntriesRequest { book: String::new(), page_size: 0, page_token: String::new(), ..sent.clone() };
    PagedList::of_request("ListEntries", book, &asked)
}

/// Where the list goes on after `place`; empty where it does not.
pub(crate) fn entries_token(list: &PagedList, place: i64) -> String {
    if place == 0 { String::new() } else { list.token(&place) }
}

/// The place a token names, 0 without one; refused for a token of another list.
pub(crate) fn entries_place(list: &PagedList, token: &str) -> Result<i64, Error> {
    match list.position(token) {
        Ok(None) => Ok(0),
        Ok(Some(place @ 1..)) => Ok(place),
        Ok(Some(_)) | Err(InvalidPageToken) => Err(Error::PageToken),
    }
}

/// The account's name and the page of its entries that is asked for.
pub(crate) fn listing(sent: pb::ListEntriesRequest, book: &str) -> Result<(String, EntryListing, PagedList), Error> {
    let list = entries_list(&sent, book);
    let name = account_name(sent.account, "account")?.text;
    let limit = PAGES.read(sent.page_size).map_err(|InvalidPageSize| malformed("page_size", "must not be negative"))?;
    if sent.amount_min < 0 {
        return Err(malformed("amount_min", "must not be negative"));
    }
    let side = match pb::EntrySide::try_from(sent.side) {
        Ok(pb::EntrySide::Unspecified) => None,
        Ok(pb::EntrySide::Debit) => Some(Side::Debit),
        Ok(pb::EntrySide::Credit) => Some(Side::Credit),
        Err(_) => return Err(malformed("side", "unknown")),
    };
    let counterparty = if sent.counterparty.is_empty() { None } else { Some(account_name(sent.counterparty, "counterparty")?.text) };
    let time = |time: Option<_>, field| time.map(|time| micros(time, field)).transpose();
    let filter = EntryFilter {
        kind: if sent.kind.is_empty() { None } else { Some(kind(sent.kind)?) },
        side,
        counterparty,
        amount_min: sent.amount_min,
        booked: (time(sent.booked_from, "booked_from")?, time(sent.booked_until, "booked_until")?),
        effective: (time(sent.effective_from, "effective_from")?, time(sent.effective_until, "effective_until")?),
    };
    let place = entries_place(&list, &sent.page_token)?;
    Ok((name, EntryListing { filter, oldest_first: sent.oldest_first, place, limit }, list))
}

#[cfg(test)]
mod tests;
