//! Starts the pretend stores and banks, on HTTP listeners of their own: for TEST books, in a sandbox only.
use crate::command::UntypedError;
use crate::{Error, IdentitySource, Options, sockets::bind, wiring::Wiring};
use std::path::PathBuf;

/// Directory of the pretend app store's certificates; the store and the service that checks its receipts may be two processes.
pub fn store_directory(options: &Options) -> PathBuf {
    options.data_dir.join("app-store")
}

pub(super) async fn start(wiring: &mut Wiring) -> Result<(), UntypedError> {
    // Access to the data directory allows signing receipts; beside a real identity that would be a way to make money.
    if !matches!(wiring.options.identity, IdentitySource::Sandbox) {
        return Err(Error::SandboxOnly.into());
    }
    let (bank, _) = bind("the pretend bank", wiring.options.bank_listen).await?;
    let (store, address) = bind("the pretend app store", wiring.options.store_listen).await?;
    let config = (wiring.options.settings.bank.clone(), sandbox::achbank::Config::default());
    wiring.bank = Some(sandbox::bank::start_with_ach(bank, &wiring.database, config, wiring.shutdown.clone()).await?);
    sandbox::store::start(store, &store_directory(&wiring.options), wiring.shutdown.clone()).await?;
    wiring.store = Some(address);
    Ok(())
}
