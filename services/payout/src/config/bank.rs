//! Options of one bank, its accounts and its rails.
//!
//! - `checking`: whether it can work.

mod checking;

use super::{
    InvalidPayoutOption,
    api::{ApiBankConfig, SandboxApiAccess, keep_private},
    nacha::NachaBankConfig,
};
use accounts::{AddressRules, PayoutAddress};
use chart::BookKind;
use money::Currency;
use rails::RailBook;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, path::PathBuf, time::Duration};

/// The rails that ACH files are for.
pub const ACH_RAILS: [&str; 2] = ["us-ach-same-day", "us-ach"];
/// The rails to wallets, which messages of ISO 20022 have no words for.
pub const WALLET_RAILS: [&str; 1] = ["ewallet-paypal"];

/// The books whose payouts a bank makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BankBooksKind {
    /// TEST books: a pretend bank, on this machine.
    #[default]
    Test,
    /// LIVE books: a real bank, over TLS.
    Live,
}

impl BankBooksKind {
    /// As the ledger has it.
    #[must_use]
    pub fn kind(self) -> BookKind {
        match self {
            Self::Test => BookKind::Test,
            Self::Live => BookKind::Live,
        }
    }
}

/// What a bank speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BankProtocol {
    /// ISO 20022 messages over HTTP.
    #[default]
    Iso20022,
    /// The JSON of a payment API over HTTP, modelled after Global Payments v2.
    Api,
    /// ACH files in Nacha's format over HTTP: payments are collected into files.
    Nacha,
}

/// What proves that a callback is from the bank.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CallbackProof {
    /// ECDSA over the body in a header, by a key that another header names.
    #[default]
    Detached,
    /// A JWS in a header, with the body as its payload (RFC 7515 appendix F, RFC 7797); or a body that is one.
    Jws,
    /// The certificate that the bank shows the HTTP listener, and no signature.
    Certificate,
}

/// A bank, our accounts there, and the rails that it offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BankConfig {
    /// Its name in this installation, stored with every payout: 1 to 32 of a-z, 0-9 and hyphens. Never change it.
    pub name: String,
    /// The books whose payouts it makes: `test` or `live`.
    pub books: BankBooksKind,
    /// The legal entity that has the accounts: 1 to 32 of a-z, 0-9 and hyphens; `main` if there is only one. A payout stays with one entity.
    pub entity: String,
    /// What it speaks: `iso20022`; `api` for the JSON of a payment API modelled after J.P. Morgan's Global Payments v2; `nacha` for files of ACH payments.
    pub protocol: BankProtocol,
    /// Where it is: for TEST books http:// and a loopback address, for LIVE books https://.
    pub url: String,
    /// PEM file of the authorities that vouch for it; empty: the system's. For LIVE books.
    pub tls_ca: PathBuf,
    /// PEM file with the certificate by which the bank knows us (mutual TLS); empty: it asks for none.
    pub tls_certificate: PathBuf,
    /// PEM file with that certificate's key, readable by its owner only.
    pub tls_key: PathBuf,
    /// Our name, as receivers see it.
    pub debtor_name: String,
    /// Why nothing is sent to it now; empty: it is in use. Payouts wait, or go over another bank.
    pub paused: String,
    /// File with the public keys (a JWK set) by which it signs its callbacks to `/webhooks/bank/<name>`. Empty: see `callback_keys_url`.
    pub callback_keys_file: PathBuf,
    /// Address of these keys, instead of a file: for TEST books http:// and a loopback address, for LIVE books https://. Empty, and no file: no callbacks are
    /// taken from it.
    pub callback_keys_url: String,
    /// Seconds for which a failure to read these keys is remembered: until then callbacks that need them are not taken, and nothing is read. 0, the default: 10.
    pub callback_keys_retry_s: u32,
    /// How long it may take to say whose an account is, in milliseconds, before a beneficiary counts as not verified; 0, the default: it is not asked. The
    /// request is that of the EPC's Verification of Payee, to `payee-verifications` under its address, and is made for accounts whose rail looks holders up. For
    /// the protocol `iso20022` only.
    #[serde(rename = "payee_time_out_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub payee_time_out: Duration,
    /// What proves that a callback is from it: `detached`, an ECDSA signature in a header, by the key that the header `key-id` names; `jws`, a JWS in a header or as
    /// the body, ES256, RS256 or PS256 as its key says; or `certificate`, a certificate that it shows the HTTP listener, which then speaks TLS.
    pub callback_proof: CallbackProof,
    /// The header with the signature or the JWS. Empty: `signature`.
    pub callback_signature_header: String,
    /// For `certificate`: PEM file of the authorities that vouch for the bank's certificate.
    pub callback_ca: PathBuf,
    /// For `certificate`: names that the bank's certificate has, of which one is enough: a URI or DNS name, or `CN=` followed by the common name.
    pub callback_names: Vec<String>,
    /// For the protocol `iso20022` only: how many payments go into one message at most, 1 to 1,000; 0, the default: as `message_payments_max` of `payout` says.
    pub message_payments_max: usize,
    /// For the protocol `iso20022` only: whether the bank is asked to book all payments of a message as one debit (`BtchBookg`). Default false: each has a debit of
    /// its own. A statement with such a debit is explained by what the bank lists in it, else by the payments of the message that it names.
    pub batch_booking: bool,
    /// Our accounts at it. Of several in one currency, the first pays.
    pub accounts: Vec<BankAccountConfig>,
    /// The rails that it offers, in any order.
    pub rails: Vec<BankRailConfig>,
    /// For the protocol `api` only: how access to it is got.
    pub api: ApiBankConfig,
    /// For the protocol `nacha` only: who we are in its files, and how long payments are collected.
    pub nacha: NachaBankConfig,
}

/// One of our accounts at a bank.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BankAccountConfig {
    /// Its id in our books: 1 to 32 of a-z, 0-9 and hyphens; `main` for the account that books of earlier programs call bank cash. Never change it.
    pub id: String,
    /// Its currency, ISO 4217.
    pub currency: String,
    /// Its number, in the canonical form of `largesse accounts check`, such as `iban:DE89370400440532013000` or `us-account:021000021:4400001234`.
    pub address: String,
    /// The beginning of its short references, 1 to 5 of A-Z and 0-9, which no other account of the bank has. Never change it.
    pub reference_prefix: String,
    /// Whether a payout needs a reservation of the account's spendable money before it is sent (accounts `bank_spendable` and `bank_committed`).
    pub liquidity: bool,
}

/// A rail at a bank.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BankRailConfig {
    /// Id of the rail's records (`largesse rails list`).
    pub rail: String,
    /// How long the bank takes at most to answer, in milliseconds; the outcome is asked for from then on. 0: as the rail's record says, or 30 seconds.
    #[serde(rename = "time_out_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub time_out: Duration,
    /// Minutes before a cut-off, or before the end of a session, by which the bank wants a payment.
    pub lead_minutes: u32,
    /// The bank's own cap on one payment, in minor units of the currency of its account; 0: none.
    pub minor_units_max: i64,
    /// What the bank charges for a recall, in minor units of the currency of its account; 0: nothing.
    pub recall_fee_minor_units: i64,
    /// Why nothing is sent over it now; empty: it is in use.
    pub paused: String,
}

impl BankAccountConfig {
    /// The checked account.
    pub fn read(&self) -> Result<(Currency, PayoutAddress), InvalidPayoutOption> {
        let currency = Currency::try_new(&self.currency)
            .map_err(|_| InvalidPayoutOption::Range { name: "a bank account's currency", bounds: "an ISO 4217 code" })?;
        let address = PayoutAddress::from_canonical(&self.address, &AddressRules::default())
            .map_err(|faults| InvalidPayoutOption::BankAccount { id: self.id.clone(), faults: faults.to_string() })?;
        Ok((currency, address))
    }
}

impl BankConfig {
    /// The sandbox's pretend bank, with an account in each of these currencies, and every rail that pays in one of them.
    pub(super) fn sandbox(url: String, accounts: Vec<(Currency, String)>) -> Self {
        let book = RailBook::built_in();
        let currencies: BTreeSet<Currency> = accounts.iter().map(|(currency, _)| *currency).collect();
        let paid = |id: &&str| book.records(id).iter().any(|record| !record.currencies.is_disjoint(&currencies));
        let rail = |id: &str| BankRailConfig { rail: id.to_owned(), time_out: Duration::from_secs(2), ..BankRailConfig::default() };
        let account = |(currency, address): (Currency, String)| BankAccountConfig {
            id: "main".to_owned(),
            currency: currency.code().to_owned(),
            address,
            reference_prefix: format!("S{}", currency.code()),
            liquidity: false,
        };
        let callback_keys_url = format!("{}/public-keys", url.trim_end_matches('/'));
        Self {
            callback_keys_file: PathBuf::new(),
            callback_keys_url,
            callback_keys_retry_s: 0,
            callback_proof: CallbackProof::Detached,
            callback_signature_header: String::new(),
            callback_ca: PathBuf::new(),
            callback_names: Vec::new(),
            name: "sandbox".to_owned(),
            books: BankBooksKind::Test,
            entity: "main".to_owned(),
            protocol: BankProtocol::Iso20022,
            url,
            tls_ca: PathBuf::new(),
            tls_certificate: PathBuf::new(),
            tls_key: PathBuf::new(),
            debtor_name: "Largesse Sandbox".to_owned(),
            payee_time_out: Duration::from_secs(2),
            paused: String::new(),
            message_payments_max: 0,
            batch_booking: false,
            rails: book.ids().filter(paid).map(rail).collect(),
            accounts: accounts.into_iter().map(account).collect(),
            api: ApiBankConfig::default(),
            nacha: NachaBankConfig::default(),
        }
    }

    /// The sandbox's pretend ACH bank, with one account. It takes both rails of ACH from the bank that would pay them with messages.
    pub(super) fn sandbox_ach(url: String, routing_number: &str, address: String) -> Self {
        let rail = |id: &str| BankRailConfig { rail: id.to_owned(), time_out: Duration::from_secs(2), ..BankRailConfig::default() };
        Self {
            name: "sandbox-ach".to_owned(),
            entity: "main".to_owned(),
            protocol: BankProtocol::Nacha,
            url,
            debtor_name: "Largesse Sandbox".to_owned(),
            rails: ACH_RAILS.map(rail).to_vec(),
            accounts: vec![BankAccountConfig {
                id: "ach".to_owned(),
                currency: "USD".to_owned(),
                address,
                reference_prefix: "SACH".to_owned(),
                liquidity: false,
            }],
            nacha: NachaBankConfig::sandbox(routing_number),
            ..Self::default()
        }
    }

    /// The sandbox's pretend bank that speaks JSON, with an account in US dollars. It takes wallets from the bank that pays with messages.
    pub(super) fn sandbox_api(access: SandboxApiAccess) -> Self {
        let rail = |id: &str| BankRailConfig { rail: id.to_owned(), time_out: Duration::from_secs(2), ..BankRailConfig::default() };
        let url = access.url.trim_end_matches('/').to_owned();
        Self {
            name: "sandbox-json".to_owned(),
            entity: "main".to_owned(),
            protocol: BankProtocol::Api,
            debtor_name: "Largesse Sandbox".to_owned(),
            callback_keys_url: format!("{url}/public-keys"),
            rails: WALLET_RAILS.map(rail).to_vec(),
            accounts: vec![BankAccountConfig {
                id: "json".to_owned(),
                currency: "USD".to_owned(),
                address: access.address,
                reference_prefix: "SAPI".to_owned(),
                liquidity: false,
            }],
            api: ApiBankConfig {
                client_id: access.client_id,
                key_file: access.key_file,
                key_id: access.key_id,
                token_url: format!("{url}/oauth2/token"),
                resource: "payments".to_owned(),
                ..ApiBankConfig::default()
            },
            url: access.url,
            ..Self::default()
        }
    }

    /// The client that speaks to it. A pretend bank is on this machine, where there are no certificates.
    pub fn client(&self) -> Result<reqwest::ClientBuilder, InvalidPayoutOption> {
        let unusable = |error: http_client::UnusableRoots| InvalidPayoutOption::File { file: error.path, problem: error.why };
        let (certificate, key) = (!self.tls_certificate.as_os_str().is_empty(), !self.tls_key.as_os_str().is_empty());
        match (self.books, certificate, key) {
            (BankBooksKind::Test, ..) => Ok(http_client::local()),
            (BankBooksKind::Live, false, false) => http_client::builder(&self.tls_ca).map_err(unusable),
            (BankBooksKind::Live, true, true) => {
                keep_private(&self.tls_key)?;
                http_client::identified(&self.tls_ca, &self.tls_certificate, &self.tls_key).map_err(unusable)
            }
            (BankBooksKind::Live, ..) => {
                Err(InvalidPayoutOption::Range { name: "a bank's tls_certificate", bounds: "given together with its tls_key, or neither" })
            }
        }
    }
}
