//! The monitor as staff ask it, over an installation's tables.
use api::monitor::monitor_service_client::MonitorServiceClient;
use identity::Role;
use monitor::Config;
use rpc::Transport;
use std::ops::Deref;
use testbed::Testbed;
use tokio_util::sync::CancellationToken;
use tonic::Request;

/// An installation with the monitor over its tables.
pub struct Watched {
    bed: Testbed,
    monitor: MonitorServiceClient<Transport>,
}

impl Deref for Watched {
    type Target = Testbed;

    fn deref(&self) -> &Testbed {
        &self.bed
    }
}

impl Watched {
    pub async fn over(bed: Testbed) -> Self {
        // No audit runs: what they find is not asked for here.
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        let (database, posters) = (bed.database.clone(), chart::OwnPosters::default());
        let deps = monitor::Deps { database, ledger: None, heads_dir: None, posters, shutdown };
        let service = monitor::start(deps, Config::default()).await.unwrap();
        let monitor = MonitorServiceClient::new(bed.lay(service.routes()));
        Self { bed, monitor }
    }

    pub fn monitor(&self) -> MonitorServiceClient<Transport> {
        self.monitor.clone()
    }
}

/// A request of somebody in these books, with a reason.
pub fn asked<T>(bed: &Testbed, (subject, role): (&str, Role), books: &[&str], message: T) -> Request<T> {
    let mut request = bed.unexplained(subject, role, books, message);
    request.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
    request
}
