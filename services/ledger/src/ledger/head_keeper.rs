//! Writes the heads of a process's books outside the database, see [`crate::heads`].

use crate::{
    book::SharedBook,
    heads::{Head, LINE_MAX, file_of},
    store::Book,
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

/// Records the heads of a process's books, on its own task, so that a slow or full disk delays nobody.
pub(crate) struct HeadKeeper {
    dir: PathBuf,
    books: Mutex<Vec<Arc<FollowedBook>>>,
}

struct FollowedBook {
    book: Book,
    shared: Arc<SharedBook>,
    file: Mutex<HeadFile>,
}

/// The open file of a book's heads.
#[derive(Default)]
struct HeadFile {
    file: Option<File>,
    written: i64,
    failing: bool,
}

impl HeadKeeper {
    pub(crate) fn new(dir: PathBuf) -> Arc<Self> {
        Arc::new(Self { dir, books: Mutex::default() })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn follow(&self, book: Book, shared: Arc<SharedBook>) {
        self.books.lock().expect("nothing panics while it holds this").push(Arc::new(FollowedBook {
            book,
            shared,
            file: Mutex::default(),
        }));
    }

    /// Writes new heads at this interval.
    pub(crate) async fn run(self: Arc<Self>, every: Duration, stop: CancellationToken) {
        let mut tick = tokio::time::interval(every.max(Duration::from_millis(1)));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            self.write().await;
        }
    }

    /// Writes new heads.
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

impl FollowedBook {
    fn write(&self, dir: &Path) {
        let Some(head) = self.shared.head() else { return };
        let mut place = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if place.file.is_some() && place.written == head.commit_no {
            return;
        }
        let head = Head::of(&self.book, &head);
        match place.append(&file_of(dir, &self.book.name), &head) {
            Ok(()) if place.failing => {
                place.failing = false;
                info!(book = self.book.name, "heads are written outside the database again");
            }
            Ok(()) => {}
            Err(why) => {
                place.file = None;
                // Log it once: otherwise a full disk would fill the log too.
                if !std::mem::replace(&mut place.failing, true) {
                    error!(book = self.book.name, dir = %dir.display(), %why, "heads can't be written outside the database");
                }
            }
        }
    }
}

impl HeadFile {
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
                    "the heads recorded here are of another book, or newer than the book"
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

/// Opens the file to append to, and reads its last head. A line that a crash cut short is removed.
fn open(path: &Path) -> io::Result<(File, Option<Head>)> {
    let dir = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(dir)?;
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let length = file.metadata()?.len();
    if length == 0 {
        // The file's name must survive a crash, as its content does.
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
