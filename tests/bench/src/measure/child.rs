//! Child processes: started, their addresses read from their output, their processor time read, and ended by their handle.

use runtime::command::UntypedError;
use std::{net::SocketAddr, path::Path, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{ChildStdout, Command},
    time::timeout,
};

/// How long a server may take to print its address; a database may have to be migrated first.
const START_MAX: Duration = Duration::from_secs(60);
/// How long a server may take to end.
const STOP_MAX: Duration = Duration::from_secs(40);
/// `/proc` counts in hundredths of a second on every Linux (`USER_HZ`).
const TICK_US: u64 = 10_000;

/// Index of the parent and the times in `stat` (proc(5)), counted from the field after the name.
const PPID: usize = 1;
const UTIME: usize = 11;
const CUTIME: usize = 13;

/// A server in a process of its own. Killed on drop.
pub(crate) struct ServerProcess {
    process: tokio::process::Child,
    /// Its gRPC address.
    pub address: SocketAddr,
    /// The pretend bank's address, where there is one.
    pub bank: Option<SocketAddr>,
    /// The address of the HTTP listener, where there is one.
    pub http: Option<SocketAddr>,
    /// Kept open: a process that prints into a closed pipe crashes.
    _output: Lines<BufReader<ChildStdout>>,
}

impl ServerProcess {
    /// Starts `binary` with `arguments` and waits until it has printed its address and `ready`.
    pub async fn start(binary: &Path, arguments: &[&str]) -> Result<Self, UntypedError> {
        let mut command = Command::new(binary);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        // No spans and no info logs, which would be measured too; nor logs of slow statements, whose time the report shows.
        command.env_remove("OTEL_EXPORTER_OTLP_ENDPOINT").env("RUST_LOG", "warn,sqlx::query=error");
        let mut process = command.spawn()?;
        let stdout = process.stdout.take().ok_or("a child's output was not captured")?;
        let mut output = BufReader::new(stdout).lines();
        let Listeners { grpc, bank, http } =
            timeout(START_MAX, listening(&mut output)).await.map_err(|_| "a server did not start in time")??;
        Ok(Self { process, address: grpc.ok_or("a server printed ready without its address")?, bank, http, _output: output })
    }

    /// The processor time that the process has used, in microseconds. `None` where the system does not report it.
    pub fn processor_us(&self) -> Option<u64> {
        processor_us(&self.process.id()?.to_string())
    }

    /// Its peak memory in KiB, where the system reports it.
    pub fn peak_memory_kib(&self) -> Option<u64> {
        self.status_kib("VmHWM:")
    }

    /// Its current memory in KiB, where the system reports it.
    pub fn memory_kib(&self) -> Option<u64> {
        self.status_kib("VmRSS:")
    }

    fn status_kib(&self, field: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()?)).ok()?;
        status.lines().find_map(|line| line.strip_prefix(field))?.split_whitespace().next()?.parse().ok()
    }

    /// Sends SIGTERM, waits for the process to end, and kills it if it does not.
    pub async fn stop(mut self) -> Result<(), UntypedError> {
        let id = self.process.id().ok_or("a server has ended by itself")?;
        let told = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?.success();
        if !told || timeout(STOP_MAX, self.process.wait()).await.is_err() {
            self.process.kill().await?;
        }
        Ok(())
    }

    /// Kills the process and waits until it is gone.
    pub async fn end(mut self) -> Result<(), UntypedError> {
        Ok(self.process.kill().await?)
    }
}

/// The addresses that a server printed.
#[derive(Default)]
struct Listeners {
    grpc: Option<SocketAddr>,
    bank: Option<SocketAddr>,
    http: Option<SocketAddr>,
}

/// Reads the addresses until the server is ready.
async fn listening(output: &mut Lines<BufReader<ChildStdout>>) -> Result<Listeners, UntypedError> {
    let mut listeners = Listeners::default();
    while let Some(line) = output.next_line().await? {
        match line.split_once(" on ") {
            Some(("grpc", text)) => listeners.grpc = Some(text.parse()?),
            Some(("bank", text)) => listeners.bank = Some(text.parse()?),
            Some(("http", text)) => listeners.http = Some(text.parse()?),
            _ if line == "ready" => return Ok(listeners),
            _ => {}
        }
    }
    Err("a server ended before it was ready".into())
}

/// User and system time of a process; `self` for this one.
pub(crate) fn processor_us(process: &str) -> Option<u64> {
    times(process, UTIME)
}

/// The same for its children that have ended.
pub(crate) fn ended_children_us(process: &str) -> Option<u64> {
    times(process, CUTIME)
}

/// A process's parent.
pub(crate) fn parent(process: &str) -> Option<u32> {
    stat(process)?.get(PPID)?.parse().ok()
}

/// The time in a field of `stat` and the one after it, user and system.
fn times(process: &str, at: usize) -> Option<u64> {
    let fields = stat(process)?;
    let (user, system): (u64, u64) = (fields.get(at)?.parse().ok()?, fields.get(at + 1)?.parse().ok()?);
    Some((user + system) * TICK_US)
}

/// The contents of `stat` (proc(5)) from the third field on: state, parent, ...
fn stat(process: &str) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is a name in parentheses and may contain any character.
    let after_name = &stat[stat.rfind(')')? + 1..];
    Some(after_name.split_whitespace().map(str::to_owned).collect())
}
