//! Pretend stores and a pretend bank, on HTTP listeners of their own: for TEST books, in a sandbox only.
use crate::command::UntypedError;
use crate::{Error, IdentitySource, Options, sockets::bind, wiring::Wiring};
use std::path::PathBuf;

/// Where the pretend app store keeps its certificates; who sells there and who checks its receipts may be two processes.
pub fn store_directory(options: &Options) -> PathBuf {
    options.data_dir.join("app-store")
}

pub(super) async fn start(wiring: &mut Wiring) -> Result<(), UntypedError> {
    // Whoever has the data directory can sign receipts; beside a real identity that would be a way to make money.
    if !matches!(wiring.options.identity, IdentitySource::Sandbox) {
        return Err(Error::SandboxOnly.into());
    }
    let (bank, _) = bind("the pretend bank", wiring.options.bank_listen).await?;
    let (store, address) = bind("the pretend app store", wiring.options.store_listen).await?;
    let config = wiring.options.settings.bank.clone();
    wiring.bank = Some(sandbox::bank::start(bank, &wiring.database, config, wiring.shutdown.clone()).await?);
    sandbox::store::start(store, &store_directory(&wiring.options), wiring.shutdown.clone()).await?;
    wiring.store = Some(address);
    Ok(())
}
