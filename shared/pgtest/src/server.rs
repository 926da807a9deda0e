//! The server process under its guard: a shell that waits for its standard input to close, for whatever reason, and then
//! stops the server. So a test that panics, aborts or is killed leaves nothing running.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::Error;
use crate::install::{PostgresInstallation, run};

/// Enough for recovery after a crash test on a slow, busy machine.
const READY_MAX: Duration = Duration::from_secs(60);
/// Log lines kept for an error.
const LOG_LINES: usize = 30;
/// What the server logs when it accepts connections (locale C); a standby accepts read-only ones.
const READY: [&str; 2] = ["database system is ready to accept connections", "database system is ready to accept read-only connections"];

/// Immediate shutdown: what was committed is in the log, and the directory is about to be removed. The guard closes its own
/// handle of the log, so that the log's end shows that the last server process has exited.
const GUARD: &str = r#""$@" & server=$!; exec 2>/dev/null; read -r _; kill -QUIT $server 2>/dev/null; wait $server"#;

/// Small, but durable: the product refuses a server with `fsync`, `full_page_writes` or `synchronous_commit` off.
const SETTINGS: [&str; 13] = [
    "listen_addresses=",
    "unix_socket_permissions=0777",
    "fsync=on",
    "full_page_writes=on",
    "synchronous_commit=on",
    "shared_buffers=16MB",
    "min_wal_size=4MB",
    "max_wal_size=64MB",
    "max_connections=200",
    "dynamic_shared_memory_type=mmap",
    "autovacuum_naptime=10s",
    "log_min_messages=warning",
    "timezone=UTC",
];

#[derive(Debug)]
pub(crate) struct RunningServer {
    guard: Child,
    data: PathBuf,
    log: Option<JoinHandle<()>>,
}

impl RunningServer {
    pub(crate) fn start(
        installation: &PostgresInstallation,
        data: &Path,
        sockets: &Path,
        settings: &[&str],
    ) -> Result<RunningServer, Error> {
        let mut command = installation.as_owner(Path::new("/bin/sh"));
        command.args(["-c", GUARD, "sh"]).arg(installation.bin.join("postgres")).arg("-D").arg(data).arg("-k").arg(sockets);
        for setting in SETTINGS.iter().chain(settings) {
            command.args(["-c", setting]);
        }
        // A process group of its own: a signal to the test's group must not kill the guard before it has stopped the server.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut guard = command.spawn().map_err(Error::io("starting postgres"))?;
        let stderr = guard.stderr.take();
        let mut server = RunningServer { guard, data: data.to_owned(), log: None };
        let stderr = stderr.ok_or_else(|| Error::NotReady { log: "its log could not be read".to_owned() })?;
        server.wait_until_ready(stderr)?;
        Ok(server)
    }

    fn wait_until_ready(&mut self, stderr: ChildStderr) -> Result<(), Error> {
        let log = Arc::new(Mutex::new(VecDeque::with_capacity(LOG_LINES)));
        let (ready, became_ready) = channel();
        let written = Arc::clone(&log);
        // Reads for as long as the server writes: a full pipe would block the server.
        self.log = Some(std::thread::spawn(move || drain(stderr, &written, &ready)));
        let said = || log.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect::<Vec<_>>().join("\n");
        match became_ready.recv_timeout(READY_MAX) {
            Ok(()) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => Err(Error::NotReady { log: said() }),
            Err(RecvTimeoutError::Timeout) => Err(Error::NotReady { log: format!("waited {READY_MAX:?}; {}", said()) }),
        }
    }

    /// Sends `kill -9` to the first process; its children notice and exit by themselves.
    pub(crate) fn kill(mut self) -> Result<(), Error> {
        let pid_file = self.data.join("postmaster.pid");
        let text = std::fs::read_to_string(&pid_file).map_err(Error::io("reading postmaster.pid"))?;
        let pid = text.lines().next().unwrap_or_default().trim().to_owned();
        run("kill", Command::new("/bin/sh").args(["-c", "kill -9 \"$1\"", "sh", &pid]))?;
        self.end();
        Ok(())
    }

    fn end(&mut self) {
        drop(self.guard.stdin.take());
        // An error here means that the guard has exited already.
        let _ = self.guard.wait();
        // Every server process keeps the log open, so its end means that no process is left to write to the data.
        if let Some(log) = self.log.take() {
            let _ = log.join();
        }
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.end();
    }
}

fn drain(stderr: ChildStderr, log: &Mutex<VecDeque<String>>, ready: &Sender<()>) {
    for line in BufReader::new(stderr).lines() {
        let Ok(line) = line else { return };
        if READY.iter().any(|ready| line.contains(ready)) {
            // Only the first send has a receiver.
            let _ = ready.send(());
        }
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == LOG_LINES {
            log.pop_front();
        }
        log.push_back(line);
    }
}
