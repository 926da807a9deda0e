//! Options for the App Store Server API.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Options for the App Store Server API, by which the App Store is answered and asked. Without a key it is neither: notifications are taken all the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AppleOptions {
    /// The issuer of tokens, a UUID that App Store Connect shows. Required with `private_key`.
    pub issuer_id: String,
    /// The id of the key. Required with `private_key`.
    pub key_id: String,
    /// File with the key for in-app purchases that App Store Connect gives out (`.p8`).
    pub private_key: PathBuf,
    /// Base address for apps of LIVE books.
    pub api_url: String,
    /// Base address for apps of TEST books.
    pub sandbox_api_url: String,
    /// The most purchases of an app whose buyers' refunds are looked up each time that lost notifications are searched for (`purchase.lost_refunds_interval_s`): one
    /// request each. 0: none are.
    pub refund_lookups_max: u32,
    /// File with the CA certificates (PEM) trusted for these addresses; by default the system's.
    pub ca: PathBuf,
}

/// The pretend App Store.
#[derive(Clone, PartialEq)]
pub struct PretendApple {
    /// Its base address.
    pub api_url: String,
    /// The issuer that it knows.
    pub issuer_id: String,
    /// The id of the key that it knows.
    pub key_id: String,
    /// That key, PEM.
    pub private_key: String,
}

impl std::fmt::Debug for PretendApple {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PretendApple({})", self.api_url)
    }
}

impl Default for AppleOptions {
    fn default() -> Self {
        Self {
            issuer_id: String::new(),
            key_id: String::new(),
            private_key: PathBuf::new(),
            api_url: "https://api.storekit.itunes.apple.com".to_owned(),
            sandbox_api_url: "https://api.storekit-sandbox.itunes.apple.com".to_owned(),
            refund_lookups_max: 100,
            ca: PathBuf::new(),
        }
    }
}

impl AppleOptions {
    /// The option that is wrong, and why.
    pub(super) fn problem(&self) -> Option<(&'static str, String)> {
        let has_key = !self.private_key.as_os_str().is_empty();
        if self.refund_lookups_max > 10_000 {
            return Some(("apple", "refund_lookups_max: 0 to 10,000".to_owned()));
        }
        let lacks = self.issuer_id.is_empty() || self.key_id.is_empty();
        (has_key && lacks).then(|| ("apple", "private_key needs issuer_id and key_id: the App Store knows the key by them".to_owned()))
    }
}
