//! Starts the monitor, which reads the tables of all services.
use crate::command::UntypedError;
use crate::wiring::Wiring;
use identity::Service;

pub(super) fn start(wiring: &mut Wiring) -> Result<(), UntypedError> {
    let settings = &wiring.options.settings;
    let deps = monitor::Deps {
        database: wiring.database.clone(),
        heads_dir: settings.ledger.heads_dir.clone(),
        posters: settings.ledger.own_posters(),
        shutdown: wiring.shutdown.clone(),
    };
    let service = monitor::start(deps, settings.monitor.clone())?;
    wiring.add(Service::Monitor, service.routes());
    Ok(())
}
