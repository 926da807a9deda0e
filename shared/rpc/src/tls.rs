//! TLS on listeners and towards peers, with files that may be replaced while the process runs.
//!
//! - [`Config`]: which files, and which certificate may be used by whom.
//! - `files`: loading them for rustls.
//! - [`peer`]: the certificate that a connection showed. [`shown`]: the same, for services that know callers by it.
//! - `stream`: a connection with or without TLS.
use crate::Error;
use identity::Role;
use rustls::{ClientConfig, ServerConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

mod files;
pub mod peer;
pub mod shown;
pub(crate) mod stream;
#[cfg(test)]
mod tests;

pub use peer::Peer;
pub use shown::ShownCertificate;

/// Certificates: this process's own, the CAs that it trusts, and the certificates that callers may use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// File with this process's certificate chain (PEM, its own certificate first), presented on every listener and to the services it calls. Empty: no TLS on
    /// the listeners.
    pub certificate: PathBuf,
    /// File with the certificate's private key (PEM).
    pub key: PathBuf,
    /// File with the CA certificates (PEM) that verify callers' certificates. If set, a token with one of the roles `certificate_roles` is accepted only on a
    /// connection with a certificate that may use this token according to `clients`. Users' connections need no certificate.
    pub client_ca: PathBuf,
    /// File with the CA certificates (PEM) that verify the services called at `https://` addresses; by default those of the system.
    pub peer_ca: PathBuf,
    /// Roles whose tokens need a certificate.
    pub certificate_roles: Vec<Role>,
    /// The callers' certificates, and the tokens that may be used with each.
    pub clients: Vec<ClientCertificate>,
    /// Seconds between checks of the files. Changed files are used for new connections. If a file can't be read, its last content stays in use.
    pub reload_s: u32,
    /// Files with more CA certificates (PEM), which verify the certificates of callers of the HTTP listener only: those that banks sign their callbacks with
    /// instead of a signature. From the options of the banks; no certificate of theirs allows anybody to use a token.
    #[serde(skip)]
    pub callback_cas: Vec<PathBuf>,
}

/// A caller's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientCertificate {
    /// A name in the certificate: a URI (`spiffe://…`) or DNS name of the subject alternative names, or `CN=` followed by the common name.
    pub identity: String,
    /// The role of the tokens that may be used with the certificate.
    pub role: Role,
    /// The `sub` of these tokens; any when empty.
    #[serde(default)]
    pub subjects: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        let none = PathBuf::new;
        Self {
            certificate: none(),
            key: none(),
            client_ca: none(),
            peer_ca: none(),
            certificate_roles: vec![Role::Service],
            clients: Vec::new(),
            reload_s: 10,
            callback_cas: Vec::new(),
        }
    }
}

impl Config {
    /// Whether listeners speak TLS.
    #[must_use]
    pub fn serves(&self) -> bool {
        !self.certificate.as_os_str().is_empty()
    }

    /// Whether callers' certificates are checked.
    #[must_use]
    pub fn checks_clients(&self) -> bool {
        !self.client_ca.as_os_str().is_empty()
    }

    /// Invalid settings, with their options; no file is read.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let mut found = Vec::new();
        if self.serves() == self.key.as_os_str().is_empty() {
            found.push(("key", "certificate and key belong together: give both or neither"));
        }
        if self.checks_clients() && !self.serves() {
            found.push(("client_ca", "callers show certificates on TLS listeners only: give certificate and key too"));
        }
        if self.checks_clients() && self.clients.is_empty() && !self.certificate_roles.is_empty() {
            found.push(("clients", "no client certificates are listed, so no service could call: list them"));
        }
        if self.clients.iter().any(|client| client.identity.is_empty()) {
            found.push(("clients", "an identity must not be empty"));
        }
        if self.reload_s == 0 {
            found.push(("reload_s", "1 or more"));
        }
        found
    }
}

/// What was loaded last.
#[derive(Clone)]
struct LoadedTls {
    /// For gRPC listeners; `None` without a certificate.
    grpc: Option<Arc<ServerConfig>>,
    /// The same for listeners that speak HTTP/1.1.
    http: Option<Arc<ServerConfig>>,
    /// The same for browsers, which are not asked for certificates.
    web: Option<Arc<ServerConfig>>,
    /// Towards peers.
    client: Arc<ClientConfig>,
    /// The files' contents, to see when they change.
    seen: files::SeenFiles,
}

/// TLS of a process. Clones share what was loaded.
#[derive(Clone)]
pub struct Tls {
    config: Arc<Config>,
    loaded: Arc<RwLock<LoadedTls>>,
}

impl Tls {
    /// Reads the files.
    pub fn load(config: Config) -> Result<Self, Error> {
        let loaded = files::load(&config)?;
        Ok(Self { config: Arc::new(config), loaded: Arc::new(RwLock::new(loaded)) })
    }

    /// What callers' certificates allow.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// For a new connection of a gRPC listener, if it speaks TLS.
    pub(crate) fn grpc(&self) -> Option<Arc<ServerConfig>> {
        self.current().grpc
    }

    /// For a new connection of an HTTP listener, if it speaks TLS.
    pub(crate) fn http(&self) -> Option<Arc<ServerConfig>> {
        self.current().http
    }

    /// For a new connection of a listener for browsers, if it speaks TLS.
    pub(crate) fn web(&self) -> Option<Arc<ServerConfig>> {
        self.current().web
    }

    /// For a new connection to a peer.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        self.current().client
    }

    fn current(&self) -> LoadedTls {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files again if they changed, and returns whether they did. Unusable files change nothing.
    pub fn reload(&self) -> Result<bool, Error> {
        if files::SeenFiles::of(&self.config)? == self.current().seen {
            return Ok(false);
        }
        let fresh = files::load(&self.config)?;
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(true)
    }

    /// Checks the files from time to time until `closing`.
    pub async fn keep_looking(self, closing: CancellationToken) {
        let mut every = interval(Duration::from_secs(self.config.reload_s.max(1).into()));
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = closing.cancelled() => return,
                _ = every.tick() => {}
            }
            match self.reload() {
                Ok(true) => tracing::info!("certificates were replaced; new connections use them"),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the replaced certificates can't be used; the old ones stay in use"),
            }
        }
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("config", &self.config).finish_non_exhaustive()
    }
}
