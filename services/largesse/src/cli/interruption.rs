//! Signals that ask a command to end, for commands that have something to stop and to remove.
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Exit codes after SIGINT and SIGTERM, as a shell would report them.
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// Signals from now on.
#[derive(Debug)]
pub struct Interruption {
    terminate: Signal,
    interrupt: Signal,
}

impl Interruption {
    /// Listens for them instead of ending at once: before anything starts, so that no signal is lost.
    pub fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the first, and returns the exit code for it.
    pub async fn code(&mut self) -> u8 {
        tokio::select! {
            _ = self.terminate.recv() => TERMINATED,
            _ = self.interrupt.recv() => INTERRUPTED,
        }
    }
}
