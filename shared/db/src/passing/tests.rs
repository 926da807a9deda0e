//! Unit tests of `passing`.
#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn what_passes_is_told_from_what_stays_wrong() {
    for code in ["08006", "08P01", "40001", "40003", "53300", "57P01", "57014", "58030", "55P03", "25006", "5", "261", "13", "522"] {
        assert!(passes(code), "{code}");
    }
    for code in ["22003", "23505", "42P01", "XX000", "25P02", "55000", "0A000", "1", "19", "2067", ""] {
        assert!(!passes(code), "{code}");
    }
    for error in [Error::PoolTimedOut, Error::PoolClosed, Error::WorkerCrashed, Error::Io(std::io::ErrorKind::ConnectionReset.into())] {
        assert!(is_passing(&error), "{error}");
    }
    for error in [Error::RowNotFound, Error::ColumnNotFound("x".to_owned()), Error::Decode("x".into())] {
        assert!(!is_passing(&error), "{error}");
    }
}
