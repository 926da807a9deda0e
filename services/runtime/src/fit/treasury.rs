//! Starts the treasury service, which needs the ledger and its own tables.
use crate::command::UntypedError;
use crate::wiring::Wiring;
use identity::Service;

pub(super) async fn start(wiring: &mut Wiring) -> Result<(), UntypedError> {
    let deps = treasury::Deps {
        ledger: wiring.way(Service::Treasury, Service::Ledger)?,
        database: wiring.database.clone(),
        clock: treasury::system_clock(),
    };
    let mut config = wiring.options.settings.treasury.clone();
    config.spool_dir.get_or_insert_with(|| wiring.options.data_dir.join("spool"));
    let service = treasury::start(deps, config).await?;
    tokio::spawn(service.clone().follow_closings(wiring.shutdown.clone()));
    tokio::spawn(service.clone().follow_sweeps(wiring.shutdown.clone()));
    tokio::spawn(service.clone().follow_unheard(wiring.shutdown.clone()));
    tokio::spawn(service.clone().follow_sources(wiring.shutdown.clone()));
    tokio::spawn(service.clone().watch(wiring.shutdown.clone()));
    wiring.add(Service::Treasury, service.routes());
    tokio::spawn(service.follow(wiring.shutdown.clone()));
    Ok(())
}
