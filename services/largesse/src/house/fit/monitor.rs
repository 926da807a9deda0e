//! The monitor: needs everybody's tables, to read.
use super::Fault;
use crate::{
    audit::continuous::Continuous,
    house::{Service, wiring::Wiring},
};

pub(super) fn start(wiring: &mut Wiring) -> Result<(), Fault> {
    let settings = &wiring.options.settings;
    let config = settings.monitor.clone();
    let auditor = Continuous::new(wiring.database.clone(), settings.ledger.heads_dir.clone(), config.clone());
    let service = monitor::start(auditor, config, wiring.shutdown.clone())?;
    wiring.add(Service::Monitor, service.routes());
    Ok(())
}
