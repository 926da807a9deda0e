//! `largesse serve`: runs services until it is stopped.
use crate::cli::settings::{GivenSettings, ReadSettings};
use clap::Args;
use identity::Service;
use runtime::command::{self, CommandResult};
use runtime::{IdentitySource, Options, Runtime};
use settings::Error;
use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Instant};
use tokio::signal::unix::{SignalKind, signal};

#[cfg(test)]
mod tests;

/// Options of `largesse serve`.
#[derive(Debug, Args)]
pub struct ServeArguments {
    #[command(flatten)]
    pub given: GivenSettings,
    /// The services to run in this process; by default all of them.
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    pub services: Vec<Service>,
    /// Address of LedgerService, if it does not run in this process.
    #[arg(long, value_name = "URL")]
    pub ledger_url: Option<String>,
    /// Address of SupportService, if it does not run in this process. A process that has neither the service nor its address refuses staff calls.
    #[arg(long, value_name = "URL")]
    pub support_url: Option<String>,
    /// Address of PurchaseService, if it does not run in this process.
    #[arg(long, value_name = "URL")]
    pub purchase_url: Option<String>,
    /// Address of GiftService, if it does not run in this process.
    #[arg(long, value_name = "URL")]
    pub gift_url: Option<String>,
    /// Address of EarningsService, if it does not run in this process.
    #[arg(long, value_name = "URL")]
    pub earnings_url: Option<String>,
    /// Address of PayoutService, if it does not run in this process.
    #[arg(long, value_name = "URL")]
    pub payout_url: Option<String>,
    /// Address of TreasuryService, if it does not run in this process.
    #[arg(long, value_name = "URL")]
    pub treasury_url: Option<String>,
    /// Address of MonitorService, if it does not run in this process.
    #[arg(long, value_name = "URL")]
    pub monitor_url: Option<String>,
    /// Address of the pretend bank, if it does not run in this process.
    #[arg(long, value_name = "URL")]
    pub sandbox_url: Option<String>,
    /// `sqlite:DIR` or `postgres://USER@HOST/NAME`; by default SQLite in the data directory.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Address of the gRPC listener; by default 127.0.0.1:7070. With port 0, the process chooses a free port and prints it.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Address of the HTTP listener for /healthz, /readyz and /metrics.
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<SocketAddr>,
    /// Address of the pretend bank's listener; by default 127.0.0.1:7072.
    #[arg(long, value_name = "ADDRESS")]
    pub bank_listen: Option<SocketAddr>,
    /// Address of the pretend app store's listener; by default 127.0.0.1:7073.
    #[arg(long, value_name = "ADDRESS")]
    pub store_listen: Option<SocketAddr>,
    /// Address of the console, pages for staff; a sandbox with all services has one at 127.0.0.1:7074.
    #[arg(long, value_name = "ADDRESS")]
    pub console_listen: Option<SocketAddr>,
    /// Address of the pretend login's listener; by default 127.0.0.1:7075.
    #[arg(long, value_name = "ADDRESS")]
    pub login_listen: Option<SocketAddr>,
    /// Runs with pretend money: creates an identity key and a TEST book, and runs the pretend app store and bank.
    #[arg(long)]
    pub sandbox: bool,
    /// A TEST book to create in a sandbox; by default `demo`. Repeat for several.
    #[arg(long = "book", value_name = "BOOK")]
    pub books: Vec<String>,
    /// Directory for keys and embedded databases; by default `data`.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Directory outside the database, best on another disk or machine, where the ledger writes its books' heads (number and hash of the last commit) for
    /// `verify`; by default `heads` in the data directory.
    #[arg(long, value_name = "DIR")]
    pub heads_dir: Option<PathBuf>,
    /// Mebibytes of memory in the ledger for each book's accounts, guards and holds; by default 256. Those that do not fit are read again when needed.
    #[arg(long, value_name = "MIB")]
    pub ledger_cache_mib: Option<u32>,
    /// File with a public key (PEM) that verifies callers' tokens; repeat while keys are rotated. Required without --sandbox.
    #[arg(long = "identity-key", value_name = "FILE")]
    pub identity_keys: Vec<PathBuf>,
    /// File with the key that encrypts bank accounts and names, 32 bytes in base64. Required without --sandbox if the payout service runs here.
    #[arg(long, value_name = "FILE")]
    pub payout_key_file: Option<PathBuf>,
    /// File with the token with which a service of this process calls others, such as `gift=gift.token`; repeat for each service. The file is reread while the
    /// process runs. Required without --sandbox.
    #[arg(long = "service-token", value_name = "SERVICE=FILE", value_parser = service_token)]
    pub service_tokens: Vec<(Service, String)>,
    /// A former option: gives an error that names its replacement.
    #[arg(long, hide = true)]
    pub service_token_file: Option<PathBuf>,
}

impl ServeArguments {
    /// The settings that result from file, environment and these flags.
    pub fn read(&self) -> Result<ReadSettings, Error> {
        let mut layers = self.given.gather()?;
        let shown = |flag: &Option<PathBuf>| flag.as_ref().map(|path| path.display().to_string());
        let address = |flag: &Option<SocketAddr>| flag.map(|address| address.to_string());
        let single = [
            ("peers.ledger", "--ledger-url", self.ledger_url.clone()),
            ("peers.support", "--support-url", self.support_url.clone()),
            ("peers.purchase", "--purchase-url", self.purchase_url.clone()),
            ("peers.gift", "--gift-url", self.gift_url.clone()),
            ("peers.earnings", "--earnings-url", self.earnings_url.clone()),
            ("peers.payout", "--payout-url", self.payout_url.clone()),
            ("peers.treasury", "--treasury-url", self.treasury_url.clone()),
            ("peers.monitor", "--monitor-url", self.monitor_url.clone()),
            ("peers.sandbox", "--sandbox-url", self.sandbox_url.clone()),
            ("database", "--database", self.database.clone()),
            ("listen.grpc", "--listen", address(&self.listen)),
            ("listen.http", "--http", address(&self.http)),
            ("listen.bank", "--bank-listen", address(&self.bank_listen)),
            ("listen.store", "--store-listen", address(&self.store_listen)),
            ("console.listen", "--console-listen", address(&self.console_listen)),
            ("listen.login", "--login-listen", address(&self.login_listen)),
            ("data_dir", "--data-dir", shown(&self.data_dir)),
            ("ledger.heads_dir", "--heads-dir", shown(&self.heads_dir)),
            ("ledger.cache_mib", "--ledger-cache-mib", self.ledger_cache_mib.map(|mib| mib.to_string())),
            ("payout.key_file", "--payout-key-file", shown(&self.payout_key_file)),
            ("identity.service_token_file", "--service-token-file", shown(&self.service_token_file)),
            ("sandbox", "--sandbox", self.sandbox.then(|| "true".to_owned())),
        ];
        for (key, flag, value) in single {
            if let Some(value) = value {
                layers.set(key, &value, flag);
            }
        }
        for (service, file) in &self.service_tokens {
            layers.set(&format!("identity.service_tokens.{service}"), file, "--service-token");
        }
        let services: Vec<String> = self.services.iter().map(ToString::to_string).collect();
        let keys: Vec<String> = self.identity_keys.iter().map(|path| path.display().to_string()).collect();
        for (key, flag, values) in
            [("services", "--services", &services), ("books", "--book", &self.books), ("identity.keys", "--identity-key", &keys)]
        {
            if !values.is_empty() {
                layers.set_list(key, values, flag);
            }
        }
        layers.read()
    }
}

fn service_token(text: &str) -> Result<(Service, String), String> {
    let (service, file) = text.split_once('=').ok_or("a service and its file, such as gift=gift.token")?;
    if file.is_empty() {
        return Err(format!("name the file with the token of {service}, such as {service}={service}.token"));
    }
    Ok((service.parse()?, file.to_owned()))
}

/// A first call to a sandbox, ready to paste: a token, and a command that uses it.
struct FirstCall {
    data_dir: PathBuf,
    book: String,
}

impl FirstCall {
    /// For a sandbox whose gifts are here. There is none where callers need certificates, which this process can't name, or where identities are real.
    fn of(options: &Options) -> Option<Self> {
        let is_here = options.services.contains(&Service::Gift) && !options.tls.serves();
        let book = options.books.first().filter(|_| is_here && matches!(options.identity, IdentitySource::Sandbox))?;
        // Absolute, because it may be pasted elsewhere.
        Some(Self { data_dir: std::path::absolute(&options.data_dir).ok()?, book: book.clone() })
    }

    fn lines(&self, grpc: SocketAddr) -> String {
        let (directory, file) =
            (quoted(&self.data_dir.display().to_string()), quoted(&self.data_dir.join("ada.token").display().to_string()));
        let book = &self.book;
        format!(
            "token: (umask 077; largesse token --data-dir {directory} --sub ada --role viewer --book {book} > {file})\n\
             next: largesse call ListGifts --token-file {file} --url http://{grpc}\n"
        )
    }
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Runs until SIGTERM or SIGINT, then lets calls in flight finish.
pub async fn run(options: Options, warnings: Vec<String>) -> CommandResult {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let services = options.services.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let database = options.database.split(':').next().unwrap_or_default().to_owned();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), services, database, data_dir = %options.data_dir.display(), "starting");
    // Before anything starts, so that a signal during start is not lost.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let attempt = FirstCall::of(&options);
    let starting = Runtime::start(options);
    let mut runtime = tokio::select! {
        runtime = starting => match runtime {
            Ok(runtime) => runtime,
            // A start that the settings forbid should not be retried; the exit code tells a supervisor so.
            Err(error @ runtime::Error::ListBuiltIn { .. }) => return Ok(command::misused(&error)),
            Err(error) => return Err(error.into()),
        },
        _ = terminate.recv() => return Ok(ExitCode::SUCCESS),
        _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
    };
    let listening = runtime.listening();
    for line in &listening {
        println!("{line}");
    }
    if let Some((attempt, address)) = attempt.zip(runtime.address("grpc")) {
        print!("{}", attempt.lines(address));
    }
    let standby = runtime.stands_by_for();
    if let Some(writer) = &standby {
        println!(
            "standing by: another process ({writer}) writes the books; until it ends, what needs them is answered NOT_THE_WRITER here"
        );
    }
    println!("ready");
    tracing::info!(listening = listening.join(", "), standby = standby.is_some(), "started");
    let (why, failure) = tokio::select! {
        failure = runtime.failed() => ("a task that should keep running has ended", Some(failure)),
        _ = terminate.recv() => ("stopped by SIGTERM", None),
        _ = interrupt.recv() => ("stopped by SIGINT", None),
    };
    tracing::info!(why, "stopping: calls in flight may finish");
    let begun = Instant::now();
    runtime.shutdown().await;
    tracing::info!(seconds = begun.elapsed().as_secs_f64(), "stopped");
    match failure {
        Some(error) => Err(error.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}
