//! Starts the monitor, which reads the tables of all services, and follows the ledger's journals if it can reach it.
use crate::command::UntypedError;
use crate::wiring::Wiring;
use identity::Service;

pub(super) async fn start(wiring: &mut Wiring) -> Result<(), UntypedError> {
    let settings = &wiring.options.settings;
    let reaches_ledger = wiring.transport(Service::Ledger).is_ok();
    if !reaches_ledger {
        tracing::warn!("the monitor has no connection to the ledger (peers.ledger), so it shows no payments and no figures");
    }
    let deps = monitor::Deps {
        database: wiring.database.clone(),
        ledger: if reaches_ledger { Some(wiring.way(Service::Monitor, Service::Ledger)?) } else { None },
        heads_dir: settings.ledger.heads_dir.clone(),
        posters: settings.ledger.own_posters(),
        shutdown: wiring.shutdown.clone(),
    };
    let service = monitor::start(deps, settings.monitor.clone()).await?;
    wiring.add(Service::Monitor, service.routes());
    Ok(())
}
