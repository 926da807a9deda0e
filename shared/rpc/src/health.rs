//! What `grpc.health.v1` reports of a process: which of its services serve, and whether it writes the books.
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic_health::{ServingStatus, server::HealthReporter};

/// The name under which a process with the ledger reports whether it writes the books: NOT_SERVING on a standby. Processes without the ledger don't
/// know it.
pub const WRITER: &str = "largesse.ledger.writer";

/// What a process with the ledger can't do while another process writes the books.
#[derive(Clone)]
pub struct WriterHealth {
    /// Full names of the services that do not work then.
    pub dependent: Vec<&'static str>,
    /// Whether this process may write.
    pub writes: watch::Receiver<bool>,
}

/// Reports the state of the services to the health service.
pub(crate) struct HealthTeller {
    pub reporter: HealthReporter,
    pub names: Vec<&'static str>,
    pub writer: Option<WriterHealth>,
}

impl HealthTeller {
    /// Reports the present state.
    pub(crate) async fn tell(&mut self) {
        let writes = self.writer.as_mut().is_none_or(|writer| *writer.writes.borrow_and_update());
        let status = |serves| if serves { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in &self.names {
            let dependent = self.writer.as_ref().is_some_and(|writer| writer.dependent.contains(name));
            self.reporter.set_service_status(*name, status(writes || !dependent)).await;
        }
        // The empty name is the process as a whole.
        self.reporter.set_service_status("", status(writes)).await;
        if self.writer.is_some() {
            self.reporter.set_service_status(WRITER, status(writes)).await;
        }
    }

    /// Reports changes until `shutdown`, and then NOT_SERVING for everything.
    pub(crate) async fn follow(mut self, shutdown: &CancellationToken) {
        loop {
            let changed = async {
                let told = match &mut self.writer {
                    Some(writer) => writer.writes.changed().await.is_ok(),
                    None => false,
                };
                // The sender is dropped: the last state stays.
                if !told {
                    std::future::pending::<()>().await;
                }
            };
            if shutdown.run_until_cancelled(changed).await.is_none() {
                break;
            }
            self.tell().await;
        }
        let writer = self.writer.as_ref().map(|_| WRITER);
        for name in self.names.iter().copied().chain([""]).chain(writer) {
            self.reporter.set_service_status(name, ServingStatus::NotServing).await;
        }
    }
}
