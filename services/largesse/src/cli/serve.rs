//! `largesse serve`: services until told to stop.
use crate::{
    cli::Outcome,
    house::{self, House, Identity, Options, Service},
};
use clap::Args;
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};

#[cfg(test)]
mod tests;

/// Options of `largesse serve`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to run here; all of them when not given.
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    pub services: Vec<Service>,
    /// Where LedgerService is, when it does not run here.
    #[arg(long, value_name = "URL")]
    pub ledger_url: Option<String>,
    /// Where PurchaseService is, when it does not run here.
    #[arg(long, value_name = "URL")]
    pub purchase_url: Option<String>,
    /// Where GiftService is, when it does not run here.
    #[arg(long, value_name = "URL")]
    pub gift_url: Option<String>,
    /// Where EarningsService is, when it does not run here.
    #[arg(long, value_name = "URL")]
    pub earnings_url: Option<String>,
    /// Where PayoutService is, when it does not run here.
    #[arg(long, value_name = "URL")]
    pub payout_url: Option<String>,
    /// Where the pretend bank is, when it does not run here.
    #[arg(long, value_name = "URL")]
    pub sandbox_url: Option<String>,
    /// `sqlite:DIR` or `postgres://USER@HOST/NAME`; `sqlite:` with the data directory when not given.
    #[arg(long, env = "LARGESSE_DATABASE", value_name = "URL")]
    pub database: Option<String>,
    /// Where gRPC listens. Port 0 takes a free one and prints it.
    #[arg(long, default_value = "127.0.0.1:7070", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Where HTTP listens: /healthz, /readyz.
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<SocketAddr>,
    /// Where the pretend bank listens.
    #[arg(long, default_value = "127.0.0.1:7072", value_name = "ADDRESS")]
    pub bank_listen: SocketAddr,
    /// Where the pretend app store listens.
    #[arg(long, default_value = "127.0.0.1:7073", value_name = "ADDRESS")]
    pub store_listen: SocketAddr,
    /// Plays with pretend money: makes an identity key and a TEST book, and runs the pretend stores and bank.
    #[arg(long)]
    pub sandbox: bool,
    /// A TEST book to have in a sandbox; repeat for several.
    #[arg(long = "book", default_value = "demo", value_name = "BOOK")]
    pub books: Vec<String>,
    /// Directory for keys and embedded databases.
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub data_dir: PathBuf,
    /// Directory, outside the database, where the ledger writes its books' heads for `verify`; `heads` in the data directory when not given. Best on
    /// another disk or machine.
    #[arg(long, value_name = "DIR")]
    pub heads_dir: Option<PathBuf>,
    /// Mebibytes that each book's accounts, guards and holds may take in the ledger's memory; what is older is read again when it is needed.
    #[arg(long, default_value_t = ledger::config::CACHE_MIB, value_parser = clap::value_parser!(u32).range(1..=1_048_576), value_name = "MIB")]
    pub ledger_cache_mib: u32,
    /// Public key that signs callers' tokens, PEM; repeat while keys are rotated. Required without --sandbox.
    #[arg(long = "identity-key", value_name = "FILE")]
    pub identity_keys: Vec<PathBuf>,
    /// Key that seals bank accounts and names, 32 bytes in base64. Required without --sandbox where payout runs.
    #[arg(long, value_name = "FILE")]
    pub payout_key_file: Option<PathBuf>,
    /// Token with which services here call others; read again while running. Required without --sandbox.
    #[arg(long, value_name = "FILE")]
    pub service_token_file: Option<PathBuf>,
}

impl Arguments {
    /// The house these options describe, or what is missing.
    pub fn into_options(self) -> Result<Options, house::Error> {
        let identity = match (self.sandbox, self.identity_keys.is_empty(), self.service_token_file) {
            (true, true, None) => Identity::Sandbox,
            (true, _, _) => return Err(house::Error::IdentityTwice),
            (false, false, Some(token_file)) => Identity::Configured { keys: self.identity_keys, token_file },
            (false, no_keys, token_file) => {
                let keys = no_keys.then_some("--identity-key FILE (the public key that signs tokens)");
                let token = token_file.is_none().then_some("--service-token-file FILE (the token services call with)");
                return Err(house::Error::IdentityMissing(keys.into_iter().chain(token).collect::<Vec<_>>().join(" and ")));
            }
        };
        let urls = [
            (Service::Ledger, self.ledger_url),
            (Service::Purchase, self.purchase_url),
            (Service::Gift, self.gift_url),
            (Service::Earnings, self.earnings_url),
            (Service::Payout, self.payout_url),
            (Service::Sandbox, self.sandbox_url),
        ];
        let peers: BTreeMap<_, _> = urls.into_iter().filter_map(|(service, url)| Some((service, url?))).collect();
        let all = || Service::ALL.into_iter().filter(|service| *service != Service::Sandbox || self.sandbox);
        let services = if self.services.is_empty() { all().filter(|s| !peers.contains_key(s)).collect() } else { self.services };
        let heads_dir = self.heads_dir.unwrap_or_else(|| self.data_dir.join(house::HEADS));
        Ok(Options {
            services,
            peers,
            database: self.database.unwrap_or_else(|| format!("sqlite:{}", self.data_dir.display())),
            data_dir: self.data_dir,
            identity,
            books: if self.sandbox { self.books } else { Vec::new() },
            listen: Some(self.listen),
            http: self.http,
            bank_listen: self.bank_listen,
            store_listen: self.store_listen,
            settings: house::Settings {
                ledger: ledger::Config { heads_dir: Some(heads_dir), ..Default::default() }.with_cache_mib(self.ledger_cache_mib),
                payout: self.payout_key_file.map(payout::Config::new),
                ..Default::default()
            },
        })
    }
}

/// Runs until SIGTERM or SIGINT, then lets calls in flight finish.
pub async fn run(arguments: Arguments) -> Outcome {
    let options = arguments.into_options()?;
    // Before anything starts, so that a signal during start is not lost.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let starting = House::start(options);
    let mut house = tokio::select! {
        house = starting => house?,
        _ = terminate.recv() => return Ok(ExitCode::SUCCESS),
        _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
    };
    for line in house.listening() {
        println!("{line}");
    }
    println!("ready");
    let failure = tokio::select! {
        failure = house.failed() => Some(failure),
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
    };
    house.shutdown().await;
    match failure {
        Some(error) => Err(error.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}
