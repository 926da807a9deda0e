//! A private PostgreSQL server for tests: the real one, with durability on, removed when the test ends.
//!
//! [`Cluster::start`] copies a cached data directory, starts the server on a unix socket in a temporary directory and waits until
//! it answers. Dropping the cluster stops the server and removes the directory; if the test process is killed, a guard process
//! sees its pipe close and stops the server too.

mod install;
mod recovery;
mod server;
mod standby;
mod template;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

pub use install::PostgresInstallation;
pub use recovery::ServerArchive;
use server::RunningServer;

/// Why no private PostgreSQL could be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No directory contains the server programs.
    #[error(
        "PostgreSQL's server programs (initdb, postgres) were found neither on PATH nor in {searched}; \
         install PostgreSQL 15 or later, e.g. `apt-get install postgresql` or `brew install postgresql@17`"
    )]
    NotInstalled {
        /// The directories that were searched.
        searched: String,
    },
    /// Running as root, and there is no other user to run the server as.
    #[error("PostgreSQL refuses to run as root, and this machine has neither a `postgres` nor a `nobody` user to run it as")]
    NoUser,
    /// No temporary directory can be reached by the server's user.
    #[error("no temporary directory is reachable for uid {uid}; tried {tried}")]
    Unreachable {
        /// The server's user.
        uid: u32,
        /// Directories that were tried.
        tried: String,
    },
    /// The template's path is occupied by a directory of another owner.
    #[error("{path} belongs to uid {found}, expected {expected}; remove it")]
    ForeignTemplate {
        /// Where the cached data directory should be.
        path: String,
        /// Its owner.
        found: u32,
        /// Who should own it.
        expected: u32,
    },
    /// A program ended with an error.
    #[error("{program} failed: {output}")]
    Program {
        /// The program that failed.
        program: String,
        /// Its output.
        output: String,
    },
    /// The server exited, or did not become ready in time.
    #[error("PostgreSQL did not become ready: {log}")]
    NotReady {
        /// Last lines of its log.
        log: String,
    },
    /// The file system or the process table reported an error.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// What went wrong.
        source: std::io::Error,
    },
}

impl Error {
    fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        let doing = doing.into();
        move |source| Error::Io { doing, source }
    }
}

/// A running private PostgreSQL. Stopped and removed on drop.
#[derive(Debug)]
pub struct Cluster {
    // Declared before `home`, so that the server is stopped before its directory is removed.
    server: Option<RunningServer>,
    installation: PostgresInstallation,
    home: tempfile::TempDir,
    databases: AtomicU32,
    /// The primary that a standby follows.
    follows: Option<standby::FollowedPrimary>,
}

impl Cluster {
    /// Starts a new server. Blocks for about a quarter of a second; the first call on a machine also makes the template.
    pub fn start() -> Result<Cluster, Error> {
        let installation = PostgresInstallation::find()?;
        let home = template::home(&installation)?;
        template::copy_into(&installation, &home.path().join(DATA))?;
        let mut cluster = Cluster { server: None, installation, home, databases: AtomicU32::new(0), follows: None };
        cluster.restart()?;
        Ok(cluster)
    }

    /// Address of the database `postgres`.
    pub fn url(&self) -> String {
        self.database_url("postgres")
    }

    /// Makes an empty database and returns its address.
    pub fn create_database(&self) -> Result<String, Error> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute(&format!("CREATE DATABASE {name}"))?;
        Ok(self.database_url(&name))
    }

    /// Runs one statement in the database `postgres` as superuser, outside a transaction.
    pub fn execute(&self, sql: &str) -> Result<(), Error> {
        let mut psql = self.installation.command("psql");
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", install::SUPERUSER, "-d", "postgres", "-h"]);
        psql.arg(self.home.path()).args(["-c", sql]);
        install::run("psql", &mut psql)
    }

    /// Kills the server's first process without warning, as a crash would, and waits until it has exited. Committed work must be
    /// there after [`Cluster::restart`].
    pub fn kill_postmaster(&mut self) -> Result<(), Error> {
        match self.server.take() {
            Some(server) => server.kill(),
            None => Ok(()),
        }
    }

    /// Starts the server again on the same data, stopping it first if it runs. The addresses stay the same.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.restart_with(&[])
    }

    /// As [`Cluster::restart`], with settings (`name=value`) for this start only, which override the usual ones.
    pub fn restart_with(&mut self, settings: &[&str]) -> Result<(), Error> {
        self.server = None;
        self.server = Some(self.started(settings)?);
        Ok(())
    }

    /// The directory of the server programs, which mostly has the client programs too.
    pub fn programs(&self) -> &Path {
        &self.installation.bin
    }

    /// The server's data directory.
    pub fn data(&self) -> PathBuf {
        self.home.path().join(DATA)
    }

    /// Address of the database of this name, such as one that a standby replicates from its primary.
    pub fn database_url(&self, name: &str) -> String {
        // libpq's own spelling of a socket directory; sqlx reads it too. `localhost` only satisfies URL parsers.
        format!("postgres://{}@localhost/{name}?host={}", install::SUPERUSER, percent_encoded(self.home.path()))
    }
}

const DATA: &str = "data";

fn percent_encoded(path: &Path) -> String {
    let mut out = String::new();
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
