//! The App Store. Its receipts are StoreKit 2 signed transactions, verified offline.
//!
//! `app-store-server-library` decides: certificates up to a trusted root at the time of signing, Apple's two marks, the ES256 signature, bundle and
//! environment. The rest is checked here: that the third certificate has a trusted root's name and key, the type, revocation and quantity. The library
//! trusts anything that calls itself `Xcode` or `LocalTesting`, so it is never called for those. It has one error for many faults: [`parts`] and
//! [`chain`] check first, to report precisely what is wrong, never to let anything pass.
//!
//! Its [`notification`]s are signed the same way and checked by the same code. `server`: what the App Store is told
//! and asked. `lists`: what it lists.
//!
//! Not checked, because it can't be offline: whether a certificate was revoked, and whether the store refunded the purchase after signing (a
//! notification reports that).

mod chain;
pub mod claims;
mod connector;
pub(crate) mod lists;
pub mod notification;
mod parts;
mod server;

use std::collections::HashMap;

use app_store_server_library::chain_verifier::ChainVerifierError;
use app_store_server_library::models::app_store_environment::Environment;
use app_store_server_library::models::jws_transaction_decoded_payload::JWSTransactionDecodedPayload;
use app_store_server_library::models::product_type::ProductType;
use app_store_server_library::signed_data_verifier::{SignedDataVerifier, SignedDataVerifierError};
use chart::BookKind;
use money::{BookName, Currency};

use crate::config::Config;
use crate::domain::refusal::ReceiptRefusal;
use crate::domain::{QUANTITY_MAX, StoreKind, Transaction, UnknownPrice};
use crate::stores::ID_BYTES_MAX;
use crate::stores::receipt::RefusedReceipt;
use parts::ClaimedChain;

/// Largest receipt; real ones have 4 to 6 KiB.
pub const RECEIPT_BYTES_MAX: usize = 16 * 1024;

/// Characters of an unknown currency that are kept; ISO 4217 has three.
const CODE_CHARS_MAX: usize = 8;

/// Why the verifier can't be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A root can't be read.
    #[error("purchase.apple_roots: {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// The error.
        source: std::io::Error,
    },
    /// A root is not a certificate.
    #[error("purchase: {0} is not a DER certificate")]
    NotACertificate(String),
    /// The App Store can't be told or asked anything with these options.
    #[error("purchase.{0}")]
    Server(String),
    /// The pretend store's root must never be trusted for real money.
    #[error("purchase: the sandbox's root certificate is listed in apple_roots")]
    SandboxRootInLive,
}

/// Verifies receipts. Has the trusted roots, per mode of book, and which app belongs to which book.
#[derive(Debug)]
pub struct ReceiptVerifier {
    live_roots: Vec<Vec<u8>>,
    test_roots: Vec<Vec<u8>>,
    bundles: HashMap<String, KnownApp>,
    servers: [Option<server::AppStoreServer>; 2],
}

#[derive(Debug)]
struct KnownApp {
    book: String,
    apple_id: i64,
}

impl ReceiptVerifier {
    /// Reads the roots that `config` names.
    pub fn load(config: &Config) -> Result<ReceiptVerifier, Error> {
        let mut live_roots = Vec::new();
        for path in &config.apple_roots {
            let name = path.display().to_string();
            let der = std::fs::read(path).map_err(|source| Error::File { path: name.clone(), source })?;
            if !chain::is_certificate(&der) {
                return Err(Error::NotACertificate(name));
            }
            live_roots.push(der);
        }
        let test_roots = config.sandbox_roots.clone();
        if test_roots.iter().any(|root| !chain::is_certificate(root)) {
            return Err(Error::NotACertificate("the sandbox's root".to_owned()));
        }
        if test_roots.iter().any(|root| live_roots.contains(root)) {
            return Err(Error::SandboxRootInLive);
        }
        let app = |bundle: &crate::config::Bundle| {
            (bundle.bundle_id.clone(), KnownApp { book: bundle.book.clone(), apple_id: bundle.app_apple_id })
        };
        let servers = server::load(config).map_err(Error::Server)?;
        Ok(ReceiptVerifier { live_roots, test_roots, bundles: config.bundles.iter().map(app).collect(), servers })
    }

    /// Verifies `jws` for a book, or returns what is wrong with it; the first fault in the contract's order. Takes about a millisecond.
    pub fn verify(&self, jws: &str, book: &BookName, kind: BookKind) -> Result<Transaction, RefusedReceipt> {
        let (certificates, claimed) = parts::read::<JWSTransactionDecodedPayload>(jws, RECEIPT_BYTES_MAX)?;
        // Only claimed so far; the library compares it with the signed content.
        let app = claimed.bundle_id.as_ref().and_then(|bundle| self.bundles.get_key_value(bundle));
        let app = app.filter(|(_, app)| app.book == book.as_str());
        let library = self.library(kind, &certificates, claimed.signed_date.map(|date| date.timestamp()), app)?;
        let payload = library.verify_and_decode_signed_transaction(jws).map_err(|error| refused_by_library(&error))?;
        if app.is_none() {
            return Err(refused_by_library(&SignedDataVerifierError::InvalidAppIdentifier));
        }
        transaction(payload)
    }

    /// Checks the certificates and makes the library ready for what they signed. An app that is none of the book's is verified without a name, and the caller
    /// refuses it afterwards: the signature's fault is reported before the bundle's.
    fn library(
        &self,
        kind: BookKind,
        certificates: &ClaimedChain,
        signed_at_s: Option<i64>,
        app: Option<(&String, &KnownApp)>,
    ) -> Result<SignedDataVerifier, RefusedReceipt> {
        let (roots, environment) = match kind {
            BookKind::Live => (&self.live_roots, Environment::Production),
            BookKind::Test => (&self.test_roots, Environment::Sandbox),
        };
        chain::check(certificates, roots, signed_at_s)?;
        let (bundle_id, apple_id) = app.map_or((String::new(), 0), |(bundle, app)| (bundle.clone(), app.apple_id));
        SignedDataVerifier::new(roots.clone(), environment, bundle_id, Some(apple_id), false).map_err(|error| refused_by_library(&error))
    }
}

fn refused_by_library(error: &SignedDataVerifierError) -> RefusedReceipt {
    match error {
        SignedDataVerifierError::InvalidAppIdentifier | SignedDataVerifierError::InvalidAppAppleId => {
            RefusedReceipt::new(ReceiptRefusal::Bundle, "the receipt is not for an app of this book")
        }
        SignedDataVerifierError::InvalidEnvironment => {
            RefusedReceipt::new(ReceiptRefusal::Environment, "LIVE books take receipts of Production only, TEST books of Sandbox only")
        }
        // The chain itself was checked before the library was called: only the marks can be missing.
        SignedDataVerifierError::InternalChainVerifierError(
            ChainVerifierError::VerificationFailure(_) | ChainVerifierError::InternalError(_) | ChainVerifierError::InternalDecodeError(_),
        ) => RefusedReceipt::new(ReceiptRefusal::CertificatePurpose, "the certificates were not made for signing receipts"),
        SignedDataVerifierError::VerificationFailure => RefusedReceipt::new(ReceiptRefusal::Signature, "the signature does not fit"),
        SignedDataVerifierError::InternalDecodeError(_)
        | SignedDataVerifierError::InternalDeserializationError(_)
        | SignedDataVerifierError::InternalJWSError(_) => RefusedReceipt::new(ReceiptRefusal::Malformed, "not a signed transaction"),
    }
}

/// A currency's code, limited to harmless characters.
fn shown_code(code: Option<&str>) -> String {
    code.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).take(CODE_CHARS_MAX).collect()
}

/// Apple's word for an environment whose signatures are checked.
fn word(environment: &Environment) -> Result<String, RefusedReceipt> {
    match environment {
        Environment::Production => Ok("Production".to_owned()),
        Environment::Sandbox => Ok("Sandbox".to_owned()),
        Environment::Xcode | Environment::LocalTesting | Environment::NotSupported(_) => {
            Err(refused_by_library(&SignedDataVerifierError::InvalidEnvironment))
        }
    }
}

/// The checks that the library leaves to its user, in the contract's order.
fn transaction(payload: JWSTransactionDecodedPayload) -> Result<Transaction, RefusedReceipt> {
    if payload.r#type != Some(ProductType::Consumable) {
        return Err(RefusedReceipt::new(ReceiptRefusal::Type, "only consumables are coin packages"));
    }
    let revoked = payload.revocation_date.is_some() || payload.revocation_reason.is_some() || payload.revocation_type.is_some();
    if revoked {
        return Err(RefusedReceipt::new(ReceiptRefusal::Revoked, "the store took this purchase back"));
    }
    let quantity = payload.quantity.unwrap_or(0);
    if !(1..=QUANTITY_MAX).contains(&quantity) {
        return Err(RefusedReceipt::new(ReceiptRefusal::Quantity, format!("quantity is {quantity}, must be 1 to {QUANTITY_MAX}")));
    }
    let malformed = |what: &str| RefusedReceipt::new(ReceiptRefusal::Malformed, format!("{what} is missing or not of its form"));
    let id =
        |value: Option<String>, name: &str| value.filter(|text| (1..=ID_BYTES_MAX).contains(&text.len())).ok_or_else(|| malformed(name));
    let (price, unknown_price) = match payload.price {
        None => (None, None),
        Some(..0) => return Err(malformed("price")),
        Some(thousandths) => match payload.currency.as_deref().map(Currency::try_new) {
            Some(Ok(currency)) => (Some((thousandths, currency)), None),
            // The store has the buyer's money: a code that our list of currencies lacks must not cost the buyer the coins.
            None | Some(Err(_)) => (None, Some(UnknownPrice { thousandths, currency: shown_code(payload.currency.as_deref()) })),
        },
    };
    Ok(Transaction {
        store: StoreKind::Apple,
        environment: word(&payload.environment.ok_or_else(|| malformed("environment"))?)?,
        bundle_id: id(payload.bundle_id, "bundleId")?,
        transaction_id: id(payload.transaction_id, "transactionId")?,
        product_id: id(payload.product_id, "productId")?,
        quantity,
        price,
        unknown_price,
        app_account_token: payload.app_account_token,
        purchased_at_ms: payload.purchase_date.ok_or_else(|| malformed("purchaseDate"))?.timestamp_millis(),
    })
}
