//! Options of a bank's callbacks: what proves that one is from the bank.

use super::{BankBooksKind, BankConfig, CallbackProof, Config, InvalidPayoutOption, address::is_loopback};
use axum::http::HeaderName;
use reqwest::Url;
use std::path::PathBuf;

/// The headers of a signed callback: the signature, the id of its key, and the algorithm if the bank names one. What the first is called may be configured.
pub const CALLBACK_HEADERS: [&str; 3] = ["signature", "key-id", "signing-algorithm"];

impl BankConfig {
    /// Whether its callbacks are proved by the certificate that it shows the HTTP listener, which then has to speak TLS.
    #[must_use]
    pub fn shows_certificate(&self) -> bool {
        self.callback_proof == CallbackProof::Certificate
    }

    /// Refuses options of callbacks that cannot work, or that say two things.
    pub(super) fn check_callbacks(&self) -> Result<(), InvalidPayoutOption> {
        let has_keys = !self.callback_keys_file.as_os_str().is_empty() || !self.callback_keys_url.is_empty();
        let has_ca = !self.callback_ca.as_os_str().is_empty();
        let header = &self.callback_signature_header;
        let is_header = HeaderName::try_from(header.as_str()).is_ok_and(|name| !CALLBACK_HEADERS[1..].contains(&name.as_str()));
        let rules = match self.callback_proof {
            CallbackProof::Certificate => [
                ("a bank's callback_ca", has_ca, "given where callback_proof is certificate"),
                (
                    "a bank's callback_names",
                    (1..=20).contains(&self.callback_names.len()) && self.callback_names.iter().all(|name| !name.trim().is_empty()),
                    "1 to 20 names of its certificate where callback_proof is certificate",
                ),
                (
                    "a bank's callback_proof",
                    !has_keys && header.is_empty(),
                    "detached or jws where there are callback_keys or a callback_signature_header",
                ),
            ],
            CallbackProof::Detached | CallbackProof::Jws => [
                (
                    "a bank's callback_proof",
                    !has_ca && self.callback_names.is_empty(),
                    "certificate where there is a callback_ca, or callback_names",
                ),
                (
                    "a bank's callback_proof",
                    has_keys || (self.callback_proof == CallbackProof::Detached && header.is_empty()),
                    "left out, and callback_signature_header too, where no callback_keys_file or callback_keys_url is given: no callbacks are taken then",
                ),
                (
                    "a bank's callback_signature_header",
                    header.is_empty() || is_header,
                    "the name of a header other than key-id and signing-algorithm",
                ),
            ],
        };
        if let Some((name, _, bounds)) = rules.into_iter().find(|(_, fits, _)| !fits) {
            return Err(InvalidPayoutOption::Range { name, bounds });
        }
        if has_ca {
            rpc::tls::shown::check_authorities(&self.callback_ca).map_err(|error| InvalidPayoutOption::CallbackCa(error.to_string()))?;
        }
        if self.callback_keys_retry_s > 600 {
            return Err(InvalidPayoutOption::Range { name: "a bank's callback_keys_retry_s", bounds: "at most 600" });
        }
        self.check_keys_url()
    }

    fn check_keys_url(&self) -> Result<(), InvalidPayoutOption> {
        let text = &self.callback_keys_url;
        if text.is_empty() {
            return Ok(());
        }
        let both = !self.callback_keys_file.as_os_str().is_empty();
        let fits = Url::parse(text).is_ok_and(|url| match self.books {
            BankBooksKind::Test => url.scheme() == "http" && is_loopback(&url),
            BankBooksKind::Live => url.scheme() == "https" && !is_loopback(&url),
        });
        if fits && !both {
            return Ok(());
        }
        let bounds = "the only source of keys: http:// and a loopback address for TEST books, https:// for LIVE books";
        Err(InvalidPayoutOption::Range { name: "a bank's callback_keys_url", bounds })
    }
}

impl Config {
    /// The files of the authorities that vouch for banks' certificates, for the listener of HTTP.
    #[must_use]
    pub fn callback_cas(&self) -> Vec<PathBuf> {
        self.banks.iter().filter(|bank| bank.shows_certificate()).map(|bank| bank.callback_ca.clone()).collect()
    }
}
