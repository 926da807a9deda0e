//! Turns settings into a process's options.
use super::{CallSettings, Config, ListenSettings, check::identified};
use crate::{HEADS, Options, login::login_url};
use identity::Service;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

/// Where the console of a sandbox listens unless it is told otherwise.
const CONSOLE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7074);

impl ListenSettings {
    fn connections(&self) -> rpc::listener::ConnectionBounds {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        rpc::listener::ConnectionBounds {
            connections_max: self.connections_max,
            per_address_max: self.connections_per_address_max,
            unproven: seconds(self.connection_unproven_s),
            idle: seconds(self.connection_idle_s),
            age: seconds(self.connection_age_max_s),
            grace: seconds(self.connection_grace_s),
        }
    }

    fn http_connections(&self) -> rpc::listener::ConnectionBounds {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        rpc::listener::ConnectionBounds {
            connections_max: self.http_connections_max,
            per_address_max: self.http_connections_per_address_max,
            idle: seconds(self.http_idle_s),
            age: seconds(self.http_age_max_s),
            ..rpc::http1::CONNECTIONS
        }
    }
}

impl CallSettings {
    fn arrival(&self) -> rpc::ArrivalBounds {
        rpc::ArrivalBounds {
            wait: Duration::from_millis(self.arrival_ms),
            per_address_max: self.arriving_per_address_max,
            bytes_max: self.arriving_bytes_max,
            connection_bytes_max: self.connection_arriving_bytes_max,
        }
    }
}

impl Config {
    /// The process's options, or what is missing for them.
    pub fn into_options(self) -> Result<Options, crate::Error> {
        let (peers, database) = (self.peers.known(), self.database_address());
        let all = || Service::ALL.into_iter().filter(|service| *service != Service::Sandbox || self.sandbox);
        let services = if self.services.is_empty() { all().filter(|s| !peers.contains_key(s)).collect() } else { self.services.clone() };
        let identity = self.identity_source(&services)?;
        let heads_dir = self.ledger.heads_dir.clone().unwrap_or_else(|| self.data_dir.join(HEADS));
        let ms = Duration::from_millis;
        let console = self.console_of(&services)?;
        let callback_cas = if services.contains(&Service::Payout) { self.payout.callback_cas() } else { Vec::new() };
        Ok(Options {
            services,
            peers,
            database,
            data_dir: self.data_dir,
            identity,
            login_age_max: Some(Duration::from_secs(self.identity.staff.login_age_max_s.into())).filter(|age| !age.is_zero()),
            tls: rpc::tls::Config { callback_cas, ..self.tls },
            overload: rpc::overload::OverloadLimits { calls_max: self.calls.calls_max, streams_max: self.calls.streams_max },
            deadline: rpc::deadline::DeadlineLimits {
                default: ms(self.calls.default_deadline_ms),
                maximum: ms(self.calls.deadline_max_ms),
            },
            quotas: self.quotas,
            connections: self.listen.connections(),
            http_connections: self.listen.http_connections(),
            webhooks: self.webhooks,
            arrival: self.calls.arrival(),
            books: if self.sandbox { self.books } else { Vec::new() },
            listen: Some(self.listen.grpc),
            http: self.listen.http,
            bank_listen: self.listen.bank,
            store_listen: self.listen.store,
            login_listen: self.listen.login,
            settings: crate::Settings {
                ledger: ledger::Config { heads_dir: Some(heads_dir), ..self.ledger },
                gift: self.gift,
                purchase: self.purchase,
                earnings: self.earnings,
                payout: self.payout,
                treasury: self.treasury,
                monitor: self.monitor,
                console,
                ..Default::default()
            },
        })
    }

    /// The console's options. A sandbox with the pretend login and what the pages call has one without being told.
    fn console_of(&self, services: &[Service]) -> Result<console::Config, console::Error> {
        let own = &self.console;
        // Asked for here and not where settings are read: other commands than `serve` read the same settings.
        if own.listen.is_some() && !self.sandbox {
            for (option, value) in [("base_url", &own.base_url), ("issuer", &own.issuer)] {
                if value.is_empty() {
                    return Err((option, "must be set where the console listens".to_owned()).into());
                }
            }
            let Some(trusted) = self.identity.issuers.iter().find(|trusted| trusted.issuer == own.issuer) else {
                let why = format!("{:?} is not among identity.issuers, so no token of its logins would be accepted", own.issuer);
                return Err(("issuer", why).into());
            };
            if own.forward == console::ForwardedToken::IdToken && trusted.audience != own.client_id {
                let (audience, client) = (&trusted.audience, &own.client_id);
                let why = format!(
                    "an ID token is for the client {client:?}, and identity.issuers takes this issuer's tokens for {audience:?} only"
                );
                return Err(("forward", why).into());
            }
        }
        let pretend = login_url(self.listen.login);
        if self.sandbox && !own.issuer.is_empty() && own.issuer != pretend {
            let why = format!("a sandbox trusts its own login alone, which is {pretend}: leave it out");
            return Err(("issuer", why).into());
        }
        let complete =
            [Service::Sandbox, Service::Ledger, Service::Support, Service::Monitor].iter().all(|service| services.contains(service));
        let usual = (self.sandbox && complete).then_some(CONSOLE);
        Ok(console::Config { listen: own.listen.or(usual), ..own.clone() })
    }

    /// The database: the one that is set, or SQLite in the data directory.
    #[must_use]
    pub fn database_address(&self) -> String {
        match self.database.is_empty() {
            true => format!("sqlite:{}", self.data_dir.display()),
            false => self.database.expose().to_owned(),
        }
    }

    /// Which issuers to trust, or the setting that is missing.
    fn identity_source(&self, services: &[Service]) -> Result<crate::IdentitySource, crate::Error> {
        if self.sandbox {
            return if identified(self) { Err(crate::Error::IdentityTwice) } else { Ok(crate::IdentitySource::Sandbox) };
        }
        let identity = &self.identity;
        let no_keys = identity.keys.is_empty() && identity.issuers.is_empty();
        let tokens = identity.service_tokens.known();
        let silent = services.iter().filter(|service| service.grpc_name().is_some() && !tokens.contains_key(service));
        let silent: Vec<String> =
            silent.map(|service| format!("--service-token {service}=FILE (the token that {service} calls with)")).collect();
        let keys = no_keys.then_some("--identity-key FILE (the public key that signs tokens; or identity.issuers in a file)");
        if no_keys || !silent.is_empty() {
            let missing = keys.map(str::to_owned).into_iter().chain(silent);
            return Err(crate::Error::IdentityMissing(missing.collect::<Vec<_>>().join(" and ")));
        }
        let mut issuers = identity.issuers.clone();
        if !identity.keys.is_empty() {
            issuers.push(identity::issuers::TrustedIssuer::house(identity.keys.clone()));
        }
        Ok(crate::IdentitySource::Configured { issuers, tokens })
    }
}
