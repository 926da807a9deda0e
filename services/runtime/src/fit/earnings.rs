//! Starts the earnings service, which needs the ledger and its own tables.
use crate::command::UntypedError;
use crate::wiring::Wiring;
use identity::Service;

pub(super) async fn start(wiring: &mut Wiring) -> Result<(), UntypedError> {
    let deps = earnings::Deps {
        ledger: wiring.way(Service::Earnings, Service::Ledger)?,
        database: wiring.database.clone(),
        clock: earnings::system_clock(),
        shutdown: wiring.shutdown.clone(),
    };
    let service = earnings::start(deps, wiring.options.settings.earnings.clone()).await?;
    wiring.add(Service::Earnings, service.routes());
    Ok(())
}
