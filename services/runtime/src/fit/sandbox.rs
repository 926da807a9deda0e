//! Starts the pretend stores and banks, on HTTP listeners of their own: for TEST books, in a sandbox only.
use crate::command::UntypedError;
use crate::{Error, IdentitySource, Options, sockets::bind, wiring::Wiring};
use std::path::PathBuf;

/// Our id at the pretend bank that speaks JSON, and the bank's id of our key.
pub(super) const JSON_CLIENT: (&str, &str) = ("largesse", "sandbox");

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
    let client = sandbox::globalbank::SandboxClient::of_test_key(JSON_CLIENT.0, JSON_CLIENT.1);
    let config = sandbox::bank::TownConfig {
        bank: wiring.options.settings.bank.clone(),
        ach: sandbox::achbank::Config::default(),
        global: sandbox::globalbank::Config { clients: vec![client], ..sandbox::globalbank::Config::default() },
    };
    wiring.bank = Some(sandbox::bank::start_with_others(bank, &wiring.database, config, wiring.shutdown.clone()).await?);
    let google = sandbox::google::SandboxGooglePlay::open(&wiring.database, format!("http://{address}")).await?;
    let others = neighbours(wiring, address).await?;
    let beside = sandbox::store::StoreNeighbours { google: Some(&google), others };
    sandbox::store::start(store, &store_directory(&wiring.options), beside, wiring.shutdown.clone()).await?;
    wiring.store = Some(address);
    Ok(())
}

/// The pretend payment companies, each behind its path.
async fn neighbours(wiring: &Wiring, address: std::net::SocketAddr) -> Result<Vec<(&'static str, axum::Router)>, UntypedError> {
    use sandbox::{alipay, stripe, wallet, wechat};
    let (database, below) = (&wiring.database, |path: &str| format!("{address}{}", path.trim_end_matches('/')));
    let shutdown = || wiring.shutdown.clone();
    let cards = stripe::open(database, stripe::Config::default(), below(stripe::STRIPE_PATH), shutdown()).await?;
    let of_alipay = alipay::open(database, wallet::Config::default(), below(alipay::ALIPAY_PATH), shutdown()).await?;
    let of_wechat = wechat::open(database, wallet::Config::default(), below(wechat::WECHAT_PATH), shutdown()).await?;
    Ok(vec![(stripe::STRIPE_PATH, cards), (alipay::ALIPAY_PATH, of_alipay), (wechat::WECHAT_PATH, of_wechat)])
}
