//! What every page of the console has: sessions, the issuer, and the services that it calls.
use crate::{
    Config, Deps, Error,
    attempts::Attempts,
    config::ForwardedToken,
    cookies::{Cookies, LOGIN_SECONDS},
    playground::Playground,
    provider::LoginProvider,
    services::MoreServices,
    session::{SessionTimes, Sessions},
    streams::StreamSeats,
    view::calls::CallTarget,
};
use api::{monitor::monitor_service_client::MonitorServiceClient, support::support_service_client::SupportServiceClient};
use identity::Verifier;
use rpc::{ANSWER_BYTES_MAX, Transport};
use std::{sync::Arc, time::Duration};

/// The age of a login that is repeated where none is configured: as long as a login may take.
const STEP_UP_AGE_MAX: Duration = Duration::from_secs(LOGIN_SECONDS);

/// The console's address as browsers know it.
#[derive(Debug, Clone)]
pub(crate) struct BaseAddress {
    /// `https://money.example`, without a path.
    pub(crate) url: String,
    /// `money.example`, with a port only where it is not the scheme's own.
    pub(crate) authority: String,
}

/// The console. Clones of the pointer share it.
pub(crate) struct ConsoleParts {
    pub(crate) base: BaseAddress,
    pub(crate) cookies: Cookies,
    pub(crate) sessions: Sessions,
    pub(crate) attempts: Attempts,
    pub(crate) streams: Arc<StreamSeats>,
    pub(crate) provider: LoginProvider,
    pub(crate) forward: ForwardedToken,
    pub(crate) verifier: Arc<Verifier>,
    /// How long ago a login may be that is repeated to decide something.
    pub(crate) login_age_max: Duration,
    pub(crate) ledger: Transport,
    pub(crate) support: Transport,
    pub(crate) monitor: Transport,
    pub(crate) more: MoreServices,
    pub(crate) target: CallTarget,
    /// In a sandbox only.
    pub(crate) sandbox: Option<Playground>,
}

pub(crate) type Console = Arc<ConsoleParts>;

impl ConsoleParts {
    pub(crate) fn try_new(deps: Deps, config: &Config) -> Result<Self, Error> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(problem.into());
        }
        if config.issuer.is_empty() {
            return Err(Error::option("issuer", "must be set: it says where staff sign in"));
        }
        if !deps.verifier.trusts(&config.issuer) {
            let why = format!("{:?} is not among identity.issuers, so no token of its logins would be accepted", config.issuer);
            return Err(Error::option("issuer", why));
        }
        let base = BaseAddress::try_new(&config.base_url)?;
        let times = SessionTimes {
            idle: Config::minutes(config.session_idle_minutes),
            whole: Config::minutes(config.session_minutes),
            reason: Config::minutes(config.reason_minutes),
        };
        Ok(Self {
            cookies: Cookies { secure: base.url.starts_with("https://") },
            sessions: Sessions::new(times, config.sessions_max),
            attempts: Attempts::new(config.logins_per_minute_max),
            streams: Arc::default(),
            provider: LoginProvider::try_new(config, &base.url)?,
            forward: config.forward,
            verifier: deps.verifier,
            login_age_max: deps.login_age_max.unwrap_or(STEP_UP_AGE_MAX),
            ledger: deps.ledger,
            support: deps.support,
            monitor: deps.monitor,
            more: deps.more,
            target: CallTarget { address: deps.grpc, tls: deps.tls },
            sandbox: deps.sandbox.map(Playground::try_new).transpose().map_err(|error| Error::option("sandbox", error.to_string()))?,
            base,
        })
    }

    /// A client of the support service, without a token.
    pub(crate) fn support_client(&self) -> SupportServiceClient<Transport> {
        SupportServiceClient::new(self.support.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// A client of the monitor, without a token.
    pub(crate) fn monitor_client(&self) -> MonitorServiceClient<Transport> {
        MonitorServiceClient::new(self.monitor.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}

impl BaseAddress {
    fn try_new(url: &str) -> Result<Self, Error> {
        let wrong = || Error::option("base_url", "must be set: the address at which browsers find the console");
        let uri: http::Uri = url.parse().map_err(|_| wrong())?;
        let (scheme, authority) = (uri.scheme_str().ok_or_else(wrong)?, uri.authority().ok_or_else(wrong)?);
        let own_port = if scheme == "https" { 443 } else { 80 };
        let authority = match authority.port_u16() {
            Some(port) if port != own_port => format!("{}:{port}", authority.host()),
            Some(_) | None => authority.host().to_owned(),
        };
        let authority = authority.to_ascii_lowercase();
        // As browsers write an origin.
        Ok(Self { url: format!("{scheme}://{authority}"), authority })
    }
}
