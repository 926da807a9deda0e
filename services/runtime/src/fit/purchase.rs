//! Starts the purchase service, which needs the ledger, its own tables, and in a sandbox the pretend store's root certificate.
use super::sandbox;
use crate::command::UntypedError;
use crate::{IdentitySource, wiring::Wiring};
use identity::Service;

/// The app in the pretend store whose receipts credit the TEST book `book`.
pub fn sandbox_bundle(book: &str) -> String {
    format!("sandbox.largesse.{book}")
}

pub(super) async fn start(wiring: &mut Wiring) -> Result<(), UntypedError> {
    let mut config = wiring.options.settings.purchase.clone();
    if let IdentitySource::Sandbox = wiring.options.identity {
        let store = ::sandbox::store::Store::open(&sandbox::store_directory(&wiring.options))?;
        config.sandbox_roots.push(store.root_der().to_vec());
        for book in &wiring.options.books {
            let bundle_id = sandbox_bundle(book);
            if !config.bundles.iter().any(|bundle| bundle.bundle_id == bundle_id) {
                config.bundles.push(purchase::Bundle { bundle_id, book: book.clone(), app_apple_id: 0 });
            }
        }
    }
    let deps = purchase::Deps {
        database: wiring.database.clone(),
        ledger: wiring.way(Service::Purchase, Service::Ledger)?,
        shutdown: wiring.shutdown.clone(),
    };
    let service = purchase::start(deps, config).await?;
    wiring.store_webhooks = Some(service.webhooks());
    wiring.add(Service::Purchase, service.routes());
    Ok(())
}
