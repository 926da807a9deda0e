//! What a bank says of an ACH file as a whole. A file is accepted or refused whole; an acknowledgement of other bytes, counts or sums is of another file and
//! decides nothing.

use crate::domain::{
    ach::steps::FileVerdict,
    evidence::{REASON_CHARS_MAX, plain},
};
use serde::Deserialize;

/// Most problems of a refused file that are kept in words; the whole answer is kept besides.
const PROBLEMS_KEPT_MAX: usize = 3;

/// A file as it was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentFile {
    /// Its name, unique for ever.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// How many entries it has.
    pub entries: i64,
    /// Their sum.
    pub cents: i64,
}

#[derive(Deserialize)]
struct Acknowledged {
    file: String,
    sha256: String,
    status: String,
    #[serde(default)]
    entries: Option<i64>,
    #[serde(default)]
    credit_cents: Option<i64>,
    #[serde(default)]
    problems: Vec<FileTrouble>,
}

#[derive(Deserialize)]
struct FileTrouble {
    #[serde(default)]
    place: String,
    #[serde(default)]
    what: String,
}

/// Reads an acknowledgement. An error: it can't be read, and decides nothing.
pub fn read(body: &[u8], sent: &SentFile) -> Result<FileVerdict, String> {
    let read: Acknowledged = serde_json::from_slice(body).map_err(|_| "the acknowledgement can't be read".to_owned())?;
    let foreign = |why: String| Ok(FileVerdict::Foreign(why));
    if read.file != sent.name {
        return foreign("the bank acknowledges a file of another name".to_owned());
    }
    if read.sha256 != sent.sha256 {
        return foreign("the bank acknowledges other bytes under the file's name".to_owned());
    }
    match read.status.as_str() {
        "rejected" => {
            let words = read.problems.iter().take(PROBLEMS_KEPT_MAX).map(|problem| format!("{}: {}", problem.place, problem.what));
            let words = words.collect::<Vec<_>>().join("; ");
            Ok(FileVerdict::Rejected(plain(&words, REASON_CHARS_MAX)))
        }
        // Some entries of a file are never accepted without the others.
        "accepted" if read.entries != Some(sent.entries) || read.credit_cents != Some(sent.cents) => foreign(format!(
            "the bank accepts {} entries of {} cents, and the file has {} of {}",
            read.entries.unwrap_or_default(),
            read.credit_cents.unwrap_or_default(),
            sent.entries,
            sent.cents
        )),
        "accepted" => Ok(FileVerdict::Accepted),
        other => Err(format!("the acknowledgement has the unknown status {}", plain(other, 20))),
    }
}
