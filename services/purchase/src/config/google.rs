//! Options for Google Play.

use std::path::PathBuf;

use money::BookName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Options for Google Play. Without apps, no book takes its purchases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GoogleOptions {
    /// Which app's purchases credit which book. Each app (package) may be listed only once.
    pub apps: Vec<GoogleApp>,
    /// File with the key of the service account that may see and consume the apps' purchases: the JSON that Google's console gives out. Required with apps.
    pub service_account: PathBuf,
    /// Base address of the Android Publisher API.
    pub api_url: String,
    /// Who pushed notifications are for: the audience of the Pub/Sub subscription. Without it no notifications are taken.
    pub push_audience: String,
    /// E-mail of the account that the Pub/Sub subscription pushes as. Required with `push_audience`.
    pub push_email: String,
    /// Address of the keys that sign pushes, a JWKS.
    pub push_keys_url: String,
    /// Seconds for which a failure to read these keys is remembered: until then pushes that need them are not taken, and nothing is read.
    pub push_keys_retry_s: u32,
    /// File with the CA certificates (PEM) trusted for these addresses; by default the system's.
    pub ca: PathBuf,
    /// Whether refunds that we start also revoke the item, so that the buyer's app no longer owns it.
    pub refund_revokes: bool,
}

/// One app at Google Play.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GoogleApp {
    /// The app's package name, such as `com.example.app`.
    pub package_name: String,
    /// The book that the app's purchases credit.
    pub book: String,
}

/// The pretend Google Play.
#[derive(Debug, Clone, PartialEq)]
pub struct SandboxGoogle {
    /// Its options; the file of the service account is not read.
    pub options: GoogleOptions,
    /// The service account that it knows.
    pub account: ServiceAccountKey,
}

/// The key of a service account, as Google's console gives it out.
#[derive(Clone, PartialEq, Deserialize)]
pub struct ServiceAccountKey {
    /// The account.
    pub client_email: String,
    /// The key's id.
    pub private_key_id: String,
    /// The key, PEM.
    pub private_key: String,
    /// Where tokens are asked for, which is also the audience of assertions.
    pub token_uri: String,
}

impl std::fmt::Debug for ServiceAccountKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServiceAccountKey({})", self.client_email)
    }
}

impl Default for GoogleOptions {
    fn default() -> Self {
        Self {
            apps: Vec::new(),
            service_account: PathBuf::new(),
            api_url: "https://androidpublisher.googleapis.com".to_owned(),
            push_audience: String::new(),
            push_email: String::new(),
            push_keys_url: "https://www.googleapis.com/oauth2/v3/certs".to_owned(),
            push_keys_retry_s: 10,
            ca: PathBuf::new(),
            refund_revokes: true,
        }
    }
}

impl GoogleOptions {
    /// The option that is wrong, and why.
    pub(super) fn problem(&self) -> Option<(&'static str, String)> {
        for (at, app) in self.apps.iter().enumerate() {
            if BookName::try_new(&app.book).is_err() || app.package_name.is_empty() {
                return Some(("google.apps", "each needs a package_name and a book".to_owned()));
            }
            if self.apps[..at].iter().any(|other| other.package_name == app.package_name) {
                return Some(("google.apps", format!("{} is listed twice", app.package_name)));
            }
        }
        if !self.apps.is_empty() && self.service_account.as_os_str().is_empty() {
            return Some(("google.service_account", "required with apps: without it no purchase can be checked".to_owned()));
        }
        if !(1..=600).contains(&self.push_keys_retry_s) {
            return Some(("google.push_keys_retry_s", "must be 1 to 600".to_owned()));
        }
        if !self.push_audience.is_empty() && self.push_email.is_empty() {
            return Some(("google.push_email", "required with push_audience: any account of Google's may push otherwise".to_owned()));
        }
        None
    }
}
