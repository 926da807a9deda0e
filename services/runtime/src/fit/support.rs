//! Starts the support service, which needs the ledger and its own tables.
use crate::command::UntypedError;
use crate::wiring::Wiring;
use identity::Service;

pub(super) async fn start(wiring: &mut Wiring) -> Result<(), UntypedError> {
    let deps = support::Deps {
        database: wiring.database.clone(),
        ledger: wiring.way(Service::Support, Service::Ledger)?,
        // The same directory as the books' heads, so that all heads are collected from one place.
        heads_dir: wiring.options.settings.ledger.heads_dir.clone(),
        shutdown: wiring.shutdown.clone(),
    };
    let service = support::start(deps).await?;
    wiring.add(Service::Support, service.routes());
    Ok(())
}
