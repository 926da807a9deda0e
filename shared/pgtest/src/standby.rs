//! A standby of a private server: a replica that follows it and can be promoted.

use std::path::Path;
use std::sync::atomic::AtomicU32;

use crate::server::RunningServer;
use crate::{Cluster, DATA, Error, install, template};

/// The settings a standby is started with: its replication slot's name and where its primary is.
#[derive(Debug, Clone)]
pub(crate) struct FollowedPrimary {
    name: String,
    primary: String,
}

impl FollowedPrimary {
    pub(crate) fn setting(&self) -> String {
        format!("primary_conninfo=host={} user={} application_name={}", self.primary, install::SUPERUSER, self.name)
    }
}

impl Cluster {
    /// Makes a standby under this name and starts it. The primary retains its log for the standby, also while the standby is stopped.
    pub fn standby(&self, name: &str) -> Result<Cluster, Error> {
        let home = template::home(&self.installation)?;
        let mut copy = self.installation.command("pg_basebackup");
        copy.args(["-X", "stream", "-c", "fast", "-R", "--no-sync", "-C", "-S", name, "-U", install::SUPERUSER, "-h"]);
        copy.arg(self.home.path()).arg("-D").arg(home.path().join(DATA));
        install::run("pg_basebackup", &mut copy)?;
        let follows = FollowedPrimary { name: name.to_owned(), primary: self.home.path().display().to_string() };
        let installation = self.installation.clone();
        let mut standby = Cluster { server: None, installation, home, databases: AtomicU32::new(0), follows: Some(follows) };
        standby.restart()?;
        Ok(standby)
    }

    /// From now on a commit is answered once the standby of this name has it on its disk too; with an empty name the local disk is
    /// enough.
    pub fn set_synchronous(&self, name: &str) -> Result<(), Error> {
        self.execute(&format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'"))?;
        self.execute("SELECT pg_reload_conf()")?;
        // A new session shows the setting once the first process has read it, and by then the other processes have been signalled.
        let shown = format!("DO $$ BEGIN ASSERT current_setting('synchronous_standby_names') = '{name}'; END $$");
        while self.execute(&shown).is_err() {}
        // Commits use the value that the checkpointer shares, which it updates before it runs the next checkpoint.
        self.execute("CHECKPOINT")
    }

    /// Promotes a standby; when this returns, it accepts writes.
    pub fn promote(&mut self) -> Result<(), Error> {
        self.execute("DO $$ BEGIN IF NOT pg_promote(true, 60) THEN RAISE EXCEPTION 'not promoted'; END IF; END $$")?;
        self.follows = None;
        Ok(())
    }

    /// Stops the server; its data stays. What it had not sent to a standby never arrives there.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// The unix socket the server listens on while it runs.
    pub fn socket(&self) -> std::path::PathBuf {
        self.home.path().join(".s.PGSQL.5432")
    }

    pub(crate) fn started(&self, settings: &[&str]) -> Result<RunningServer, Error> {
        let follows = self.follows.as_ref().map(FollowedPrimary::setting);
        let settings: Vec<&str> = follows.iter().map(String::as_str).chain(settings.iter().copied()).collect();
        RunningServer::start(&self.installation, &self.data(), Path::new(self.home.path()), &settings)
    }
}
