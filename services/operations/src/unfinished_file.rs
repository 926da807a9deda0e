//! Files that appear under their name once they are complete, so that a truncated one can't pass for a complete one.
use crate::OperationFault;
use std::{
    ffi::OsString,
    fs::{self, File, Permissions},
    io::{self, BufWriter, Write},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// A file that is being written beside the place where it will be. Dropped before [`UnfinishedFile::finish`], it is removed.
pub struct UnfinishedFile {
    path: PathBuf,
    partial: PathBuf,
    out: BufWriter<File>,
    finished: bool,
}

impl UnfinishedFile {
    /// Begins a file that only its owner may read, whatever the umask: what is exported belongs to users. Errors name the path.
    pub fn create(path: &Path) -> Result<Self, OperationFault> {
        // In the same directory, so that it can be renamed.
        let partial = PathBuf::from([path.as_os_str(), ".partial".as_ref()].into_iter().collect::<OsString>());
        let opened = File::options().write(true).create(true).truncate(true).mode(0o600).open(&partial);
        let out = opened.map_err(|error| format!("{}: {error}", partial.display()))?;
        // One that an interrupted run left keeps its mode when it is opened.
        out.set_permissions(Permissions::from_mode(0o600)).map_err(|error| format!("{}: {error}", partial.display()))?;
        Ok(Self { path: path.to_owned(), partial, out: BufWriter::new(out), finished: false })
    }

    /// Makes it durable, and renames it.
    pub fn finish(mut self) -> Result<(), OperationFault> {
        self.out.flush().and_then(|()| self.out.get_ref().sync_all()).map_err(|error| format!("{}: {error}", self.partial.display()))?;
        fs::rename(&self.partial, &self.path).map_err(|error| format!("{}: {error}", self.path.display()))?;
        self.finished = true;
        Ok(())
    }

    fn named(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.partial.display()))
    }
}

impl Write for UnfinishedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes).map_err(|error| self.named(&error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().map_err(|error| self.named(&error))
    }
}

impl Drop for UnfinishedFile {
    fn drop(&mut self) {
        if !self.finished {
            // What can't be removed stays under a name that says what it is.
            let _ = fs::remove_file(&self.partial);
        }
    }
}
