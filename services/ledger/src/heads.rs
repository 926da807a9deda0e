//! Heads of books, outside the database: one append-only text file per book.
//!
//! A chain that was rewritten whole is consistent in itself. What it can't be is the chain whose heads were written down before, in a place that whoever
//! rewrites the database should not reach: another disk, a mount that only appends, a machine that collects the files. `verify` compares.

use crate::{
    book::Shared,
    domain::Micros,
    stamp,
    store::{Book, Commit, Mode},
};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

/// The longest line there can be: a book's name has at most 64 bytes, numbers have at most 19.
pub const LINE_MAX: usize = 256;

/// The first word of every line: its format.
const FORMAT: &str = "head1";

/// One line: a commit that was resolved, and its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The commit's time, microseconds since the Unix epoch.
    pub time: Micros,
    /// Name of the book.
    pub book: String,
    /// TEST or LIVE.
    pub mode: Mode,
    /// From 1.
    pub commit_no: i64,
    /// The journal's last event after it.
    pub last_seq: i64,
    /// The chain's hash.
    pub hash: [u8; 32],
}

impl Head {
    fn new(book: &Book, commit: &Commit) -> Self {
        let Commit { commit_no, last_seq, time, hash, .. } = *commit;
        Self { time, book: book.name.clone(), mode: book.mode, commit_no, last_seq, hash }
    }

    /// The line without its end.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { time, book, mode, commit_no, last_seq, hash } = self;
        let mode = match mode {
            Mode::Test => "TEST",
            Mode::Live => "LIVE",
        };
        format!("{FORMAT} {} {book} {mode} {commit_no} {last_seq} {}", stamp::text(*time), hex::encode(hash))
    }

    /// Reads what [`Head::line`] wrote, to the byte; anything else is told in words.
    pub fn parse(line: &str) -> Result<Self, &'static str> {
        let mut words = line.split(' ');
        let mut word = || words.next().ok_or("it ends early");
        if word()? != FORMAT {
            return Err("it is of no known format");
        }
        let time = stamp::parse(word()?).ok_or("its time is not one")?;
        let book = money::BookName::try_new(word()?).map_err(|_| "its book is not a book's name")?.to_string();
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
        // One head, one spelling.
        if head.line() == line { Ok(head) } else { Err("it is not spelled as it is written") }
    }
}

/// A book's file in a directory of heads.
#[must_use]
pub fn file_of(dir: &Path, book: &str) -> PathBuf {
    dir.join(format!("{book}.heads"))
}

/// Writes down the heads of a process's books. On its own task, so that a slow or full disk holds up nobody.
pub(crate) struct Keeper {
    dir: PathBuf,
    books: Mutex<Vec<Arc<Followed>>>,
}

struct Followed {
    book: Book,
    shared: Arc<Shared>,
    file: Mutex<Place>,
}

/// A book's file while it is written to.
#[derive(Default)]
struct Place {
    file: Option<File>,
    written: i64,
    failing: bool,
}

impl Keeper {
    pub(crate) fn new(dir: PathBuf) -> Arc<Self> {
        Arc::new(Self { dir, books: Mutex::default() })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn follow(&self, book: Book, shared: Arc<Shared>) {
        self.books.lock().expect("nothing panics while it holds this").push(Arc::new(Followed { book, shared, file: Mutex::default() }));
    }

    /// Writes what is new every so often.
    pub(crate) async fn run(self: Arc<Self>, every: Duration, stop: CancellationToken) {
        let mut tick = tokio::time::interval(every.max(Duration::from_millis(1)));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            self.write().await;
        }
    }

    /// Writes what is new.
    pub(crate) async fn write(&self) {
        let books = self.books.lock().expect("nothing panics while it holds this").clone();
        let dir = self.dir.clone();
        let written = tokio::task::spawn_blocking(move || {
            for followed in books {
                followed.write(&dir);
            }
        });
        if let Err(why) = written.await {
            error!(%why, "heads were not written outside the database");
        }
    }
}

impl Followed {
    fn write(&self, dir: &Path) {
        let Some(head) = self.shared.head() else { return };
        let mut place = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if place.file.is_some() && place.written == head.commit_no {
            return;
        }
        let head = Head::new(&self.book, &head);
        match place.append(&file_of(dir, &self.book.name), &head) {
            Ok(()) if place.failing => {
                place.failing = false;
                info!(book = self.book.name, "heads are written outside the database again");
            }
            Ok(()) => {}
            Err(why) => {
                place.file = None;
                // Once: a full disk would fill the log too.
                if !std::mem::replace(&mut place.failing, true) {
                    error!(book = self.book.name, dir = %dir.display(), %why, "heads can't be written outside the database");
                }
            }
        }
    }
}

impl Place {
    fn append(&mut self, path: &Path, head: &Head) -> io::Result<()> {
        if self.file.is_none() {
            let (file, last) = open(path)?;
            self.file = Some(file);
            if last.as_ref() == Some(head) {
                self.written = head.commit_no;
                return Ok(());
            }
            if let Some(last) = last.filter(|last| last.book != head.book || last.commit_no >= head.commit_no) {
                error!(
                    book = head.book,
                    commit_no = head.commit_no,
                    written = last.commit_no,
                    "the book is not the one whose heads are here"
                );
            }
        }
        let file = self.file.as_mut().expect("opened just above");
        file.write_all(format!("{}\n", head.line()).as_bytes())?;
        file.sync_data()?;
        self.written = head.commit_no;
        Ok(())
    }
}

/// The file to append to, and its last head. A line that a crash cut short is taken off.
fn open(path: &Path) -> io::Result<(File, Option<Head>)> {
    let dir = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(dir)?;
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let length = file.metadata()?.len();
    if length == 0 {
        // The file's name must outlive a crash as its content does.
        file.sync_all()?;
        File::open(dir)?.sync_all()?;
    }
    let from = length.saturating_sub(2 * LINE_MAX as u64);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    io::Read::by_ref(&mut file).take(2 * LINE_MAX as u64).read_to_end(&mut tail)?;
    let end = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    if end < tail.len() && (end > 0 || from == 0) {
        file.set_len(from + end as u64)?;
    }
    let last = tail[..end].split(|byte| *byte == b'\n').rev().nth(1);
    let last = last.and_then(|line| std::str::from_utf8(line).ok()).and_then(|line| Head::parse(line).ok());
    Ok((file, last))
}

#[cfg(test)]
mod tests;
