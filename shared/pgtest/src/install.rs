//! Where PostgreSQL's programs are, and which user runs them.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// Name of the database superuser inside the cluster.
pub(crate) const SUPERUSER: &str = "postgres";

/// Directories that packages install into, with one `*` in place of the version.
const USUAL_PLACES: [&str; 6] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/usr/lib/postgresql*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
];

/// An installed PostgreSQL and the user that runs it.
#[derive(Debug, Clone)]
pub struct PostgresInstallation {
    /// Contains `initdb` and `postgres`.
    pub bin: PathBuf,
    /// The output of `postgres --version`.
    pub version: String,
    /// The server's (uid, gid).
    pub(crate) owner: (u32, u32),
    /// True when we run as root and have to become `owner`.
    pub(crate) switch_user: bool,
}

impl PostgresInstallation {
    /// Finds the server programs: PATH first, then the packages' directories, newest version first.
    pub fn find() -> Result<PostgresInstallation, Error> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let bin = std::env::split_paths(&path)
            .find(|dir| has_server(dir))
            .or_else(|| USUAL_PLACES.iter().flat_map(|pattern| expand(pattern)).find(|dir| has_server(dir)))
            .ok_or_else(|| Error::NotInstalled { searched: USUAL_PLACES.join(", ") })?;
        let output = Command::new(bin.join("postgres")).arg("--version").output().map_err(Error::io("running postgres --version"))?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let (owner, switch_user) = owner()?;
        Ok(PostgresInstallation { bin, version, owner, switch_user })
    }

    /// A command of this installation, run as the server's user.
    pub(crate) fn command(&self, program: &str) -> Command {
        // A link to the server in a directory on PATH leads to the one with all programs: Debian's `psql` on PATH is a script that starts Perl first. Clients
        // may be packaged separately from the server; then they are found through PATH.
        let server = self.bin.join("postgres").canonicalize().ok();
        let linked = server.as_deref().and_then(Path::parent).map(|dir| dir.join(program));
        let beside = [Some(self.bin.join(program)), linked].into_iter().flatten().find(|path| path.is_file());
        self.as_owner(beside.as_deref().unwrap_or(Path::new(program)))
    }

    /// Any command, run as the server's user.
    pub(crate) fn as_owner(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // That user may have no access to the caller's directory, and the caller's PG* variables must not reach the server.
        command.current_dir("/");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        if self.switch_user {
            command.uid(self.owner.0).gid(self.owner.1);
        }
        command
    }
}

/// Runs a command to its end; on failure its output becomes the error.
pub(crate) fn run(name: &str, command: &mut Command) -> Result<(), Error> {
    let output = command.output().map_err(Error::io(format!("running {name}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(Error::Program { program: name.to_owned(), output: said.trim().to_owned() })
}

fn has_server(dir: &Path) -> bool {
    dir.join("initdb").is_file() && dir.join("postgres").is_file()
}

fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else { return vec![PathBuf::from(pattern)] };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = std::fs::read_dir(parent) else { return Vec::new() };
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let version = name.strip_prefix(prefix)?.to_owned();
            let major = version.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
            Some((major, PathBuf::from(format!("{parent}/{name}{after}"))))
        })
        .collect();
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.into_iter().map(|(_, path)| path).collect()
}

/// The user that runs the server: the current one, or under root `postgres` or `nobody`.
fn owner() -> Result<((u32, u32), bool), Error> {
    let probe = tempfile::tempfile().map_err(Error::io("making a temporary file"))?;
    let me = probe.metadata().map_err(Error::io("reading a temporary file's owner"))?;
    if me.uid() != 0 {
        return Ok(((me.uid(), me.gid()), false));
    }
    let users = std::fs::read_to_string("/etc/passwd").map_err(Error::io("reading /etc/passwd"))?;
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody")).map(|owner| (owner, true)).ok_or(Error::NoUser)
}
