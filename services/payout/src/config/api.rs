//! Options of a bank that speaks JSON: who we are to it, and the key with which we ask for access.

use super::{BankBooksKind, BankConfig, InvalidPayoutOption};
use crate::{
    banks::api::order::{branch_of, payment_type},
    vault::is_exposed,
};
use bankapi::{ApiPaymentType, RsaSigningKey, keys::certificate_kid};
use reqwest::Url;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The largest file with a key or a certificate, in bytes. A key of 8,192 bits has some 6,500.
const FILE_BYTES_MAX: u64 = 65_536;

/// What only banks with the protocol `api` need.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ApiBankConfig {
    /// Our id at the bank's token service: 1 to 128 printable characters of ASCII.
    pub client_id: String,
    /// File with the RSA private key that signs requests for access tokens: PEM, not encrypted, readable by its owner only.
    pub key_file: PathBuf,
    /// The bank's id of that key. Either this or `certificate_file` is given.
    pub key_id: String,
    /// File with the certificate of that key, PEM: the key's id is then the certificate's SHA-1 thumbprint.
    pub certificate_file: PathBuf,
    /// Where access tokens are asked for: for TEST books http:// and a loopback address, for LIVE books https://.
    pub token_url: String,
    /// What access tokens are for, as the bank calls it.
    pub resource: String,
    /// Scopes to ask for, each of letters, digits and `-._~:`. Empty: none are named.
    pub scopes: Vec<String>,
    /// BIC of the branch that holds our accounts, where an account's number does not name it.
    pub branch_bic: String,
    /// Our company id at the bank, by which ACH returns are routed.
    pub company_id: String,
}

/// How a sandbox's payout service reaches the pretend bank that speaks JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxApiAccess {
    /// The bank's address.
    pub url: String,
    /// Our id at its token service.
    pub client_id: String,
    /// The bank's id of our key.
    pub key_id: String,
    /// File with that key.
    pub key_file: PathBuf,
    /// Our account, as accounts are written in the options.
    pub address: String,
}

impl ApiBankConfig {
    /// Refuses options that cannot work. Reads every file, and shows nothing of them.
    pub(super) fn check(&self, bank: &BankConfig) -> Result<(), InvalidPayoutOption> {
        let is_id = |text: &str| (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        let is_scope = |scope: &String| is_id(scope) && scope.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte));
        let is_bic = |text: &str| matches!(text.len(), 8 | 11) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let needs_company =
            bank.rails.iter().any(|rail| rail.rail.starts_with("us-") && payment_type(&rail.rail) == Some(ApiPaymentType::Ach));
        let one_key_id = self.key_id.is_empty() != self.certificate_file.as_os_str().is_empty();
        let rules = [
            ("a bank's api.client_id", is_id(&self.client_id), "1 to 128 printable characters of ASCII"),
            ("a bank's api.key_id", one_key_id, "given if api.certificate_file is not, and only then"),
            ("a bank's api.key_id", self.key_id.is_empty() || is_id(&self.key_id), "1 to 128 printable characters of ASCII"),
            ("a bank's api.resource", is_id(&self.resource), "1 to 128 printable characters of ASCII"),
            (
                "a bank's api.scopes",
                self.scopes.len() <= 20 && self.scopes.iter().all(is_scope),
                "20 at most, of letters, digits and -._~:",
            ),
            ("a bank's api.branch_bic", self.branch_bic.is_empty() || is_bic(&self.branch_bic), "a BIC of 8 or 11 characters"),
            ("a bank's api.company_id", self.company_id.len() <= 35, "35 characters at most"),
            ("a bank's api.company_id", !needs_company || is_id(&self.company_id), "given for a bank that offers ACH in the United States"),
            (
                "a bank's api.token_url",
                self.is_token_url(bank.books),
                "http:// and a loopback address for TEST books, https:// and another host for LIVE books",
            ),
        ];
        if let Some((name, _, bounds)) = rules.into_iter().find(|(_, fits, _)| !fits) {
            return Err(InvalidPayoutOption::Range { name, bounds });
        }
        self.signing_key()?;
        self.key_id()?;
        for account in &bank.accounts {
            let (_, address) = account.read()?;
            if branch_of(&address, &self.branch_bic).is_none() {
                let bounds = "given for accounts whose number names no branch, and an account must be one that this protocol pays from";
                return Err(InvalidPayoutOption::Range { name: "a bank's api.branch_bic", bounds });
            }
        }
        if let Some(rail) = bank.rails.iter().find(|rail| payment_type(&rail.rail).is_none()) {
            return Err(InvalidPayoutOption::RailNotCarried { bank: bank.name.clone(), rail: rail.rail.clone() });
        }
        Ok(())
    }

    fn is_token_url(&self, books: BankBooksKind) -> bool {
        let Ok(url) = Url::parse(&self.token_url) else { return false };
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        let loopback = super::bank::is_loopback(&url);
        plain
            && match books {
                BankBooksKind::Test => url.scheme() == "http" && loopback,
                BankBooksKind::Live => url.scheme() == "https" && !loopback && !super::bank::is_this_machine(&url),
            }
    }

    /// The key that signs requests for tokens.
    pub(crate) fn signing_key(&self) -> Result<RsaSigningKey, InvalidPayoutOption> {
        let pem = content(&self.key_file)?;
        keep_private(&self.key_file)?;
        RsaSigningKey::from_pem(&pem).map_err(|error| unusable(&self.key_file, error.to_string()))
    }

    /// The key's id at the bank.
    pub(crate) fn key_id(&self) -> Result<String, InvalidPayoutOption> {
        if !self.key_id.is_empty() {
            return Ok(self.key_id.clone());
        }
        let pem = content(&self.certificate_file)?;
        let certificate = CertificateDer::from_pem_slice(&pem);
        let certificate = certificate.map_err(|_| unusable(&self.certificate_file, "it has no certificate in PEM".to_owned()))?;
        Ok(certificate_kid(&certificate))
    }
}

/// Refuses a private key that others may read.
pub(super) fn keep_private(key: &Path) -> Result<(), InvalidPayoutOption> {
    if is_exposed(key).map_err(|error| unusable(key, error.to_string()))? {
        return Err(unusable(key, "others than its owner may read it: it has a private key (chmod 600)".to_owned()));
    }
    Ok(())
}

fn unusable(file: &Path, problem: String) -> InvalidPayoutOption {
    InvalidPayoutOption::File { file: file.to_owned(), problem }
}

fn content(file: &Path) -> Result<Vec<u8>, InvalidPayoutOption> {
    let unreadable = |error: std::io::Error| unusable(file, format!("it can't be read ({error})"));
    if fs::metadata(file).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(unusable(file, format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    fs::read(file).map_err(unreadable)
}
