//! The data directory every cluster starts from. `initdb` takes seconds, a copy a fraction of one: the template is made once per
//! version and user, under a file lock, and kept in the temporary directory.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::install::{PostgresInstallation, SUPERUSER, run};
use crate::{Error, install};

/// Increment this number when you change the options of `initdb`, so that an old template is not used as a new one.
const FORMAT: u32 = 1;

/// A temporary directory owned by the server's user.
pub(crate) fn home(installation: &PostgresInstallation) -> Result<tempfile::TempDir, Error> {
    let parent = reachable(installation)?;
    // Short: a unix socket's path is limited to 107 bytes.
    let home = tempfile::Builder::new()
        .prefix("pg-")
        .tempdir_in(&parent)
        .map_err(Error::io(format!("making a directory in {}", parent.display())))?;
    give(installation, home.path())?;
    Ok(home)
}

/// Copies the template to `target`, making the template first if there is none.
pub(crate) fn copy_into(installation: &PostgresInstallation, target: &Path) -> Result<(), Error> {
    let template = template(installation)?;
    let mut copy = installation.as_owner(Path::new("/bin/cp"));
    copy.arg("-R").arg(&template).arg(target);
    run("cp", &mut copy)
}

fn template(installation: &PostgresInstallation) -> Result<PathBuf, Error> {
    let version: String = installation.version.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    let cache = reachable(installation)?.join(format!("pgtest-{}-{version}-{FORMAT}", installation.owner.0));
    match std::fs::create_dir(&cache) {
        Ok(()) => {}
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(e) => return Err(Error::io(format!("making {}", cache.display()))(e)),
    }
    // Anyone with an account can guess the name: a directory that is not owned by the server's user is never used.
    let found = std::fs::symlink_metadata(&cache).map_err(Error::io("reading the template's directory"))?;
    // Owned by root for a moment: between another test's making it and changing its owner.
    let expected = found.uid() == installation.owner.0 || installation.switch_user && found.uid() == 0;
    if !expected || !found.is_dir() {
        let path = cache.display().to_string();
        return Err(Error::ForeignTemplate { path, found: found.uid(), expected: installation.owner.0 });
    }
    give(installation, &cache)?;
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(cache.join("lock"));
    let lock = lock.map_err(Error::io("making the template's lock file"))?;
    lock.lock().map_err(Error::io("waiting for the template's lock"))?;
    let ready = cache.join("ready");
    if !ready.exists() {
        make(installation, &cache, &ready)?;
    }
    Ok(ready)
}

fn make(installation: &PostgresInstallation, cache: &Path, ready: &Path) -> Result<(), Error> {
    let half = cache.join("half");
    if half.exists() {
        std::fs::remove_dir_all(&half).map_err(Error::io("removing a half-made template"))?;
    }
    let mut initdb = installation.command("initdb");
    initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "--wal-segsize=1", "--username", SUPERUSER, "-D"]);
    initdb.arg(&half);
    install::run("initdb", &mut initdb)?;
    // The rename is atomic: a template that is visible is complete.
    std::fs::rename(&half, ready).map_err(Error::io("naming the template"))
}

fn give(installation: &PostgresInstallation, dir: &Path) -> Result<(), Error> {
    let doing = || format!("handing {} to the server's user", dir.display());
    std::fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(Error::io(doing()))?;
    chown(dir, Some(installation.owner.0), Some(installation.owner.1)).map_err(Error::io(doing()))
}

/// The first temporary directory that the server's user can reach.
fn reachable(installation: &PostgresInstallation) -> Result<PathBuf, Error> {
    let candidates = [std::env::temp_dir(), PathBuf::from("/tmp"), PathBuf::from("/var/tmp")];
    candidates.iter().filter_map(|dir| dir.canonicalize().ok()).find(|dir| passable(installation, dir)).ok_or_else(|| {
        let tried = candidates.iter().map(|dir| dir.display().to_string()).collect::<Vec<_>>().join(", ");
        Error::Unreachable { uid: installation.owner.0, tried }
    })
}

fn passable(installation: &PostgresInstallation, dir: &Path) -> bool {
    dir.ancestors().all(|part| {
        std::fs::metadata(part)
            .is_ok_and(|found| found.mode() & 0o001 != 0 || found.uid() == installation.owner.0 && found.mode() & 0o100 != 0)
    })
}
