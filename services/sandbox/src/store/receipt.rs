//! StoreKit 2 signed transactions: the fields of Apple's JWSTransactionDecodedPayload inside a compact JWS (RFC 7515) whose header
//! carries the certificates.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Error;
use super::chain::CertificateChain;

/// Apple's largest quantity of a consumable in one transaction.
const QUANTITY_MAX: i32 = 10;

/// The request that a buyer's app sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorePurchase {
    /// The app's bundle id.
    pub bundle_id: String,
    /// The product's id.
    pub product_id: String,
    /// UUID that binds the receipt to a user of the app. Absent: the first user who presents it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_account_token: Option<String>,
    /// The quantity, 1 to 10.
    #[serde(default = "one")]
    pub quantity: i32,
    /// Price of one, in thousandths of the currency's unit, as Apple states it.
    pub price: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Three-letter country of the store. Absent: `USA`.
    #[serde(default = "usa")]
    pub storefront: String,
}

fn one() -> i32 {
    1
}

fn usa() -> String {
    "USA".to_owned()
}

/// The store's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedPurchase {
    /// Compact JWS.
    pub signed_transaction: String,
    /// Unique for ever.
    pub transaction_id: String,
}

/// Ways in which a receipt is signed wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostileReceipt {
    /// The leaf is not marked as a receipt signer.
    LeafPurpose,
    /// The intermediate is not marked as Apple's.
    IntermediatePurpose,
    /// The root certificate is left out.
    ChainOfTwo,
    /// The root certificate is there twice.
    ChainOfFour,
    /// No certificates.
    NoChain,
    /// A chain from another root of the same name.
    ForeignChain,
    /// `alg: none` without a signature.
    AlgorithmNone,
    /// `alg: HS256` with the leaf's public bytes as secret.
    AlgorithmHmac,
    /// The payload was changed after signing.
    AlteredPayload,
    /// The signature was changed.
    AlteredSignature,
    /// The genuine chain, signed with a key that is not the leaf's.
    ForeignKey,
    /// Cut off in the middle of the payload.
    Truncated,
}

impl HostileReceipt {
    /// All of them.
    pub const ALL: [HostileReceipt; 12] = [
        HostileReceipt::LeafPurpose,
        HostileReceipt::IntermediatePurpose,
        HostileReceipt::ChainOfTwo,
        HostileReceipt::ChainOfFour,
        HostileReceipt::NoChain,
        HostileReceipt::ForeignChain,
        HostileReceipt::AlgorithmNone,
        HostileReceipt::AlgorithmHmac,
        HostileReceipt::AlteredPayload,
        HostileReceipt::AlteredSignature,
        HostileReceipt::ForeignKey,
        HostileReceipt::Truncated,
    ];
}

impl StorePurchase {
    pub(super) fn check(&self) -> Result<(), Error> {
        let wrong = |field, why| Err(Error::Purchase { field, why });
        if self.bundle_id.is_empty() || self.product_id.is_empty() {
            return wrong("bundle_id, product_id", "required");
        }
        if !(1..=QUANTITY_MAX).contains(&self.quantity) {
            return wrong("quantity", "1 to 10");
        }
        if self.price < 0 {
            return wrong("price", "not negative");
        }
        if self.app_account_token.as_ref().is_some_and(|token| Uuid::try_parse(token).is_err()) {
            return wrong("app_account_token", "a UUID");
        }
        if self.currency.len() != 3 {
            return wrong("currency", "an ISO 4217 code");
        }
        Ok(())
    }

    /// Names the buyer's download of the app: one for each token, or of each transaction without one.
    pub(super) fn app_transaction_id(&self, transaction_id: &str) -> String {
        format!("app{}", self.app_account_token.as_deref().unwrap_or(transaction_id))
    }

    /// What was bought in a transaction, from its fields.
    pub(super) fn of_claims(claims: &Value) -> Self {
        let text = |field: &str| claims[field].as_str().unwrap_or_default().to_owned();
        Self {
            bundle_id: text("bundleId"),
            product_id: text("productId"),
            app_account_token: claims["appAccountToken"].as_str().map(str::to_owned),
            quantity: claims["quantity"].as_i64().and_then(|quantity| i32::try_from(quantity).ok()).unwrap_or_default(),
            price: claims["price"].as_i64().unwrap_or_default(),
            currency: text("currency"),
            storefront: text("storefront"),
        }
    }

    /// The transaction in Apple's field names. Tests change single fields and sign it with [`super::Store::sign`].
    pub fn claims(&self, transaction_id: &str) -> Value {
        let now_ms = money::time::now_ms();
        let mut claims = json!({
            "transactionId": transaction_id,
            "originalTransactionId": transaction_id,
            "bundleId": self.bundle_id,
            "productId": self.product_id,
            "purchaseDate": now_ms,
            "originalPurchaseDate": now_ms,
            "quantity": self.quantity,
            "type": "Consumable",
            "inAppOwnershipType": "PURCHASED",
            "signedDate": now_ms,
            "environment": "Sandbox",
            "transactionReason": "PURCHASE",
            "storefront": self.storefront,
            "storefrontId": "143441",
            "price": self.price,
            "currency": self.currency,
            "appTransactionId": self.app_transaction_id(transaction_id),
        });
        if let Some(token) = &self.app_account_token {
            claims["appAccountToken"] = json!(token);
        }
        claims
    }
}

/// A decimal number, as Apple's are; random, so that it is unique across restarts and stores without a counter on disk.
pub fn new_transaction_id() -> String {
    let (high, low) = Uuid::new_v4().as_u64_pair();
    // The version's bits are in the high half and the variant's in the low one: fold both into 64 random bits.
    format!("2{:019}", high.rotate_left(32) ^ low)
}

pub(super) fn sign(chain: &CertificateChain, claims: &Value) -> Result<String, Error> {
    let header = header("ES256", &[&chain.leaf, &chain.intermediate, &chain.root]);
    compact(&header, claims, &chain.leaf_key)
}

pub(super) fn hostile(chain: &CertificateChain, claims: &Value, hostile: HostileReceipt) -> Result<String, Error> {
    let (leaf, intermediate, root) = (&chain.leaf, &chain.intermediate, &chain.root);
    let with = |certificates: &[&Vec<u8>]| compact(&header("ES256", certificates), claims, &chain.leaf_key);
    match hostile {
        HostileReceipt::LeafPurpose => {
            let branch = chain.leaf_for_something_else()?;
            compact(&header("ES256", &[&branch.leaf, &branch.intermediate, root]), claims, &branch.leaf_key)
        }
        HostileReceipt::IntermediatePurpose => {
            let branch = chain.intermediate_for_something_else()?;
            compact(&header("ES256", &[&branch.leaf, &branch.intermediate, root]), claims, &branch.leaf_key)
        }
        HostileReceipt::ChainOfTwo => with(&[leaf, intermediate]),
        HostileReceipt::ChainOfFour => with(&[leaf, intermediate, root, root]),
        HostileReceipt::NoChain => compact(&json!({ "alg": "ES256" }), claims, &chain.leaf_key),
        HostileReceipt::ForeignChain => sign(&CertificateChain::generate()?, claims),
        HostileReceipt::AlgorithmNone => {
            let signing_input = signing_input(&header("none", &[leaf, intermediate, root]), claims)?;
            Ok(format!("{signing_input}."))
        }
        HostileReceipt::AlgorithmHmac => {
            let signing_input = signing_input(&header("HS256", &[leaf, intermediate, root]), claims)?;
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, chain.leaf_key.public_key_raw());
            let tag = ring::hmac::sign(&key, signing_input.as_bytes());
            Ok(format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(tag)))
        }
        HostileReceipt::AlteredPayload => {
            let genuine = sign(chain, claims)?;
            let mut more = claims.clone();
            more["quantity"] = json!(QUANTITY_MAX);
            more["productId"] = json!("altered");
            let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&more)?);
            let mut parts: Vec<&str> = genuine.split('.').collect();
            parts[1] = &payload;
            Ok(parts.join("."))
        }
        HostileReceipt::AlteredSignature => {
            let signing_input = signing_input(&header("ES256", &[leaf, intermediate, root]), claims)?;
            Ok(format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode([7; 64])))
        }
        HostileReceipt::ForeignKey => {
            let other = CertificateChain::generate()?;
            compact(&header("ES256", &[leaf, intermediate, root]), claims, &other.leaf_key)
        }
        HostileReceipt::Truncated => {
            let genuine = sign(chain, claims)?;
            let payload = genuine.find('.').map_or(0, |dot| dot + 40);
            Ok(genuine[..payload].to_owned())
        }
    }
}

fn header(algorithm: &str, certificates: &[&Vec<u8>]) -> Value {
    // RFC 7515, 4.1.6: certificates are in standard base64, not the URL-safe one.
    let x5c: Vec<String> = certificates.iter().map(|der| STANDARD.encode(der)).collect();
    json!({ "alg": algorithm, "x5c": x5c })
}

fn signing_input(header: &Value, claims: &Value) -> Result<String, Error> {
    let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(header)?);
    let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims)?);
    Ok(format!("{header}.{payload}"))
}

fn compact(header: &Value, claims: &Value, key: &rcgen::KeyPair) -> Result<String, Error> {
    let signing_input = signing_input(header, claims)?;
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.serialized_der(), &random).map_err(|_| Error::Signing)?;
    let signature = key.sign(&random, signing_input.as_bytes()).map_err(|_| Error::Signing)?;
    Ok(format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
