//! `ProductPurchaseV2`, read into the domain's terms.

use chart::BookKind;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::str::FromStr;
use uuid::Uuid;

use crate::domain::refusal::ReceiptRefusal;
use crate::domain::{QUANTITY_MAX, StoreKind, Transaction};
use crate::stores::receipt::GoogleReceipt;
use crate::stores::receipt::RefusedReceipt;
use crate::stores::{ID_BYTES_MAX, VerifiedSale};

/// Within this time after payment Google wants a purchase acknowledged; it pays the buyer back after that.
pub const ACKNOWLEDGE_WITHIN_MS: i64 = 3 * 86_400_000;

/// Our names of Google's environments. Stored, so never changed.
const PRODUCTION: &str = "Production";
/// Purchases of licence testers, which cost nothing.
const TEST: &str = "Test";

/// Stands for an account id that is no token of ours: it is nobody's, so that the receipt is nobody's either.
const NOBODYS: Uuid = Uuid::nil();

/// Whether a purchase is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurchaseStanding {
    /// Paid.
    Paid,
    /// Its buyer has yet to pay.
    Pending,
    /// It was never paid, or was paid back.
    Cancelled,
    /// A state that did not exist when this was written.
    Unknown,
}

/// What Google says about a purchase, as far as it is read.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductPurchase {
    #[serde(default)]
    order_id: Option<String>,
    #[serde(default)]
    purchase_state_context: Option<StateContext>,
    #[serde(default)]
    purchase_completion_time: Option<String>,
    #[serde(default)]
    obfuscated_external_account_id: Option<String>,
    #[serde(default)]
    test_purchase_context: Option<serde_json::Value>,
    #[serde(default)]
    product_line_item: Vec<LineItem>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StateContext {
    #[serde(default)]
    purchase_state: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LineItem {
    #[serde(default)]
    product_id: String,
    #[serde(default)]
    product_offer_details: Option<OfferDetails>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfferDetails {
    #[serde(default)]
    quantity: Option<i32>,
    /// How many of them were not paid back.
    #[serde(default)]
    refundable_quantity: Option<i32>,
    #[serde(default)]
    consumption_state: String,
}

impl ProductPurchase {
    /// Reads an answer; `None` if it is none.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let answer = bankapi::json::parse(body).ok().filter(serde_json::Value::is_object)?;
        serde_json::from_value(answer).ok()
    }

    /// Whether it is paid.
    #[must_use]
    pub fn standing(&self) -> PurchaseStanding {
        match self.purchase_state_context.as_ref().map(|context| context.purchase_state.to_ascii_lowercase()).as_deref() {
            Some("purchased") => PurchaseStanding::Paid,
            Some("pending") => PurchaseStanding::Pending,
            Some("cancelled") => PurchaseStanding::Cancelled,
            _ => PurchaseStanding::Unknown,
        }
    }

    /// Whether it was consumed, here or by the app.
    #[must_use]
    pub fn is_consumed(&self) -> bool {
        let consumed = |details: &OfferDetails| details.consumption_state.eq_ignore_ascii_case("consumption_state_consumed");
        self.product_line_item.iter().any(|item| item.product_offer_details.as_ref().is_some_and(consumed))
    }

    /// How many of how many were paid back; `None` where it doesn't say.
    #[must_use]
    pub fn paid_back(&self) -> Option<(i64, i64)> {
        let details = self.product_line_item.first()?.product_offer_details.as_ref()?;
        let (quantity, left) = (i64::from(details.quantity.unwrap_or(1)), i64::from(details.refundable_quantity?));
        (quantity >= 1 && (0..=quantity).contains(&left)).then_some((quantity - left, quantity))
    }

    /// Whether it is a purchase of this product alone. Whoever brings a token says what it is for, and the store decides.
    pub fn check_product(&self, product_id: &str) -> Result<(), RefusedReceipt> {
        match self.product_line_item.as_slice() {
            [item] if item.product_id == product_id => Ok(()),
            [_] => Err(RefusedReceipt::new(ReceiptRefusal::Unknown, "the store sold another product under this token")),
            _ => Err(RefusedReceipt::new(ReceiptRefusal::Type, "only purchases of one product are taken")),
        }
    }

    /// Whether a book of this kind takes it.
    pub fn check_environment(&self, kind: BookKind) -> Result<(), RefusedReceipt> {
        if self.test_purchase_context.is_some() == (kind == BookKind::Test) {
            return Ok(());
        }
        let why = "LIVE books take purchases that were paid with real money only, TEST books those of testers only";
        Err(RefusedReceipt::new(ReceiptRefusal::Environment, why))
    }

    /// The sale of a purchase that is paid. The whole quantity counts: what was paid back of it is a refund of its own.
    pub fn sale(&self, package_name: &str, receipt: &GoogleReceipt) -> Result<VerifiedSale, RefusedReceipt> {
        let malformed = |what: &str| RefusedReceipt::new(ReceiptRefusal::Malformed, format!("{what} is missing or not of its form"));
        let details = self.product_line_item.first().and_then(|item| item.product_offer_details.as_ref());
        // Google's description has no default; older answers left out a quantity of one.
        let quantity = details.and_then(|details| details.quantity).unwrap_or(1);
        if !(1..=QUANTITY_MAX).contains(&quantity) {
            return Err(RefusedReceipt::new(ReceiptRefusal::Quantity, format!("quantity is {quantity}, must be 1 to {QUANTITY_MAX}")));
        }
        let fits = |id: &String| (1..=ID_BYTES_MAX).contains(&id.len()) && money::text::is_plain(id);
        let transaction_id = match &self.order_id {
            Some(order) if fits(order) => order.clone(),
            Some(_) => return Err(malformed("orderId")),
            // There may be none, such as for a promotion. The token is too long and too telling for an id that support types.
            None => format!("token-{}", hex::encode(Sha256::digest(receipt.purchase_token.as_bytes()))),
        };
        let paid = self.purchase_completion_time.as_deref().and_then(|time| jiff::Timestamp::from_str(time).ok());
        let purchased_at_ms = paid.ok_or_else(|| malformed("purchaseCompletionTime"))?.as_millisecond();
        let account = self.obfuscated_external_account_id.as_deref().filter(|account| !account.is_empty());
        let transaction = Transaction {
            store: StoreKind::Google,
            environment: if self.test_purchase_context.is_some() { TEST } else { PRODUCTION }.to_owned(),
            bundle_id: package_name.to_owned(),
            transaction_id,
            product_id: receipt.product_id.clone(),
            quantity,
            // The resource states none.
            price: None,
            unknown_price: None,
            app_account_token: account.map(|account| Uuid::try_parse(account).unwrap_or(NOBODYS)),
            purchased_at_ms,
        };
        Ok(VerifiedSale { transaction, acknowledge_by_ms: Some(purchased_at_ms.saturating_add(ACKNOWLEDGE_WITHIN_MS)) })
    }
}

#[cfg(test)]
mod tests;
