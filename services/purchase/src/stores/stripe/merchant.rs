//! Our accounts at Stripe, with the keys that call it and the secrets that prove its webhooks.

use std::path::Path;
use std::sync::Arc;

use money::BookName;

use super::Error;
use super::api::StripeApi;
use super::signature::{self, Unsigned};
use crate::config::{Config, StripeAccount};
use crate::domain::Purchase;
use crate::stores::payee::OrderAccount;

/// An account, ready for use.
#[derive(Clone)]
pub struct Merchant {
    pub(super) account: StripeAccount,
    pub(super) book: BookName,
    pub(super) is_live: bool,
    webhook_secrets: Vec<String>,
    pub(super) api: StripeApi,
}

impl std::fmt::Debug for Merchant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Merchant").field("account", &self.account).field("is_live", &self.is_live).finish_non_exhaustive()
    }
}

/// All accounts.
#[derive(Debug, Clone, Default)]
pub struct Merchants(Vec<Arc<Merchant>>);

impl Merchants {
    /// Reads the files that `config` names, and makes the clients.
    pub fn load(config: &Config) -> Result<Self, Error> {
        let mut merchants = Vec::new();
        for account in &config.stripe {
            let key = read(&account.secret_key_file)?.trim().to_owned();
            let secrets = read(&account.webhook_secret_file)?;
            let secrets = secrets.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
            merchants.push(Arc::new(Merchant::try_new(account, &key, secrets)?));
        }
        for sandbox in &config.sandbox_stripe {
            let merchant = Merchant::try_new(&sandbox.account, &sandbox.secret_key, sandbox.webhook_secrets.clone())?;
            if merchant.is_live {
                return Err(merchant.no("the pretend processor has test keys only"));
            }
            merchants.push(Arc::new(merchant));
        }
        for (at, merchant) in merchants.iter().enumerate() {
            let shared = |other: &Arc<Merchant>| other.webhook_secrets.iter().any(|secret| merchant.webhook_secrets.contains(secret));
            if merchants[..at].iter().any(shared) {
                return Err(merchant.no("another account has the same webhook secret"));
            }
            if merchants[..at].iter().any(|other| other.book == merchant.book) {
                return Err(merchant.no("another account sells the coins of the same book"));
            }
        }
        Ok(Self(merchants))
    }

    /// The account that was paid for a purchase.
    pub(crate) fn account_of(&self, of: &Purchase) -> Option<&Merchant> {
        self.0.iter().map(|account| &**account).find(|account| account.account_id() == of.bundle_id && account.book == of.book)
    }

    /// Each of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Merchant> {
        self.0.iter().map(|merchant| &**merchant)
    }

    /// Each of them, for orders.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = Arc<dyn OrderAccount>> {
        self.0.iter().map(|merchant| merchant.clone() as Arc<dyn OrderAccount>)
    }

    /// The account whose webhook signed `body` just now.
    pub fn signed_by(&self, header: Option<&str>, body: &[u8], now_s: i64) -> Result<&Merchant, Unsigned> {
        let secrets: Vec<(&Merchant, &str)> =
            self.0.iter().flat_map(|merchant| merchant.webhook_secrets.iter().map(move |secret| (&**merchant, secret.as_str()))).collect();
        let texts: Vec<&str> = secrets.iter().map(|(_, secret)| *secret).collect();
        let at = signature::check(&texts, header, body, now_s)?;
        Ok(secrets[at].0)
    }
}

impl Merchant {
    fn try_new(account: &StripeAccount, key: &str, webhook_secrets: Vec<String>) -> Result<Self, Error> {
        let no = |what| Error::Key { account_id: account.account_id.clone(), what };
        let is_live = ["sk_live_", "rk_live_"].iter().any(|prefix| key.starts_with(prefix));
        let is_test = ["sk_test_", "rk_test_"].iter().any(|prefix| key.starts_with(prefix));
        if !(is_live || is_test) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(no("secret_key_file must have one key, sk_live_, rk_live_, sk_test_ or rk_test_"));
        }
        if webhook_secrets.is_empty() || webhook_secrets.iter().any(|secret| !secret.starts_with("whsec_")) {
            return Err(no("webhook_secret_file must have a secret a line, whsec_..."));
        }
        let book = BookName::try_new(&account.book).map_err(|_| no("it needs a book"))?;
        let api = StripeApi::new(&account.api_url, account.ca_file.as_deref(), key)?;
        Ok(Self { account: account.clone(), book, is_live, webhook_secrets, api })
    }

    fn no(&self, what: &'static str) -> Error {
        Error::Key { account_id: self.account.account_id.clone(), what }
    }
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::File { path: path.display().to_string(), source })
}

#[cfg(test)]
mod tests;
