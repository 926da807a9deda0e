//! Temporary directories that are surely gone afterwards.
use std::{io, time::Duration};
use tempfile::TempDir;

/// How often, and how long apart, removing is tried: together longer than anything takes that still closes a file.
const ATTEMPTS_MAX: u32 = 500;
const RETRY_DELAY: Duration = Duration::from_millis(20);

/// Removes a directory with all that is in it. Databases are closed by threads of their own, and a process that was killed may still be going: what they
/// write between a look at the directory and its removal makes one attempt fail, and dropping a [`TempDir`] makes one attempt and says nothing.
pub async fn remove(directory: TempDir) -> io::Result<()> {
    let path = directory.keep();
    let mut attempts = 0;
    loop {
        match std::fs::remove_dir_all(&path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !path.exists() => return Ok(()),
            Err(error) if attempts >= ATTEMPTS_MAX => {
                return Err(io::Error::new(error.kind(), format!("{} can't be removed: {error}", path.display())));
            }
            Err(_) => {}
        }
        attempts += 1;
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

#[cfg(test)]
mod tests;
