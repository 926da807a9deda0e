//! Is the record what it was? Works on a copy, with nothing running.
use crate::{domain::GENESIS, store::Store};

/// Lines of one read.
const PAGE: i64 = 1_000;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Lines that follow from one another.
    pub lines: i64,
    /// Lines whose texts were erased.
    pub erased: i64,
    /// The first line that does not fit, and why.
    pub problem: Option<(i64, &'static str)>,
}

/// Follows the chain from its first line to its last.
pub async fn check(store: &Store) -> Result<Report, sqlx::Error> {
    let mut report = Report { lines: 0, erased: 0, problem: None };
    let mut previous = GENESIS;
    // Also what somebody put before the first.
    let mut from = i64::MIN;
    loop {
        let page = match store.acts_from(from, PAGE).await {
            Err(sqlx::Error::Decode(_)) => {
                report.problem = Some((report.lines + 1, "a line from here on can't be read"));
                return Ok(report);
            }
            page => page?,
        };
        if page.is_empty() {
            return Ok(report);
        }
        for line in page {
            let problem = if line.seq != report.lines + 1 {
                Some("a line is missing or too much before it")
            } else if line.chained(&previous) != line.hash {
                Some("it does not follow from the line before it")
            } else if !line.texts_hold() {
                Some("its reason or request is not what was written")
            } else {
                None
            };
            if let Some(why) = problem {
                report.problem = Some((line.seq, why));
                return Ok(report);
            }
            previous = line.hash;
            report.lines = line.seq;
            from = line.seq + 1;
            report.erased += i64::from(line.erased);
        }
    }
}
