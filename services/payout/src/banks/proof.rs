//! What proves that a callback is from a bank.
//!
//! - [`signatures`]: the keys of a bank, and what they signed. [`certificates`]: banks that are known by a certificate.

pub mod certificates;
pub mod signatures;

use super::connector::UnusableBank;
use crate::config::{BankConfig, CallbackProof};
use axum::http::HeaderMap;
use bankapi::UnverifiedCallback;
use certificates::CertifiedBank;
use reqwest::Url;
use rpc::ShownCertificate;
use signatures::{BankKeySource, BankSigners, SignatureKind};
use std::{borrow::Cow, time::Duration};

/// How long a failure to read a bank's keys is remembered unless the bank's options say otherwise.
const KEYS_RETRY: Duration = Duration::from_secs(10);

/// What proves that a callback is from the bank.
#[derive(Debug)]
pub enum CallbackCheck {
    /// A signature.
    Signed(Box<BankSigners>),
    /// The certificate that the bank shows.
    Certified(CertifiedBank),
}

/// Why a callback is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackRefusal {
    /// Its signature proves nothing.
    #[error(transparent)]
    Unverified(#[from] UnverifiedCallback),
    /// The keys can't be read, so nothing is known.
    #[error("the bank's keys can't be read: {0}")]
    KeysUnavailable(String),
    /// The caller showed none.
    #[error("the caller showed no certificate")]
    NoCertificate,
    /// Another authority's than the bank's.
    #[error("no authority of this bank vouches for the caller's certificate")]
    OtherAuthority,
    /// Not one of the bank's names.
    #[error("the caller's certificate has none of the bank's names, but {0}")]
    OtherName(String),
}

impl CallbackCheck {
    /// How the callbacks of a bank are checked; none if none are taken.
    pub fn of(config: &BankConfig) -> Result<Option<Self>, UnusableBank> {
        let kind = match config.callback_proof {
            CallbackProof::Detached => SignatureKind::Detached,
            CallbackProof::Jws => SignatureKind::Jws,
            CallbackProof::Certificate => {
                return Ok(Some(Self::Certified(CertifiedBank::new(config.callback_ca.clone(), config.callback_names.clone()))));
            }
        };
        let Some(source) = keys_of(config) else { return Ok(None) };
        let header = Some(config.callback_signature_header.to_ascii_lowercase()).filter(|header| !header.is_empty());
        let retry = if config.callback_keys_retry_s == 0 { KEYS_RETRY } else { Duration::from_secs(config.callback_keys_retry_s.into()) };
        Ok(Some(Self::Signed(Box::new(BankSigners::try_new(source, retry, kind, header, config.client()?)?))))
    }

    /// What the bank says, once it is proved to be from it: the body, or what was signed in it.
    pub async fn check<'a>(&self, headers: &HeaderMap, shown: ShownCertificate, body: &'a [u8]) -> Result<Cow<'a, [u8]>, CallbackRefusal> {
        match self {
            Self::Signed(keys) => keys.check(headers, body).await,
            Self::Certified(bank) => bank.check(shown).await.map(|()| Cow::Borrowed(body)),
        }
    }
}

/// Where the keys of its callbacks are; none if they are not signed, or none are taken.
fn keys_of(config: &BankConfig) -> Option<BankKeySource> {
    if !config.callback_keys_file.as_os_str().is_empty() {
        return Some(BankKeySource::File(config.callback_keys_file.clone()));
    }
    Url::parse(&config.callback_keys_url).ok().map(BankKeySource::Address)
}
