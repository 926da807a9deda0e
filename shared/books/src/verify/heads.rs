//! Compares the chain with the heads that were written outside the database.

use super::{BookCheck, VerifyFault, bad};
use crate::{
    heads::{self, Head, LINE_MAX},
    store::{Book, Commit, Mode},
};
use std::path::{Path, PathBuf};
use tokio::{
    fs::File,
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Take},
};

/// A book's file of heads, read line by line up to its length when it was opened.
pub(super) struct HeadLines {
    path: PathBuf,
    reader: Take<BufReader<File>>,
    number: usize,
    next: Option<Head>,
    /// Lines that were found in the chain.
    pub compared: i64,
    /// The last event of the newest of them.
    matched_seq: i64,
}

impl HeadLines {
    /// `None` if no heads of the book were written.
    pub async fn open(dir: &Path, book: &Book) -> Result<Option<Self>, VerifyFault> {
        let path = heads::file_of(dir, &book.name);
        let told = |why: std::io::Error| format!("heads {}: {why}", path.display());
        // Checked before it is opened: opening a pipe would block for ever.
        let length = match tokio::fs::metadata(&path).await {
            Ok(found) if found.is_file() => found.len(),
            Ok(_) => return bad(0, format!("heads {}: not a file", path.display())),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return bad(0, told(why)),
        };
        let file = match File::open(&path).await {
            Ok(file) => file,
            Err(why) => return bad(0, told(why)),
        };
        let mut lines = Self { path, reader: BufReader::new(file).take(length), number: 0, next: None, compared: 0, matched_seq: 0 };
        lines.advance(book.mode, &book.name).await?;
        Ok(Some(lines))
    }

    /// Reads the next line. An incomplete last line is still being written.
    async fn advance(&mut self, mode: Mode, book: &str) -> Result<(), VerifyFault> {
        self.number += 1;
        let mut line = Vec::new();
        let read = (&mut self.reader).take(LINE_MAX as u64).read_until(b'\n', &mut line).await;
        let parsed = match (read, line.strip_suffix(b"\n")) {
            (Err(why), _) => Err(why.to_string()),
            (Ok(_), Some(line)) => {
                std::str::from_utf8(line).map_err(|_| "it is not text").and_then(Head::parse).map(Some).map_err(str::to_owned)
            }
            (Ok(length), None) if length < LINE_MAX => Ok(None),
            (Ok(_), None) => Err("it is too long".to_owned()),
        };
        self.next = match parsed {
            Ok(Some(head)) if (head.mode, head.book.as_str()) != (mode, book) => return self.unreadable("it is of another book or mode"),
            Ok(next) => next,
            Err(why) => return self.unreadable(&why),
        };
        Ok(())
    }

    fn unreadable(&self, why: &str) -> Result<(), VerifyFault> {
        bad(0, format!("heads {} line {}: {why}", self.path.display(), self.number))
    }
}

impl BookCheck<'_> {
    /// Compares the heads of this commit, and of earlier ones that come late in the file.
    pub(super) async fn compare_heads(&mut self, commit: &Commit) -> Result<(), VerifyFault> {
        let Some(mut lines) = self.heads.take() else { return Ok(()) };
        while let Some(head) = lines.next.as_ref().filter(|head| head.commit_no <= commit.commit_no) {
            let there = if head.commit_no == commit.commit_no {
                Some(commit.clone())
            } else {
                self.store.commits(self.book.key, head.commit_no, 1).await?.into_iter().next()
            };
            let same = |there: &Commit| {
                (there.commit_no, there.last_seq, there.time, there.hash) == (head.commit_no, head.last_seq, head.time, head.hash)
            };
            if !there.as_ref().is_some_and(same) {
                let (no, seq) = (head.commit_no, lines.matched_seq + 1);
                let what = format!(
                    "commit {no} is not the one whose head was written outside: the journal was rewritten from this event on, or later"
                );
                return bad(seq, format!("{what}, at {} at the latest", head.last_seq.max(seq)));
            }
            lines.matched_seq = lines.matched_seq.max(head.last_seq);
            lines.compared += 1;
            lines.advance(self.book.mode, &self.book.name).await?;
        }
        self.heads = Some(lines);
        Ok(())
    }

    /// Every line was written after its commit, and all lines before the head was read: remaining lines are of commits that are
    /// gone.
    pub(super) fn heads_beyond(&self) -> Result<(), VerifyFault> {
        let Some(head) = self.heads.as_ref().and_then(|lines| lines.next.as_ref()) else { return Ok(()) };
        let (no, end) = (head.commit_no, self.at.commit_no);
        bad(
            self.at.last_seq + 1,
            format!(
                "the journal ends at commit {end}, but the head of commit {no} was written outside: it was cut short, or this is an older backup"
            ),
        )
    }
}
