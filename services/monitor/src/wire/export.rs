//! ExportJournal.
use crate::error::Error;
use api::monitor::ExportJournalRequest;
use money::BookName;
use rpc::{Violations, wire::TimeRange};
use tonic::Status;

/// Bytes of an account's name.
const ACCOUNT_BYTES_MAX: usize = 256;

/// A request to export.
#[derive(Debug)]
pub struct ExportAsked {
    /// The book.
    pub book: BookName,
    /// First moment, in microseconds since the Unix epoch; `None` for the beginning.
    pub from_us: Option<i64>,
    /// First moment after the period, in the same form; `None` for what there is.
    pub until_us: Option<i64>,
    /// Only transfers from or to this account.
    pub account: Option<String>,
    /// Whether the file has the columns of the postings' fields.
    pub fields: bool,
}

/// Reads a request whose book was read from its name.
pub fn asked(book: Result<BookName, Status>, sent: ExportJournalRequest) -> Result<ExportAsked, Error> {
    let mut wrong = Violations::default();
    let book = wrong.take(book);
    let range = wrong.take(TimeRange::read(["from", "until"], sent.from, sent.until).and_then(|range| {
        let after = range.from_ms < range.until_ms;
        if after { Ok(range) } else { Err(rpc::malformed("until", "must be after `from`")) }
    }));
    let long = format!("must have at most {ACCOUNT_BYTES_MAX} bytes");
    let fits = sent.account.len() <= ACCOUNT_BYTES_MAX;
    let account = wrong.take(if fits { Ok(sent.account) } else { Err(rpc::malformed("account", &long)) });
    let (Some(book), Some(range), Some(account)) = (book, range, account) else {
        return Err(Error::Violations(Box::new(wrong.into_status())));
    };
    let micros = |ms: i64, any: i64| (ms != any).then(|| ms.saturating_mul(1_000));
    Ok(ExportAsked {
        book,
        from_us: micros(range.from_ms, TimeRange::ANY.from_ms),
        until_us: micros(range.until_ms, TimeRange::ANY.until_ms),
        account: (!account.is_empty()).then_some(account),
        fields: sent.fields,
    })
}
