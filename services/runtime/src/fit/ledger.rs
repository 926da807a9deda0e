//! Starts the ledger, which needs only its store.
use crate::command::UntypedError;
use crate::installation;
use crate::wiring::Wiring;
use identity::Service;

pub(super) async fn start(wiring: &mut Wiring) -> Result<(), UntypedError> {
    let store = books::store::open_store(&wiring.database).await?;
    installation::bind(&wiring.options, &wiring.database, &wiring.identities).await?;
    let ledger = ledger::Ledger::start(store, wiring.options.settings.ledger.clone()).await?;
    let routes = ledger::Service::new(ledger.clone()).until(wiring.shutdown.clone()).routes();
    wiring.ledger = Some(ledger);
    wiring.add(Service::Ledger, routes);
    Ok(())
}
