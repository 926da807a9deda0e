//! Where banks' files with statements come from beside the RPC, as rows of the settings.
use super::{Config, InvalidOption};
use crate::domain::node::is_id;
use reqwest::{ClientBuilder, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    net::IpAddr,
    path::{Path, PathBuf},
};

/// Sources of an installation: each has a task of its own.
const SOURCES_MAX: usize = 100;
/// Hours that may be waited for a statement: four hundred days.
const OVERDUE_HOURS_MAX: u64 = 9_600;
/// Pauses between two looks, in milliseconds: a second to a day.
const PAUSES_MS: std::ops::RangeInclusive<u64> = 1_000..=86_400_000;

/// A directory or an address from which banks' files are taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StatementSource {
    /// Its name in metrics and logs: 1 to 32 of the characters a to z, 0 to 9 and -.
    pub source: String,
    /// A directory, by its whole path. A file in it is taken once its size and time stood still for a pause; then it is moved to `done`, or to `refused` with the
    /// reason beside it. Links, pipes, folders and names that begin with a dot stay where they are.
    pub directory: PathBuf,
    /// Or an https:// address that answers a GET with a file; http:// for a pretend bank on this machine.
    pub url: String,
    /// Pause between two looks in milliseconds: 1,000 to 86,400,000. While the address does not answer, pauses grow to an hour.
    pub every_ms: u64,
    /// File with a token that the address gets as `authorization: Bearer`; it is read for each request. Empty: none.
    pub token_file: PathBuf,
    /// CA certificates (PEM) for the address; empty: those of the system.
    pub tls_ca: PathBuf,
    /// Certificate (PEM) that is shown to the address, with its key; both or neither.
    pub tls_certificate: PathBuf,
    /// Key (PEM) of that certificate.
    pub tls_key: PathBuf,
}

impl Default for StatementSource {
    fn default() -> Self {
        Self {
            source: String::new(),
            directory: PathBuf::new(),
            url: String::new(),
            every_ms: 60_000,
            token_file: PathBuf::new(),
            tls_ca: PathBuf::new(),
            tls_certificate: PathBuf::new(),
            tls_key: PathBuf::new(),
        }
    }
}

impl Config {
    /// Refuses sources that can't be used, and a wait for statements that no alert can have.
    pub(super) fn check_sources(&self) -> Result<(), InvalidOption> {
        if self.statement_overdue_hours > OVERDUE_HOURS_MAX {
            let must = format!("be 0 to {OVERDUE_HOURS_MAX}");
            return Err(InvalidOption { option: "statement_overdue_hours", must });
        }
        if self.statement_sources.len() > SOURCES_MAX {
            return wrong(format!("have at most {SOURCES_MAX} rows"));
        }
        let (mut names, mut places) = (BTreeSet::new(), BTreeSet::new());
        for row in &self.statement_sources {
            row.check()?;
            if !names.insert(&row.source) {
                return wrong(format!("have each name once, and {} is there twice", row.source));
            }
            if !row.is_url() && !places.insert(&row.directory) {
                return wrong(format!("have each directory once, and that of {} is there twice", row.source));
            }
        }
        Ok(())
    }
}

impl StatementSource {
    /// Whether it is an address.
    #[must_use]
    pub fn is_url(&self) -> bool {
        !self.url.is_empty()
    }

    /// The address, and the client that speaks to it.
    pub fn client(&self) -> Result<(Url, ClientBuilder), InvalidOption> {
        let name = &self.source;
        let url = Url::parse(&self.url).ok().filter(|url| url.username().is_empty() && url.password().is_none());
        let secure = |url: &Url| url.scheme() == "https" || url.scheme() == "http" && is_loopback(url);
        let Some(url) = url.filter(secure) else {
            // The address itself may have a secret.
            return wrong(format!(
                "have an https:// address without a user's name, or http:// of this machine, and that of {name} is neither"
            ));
        };
        let unusable = |error: http_client::UnusableRoots| InvalidOption {
            option: "statement_sources",
            must: format!("have files of certificates and keys that can be used, for {name}: {error}"),
        };
        let is_given = |path: &Path| !path.as_os_str().is_empty();
        let client = match (is_given(&self.tls_certificate), is_given(&self.tls_key)) {
            _ if url.scheme() == "http" => http_client::local(),
            (false, false) => http_client::builder(&self.tls_ca).map_err(unusable)?,
            (true, true) => http_client::identified(&self.tls_ca, &self.tls_certificate, &self.tls_key).map_err(unusable)?,
            _ => return wrong(format!("have a tls_certificate together with its tls_key, and {name} has one of them")),
        };
        Ok((url, client))
    }

    fn check(&self) -> Result<(), InvalidOption> {
        let name = &self.source;
        if !is_id(name) {
            return wrong(format!("have a name of 1 to 32 of the characters a to z, 0 to 9 and -, and {name:?} is none"));
        }
        if !PAUSES_MS.contains(&self.every_ms) {
            return wrong(format!("have pauses every_ms of {} to {}, and that of {name} is not", PAUSES_MS.start(), PAUSES_MS.end()));
        }
        match (self.is_url(), self.directory.as_os_str().is_empty()) {
            (true, true) => self.client().map(|_| ()),
            (false, false) if self.directory.is_absolute() => self.check_directory(),
            (false, false) => wrong(format!("have a directory by its whole path, and that of {name} is not one")),
            _ => wrong(format!("have either a directory or an url, and {name} has not")),
        }
    }

    fn check_directory(&self) -> Result<(), InvalidOption> {
        let of_an_url = [&self.token_file, &self.tls_ca, &self.tls_certificate, &self.tls_key];
        if of_an_url.iter().any(|path| !path.as_os_str().is_empty()) {
            return wrong(format!("have tokens and certificates with an url only, and {} has a directory", self.source));
        }
        Ok(())
    }
}

/// Whether the host is a literal loopback address.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn wrong<T>(must: String) -> Result<T, InvalidOption> {
    Err(InvalidOption { option: "statement_sources", must })
}
