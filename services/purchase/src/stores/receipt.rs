//! What proves a purchase, as a buyer's app or a store's notification brings it; or why it does not.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::apple::claims::{self, ReceiptClaims};
use crate::domain::StoreKind;
use crate::domain::refusal::ReceiptRefusal;

/// A receipt of one of the stores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreReceipt {
    /// A StoreKit 2 signed transaction, which proves itself.
    Apple(String),
    /// A purchase token, which only Google can explain.
    Google(GoogleReceipt),
}

/// A purchase at Google Play.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoogleReceipt {
    /// The app; empty if the book has only one.
    pub package_name: String,
    /// What was bought, as whoever brings the token says.
    pub product_id: String,
    /// Names the purchase.
    pub purchase_token: String,
}

impl StoreReceipt {
    /// The store that sold.
    #[must_use]
    pub fn store(&self) -> StoreKind {
        match self {
            Self::Apple(_) => StoreKind::Apple,
            Self::Google(_) => StoreKind::Google,
        }
    }

    /// What the receipt is compared by, in hexadecimal digits: the row stays small, and has nothing that could be submitted again.
    #[must_use]
    pub fn digest(&self) -> String {
        hex::encode(match self {
            Self::Apple(signed) => Sha256::digest(signed.as_bytes()),
            Self::Google(receipt) => Sha256::digest(receipt.purchase_token.as_bytes()),
        })
    }

    /// Whether the store names the sale by a token, so that the token counts beside the transaction's id, which may come later.
    #[must_use]
    pub fn is_token(&self) -> bool {
        matches!(self, Self::Google(_))
    }

    /// What the receipt claims to be.
    #[must_use]
    pub fn claims(&self) -> ReceiptClaims {
        let shown = |text: &str| if money::text::is_plain(text) { text.to_owned() } else { String::new() };
        match self {
            Self::Apple(signed) => claims::read(signed),
            Self::Google(receipt) => ReceiptClaims {
                bundle_id: shown(&receipt.package_name),
                product_id: shown(&receipt.product_id),
                ..ReceiptClaims::default()
            },
        }
    }

    /// Whether the store said what the receipt claims, although it is refused.
    #[must_use]
    pub fn is_authentic(&self, refusal: ReceiptRefusal) -> bool {
        // Of an app that is none of the book's, Google is asked nothing.
        refusal.is_of_authentic() && !(self.is_token() && refusal == ReceiptRefusal::Bundle)
    }

    /// As tables keep it.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("texts only")
    }

    /// As [`Self::to_text`] wrote it.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// A refusal with the sentence that explains it. The sentence never reveals anything about another user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedReceipt {
    /// Why the receipt was refused.
    pub refusal: ReceiptRefusal,
    /// What was found and what was expected.
    pub message: String,
    /// What the receipt itself says it is, by name. Empty where the store did not sign it, and as older programs kept it.
    pub facts: Vec<(String, String)>,
}

impl RefusedReceipt {
    pub(crate) fn new(refusal: ReceiptRefusal, message: impl Into<String>) -> RefusedReceipt {
        RefusedReceipt { refusal, message: message.into(), facts: Vec::new() }
    }

    /// With what this receipt says it is, where the store signed it.
    pub(crate) fn of(self, receipt: &StoreReceipt) -> RefusedReceipt {
        if !receipt.is_authentic(self.refusal) {
            return self;
        }
        let ReceiptClaims { environment, bundle_id, transaction_id, product_id } = receipt.claims();
        let named =
            [("bundle_id", bundle_id), ("environment", environment), ("product_id", product_id), ("transaction_id", transaction_id)];
        let facts = named.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value));
        RefusedReceipt { facts: facts.collect(), ..self }
    }
}
