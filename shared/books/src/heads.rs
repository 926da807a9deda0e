//! Heads of books, outside the database: one append-only text file per book. This module defines the lines; a writer's process appends them.
//!
//! A chain that was rewritten completely is consistent in itself. But it does not match the heads recorded before, in a place that somebody who
//! rewrites the database should not reach: another disk, an append-only mount, a machine that collects the files. `verify` compares.

use crate::{
    domain::Micros,
    stamp,
    store::{Book, Commit, Mode},
};
use std::path::{Path, PathBuf};

/// The longest possible line: a book's name has at most 64 bytes, numbers have at most 19.
pub const LINE_MAX: usize = 256;

/// The first word of every line: its format version.
const FORMAT: &str = "head1";

/// One line: a resolved commit, and its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The commit's time, microseconds since the Unix epoch.
    pub time: Micros,
    /// Name of the book.
    pub book: String,
    /// TEST or LIVE.
    pub mode: Mode,
    /// The commit's number, from 1.
    pub commit_no: i64,
    /// The journal's last event after it.
    pub last_seq: i64,
    /// The chain's hash.
    pub hash: [u8; 32],
}

impl Head {
    /// The head of a resolved commit.
    #[must_use]
    pub fn of(book: &Book, commit: &Commit) -> Self {
        let Commit { commit_no, last_seq, time, hash, .. } = *commit;
        Self { time, book: book.name.clone(), mode: book.mode, commit_no, last_seq, hash }
    }

    /// The line without its line break.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { time, book, mode, commit_no, last_seq, hash } = self;
        let mode = match mode {
            Mode::Test => "TEST",
            Mode::Live => "LIVE",
        };
        format!("{FORMAT} {} {book} {mode} {commit_no} {last_seq} {}", stamp::text(*time), hex::encode(hash))
    }

    /// Parses exactly what [`Head::line`] wrote; an error describes the first difference.
    pub fn parse(line: &str) -> Result<Self, &'static str> {
        let mut words = line.split(' ');
        let mut word = || words.next().ok_or("it ends early");
        if word()? != FORMAT {
            return Err("it is of no known format");
        }
        let time = stamp::parse(word()?).ok_or("its time is invalid")?;
        let book = money::BookName::try_new(word()?).map_err(|_| "its book's name is invalid")?.to_string();
        let mode = match word()? {
            "TEST" => Mode::Test,
            "LIVE" => Mode::Live,
            _ => return Err("its mode is neither TEST nor LIVE"),
        };
        let commit_no = word()?.parse().ok().filter(|no| *no > 0).ok_or("its commit is not a number from 1")?;
        let last_seq = word()?.parse().ok().filter(|seq| *seq >= 0).ok_or("its event is not a number from 0")?;
        let mut hash = [0; 32];
        hex::decode_to_slice(word()?, &mut hash).map_err(|_| "its hash is not 64 hexadecimal digits")?;
        let head = Self { time, book, mode, commit_no, last_seq, hash };
        // Each head has exactly one spelling.
        if head.line() == line { Ok(head) } else { Err("it is not in canonical form") }
    }
}

/// The path of a book's file in a directory of heads.
#[must_use]
pub fn file_of(dir: &Path, book: &str) -> PathBuf {
    dir.join(format!("{book}.heads"))
}

#[cfg(test)]
mod tests;
