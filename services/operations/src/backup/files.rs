//! Files of a backup are opened by name, and never through a link, from a pipe or a device. A file is hashed while it is copied, so what is restored is what
//! was checked.
use super::{CopyManifest, DUMP, MANIFEST, OperationFault, SIGNATURE, STORES};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

/// Maximum bytes read of a manifest or a signature; a manifest has a line for each service and book.
const TEXT_BYTES_MAX: u64 = 16 << 20;

/// Opens a regular file; fails for a link, a pipe or a device.
pub fn regular(path: &Path) -> io::Result<File> {
    // Non-blocking, so that a pipe without a writer is detected and not waited for.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => io::Error::new(io::ErrorKind::InvalidInput, "it is a link, and a backup has none"),
        _ => error,
    })?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file, and a backup has no others"))
}

/// The text of a regular file.
pub fn text(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    regular(path)?.take(TEXT_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// SHA-256 of a regular file, in hexadecimal.
pub fn hash(path: &Path) -> io::Result<String> {
    let mut nowhere = io::sink();
    hashed(&mut regular(path)?, &mut nowhere)
}

/// Copies a regular file to a path that must not exist, readable only by its owner, and returns the hash of what was copied.
pub fn put(from: &Path, to: &Path) -> io::Result<String> {
    let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let found = hashed(&mut regular(from)?, &mut target)?;
    target.set_permissions(fs::Permissions::from_mode(0o600))?;
    target.sync_all()?;
    Ok(found)
}

fn hashed(file: &mut File, to: &mut impl io::Write) -> io::Result<String> {
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hasher.finalize())),
            length => {
                hasher.update(&buffer[..length]);
                to.write_all(&buffer[..length])?;
            }
        }
    }
}

/// Refuses what a backup never has: names in the manifest that are no service's file, and files in the folder that the manifest does not name.
pub fn known_only(from: &Path, manifest: &CopyManifest) -> Result<(), OperationFault> {
    let own = |name: &str| match manifest.engine.as_str() {
        "postgres" => name == DUMP,
        _ => STORES.iter().any(|(_, tables)| name.strip_suffix(".db") == Some(tables)),
    };
    if let Some(name) = manifest.files.keys().find(|name| !own(name)) {
        return Err(format!("{}: names what no copy has: {name:?}", from.join(MANIFEST).display()).into());
    }
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        // Left behind by a program that opened the backup in place; not restored.
        let aside = name.strip_suffix("-wal").or_else(|| name.strip_suffix("-shm")).is_some_and(|file| manifest.files.contains_key(file));
        if name != MANIFEST && name != SIGNATURE && !aside && !manifest.files.contains_key(&name) {
            return Err(format!("{}: has a file that its manifest does not name: {name:?}; nothing was restored", from.display()).into());
        }
    }
    Ok(())
}
