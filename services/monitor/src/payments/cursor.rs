//! Where a viewer's stream continues, as a text that only the same book takes.
use ledger_client::JournalPlace;
use money::BookName;
use rpc::page::{PagePosition, PagedList};

/// Bytes of a commit's hash.
const HASH_BYTES: usize = 32;

/// A commit and its hash. Whether the journal has it is for the ledger to say.
#[derive(Debug, PartialEq, Eq)]
struct CommitPosition(JournalPlace);

impl PagePosition for CommitPosition {
    fn write(&self, token: &mut Vec<u8>) {
        self.0.commit_no.write(token);
        self.0.seq.write(token);
        token.extend_from_slice(&bytes(&self.0.hash));
    }

    fn read(token: &mut &[u8]) -> Option<Self> {
        let (commit_no, seq) = (i64::read(token)?, i64::read(token)?);
        let hash = token.split_off(..HASH_BYTES)?;
        let hash = if commit_no == 0 { String::new() } else { hash.iter().map(|byte| format!("{byte:02x}")).collect() };
        (commit_no >= 0 && seq >= 0).then_some(Self(JournalPlace { commit_no, hash, seq }))
    }
}

/// The bytes of a hash in hexadecimal; zeros before the first commit, which has none.
fn bytes(hash: &str) -> [u8; HASH_BYTES] {
    let digit = |at: usize| hash.get(at * 2..at * 2 + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    std::array::from_fn(|at| digit(at).unwrap_or(0))
}

fn list(book: &BookName) -> PagedList {
    PagedList::new("WatchPayments", book.as_str(), &[])
}

/// The cursor after a commit.
pub fn cursor(book: &BookName, place: &JournalPlace) -> String {
    list(book).token(&CommitPosition(place.clone()))
}

/// The commit of a cursor. `None` for an empty one; an error for what is no cursor of this book.
pub fn place(book: &BookName, cursor: &str) -> Result<Option<JournalPlace>, rpc::page::InvalidPageToken> {
    Ok(list(book).position::<CommitPosition>(cursor)?.map(|position| position.0))
}

#[cfg(test)]
mod tests;
