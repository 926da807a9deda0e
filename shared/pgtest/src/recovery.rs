//! A server that archives its log, and another that is recovered from a base backup and that archive, to a point in time.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;

use crate::{Cluster, DATA, Error, install, template};

/// What a server can be recovered from: a backup of its data, and the log archived since.
#[derive(Debug)]
pub struct ServerArchive {
    base: PathBuf,
    log: PathBuf,
}

impl Cluster {
    /// Starts the server again with log archiving on, and backs its data up while it runs. Backup and archive are removed with the cluster.
    pub fn archive(&mut self) -> Result<ServerArchive, Error> {
        let (base, log) = (self.home.path().join("base"), self.home.path().join("archive"));
        install::run("mkdir", self.installation.as_owner(Path::new("/bin/mkdir")).arg(&log))?;
        // Never overwrites an archived segment: that one would be another server's.
        let command = format!("archive_command=test ! -f {log}/%f && cp %p {log}/%f", log = log.display());
        self.restart_with(&["archive_mode=on", &command])?;
        Ok(ServerArchive { base, log })
    }

    /// Backs up the server's data while it runs; a recovery begins with such a backup.
    pub fn base_backup(&self, archived: &ServerArchive) -> Result<(), Error> {
        let mut copy = self.installation.command("pg_basebackup");
        copy.args(["-X", "none", "-c", "fast", "--no-sync", "-U", install::SUPERUSER, "-h"]).arg(self.home.path());
        install::run("pg_basebackup", copy.arg("-D").arg(&archived.base))
    }

    /// Switches to a new log segment and waits until the log so far is archived.
    pub fn archive_log(&self) -> Result<(), Error> {
        // One more transaction after those of interest: a recovery to a time ends at the first later transaction.
        self.execute("CREATE TABLE IF NOT EXISTS archived (at timestamptz)")?;
        self.execute("INSERT INTO archived VALUES (now())")?;
        self.execute("CREATE TABLE segment AS SELECT pg_walfile_name(pg_switch_wal()) AS name")?;
        let done = "DO $$ BEGIN ASSERT (SELECT last_archived_wal >= name FROM pg_stat_archiver, segment); END $$";
        while self.execute(done).is_err() {}
        self.execute("DROP TABLE segment")
    }

    /// Another server with the data this one had at `time`, a text such as PostgreSQL's `now()` returns.
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
        // The server accepts readers before its recovery has reached the target.
        while cluster.execute("DO $$ BEGIN ASSERT NOT pg_is_in_recovery(); END $$").is_err() {}
        Ok(cluster)
    }
}
