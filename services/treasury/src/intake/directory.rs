//! A directory into which somebody puts files.
use super::{IntakeFault, IntakeOutcome};
use crate::{error::Error, reconcile::blocking, treasury::Treasury, wire::reconciliation::FILE_BYTES_MAX};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// Files of one look; the others wait for the next.
const FILES_AT_ONCE: usize = 100;
/// Names of a directory that are remembered from one look to the next.
const NAMES_MAX: usize = 100_000;
/// Where files go that were imported, and those that were not.
const DONE: &str = "done";
const REFUSED: &str = "refused";
/// Digits of a file's hash that tell it from another of its name.
const HASH_DIGITS: usize = 12;

/// What changes when somebody still writes a file, or puts another one in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileStanding {
    bytes: u64,
    inode: u64,
    modified_ns: (i64, i64),
}

impl FileStanding {
    fn of(metadata: &fs::Metadata) -> Self {
        Self { bytes: metadata.len(), inode: metadata.ino(), modified_ns: (metadata.mtime(), metadata.mtime_nsec()) }
    }
}

/// A directory, and how its files stood at the last look.
pub(super) struct WatchedDirectory {
    path: PathBuf,
    seen: BTreeMap<OsString, FileStanding>,
}

/// A file that stood still.
enum WholeFile {
    Read(Vec<u8>),
    TooLong(u64),
    /// It changed or went away since.
    Changed,
}

impl WatchedDirectory {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), seen: BTreeMap::new() }
    }

    /// Takes the files that stood still since the last look. One that can't be moved stays and is known the next time.
    pub(super) async fn look(&mut self, treasury: &Treasury, source: &str) -> Result<(), IntakeFault> {
        let (path, before) = (self.path.clone(), std::mem::take(&mut self.seen));
        let listed = offloaded("what is there can't be listed", move || names(&path).map(|found| (found, before))).await;
        let (found, before) = listed?;
        let still = found.iter().filter(|(name, standing)| before.get(*name) == Some(*standing));
        let whole: Vec<(OsString, FileStanding)> = still.take(FILES_AT_ONCE).map(|(name, standing)| (name.clone(), *standing)).collect();
        self.seen = found;
        let mut fault = None;
        for (name, standing) in whole {
            // One that can't be taken holds up no other.
            match self.take(treasury, source, name.as_os_str(), standing).await {
                Ok(()) => {}
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        fault.map_or(Ok(()), Err)
    }

    async fn take(&self, treasury: &Treasury, source: &str, name: &OsStr, standing: FileStanding) -> Result<(), IntakeFault> {
        let file = self.path.join(name);
        let read = offloaded("a file can't be read", move || read(&file, standing)).await?;
        let (outcome, hash) = match read {
            WholeFile::Changed => return Ok(()),
            WholeFile::TooLong(bytes) => {
                (IntakeOutcome::Refused(format!("it has {bytes} bytes, and at most {FILE_BYTES_MAX} are read")), bytes.to_string())
            }
            WholeFile::Read(bytes) => {
                let hash = hex::encode(&Sha256::digest(&bytes)[..HASH_DIGITS / 2]);
                (treasury.take_in(source, &bytes).await.map_err(IntakeFault::Import)?, hash)
            }
        };
        let (path, name) = (self.path.clone(), name.to_owned());
        offloaded("a file was read, but can't be moved", move || put_aside(&path, &name, &outcome, &hash)).await
    }
}

/// Runs what may wait for a disk.
async fn offloaded<T: Send + 'static>(what: &'static str, work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, IntakeFault> {
    let done = blocking(work).await.map_err(|_| IntakeFault::Import(Error::Stopped))?;
    done.map_err(|error| IntakeFault::Directory { what, error })
}

/// The regular files of a directory. A link is none, whatever it leads to.
fn names(path: &Path) -> io::Result<BTreeMap<OsString, FileStanding>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        // What a transfer writes under a name of its own until it is whole often begins with a dot.
        if name.as_encoded_bytes().starts_with(b".") || found.len() == NAMES_MAX {
            continue;
        }
        match entry.metadata() {
            Ok(metadata) if metadata.is_file() => {
                found.insert(name, FileStanding::of(&metadata));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Reads a file that stood like this, never through a link and never from a pipe.
fn read(path: &Path, standing: FileStanding) -> io::Result<WholeFile> {
    let limit = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
    // Non-blocking, so that a pipe in the file's place is not waited for.
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ELOOP) => {
            return Ok(WholeFile::Changed);
        }
        Err(error) => return Err(error),
    };
    let is_same = |file: &File| file.metadata().map(|metadata| metadata.is_file() && FileStanding::of(&metadata) == standing);
    if !is_same(&file)? {
        return Ok(WholeFile::Changed);
    }
    if standing.bytes > limit {
        return Ok(WholeFile::TooLong(standing.bytes));
    }
    let mut bytes = Vec::new();
    (&file).take(limit + 1).read_to_end(&mut bytes)?;
    let is_whole = is_same(&file)? && u64::try_from(bytes.len()).is_ok_and(|read| read == standing.bytes);
    Ok(if is_whole { WholeFile::Read(bytes) } else { WholeFile::Changed })
}

/// Moves a file to those that are done or refused, beside others of its name.
fn put_aside(path: &Path, name: &OsStr, outcome: &IntakeOutcome, hash: &str) -> io::Result<()> {
    let folder = path.join(if matches!(outcome, IntakeOutcome::Done(_)) { DONE } else { REFUSED });
    match fs::create_dir(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // A link would lead the files somewhere else.
    if !fs::symlink_metadata(&folder)?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, format!("{} is no directory", folder.display())));
    }
    let mut name_there = name.to_owned();
    if fs::symlink_metadata(folder.join(&name_there)).is_ok() {
        name_there.push(format!(".{hash}"));
    }
    if let IntakeOutcome::Refused(problem) = outcome {
        let mut reason = name_there.clone();
        reason.push(".reason");
        fs::write(folder.join(reason), format!("{problem}\n"))?;
    }
    match fs::rename(path.join(name), folder.join(name_there)) {
        // Another process moved it first.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        moved => moved,
    }
}
