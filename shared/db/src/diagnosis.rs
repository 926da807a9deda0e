//! Database errors in words for operators: the engine's message, and what to do if there is a known remedy.

use sqlx::Error as SqlxError;

/// SQLSTATEs that only a proxy between us and PostgreSQL causes: a protocol violation when a connection begins (a parameter that a pooler does not
/// pass on), and prepared statements that exist or are gone although nobody else uses our session.
const POOLER_CODES: [&str; 3] = ["08P01", "42P05", "26000"];

/// An error's message without the location in the engine's source, and what to do.
pub(crate) fn words(error: &SqlxError) -> String {
    match error {
        SqlxError::Database(database) => {
            let code = database.code().unwrap_or_default();
            let said = format!("{} ({code})", database.message());
            match cure(&code) {
                Some(cure) => format!("{said}; {cure}"),
                None => said,
            }
        }
        SqlxError::Io(error) => format!("no answer: {error}; does the database run there, and are host and port right?"),
        SqlxError::Tls(error) => format!("no TLS: {error}; `sslmode` and `sslrootcert` in the address say what is expected"),
        SqlxError::PoolTimedOut => "no connection was free in time; the database is slow or has too few connections".to_owned(),
        other => other.to_string(),
    }
}

/// The remedy by SQLSTATE, or SQLite's number.
fn cure(code: &str) -> Option<&'static str> {
    Some(match code {
        "3D000" => "make the database with `createdb`, or name another one",
        "28000" | "28P01" => "the server rejects this role or its password",
        "42501" => "the role may not do that: let it own the database, or make the schemas for it",
        "53300" => "the server has no connection left: raise max_connections, or start fewer processes",
        "57P03" => "the server is just starting or stopping; try again",
        "8" | "14" => "is the directory there, and may this user read and write the file?",
        "26" => "this file is no SQLite database",
        _ => return None,
    })
}

/// Whether only a connection pooler causes this error.
pub(crate) fn is_pooler(error: &SqlxError) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| POOLER_CODES.contains(&&*code))
}

/// An address safe to print: no password before the host, and none among the parameters. If it can't be parsed, more of it is masked.
pub(crate) fn without_password(address: &str, readable: bool) -> String {
    let place_ends = if readable { address.find('?').unwrap_or(address.len()) } else { address.len() };
    let (place, parameters) = address.split_at(place_ends);
    let place = match place.rsplit_once('@') {
        Some((before, host)) => {
            let start = before.find("://").map_or(0, |at| at + 3);
            match before[start..].find(':') {
                Some(colon) => format!("{}:***@{host}", &before[..start + colon]),
                None => place.to_owned(),
            }
        }
        None => place.to_owned(),
    };
    let whole = format!("{place}{parameters}");
    let Some((place, parameters)) = whole.split_once('?') else { return whole };
    let shown = parameters.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if name.to_ascii_lowercase().contains("password") => format!("{name}=***"),
        _ => pair.to_owned(),
    });
    format!("{place}?{}", shown.collect::<Vec<_>>().join("&"))
}
