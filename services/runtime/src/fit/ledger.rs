//! The ledger: needs its store only.
use crate::command::UntypedError;
use crate::wiring::Wiring;
use identity::Service;
use tonic::service::Routes;

pub(super) async fn start(wiring: &mut Wiring) -> Result<(), UntypedError> {
    let store = books::store::open_store(&wiring.database).await?;
    let ledger = ledger::Ledger::start(store, wiring.options.settings.ledger.clone()).await?;
    // A full batch of postings is larger than tonic's default lets in.
    let server =
        ledger::Service::new(ledger.clone()).until(wiring.shutdown.clone()).server().max_decoding_message_size(rpc::MESSAGE_BYTES_MAX);
    wiring.ledger = Some(ledger);
    wiring.add(Service::Ledger, Routes::new(server));
    Ok(())
}
