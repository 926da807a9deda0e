//! Signals that ask a command to end, for commands that have something to stop and to remove.
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Exit codes after SIGHUP, SIGINT and SIGTERM, as a shell would report them.
const HUNG_UP: u8 = 129;
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// Signals from now on.
#[derive(Debug)]
pub struct Interruption {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Interruption {
    /// Listens for them instead of ending at once: before anything starts, so that no signal is lost.
    pub fn listen() -> io::Result<Self> {
        let [terminate, interrupt, hang_up] = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
        Ok(Self { terminate: terminate?, interrupt: interrupt?, hang_up: hang_up? })
    }

    /// Waits for the first, and returns the exit code for it.
    pub async fn code(&mut self) -> u8 {
        tokio::select! {
            _ = self.terminate.recv() => TERMINATED,
            _ = self.interrupt.recv() => INTERRUPTED,
            // The terminal was closed.
            _ = self.hang_up.recv() => HUNG_UP,
        }
    }
}
