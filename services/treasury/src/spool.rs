//! The bytes of banks' files while they are read: small ones in memory, others on disk in files without a name, which are gone with whoever reads them, also after a
//! crash.
use sha2::{Digest as _, Sha256};
use std::{
    fs::{DirBuilder, File, OpenOptions, remove_file},
    io::{self, Read, Write as _},
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use uuid::Uuid;

/// Files of up to this many bytes are held in memory.
const HELD_BYTES_MAX: usize = 1 << 20;
/// Files of up to this many bytes are held in memory where no file can be made, as on a read-only disk: the largest that come in parts.
const UNSPOOLED_BYTES_MAX: usize = 32 << 20;
/// Bytes that are read at once.
const READ_BYTES: usize = 64 << 10;

/// All bytes of a file. Clones share them.
#[derive(Debug, Clone)]
pub enum FileBytes {
    /// In memory.
    Held(Arc<[u8]>),
    /// On disk.
    Spooled(Arc<SpoolFile>),
}

/// A file without a name.
#[derive(Debug)]
pub struct SpoolFile {
    file: File,
    size_bytes: u64,
    has_failed: AtomicBool,
}

impl Default for FileBytes {
    fn default() -> Self {
        Self::Held(Arc::default())
    }
}

impl FileBytes {
    /// How many they are.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        match self {
            Self::Held(bytes) => bytes.len() as u64,
            Self::Spooled(spooled) => spooled.size_bytes,
        }
    }

    /// Reads them from the first one on. Any number of readers may read at once.
    #[must_use]
    pub fn reader(&self) -> SpoolReader<'_> {
        SpoolReader { bytes: self, at: 0 }
    }

    /// Whether a read has failed: what was read since must not count as all that there is.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        matches!(self, Self::Spooled(spooled) if spooled.has_failed.load(Ordering::Relaxed))
    }

    /// Their SHA-256, in lower-case hexadecimal digits.
    pub fn sha256(&self) -> io::Result<String> {
        let (mut reader, mut digest, mut buffer) = (self.reader(), Sha256::new(), vec![0; READ_BYTES]);
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(hex::encode(digest.finalize())),
                read => digest.update(&buffer[..read]),
            }
        }
    }

    /// The bytes from a place on, as many as there are up to a number.
    pub fn part(&self, at: u64, bytes_max: usize) -> io::Result<Vec<u8>> {
        let left = usize::try_from(self.size_bytes().saturating_sub(at)).unwrap_or(usize::MAX);
        let mut part = vec![0; left.min(bytes_max)];
        SpoolReader { bytes: self, at }.read_exact(&mut part)?;
        Ok(part)
    }
}

/// Reads the bytes of a file.
#[derive(Debug)]
pub struct SpoolReader<'a> {
    bytes: &'a FileBytes,
    at: u64,
}

impl Read for SpoolReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.bytes.size_bytes().saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = left.min(into.len());
        let into = &mut into[..wanted];
        match self.bytes {
            FileBytes::Held(bytes) => {
                let at = bytes.len() - left;
                into.copy_from_slice(&bytes[at..at + wanted]);
            }
            // All of it, so that a file that became shorter is an error and not an end.
            FileBytes::Spooled(spooled) => {
                if let Err(error) = spooled.file.read_exact_at(into, self.at) {
                    spooled.has_failed.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        self.at += wanted as u64;
        Ok(wanted)
    }
}

/// A file that is coming.
#[derive(Debug)]
pub struct ComingFile {
    dir: PathBuf,
    held: Vec<u8>,
    file: Option<File>,
    is_unspooled: bool,
    size_bytes: u64,
}

impl ComingFile {
    /// An empty one, which goes to this directory once it is larger than what is held in memory.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), held: Vec::new(), file: None, is_unspooled: false, size_bytes: 0 }
    }

    /// How many bytes have come.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Adds bytes to its end.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let held = self.held.len() + bytes.len();
        if self.file.is_none() && held > HELD_BYTES_MAX && !self.is_unspooled {
            match nameless(&self.dir) {
                Ok(mut file) => {
                    file.write_all(&std::mem::take(&mut self.held))?;
                    self.file = Some(file);
                }
                Err(error) => {
                    let dir = self.dir.display();
                    tracing::warn!(%dir, %error, "a bank's file can't be kept on disk while it is read; it is held in memory up to 32 MiB");
                    self.is_unspooled = true;
                }
            }
        }
        if self.is_unspooled && held > UNSPOOLED_BYTES_MAX {
            let why = format!("{} can't be written, and more than {UNSPOOLED_BYTES_MAX} bytes are not held in memory", self.dir.display());
            return Err(io::Error::other(why));
        }
        match &mut self.file {
            Some(file) => file.write_all(bytes)?,
            None => self.held.extend_from_slice(bytes),
        }
        self.size_bytes += bytes.len() as u64;
        Ok(())
    }

    /// All of it.
    #[must_use]
    pub fn whole(self) -> FileBytes {
        match self.file {
            None => FileBytes::Held(self.held.into()),
            Some(file) => FileBytes::Spooled(Arc::new(SpoolFile { file, size_bytes: self.size_bytes, has_failed: AtomicBool::new(false) })),
        }
    }
}

/// A file of this directory that only its owner could open, and that nobody can any more.
fn nameless(dir: &Path) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let path = dir.join(format!("{}.statement", Uuid::new_v4()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests;
