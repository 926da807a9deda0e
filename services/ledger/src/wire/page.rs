//! Lists: what is asked for, and tokens to go on with.

use super::{account_name, kind, malformed, micros};
use crate::{
    domain::account::Side,
    error::Error,
    read::{EntryFilter, EntryListing},
};
use api::ledger as pb;
use prost::Message;
use sha2::{Digest, Sha256};

/// Entries of one page, and where none is asked for.
const PAGE_MAX: i32 = 200;
const PAGE_DEFAULT: i32 = 50;

/// Which list a token is of: everything that was asked for but how much of it.
pub(crate) struct ListDigest([u8; 6]);

impl ListDigest {
    /// `book` is the one that was meant, named or not.
    pub(crate) fn of(sent: &pb::ListEntriesRequest, book: &str) -> Self {
        let asked = pb::ListEntriesRequest { book: book.to_owned(), page_size: 0, page_token: String::new(), ..sent.clone() };
        let digest = Sha256::digest(asked.encode_to_vec());
        Self(digest[..6].try_into().expect("six of 32 bytes"))
    }

    /// Where the list goes on; empty where it does not.
    pub(crate) fn token(&self, place: i64) -> String {
        if place == 0 { String::new() } else { format!("{place}.{}", hex::encode(self.0)) }
    }

    /// The place a token names; refused for a token of another list.
    pub(crate) fn place(&self, token: &str) -> Result<i64, Error> {
        let place = token.split_once('.').and_then(|(place, _)| place.parse().ok()).filter(|place| *place > 0).ok_or(Error::PageToken)?;
        if self.token(place) == token { Ok(place) } else { Err(Error::PageToken) }
    }
}

/// The account's name and the page of its entries that is asked for.
pub(crate) fn listing(sent: pb::ListEntriesRequest, book: &str) -> Result<(String, EntryListing, ListDigest), Error> {
    let list = ListDigest::of(&sent, book);
    let name = account_name(sent.account, "account")?.text;
    let limit = match sent.page_size {
        ..0 => return Err(malformed("page_size", "must not be negative")),
        0 => PAGE_DEFAULT,
        size => size.min(PAGE_MAX),
    };
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
    let place = if sent.page_token.is_empty() { 0 } else { list.place(&sent.page_token)? };
    let limit = usize::try_from(limit).expect("between 1 and its bound");
    Ok((name, EntryListing { filter, oldest_first: sent.oldest_first, place, limit }, list))
}

#[cfg(test)]
mod tests;
