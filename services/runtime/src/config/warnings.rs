//! Warns of valid settings that are dangerous: at the start and in `largesse config check`. They never prevent a start.
use super::Config;
use db::Database;
use identity::Role;
use identity::Service;
use std::{
    fs,
    net::IpAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// A valid setting that is dangerous.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigWarning {
    /// The option.
    pub key: String,
    /// What may happen, and what to set instead.
    pub why: String,
}

impl Config {
    /// The warnings.
    #[must_use]
    pub fn warnings(&self) -> Vec<ConfigWarning> {
        let mut found = Vec::new();
        self.warn_of_listeners(&mut found);
        self.warn_of_identity(&mut found);
        self.warn_of_storage(&mut found);
        found
    }

    fn warn_of_listeners(&self, found: &mut Vec<ConfigWarning>) {
        let mut warn = |key: &str, why: &str| found.push(ConfigWarning { key: key.to_owned(), why: why.to_owned() });
        let open = !self.listen.grpc.ip().is_loopback();
        if open && self.sandbox {
            warn("sandbox", "the sandbox can be reached from other machines; the data directory's key makes anybody admin");
        }
        if open && !self.tls.serves() {
            warn(
                "listen.grpc",
                "other machines reach it without TLS: anybody on the network can read callers' tokens; set tls.certificate and tls.key",
            );
        }
        if self.console.listen.is_some_and(|listen| !listen.ip().is_loopback()) && !self.tls.serves() {
            warn(
                "console.listen",
                "other machines reach the console without TLS: anybody on the network can read its cookies; set tls.certificate and tls.key",
            );
        }
        if !self.sandbox && self.console.listen.is_some() && self.console.base_url.starts_with("http://") {
            warn(
                "console.base_url",
                "the session's cookie has neither the attribute Secure nor the prefix __Host-; use an https address with real money",
            );
        }
        if self.sandbox && (!self.listen.login.ip().is_loopback() || self.console.listen.is_some_and(|listen| !listen.ip().is_loopback())) {
            warn(
                "listen.login",
                "the sandbox's login or console can be reached from other machines, and whoever reaches the login can be anybody",
            );
        }
        for (service, url) in self.peers.known() {
            if let Some(host) = url.strip_prefix("http://").filter(|rest| !is_here(rest)) {
                let host = host.split('/').next().unwrap_or(host);
                warn(&format!("peers.{service}"), &format!("the services' token crosses the network to {host} without TLS; use https://"));
            } else if url.starts_with("https://") && !self.tls.serves() {
                warn(&format!("peers.{service}"), "this process has no certificate to show there; the other end may ask for one");
            }
        }
        if open && self.tls.serves() && !self.tls.checks_clients() {
            warn("tls.client_ca", "services are known by their token alone: one that is stolen works from anywhere");
        }
    }

    fn warn_of_identity(&self, found: &mut Vec<ConfigWarning>) {
        let mut warn = |key: String, why: &str| found.push(ConfigWarning { key, why: why.to_owned() });
        let user = |role: &Role| matches!(role, Role::Viewer | Role::Creator);
        for (at, issuer) in self.identity.issuers.iter().enumerate() {
            let key = |option: &str| format!("identity.issuers.{at}.{option}");
            let (users, others) = (issuer.roles.iter().any(user), issuer.roles.iter().any(|role| !user(role)));
            if users && others {
                warn(key("roles"), "one issuer gives users' roles and others: users who can choose a login claim could become staff");
            }
            if users && issuer.apps.is_empty() {
                warn(key("apps"), "its tokens say by themselves which books they cover");
            }
            if issuer.default_role.is_some_and(|role| !user(&role)) {
                warn(key("default_role"), "a token that names no role gets one that is not a user's");
            }
            if issuer.lifetime_max_s == 0 {
                warn(key("lifetime_max_s"), "its tokens may be valid for ever, and none can be revoked");
            }
            // If one prefix begins with another, or is empty, users of two issuers may get the same name.
            let overlap = |other: &identity::issuers::TrustedIssuer| {
                let (one, two) = (&other.subject_prefix, &issuer.subject_prefix);
                (one.starts_with(two.as_str()) || two.starts_with(one.as_str())) && other.roles.iter().any(user)
            };
            if users && self.identity.issuers[..at].iter().any(overlap) {
                warn(key("subject_prefix"), "another issuer's users may have the same name: give each a prefix that no other begins with");
            }
            let approves = |issuer: &identity::issuers::TrustedIssuer| {
                issuer.roles.iter().any(|role| matches!(role, Role::Support | Role::Finance | Role::Admin))
            };
            if approves(issuer) && self.identity.staff.login_age_max_s == 0 {
                let why =
                    "a session that was left open approves payments and closes days; such as 300, if this issuer's tokens have auth_time";
                warn("identity.staff.login_age_max_s".to_owned(), why);
            }
            if approves(issuer) && self.identity.issuers[..at].iter().any(approves) {
                warn(key("roles"), "two issuers give staff's roles: a person with a login at both could approve their own proposals");
            }
        }
        let console = ("console.client_secret_file", &self.console.client_secret_file);
        let secrets = [("tls.key", &self.tls.key), ("payout.key_file", &self.payout.key_file), console];
        let mapped = self.identity.issuers.iter().enumerate();
        let mapped = mapped.map(|(at, issuer)| (format!("identity.issuers.{at}.subject_key_file"), &issuer.subject_key_file));
        let tokens = self.identity.service_tokens.known();
        let tokens = tokens.iter().map(|(service, path)| (format!("identity.service_tokens.{service}"), path));
        for (key, path) in secrets.into_iter().map(|(key, path)| (key.to_owned(), path)).chain(mapped).chain(tokens) {
            if readable_by_others(path) {
                warn(key, &format!("{} can be read by other users of this machine or changed by its group; chmod 600 it", path.display()));
            }
        }
    }

    fn warn_of_storage(&self, found: &mut Vec<ConfigWarning>) {
        let mut warn = |key: &str, why: &str| found.push(ConfigWarning { key: key.to_owned(), why: why.to_owned() });
        let url = self.database.expose();
        if let Ok(database) = Database::parse(url)
            && database.postgres_url().is_some()
            && !database_is_here(url)
            && !["sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"].iter().any(|mode| url.contains(mode))
        {
            warn("database", "the database is on another machine and nothing demands TLS; add ?sslmode=verify-full");
        }
        if open_to_others(&self.data_dir) {
            let why = format!("{} can be read by other users of this machine; chmod 700 it", self.data_dir.display());
            warn("data_dir", &why);
        }
        let writes = self.services.is_empty() || self.services.contains(&Service::Ledger);
        if self.ledger.heads_dir.is_none() && !self.sandbox && writes {
            warn("ledger.heads_dir", "the books' heads are beside the data, so both can be rewritten together; best on another machine");
        }
        if self.ledger.lease_ms == 0 {
            warn("ledger.lease_ms", "without a lease two ledgers on one database evict each other in turn");
        }
        if !self.telemetry.otlp_endpoint.is_empty() && self.telemetry.sample_ratio > 0.1 {
            warn("telemetry.sample_ratio", "more than a tenth of all calls are traced; that costs throughput");
        }
    }
}

/// Whether an address without its scheme is on this machine.
fn is_here(rest: &str) -> bool {
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn database_is_here(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    // A directory as host means a local socket; in the place of a host its slashes are percent-encoded.
    let socket = place.starts_with('/') || place.to_ascii_lowercase().starts_with("%2f");
    let parameter = url.to_ascii_lowercase();
    socket || parameter.contains("host=/") || parameter.contains("host=%2f") || is_here(place)
}

/// Whether a directory that has our keys or databases is accessible to others.
fn open_to_others(dir: &Path) -> bool {
    let ours = ["ledger.db", "identity.key.pem", "payout.key"].iter().any(|name| dir.join(name).exists());
    ours && fs::metadata(dir).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

fn readable_by_others(path: &PathBuf) -> bool {
    !path.as_os_str().is_empty() && fs::metadata(Path::new(path)).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o037 != 0)
}
