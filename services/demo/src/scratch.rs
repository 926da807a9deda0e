//! Temporary directories whose removal is retried until it succeeds.
use std::{io, time::Duration};
use tempfile::TempDir;

/// How often removal is tried; with the pauses, longer than any process takes to close its files.
const ATTEMPTS_MAX: u32 = 500;
const RETRY_DELAY: Duration = Duration::from_millis(20);

/// Removes a directory with all its contents. Databases are closed by threads of their own, and a killed process may still be running: a file that they write
/// during the removal makes an attempt fail, and dropping a [`TempDir`] makes only one attempt and ignores its error.
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
