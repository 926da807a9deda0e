//! Rows with values that no version of the program writes. Unlike an unreachable database, nothing but a repair of the row helps.
use sqlx::{Error, Row as _, any::AnyRow};

/// The problem of a stored value that can't be read; `None` for any other error.
#[must_use]
pub fn damaged_value(error: &Error) -> Option<String> {
    match error {
        Error::Decode(cause) => Some(cause.to_string()),
        Error::ColumnDecode { index, source } => Some(format!("column {index}: {source}")),
        _ => None,
    }
}

/// Says in the error of a value that can't be read which row it is: `kind` and the text in the column `id`. Other errors stay as they are.
pub fn in_row(row: &AnyRow, kind: &str, id: &str, error: Error) -> Error {
    match damaged_value(&error) {
        Some(problem) => Error::Decode(format!("{kind} {}: {problem}", row.try_get::<&str, _>(id).unwrap_or("without an id")).into()),
        None => error,
    }
}
