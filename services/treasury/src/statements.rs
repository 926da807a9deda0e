//! The use cases of statements: a day is issued once it is over, by whoever asks first, and after all days before it.
//!
//! - `issuing`: one day after the other. [`opened`]: a statement whose entries are read. `reader`: entries of many accounts in the order of the book.
//!   `details`: what postings say besides their amounts.
mod details;
mod issuing;
pub mod opened;
mod reader;

pub use opened::OpenedStatement;

use crate::{
    domain::statement::{DayStatement, last_closed_day, start_us},
    error::Error,
    treasury::Treasury,
};
use jiff::civil::Date;
use money::time::unix_us;

/// How often a call begins again whose next number was taken by another process.
const ISSUE_TRIES_MAX: u32 = 5;

/// A place in a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementCursor {
    /// When the last entry was booked.
    pub booked_us: i64,
    /// Its place.
    pub place: i64,
    /// The balance after it.
    pub balance: i64,
}

impl Treasury {
    /// The statement of a day that is over, issued now unless it was.
    pub async fn issue_statement(&self, node: &str, day: Date) -> Result<DayStatement, Error> {
        for _ in 0..ISSUE_TRIES_MAX {
            if let Some(issued) = self.store.statement_of(self.book.as_str(), node, day).await? {
                return Ok(issued);
            }
            let first =
                self.store.first_day(self.book.as_str(), node).await?.ok_or_else(|| Error::NodeUnknown { node: node.to_owned() })?;
            if day > last_closed_day(self.now_us()) {
                return Err(Error::DayOpen { day });
            }
            if day < first {
                return Err(Error::DayBeforeFirst { first });
            }
            self.issue_until(node, first, day).await?;
        }
        Err(Error::StatementsPending)
    }

    /// The statement of a day, from a place in it on. Of a day that is not over, those of the days before are issued first.
    pub async fn open_statement(&self, node: &str, day: Date, after: Option<StatementCursor>) -> Result<OpenedStatement, Error> {
        let closed = last_closed_day(self.now_us());
        if day <= closed {
            let issued = self.issue_statement(node, day).await?;
            return self.opened(issued, after).await;
        }
        let open = closed.tomorrow().unwrap_or(closed);
        let first = self.store.first_day(self.book.as_str(), node).await?.ok_or_else(|| Error::NodeUnknown { node: node.to_owned() })?;
        if day != open || start_us(day) > self.now_us() {
            return Err(Error::DayOpen { day });
        }
        if day < first {
            return Err(Error::DayBeforeFirst { first });
        }
        let before = if day == first { None } else { Some(self.issue_statement(node, closed).await?) };
        self.opened_so_far(node, day, before, after).await
    }

    /// Statements that were issued, the newest first, with numbers below this one.
    pub async fn statements(&self, node: &str, before: i64, count: i64) -> Result<Vec<DayStatement>, Error> {
        Ok(self.store.statements_before(self.book.as_str(), node, before, count).await?)
    }

    /// The clock, in microseconds since the Unix epoch.
    pub(crate) fn now_us(&self) -> i64 {
        unix_us((self.clock)())
    }
}
