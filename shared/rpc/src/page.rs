//! Pages of lists: their sizes, and the tokens for the next page.
//!
//! A token is opaque: a version, a digest of the list it was made for and the position of the last row shown, in base64url. The digest covers the list's
//! name, its book and its filter, so that a token sent to another list is refused instead of answered with the wrong rows. It is no secret and no
//! permission: what a caller may see is decided anew for every page. Tokens don't outlive an upgrade that changes their version; a caller with an old one
//! starts the list again.
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use prost::Message;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// The first byte of every token.
const VERSION: u8 = 1;
/// Bytes of the digest that a token carries: enough that no two lists are confused by accident.
const DIGEST_BYTES: usize = 8;
/// Longest token that is decoded: a version, a digest and a position of at most 64 bytes, in base64.
const TOKEN_BYTES_MAX: usize = 100;
/// Bytes of a row in an answer besides its own: a tag and a length.
const ROW_OVERHEAD_BYTES: usize = 6;

/// An invalid page token, or one of another list, book, filter or version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the page token is not one of this list; begin again without it")]
pub struct InvalidPageToken;

/// An invalid page size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must not be negative")]
pub struct InvalidPageSize;

/// How many rows the pages of a list have.
#[derive(Debug, Clone, Copy)]
pub struct PageSizes {
    /// The size if the request gives none.
    pub default: u16,
    /// The largest; larger requests get this many.
    pub max: u16,
}

impl PageSizes {
    /// The page size for the requested one; 0 means not given.
    pub fn read(self, asked: i32) -> Result<usize, InvalidPageSize> {
        match asked {
            ..0 => Err(InvalidPageSize),
            0 => Ok(self.default.into()),
            1.. => Ok(usize::try_from(asked).map_or(usize::MAX, |asked| asked.min(self.max.into()))),
        }
    }
}

/// Rows to read for a page of `size`: one more shows whether the list continues. [`PagedList::cut`] removes it again.
#[must_use]
pub fn rows_to_read(size: usize) -> i64 {
    i64::try_from(size).map_or(i64::MAX, |size| size.saturating_add(1))
}

/// The position where a page ends; the next page's query begins after it.
pub trait PagePosition: Sized {
    /// Appends the position to `token`. At most 64 bytes.
    fn write(&self, token: &mut Vec<u8>);
    /// Reads a position from the front of `token`; `None` if it is not one.
    fn read(token: &mut &[u8]) -> Option<Self>;
}

/// A number of a row.
impl PagePosition for i64 {
    fn write(&self, token: &mut Vec<u8>) {
        token.extend_from_slice(&self.to_be_bytes());
    }

    fn read(token: &mut &[u8]) -> Option<Self> {
        token.split_off(..size_of::<Self>())?.try_into().ok().map(Self::from_be_bytes)
    }
}

/// An id whose order is the list's.
impl PagePosition for Uuid {
    fn write(&self, token: &mut Vec<u8>) {
        token.extend_from_slice(self.as_bytes());
    }

    fn read(token: &mut &[u8]) -> Option<Self> {
        Self::from_slice(token.split_off(..size_of::<Self>())?).ok()
    }
}

/// A time or number, and a tiebreaker for rows with the same one.
impl<A: PagePosition, B: PagePosition> PagePosition for (A, B) {
    fn write(&self, token: &mut Vec<u8>) {
        self.0.write(token);
        self.1.write(token);
    }

    fn read(token: &mut &[u8]) -> Option<Self> {
        Some((A::read(token)?, B::read(token)?))
    }
}

/// One list, to which its tokens are bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PagedList([u8; DIGEST_BYTES]);

impl PagedList {
    /// The list `name` (the RPC's, such as `ListPayouts`) over `book`, filtered by `filter`: all of the request except the page's size and token.
    #[must_use]
    pub fn new(name: &str, book: &str, filter: &[&str]) -> Self {
        let parts = [name, book].into_iter().chain(filter.iter().copied()).map(str::as_bytes);
        Self::digest(parts)
    }

    /// As [`PagedList::new`], filtered by a whole request. The caller clears its page size and token, and its book if that is optional.
    #[must_use]
    pub fn of_request(name: &str, book: &str, request: &impl Message) -> Self {
        Self::digest([name.as_bytes(), book.as_bytes(), &request.encode_to_vec()].into_iter())
    }

    fn digest<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            // With its length in front, so that two lists of parts never hash the same text.
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Self(*hasher.finalize().first_chunk().expect("eight of 32 bytes"))
    }

    /// The token of the page after `position`.
    pub fn token(&self, position: &impl PagePosition) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.0);
        position.write(&mut bytes);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position after which the page of `token` begins; `None`, the list's beginning, for an empty token.
    pub fn position<P: PagePosition>(&self, token: &str) -> Result<Option<P>, InvalidPageToken> {
        if token.is_empty() {
            return Ok(None);
        }
        if token.len() > TOKEN_BYTES_MAX {
            return Err(InvalidPageToken);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| InvalidPageToken)?;
        let (&[VERSION], rest) = bytes.split_first_chunk().ok_or(InvalidPageToken)? else { return Err(InvalidPageToken) };
        let mut rest = rest.strip_prefix(self.0.as_slice()).ok_or(InvalidPageToken)?;
        match P::read(&mut rest) {
            Some(position) if rest.is_empty() => Ok(Some(position)),
            Some(_) | None => Err(InvalidPageToken),
        }
    }

    /// Cuts `rows` to the page's `size` and returns the next page's token; empty if the list ends. `rows` has one row more if the list continues.
    pub fn cut<T, P: PagePosition>(&self, rows: &mut Vec<T>, size: usize, position: impl Fn(&T) -> P) -> String {
        if rows.len() <= size {
            return String::new();
        }
        rows.truncate(size);
        rows.last().map(|last| self.token(&position(last))).unwrap_or_default()
    }

    /// As [`PagedList::cut`], of encoded rows, each with its position: the page ends earlier if more would not fit into an answer.
    pub fn cut_to_fit<M: Message, P: PagePosition>(&self, mut rows: Vec<(M, P)>, size: usize) -> (Vec<M>, String) {
        let mut bytes = 0;
        let fitting = rows.iter().take_while(|(row, _)| {
            bytes += row.encoded_len() + ROW_OVERHEAD_BYTES;
            bytes <= crate::ANSWER_BYTES_MAX - TOKEN_BYTES_MAX
        });
        // At least one row, so that the caller always makes progress.
        let size = size.min(fitting.count().max(1));
        let more = rows.len() > size;
        rows.truncate(size);
        let token = rows.last().filter(|_| more).map(|(_, last)| self.token(last)).unwrap_or_default();
        (rows.into_iter().map(|(row, _)| row).collect(), token)
    }
}
