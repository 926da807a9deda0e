//! Options of a bank that speaks JSON: who we are to it, and the key with which we ask for access.

use super::InvalidPayoutOption;
use crate::vault::is_exposed;
use bankapi::{RsaSigningKey, keys::certificate_kid};
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
