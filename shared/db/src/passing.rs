//! Transient failures: the database was unreachable, busy, or gave up for its own reasons.

use sqlx::Error;

/// SQLSTATE classes and codes (PostgreSQL's Appendix A): connection, transaction rolled back and to be retried, resources, operator, system; a lock not
/// obtained in time; a server that accepts no writes; a transaction that was idle too long.
const POSTGRES: [&str; 8] = ["08", "40", "53", "57", "58", "55P03", "25006", "25P03"];

/// SQLite's primary result codes (sqlite.org/rescode.html): BUSY, LOCKED, READONLY, IOERR, FULL, PROTOCOL.
const SQLITE: [i32; 6] = [5, 6, 8, 10, 13, 15];

/// SQLSTATEs have five characters, SQLite's numbers at most four.
const SQLSTATE_LENGTH: usize = 5;

/// Whether an unchanged request may succeed later. It says nothing about what was done: a COMMIT that fails like this may have happened, so the caller gets
/// an unknown outcome, and finds out by retrying the same id.
#[must_use]
pub fn is_passing(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed | Error::BeginFailed => true,
        Error::Database(told) => told.code().is_some_and(|code| passes(&code)),
        // Wrong statements and rows stay wrong. sqlx may add kinds of errors.
        _ => false,
    }
}

fn passes(code: &str) -> bool {
    if code.len() == SQLSTATE_LENGTH {
        return POSTGRES.iter().any(|passing| code.starts_with(passing));
    }
    code.parse::<i32>().is_ok_and(|code| SQLITE.contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests;
