//! A server that keeps its log in an archive, and another that is brought back from a copy and that archive, to a moment.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;

use crate::{Cluster, DATA, Error, install, template};

/// What a server can be brought back from: a copy of its data, and the log that was archived since.
#[derive(Debug)]
pub struct ServerArchive {
    base: PathBuf,
    log: PathBuf,
}

impl Cluster {
    /// Starts the server again with its log archived, and copies its data while it runs. The copy and the archive are gone with the cluster.
    pub fn archive(&mut self) -> Result<ServerArchive, Error> {
        let (base, log) = (self.home.path().join("base"), self.home.path().join("archive"));
        install::run("mkdir", self.installation.as_owner(Path::new("/bin/mkdir")).arg(&log))?;
        // Never over a part of the log that is there: that would be another server's.
        let command = format!("archive_command=test ! -f {log}/%f && cp %p {log}/%f", log = log.display());
        self.restart_with(&["archive_mode=on", &command])?;
        Ok(ServerArchive { base, log })
    }

    /// Copies the server's data while it runs, as a recovery begins with.
    pub fn base_backup(&self, archived: &ServerArchive) -> Result<(), Error> {
        let mut copy = self.installation.command("pg_basebackup");
        copy.args(["-X", "none", "-c", "fast", "--no-sync", "-U", install::SUPERUSER, "-h"]).arg(self.home.path());
        install::run("pg_basebackup", copy.arg("-D").arg(&archived.base))
    }

    /// Has the log so far archived, and waits until it is.
    pub fn archive_log(&self) -> Result<(), Error> {
        // A transaction after all that is of interest: a recovery to a time ends at the first one that is later.
        self.execute("CREATE TABLE IF NOT EXISTS archived (at timestamptz)")?;
        self.execute("INSERT INTO archived VALUES (now())")?;
        self.execute("CREATE TABLE segment AS SELECT pg_walfile_name(pg_switch_wal()) AS name")?;
        let done = "DO $$ BEGIN ASSERT (SELECT last_archived_wal >= name FROM pg_stat_archiver, segment); END $$";
        while self.execute(done).is_err() {}
        self.execute("DROP TABLE segment")
    }

    /// Another server with what this one had at a time, such as PostgreSQL's `now()` gives it.
    pub fn recovered(&self, archived: &ServerArchive, time: &str) -> Result<Cluster, Error> {
        let home = template::home(&self.installation)?;
        let data = home.path().join(DATA);
        install::run("cp", self.installation.as_owner(Path::new("/bin/cp")).arg("-R").arg(&archived.base).arg(&data))?;
        install::run("touch", self.installation.as_owner(Path::new("/usr/bin/touch")).arg(data.join("recovery.signal")))?;
        let installation = self.installation.clone();
        let mut cluster = Cluster { server: None, installation, home, databases: AtomicU32::new(0), follows: None };
        let restore = format!("restore_command=cp {}/%f %p", archived.log.display());
        let target = format!("recovery_target_time={time}");
        cluster.restart_with(&[&restore, &target, "recovery_target_timeline=current", "recovery_target_action=promote"])?;
        // It takes readers before it is where it is to be.
        while cluster.execute("DO $$ BEGIN ASSERT NOT pg_is_in_recovery(); END $$").is_err() {}
        Ok(cluster)
    }
}
