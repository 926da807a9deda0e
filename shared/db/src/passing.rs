//! Failures that pass: the database was out of reach, busy, or gave up for reasons of its own.

use sqlx::Error;

/// SQLSTATE classes and codes (PostgreSQL's Appendix A): connection, transaction rolled back to be tried again, resources, operator, system; a lock that was
/// not had in time; a server that takes no writes; a transaction that stood still too long.
const POSTGRES: [&str; 8] = ["08", "40", "53", "57", "58", "55P03", "25006", "25P03"];

/// SQLite's primary result codes (sqlite.org/rescode.html): BUSY, LOCKED, READONLY, IOERR, FULL, PROTOCOL.
const SQLITE: [i32; 6] = [5, 6, 8, 10, 13, 15];

/// SQLSTATEs have five characters, SQLite's numbers four at the most.
const SQLSTATE_LENGTH: usize = 5;

/// Whether the same request may succeed later although nobody changes it. It says nothing about what was done: a COMMIT that fails like this may have
/// happened, so the caller is told that the outcome is unknown, and finds out with the same id.
#[must_use]
pub fn is_passing(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed | Error::BeginFailed => true,
        Error::Database(told) => told.code().is_some_and(|code| passes(&code)),
        // Statements and rows that are wrong stay so. sqlx may add kinds of its own.
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
