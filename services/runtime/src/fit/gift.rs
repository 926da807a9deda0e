//! Starts the gift service, which needs the ledger, and its own tables for the catalogues that were served.
use crate::command::UntypedError;
use crate::wiring::Wiring;
use identity::Service;

pub(super) async fn start(wiring: &mut Wiring) -> Result<(), UntypedError> {
    let deps = gift::Deps {
        ledger: wiring.way(Service::Gift, Service::Ledger)?,
        database: wiring.database.clone(),
        clock: gift::system_clock(),
        shutdown: wiring.shutdown.clone(),
    };
    let service = gift::start(deps, wiring.options.settings.gift.clone()).await?;
    wiring.add(Service::Gift, service.routes());
    Ok(())
}
