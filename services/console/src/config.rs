//! The console's options.
use crate::Error;
use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// Which token of a login the console calls the services with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ForwardedToken {
    /// The access token, a JWT whose audience is this installation (RFC 9068).
    #[default]
    AccessToken,
    /// The ID token, for providers whose access tokens are opaque. Then the issuer's `audience` in `identity.issuers` is the client's id.
    IdToken,
}

/// The options of the console: pages for staff, which call the services with the token of whoever is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Address of the listener for browsers. If not set there is no console, except in a sandbox with all services, where it listens on 127.0.0.1:7074.
    #[schemars(with = "Option<String>")]
    pub listen: Option<SocketAddr>,
    /// The console's address as browsers know it, such as `https://money.example`, without a path. A browser that came to another name is refused. By default
    /// the listener's address. Over `http://` on this machine only: the session's cookie must not cross a network in the clear.
    pub base_url: String,
    /// The OpenID Connect issuer where staff sign in; one of `identity.issuers`, which says which roles its tokens may have. A sandbox has a pretend one.
    pub issuer: String,
    /// File with the CA certificates (PEM) that verify the issuer's address; by default those of the system.
    pub issuer_ca: PathBuf,
    /// The console's client id at the issuer. The redirect URI to register there is `<base_url>/console/callback`.
    pub client_id: String,
    /// File with the client's secret. Empty: a public client, which proves itself by PKCE alone.
    pub client_secret_file: PathBuf,
    /// Scopes asked for in addition to `openid`. Many issuers give a refresh token for `offline_access` only.
    pub scopes: Vec<String>,
    /// Which token of a login is sent to the services.
    pub forward: ForwardedToken,
    /// Minutes without a request after which a session ends, 1 to 1440.
    pub session_idle_minutes: u32,
    /// Minutes after which a session ends even when used, 1 to 1440. Its token is renewed while it is used, if the issuer gave a refresh token; otherwise it ends
    /// with its token.
    pub session_minutes: u32,
    /// Minutes for which a reason that a person gave is sent with their calls, 1 to 1440. After that, and on another user's page, they are asked again.
    pub reason_minutes: u32,
    /// Maximum sessions; when there are more, the one that was not used for longest ends.
    pub sessions_max: usize,
    /// Maximum attempts to sign in from one address in a minute. 0: no limit; needed behind a proxy that hides the browsers' addresses.
    pub logins_per_minute_max: u32,
    /// Maximum connections of browsers; further ones are closed at once. The last eighth is for addresses that have less than four.
    pub connections_max: usize,
    /// Maximum connections of browsers from one address. 0: no limit; needed behind a proxy that hides the browsers' addresses.
    pub connections_per_address_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        let bounds = rpc::web::CONNECTIONS;
        Self {
            listen: None,
            base_url: String::new(),
            issuer: String::new(),
            issuer_ca: PathBuf::new(),
            client_id: String::new(),
            client_secret_file: PathBuf::new(),
            scopes: Vec::new(),
            forward: ForwardedToken::default(),
            session_idle_minutes: 15,
            session_minutes: 600,
            reason_minutes: 30,
            sessions_max: 1_000,
            logins_per_minute_max: 30,
            connections_max: bounds.connections_max,
            connections_per_address_max: bounds.per_address_max,
        }
    }
}

impl Config {
    /// Invalid settings, with their options; nothing is read or fetched. Those that a sandbox supplies may be missing.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut wrong = |option, why: &str| found.push((option, why.to_owned()));
        for (option, minutes) in [
            ("session_idle_minutes", self.session_idle_minutes),
            ("session_minutes", self.session_minutes),
            ("reason_minutes", self.reason_minutes),
        ] {
            if !(1..=1_440).contains(&minutes) {
                wrong(option, "1 to 1440");
            }
        }
        if self.sessions_max == 0 {
            wrong("sessions_max", "1 or more");
        }
        if self.connections_max == 0 {
            wrong("connections_max", "1 or more");
        }
        if !self.base_url.is_empty()
            && let Err(why) = check_base(&self.base_url)
        {
            wrong("base_url", &why);
        }
        if !self.issuer.is_empty()
            && let Err(why) = check_address(&self.issuer)
        {
            wrong("issuer", &why);
        }
        if !self.issuer.is_empty() && self.client_id.is_empty() {
            wrong("client_id", "goes with issuer: the console's id there");
        }
        found
    }

    /// Problems of the files that it names, with their options.
    #[must_use]
    pub fn file_problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if let Err(why) = self.client_secret() {
            found.push(("client_secret_file", why));
        }
        if let Err(error) = http_client::builder(&self.issuer_ca) {
            found.push(("issuer_ca", error.to_string()));
        }
        found
    }

    /// The client's secret, if it has one.
    pub(crate) fn client_secret(&self) -> Result<Option<String>, String> {
        let path = &self.client_secret_file;
        if path.as_os_str().is_empty() {
            return Ok(None);
        }
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let secret = text.trim();
        if secret.is_empty() { Err(format!("{}: is empty", path.display())) } else { Ok(Some(secret.to_owned())) }
    }

    /// The bounds of its listener.
    #[must_use]
    pub fn connections(&self) -> rpc::listener::ConnectionBounds {
        rpc::listener::ConnectionBounds {
            connections_max: self.connections_max,
            per_address_max: self.connections_per_address_max,
            ..rpc::web::CONNECTIONS
        }
    }

    pub(crate) fn minutes(minutes: u32) -> Duration {
        Duration::from_secs(u64::from(minutes) * 60)
    }
}

/// Whether an address is one that browsers may use for the console.
fn check_base(base: &str) -> Result<(), String> {
    check_address(base)?;
    let address: Uri = base.parse().map_err(|_| "not an address".to_owned())?;
    let has_path = base.ends_with('/') || address.path() != "/" || address.query().is_some();
    if has_path { Err("without a path or a `/` at its end".to_owned()) } else { Ok(()) }
}

/// Tokens and cookies cross the network to no address without TLS.
pub(crate) fn check_address(address: &str) -> Result<(), String> {
    let address: Uri = address.parse().map_err(|_| "not an address".to_owned())?;
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match address.scheme_str() {
        Some("https") if !host.is_empty() => Ok(()),
        Some("http") if here => Ok(()),
        Some("http") => Err("https only: over http the network could read what is sent".to_owned()),
        _ => Err("an https address".to_owned()),
    }
}

impl From<(&'static str, String)> for Error {
    fn from((option, why): (&'static str, String)) -> Self {
        Self::Option { option, why }
    }
}
