//! The TEST books of a sandbox.
use crate::{Error, wiring::Wiring};
use api::ledger::{BookMode, CreateBookRequest, ledger_service_client::LedgerServiceClient};
use identity::Service;

/// Data-residency region of a sandbox's books.
const REGION: &str = "local";

/// Creates the sandbox's configured books, where the ledger runs. A book that exists already is no error.
pub(super) async fn ensure(wiring: &Wiring) -> Result<(), Error> {
    if wiring.ledger.is_none() || wiring.options.books.is_empty() {
        return Ok(());
    }
    let transport = wiring.transport(Service::Ledger)?.with_token(wiring.token("largesse")?);
    let mut ledger = LedgerServiceClient::new(transport);
    for book in &wiring.options.books {
        let request = CreateBookRequest {
            request_id: uuid::Uuid::now_v7().to_string(),
            book: book.clone(),
            mode: BookMode::Test.into(),
            region: REGION.to_owned(),
        };
        ledger.create_book(request).await.map_err(|status| Error::Book { book: book.clone(), status: Box::new(status) })?;
    }
    Ok(())
}
