//! The settings of `largesse serve`: one tree, from a file, the environment and flags.
//!
//! - [`Config`]: the tree; its doc comments are its documentation, `largesse config --default` prints them.
//! - `check`: finds invalid settings, before anything binds or opens.
//! - `files`: finds problems with the files and addresses that the settings name.
//! - `warnings`: finds settings that are valid but dangerous.
//! - `options`: turns the settings into a process's options.
use identity::Service;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use settings::{Error, Layers, RetiredOption, Secret};
use std::{
    collections::BTreeMap,
    env,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

mod check;
mod files;
mod options;
#[cfg(test)]
mod tests;
mod warnings;

pub use files::check_files;

/// Prefix of environment variables.
pub const PREFIX: &str = "LARGESSE";
/// Options that were removed, and what to use instead.
const RETIRED: [RetiredOption; 1] = [RetiredOption {
    path: "identity.service_token_file",
    why: "there is no such option any more: each service calls with its own token; name a file for each service here in identity.service_tokens, such as \
     service_tokens = { gift = \"gift.token\" }, made by `largesse token --sub gift --role service`",
}];
/// The environment variable that names the file.
pub const FILE_VARIABLE: &str = "LARGESSE_CONFIG";

/// Settings of `largesse serve`, given in a file with `--config FILE` or LARGESSE_CONFIG. An environment variable overrides the file, and a flag overrides
/// both; the flag `--set KEY=VALUE` sets any setting. Instead of an environment variable, a variable with the suffix `_FILE` may name a file with the value.
/// Secrets, such as `database` with a password, may also be written as `{ file = "…" }` or `{ env = "…" }`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The services to run in this process. When empty: all services except those that have an address in `peers`.
    pub services: Vec<Service>,
    /// Runs with pretend money: creates an identity key and TEST books, and runs the pretend app store and bank.
    pub sandbox: bool,
    /// The TEST books to create in a sandbox.
    pub books: Vec<String>,
    /// Directory for keys and embedded databases.
    pub data_dir: PathBuf,
    /// `sqlite:DIR` or `postgres://USER@HOST/NAME`. SQLite in the data directory when empty.
    pub database: Secret,
    /// Addresses on which this process listens.
    pub listen: ListenSettings,
    /// Addresses of the services that do not run in this process, as `http://HOST:PORT` or `https://HOST:PORT`.
    pub peers: PeerSettings,
    /// Certificates.
    pub tls: rpc::tls::Config,
    /// Which token issuers to trust. Not used in a sandbox, which creates its own identity key.
    pub identity: IdentitySettings,
    /// Limits on calls in flight and their duration.
    pub calls: CallSettings,
    /// Limits on how often callers may call.
    pub quotas: rpc::quota::Config,
    /// Limits on calls of banks and stores, which have no token.
    pub webhooks: rpc::webhooks::Config,
    /// Logs and spans.
    pub telemetry: telemetry::Config,
    /// The ledger.
    pub ledger: ledger::Config,
    /// The gift service.
    pub gift: gift::Config,
    /// The purchase service.
    pub purchase: purchase::Config,
    /// The earnings service.
    pub earnings: earnings::Config,
    /// The payout service.
    pub payout: payout::Config,
    /// The treasury service.
    pub treasury: treasury::Config,
    /// The monitor.
    pub monitor: monitor::Config,
    /// The console: pages for staff.
    pub console: console::Config,
}

/// Addresses of listeners.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ListenSettings {
    /// gRPC. With port 0, the process chooses a free port and prints it.
    #[schemars(with = "String")]
    pub grpc: SocketAddr,
    /// HTTP: /healthz, /readyz, and /metrics for Prometheus, without authentication; and callbacks of banks and notifications of stores.
    /// If not set, there is no HTTP listener; a sandbox chooses a free port for its pretend banks and store.
    #[schemars(with = "Option<String>")]
    pub http: Option<SocketAddr>,
    /// The pretend bank.
    #[schemars(with = "String")]
    pub bank: SocketAddr,
    /// The pretend app store.
    #[schemars(with = "String")]
    pub store: SocketAddr,
    /// The pretend login of staff, for the console of a sandbox.
    #[schemars(with = "String")]
    pub login: SocketAddr,
    /// Maximum gRPC connections; further ones are closed at once. The last eighth is for addresses that have less than four.
    pub connections_max: usize,
    /// Maximum gRPC connections from one address. 0: no limit; needed behind a load balancer that hides the callers' addresses.
    pub connections_per_address_max: usize,
    /// Seconds in which a call with a valid token must arrive on a gRPC connection; otherwise the connection is closed gracefully (GOAWAY). 0: no
    /// limit.
    pub connection_unproven_s: u32,
    /// Seconds after which a gRPC connection without any call in flight is closed gracefully. 0: no limit.
    pub connection_idle_s: u32,
    /// Seconds after which any gRPC connection is closed gracefully, and the client reconnects. A revoked certificate stays usable for this long at most. 0: no
    /// limit.
    pub connection_age_max_s: u32,
    /// When a gRPC connection is closed gracefully: seconds in which its calls in flight may finish before the connection is cut.
    pub connection_grace_s: u32,
    /// Maximum HTTP connections; further ones are closed at once. The last eighth is for addresses that have less than four, such as a health probe's.
    pub http_connections_max: usize,
    /// Maximum HTTP connections from one address. 0: no limit; needed behind a load balancer that hides the callers' addresses.
    pub http_connections_per_address_max: usize,
    /// Seconds in which the headers of a call must arrive on an HTTP connection, after it was opened or after the call before. Then it is closed.
    pub http_idle_s: u32,
    /// Seconds after which any HTTP connection is closed, once its call is answered. 0: no limit.
    pub http_age_max_s: u32,
}

/// Addresses of services that run elsewhere; empty for services that run in this process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PeerSettings {
    /// LedgerService.
    pub ledger: String,
    /// SupportService. A process that has neither the service nor its address refuses staff calls.
    pub support: String,
    /// The pretend bank.
    pub sandbox: String,
    /// PurchaseService.
    pub purchase: String,
    /// GiftService.
    pub gift: String,
    /// EarningsService.
    pub earnings: String,
    /// PayoutService.
    pub payout: String,
    /// TreasuryService.
    pub treasury: String,
    /// MonitorService.
    pub monitor: String,
}

/// Which issuers are trusted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct IdentitySettings {
    /// Public keys (PEM) that verify the installation's own tokens, which `largesse token` makes (`iss` and `aud` are largesse); several while keys are
    /// rotated. Such tokens may give any role.
    pub keys: Vec<PathBuf>,
    /// The token with which each service of this process calls others.
    pub service_tokens: ServiceTokenSettings,
    /// Further token issuers to trust: the login of the users, the login of the staff, and an issuer of tokens for services.
    pub issuers: Vec<identity::issuers::TrustedIssuer>,
    /// What is asked of staff beyond their tokens.
    pub staff: StaffSettings,
}

/// What is asked of staff beyond their tokens; also in a sandbox.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StaffSettings {
    /// Seconds that may have passed since a member of staff signed in (`auth_time` in the token) when they approve something, move money by their
    /// own decision or close something for ever; beyond that, and without `auth_time`, the call is refused with STEP_UP_REQUIRED, and the console has them sign in again. At most 86400. 0: it is not asked.
    pub login_age_max_s: u32,
}

/// Files with the tokens of the services that run in this process, reread while the process runs. Each service calls with its own token, also within one
/// process: with this token, the ledger accepts only what this service may post. The subject of a token is its service's name, its role is `service`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServiceTokenSettings {
    /// LedgerService, for recording staff actions.
    pub ledger: PathBuf,
    /// SupportService.
    pub support: PathBuf,
    /// PurchaseService.
    pub purchase: PathBuf,
    /// GiftService.
    pub gift: PathBuf,
    /// EarningsService.
    pub earnings: PathBuf,
    /// PayoutService.
    pub payout: PathBuf,
    /// TreasuryService.
    pub treasury: PathBuf,
    /// MonitorService, for recording staff actions.
    pub monitor: PathBuf,
}

/// How many calls may be in flight and how long they may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CallSettings {
    /// Calls in flight for each service of this process. Further calls are refused with OVERLOADED at once.
    pub calls_max: usize,
    /// Open streams for each service of this process.
    pub streams_max: usize,
    /// Deadline of calls without a deadline, in milliseconds.
    pub default_deadline_ms: u64,
    /// Maximum deadline of any call, in milliseconds; longer ones are reduced to this.
    pub deadline_max_ms: u64,
    /// How long a request may take to arrive after its headers, and a message of a stream after its first byte, in milliseconds. For batches the limit is their
    /// call's deadline.
    pub arrival_ms: u64,
    /// Maximum incomplete requests without a token from one address; when there are more, the oldest is refused.
    pub arriving_per_address_max: usize,
    /// Maximum bytes of incomplete requests in the process; the same limit applies separately to batches. When there are more, the oldest are refused.
    pub arriving_bytes_max: usize,
    /// Maximum bytes of incomplete requests on one connection. At least the size of the largest message, 16 MiB.
    pub connection_arriving_bytes_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            services: Vec::new(),
            sandbox: false,
            books: vec!["demo".to_owned()],
            data_dir: PathBuf::from("data"),
            database: Secret::default(),
            listen: ListenSettings::default(),
            peers: PeerSettings::default(),
            tls: rpc::tls::Config::default(),
            identity: IdentitySettings::default(),
            calls: CallSettings::default(),
            quotas: rpc::quota::Config::default(),
            webhooks: rpc::webhooks::Config::default(),
            telemetry: telemetry::Config::default(),
            ledger: ledger::Config::default(),
            gift: gift::Config::default(),
            purchase: purchase::Config::default(),
            earnings: earnings::Config::default(),
            payout: payout::Config::default(),
            treasury: treasury::Config::default(),
            monitor: monitor::Config::default(),
            console: console::Config::default(),
        }
    }
}

impl Default for ListenSettings {
    fn default() -> Self {
        let here = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let (bounds, http) = (rpc::listener::ConnectionBounds::default(), rpc::http1::CONNECTIONS);
        let seconds = |duration: std::time::Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
        Self {
            grpc: here(7070),
            http: None,
            bank: here(7072),
            store: here(7073),
            login: here(7075),
            connections_max: bounds.connections_max,
            connections_per_address_max: bounds.per_address_max,
            connection_unproven_s: seconds(bounds.unproven),
            connection_idle_s: seconds(bounds.idle),
            connection_age_max_s: seconds(bounds.age),
            connection_grace_s: seconds(bounds.grace),
            http_connections_max: http.connections_max,
            http_connections_per_address_max: http.per_address_max,
            http_idle_s: seconds(http.idle),
            http_age_max_s: seconds(http.age),
        }
    }
}

impl Default for CallSettings {
    fn default() -> Self {
        let (flight, deadline) = (rpc::overload::OverloadLimits::default(), rpc::deadline::DeadlineLimits::default());
        let arrival = rpc::ArrivalBounds::default();
        let ms = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            calls_max: flight.calls_max,
            streams_max: flight.streams_max,
            default_deadline_ms: ms(deadline.default),
            deadline_max_ms: ms(deadline.maximum),
            arrival_ms: ms(arrival.wait),
            arriving_per_address_max: arrival.per_address_max,
            arriving_bytes_max: arrival.bytes_max,
            connection_arriving_bytes_max: arrival.connection_bytes_max,
        }
    }
}

impl PeerSettings {
    /// The addresses that are given.
    #[must_use]
    pub fn known(&self) -> BTreeMap<Service, String> {
        let all = [
            (Service::Ledger, &self.ledger),
            (Service::Support, &self.support),
            (Service::Sandbox, &self.sandbox),
            (Service::Purchase, &self.purchase),
            (Service::Gift, &self.gift),
            (Service::Earnings, &self.earnings),
            (Service::Payout, &self.payout),
            (Service::Treasury, &self.treasury),
            (Service::Monitor, &self.monitor),
        ];
        all.into_iter().filter(|(_, url)| !url.is_empty()).map(|(service, url)| (service, url.clone())).collect()
    }
}

impl ServiceTokenSettings {
    /// The token files that are given.
    #[must_use]
    pub fn known(&self) -> BTreeMap<Service, PathBuf> {
        let all = [
            (Service::Ledger, &self.ledger),
            (Service::Support, &self.support),
            (Service::Purchase, &self.purchase),
            (Service::Gift, &self.gift),
            (Service::Earnings, &self.earnings),
            (Service::Payout, &self.payout),
            (Service::Treasury, &self.treasury),
            (Service::Monitor, &self.monitor),
        ];
        all.into_iter().filter(|(_, file)| !file.as_os_str().is_empty()).map(|(service, file)| (service, file.clone())).collect()
    }
}

/// The file, if there is one, overridden by the environment. Also returns the names of unknown variables.
pub fn layers(file: Option<&Path>) -> Result<(Layers, Vec<String>), Error> {
    let mut layers = Layers::new::<Config>(PREFIX).retired(&RETIRED);
    if let Some(file) = file {
        layers.file(file)?;
    }
    let mut unknown = hear(&mut layers);
    unknown.retain(|name| name != FILE_VARIABLE);
    Ok((layers, unknown))
}

/// Adds the environment on top of `layers`, with the names that OpenTelemetry and Rust programs use; returns the names of unknown variables.
fn hear(layers: &mut Layers) -> Vec<String> {
    let aliases = telemetry::config::ALIASES.map(|(name, option)| (name, format!("telemetry.{option}")));
    let aliases: BTreeMap<&str, &str> = aliases.iter().map(|(name, option)| (*name, option.as_str())).collect();
    layers.environment(variables(), &aliases)
}

/// The environment's variables that are valid text; others can't be meant for this program.
fn variables() -> impl Iterator<Item = (String, String)> {
    env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// The settings that result from all layers, if they are valid.
pub fn read(layers: &Layers) -> Result<Config, Error> {
    let config: Config = layers.read()?;
    let problems = check::problems(&config, layers);
    if problems.is_empty() { Ok(config) } else { Err(Error(problems)) }
}

/// The settings that every command has.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct CommonSettings {
    /// Logs and spans.
    telemetry: telemetry::Config,
}

/// Logs and spans as the environment configures them, for commands without a file.
pub fn telemetry_from_env() -> Result<telemetry::Config, Error> {
    let mut layers = Layers::new::<CommonSettings>(PREFIX);
    hear(&mut layers);
    Ok(layers.read::<CommonSettings>()?.telemetry)
}
