//! Checkout sessions: the form that makes one for an order, and what one says about its payment.

use serde::Deserialize;
use uuid::Uuid;

use super::amounts::{self, NotChargeable};
use crate::orders::order::{Order, PaymentFacts, PaymentStanding, RefundedSoFar};
use crate::stores::ID_BYTES_MAX;

/// The key of our order's id in the metadata of everything that Stripe makes for it.
pub const ORDER: &str = "order_id";

/// Longest address of a session that is kept, in bytes; real ones have some hundred.
const URL_BYTES_MAX: usize = 2_048;

/// A session as Stripe writes it. Other fields, among them the buyer's name and address, are not read.
#[derive(Debug, Clone, Deserialize)]
pub struct SessionDocument {
    /// `cs_...`.
    pub id: String,
    /// Absent once it can't be paid any more.
    #[serde(default)]
    pub url: Option<String>,
    /// `open`, `complete` or `expired`.
    #[serde(default)]
    pub status: Option<String>,
    /// `paid`, `unpaid` or `no_payment_required`.
    #[serde(default)]
    pub payment_status: Option<String>,
    /// As Stripe counts the currency.
    #[serde(default)]
    pub amount_total: Option<i64>,
    /// In lower case.
    #[serde(default)]
    pub currency: Option<String>,
    /// Whether the money is real.
    pub livemode: bool,
    /// What we gave with it.
    #[serde(default)]
    pub metadata: Option<Metadata>,
    /// The payment, as an id or, where it was asked for, whole.
    #[serde(default)]
    pub payment_intent: Option<Expandable>,
}

/// The metadata that we give.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Metadata {
    /// Our order's id.
    #[serde(default)]
    pub order_id: Option<String>,
}

/// An object, or its id.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Expandable {
    /// Its id.
    Id(String),
    /// The object.
    Object {
        /// Its id.
        id: String,
        /// Its status, if it has one.
        #[serde(default)]
        status: Option<String>,
    },
}

impl Expandable {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::Object { id, .. } => id,
        }
    }

    fn status(&self) -> Option<&str> {
        match self {
            Self::Id(_) => None,
            Self::Object { status, .. } => status.as_deref(),
        }
    }
}

/// The form of the session of an order. The same for each attempt, as the idempotency key demands: it follows from the order alone.
pub fn form(order: &Order) -> Result<Vec<(&'static str, String)>, NotChargeable> {
    let price = order.value.price;
    let order_id = order.order_id.hyphenated().to_string();
    let mut form = vec![
        ("mode", "payment".to_owned()),
        ("success_url", order.success_url.clone()),
        ("cancel_url", order.cancel_url.clone()),
        ("client_reference_id", order_id.clone()),
        ("expires_at", (order.expires_at_ms / 1_000).to_string()),
        ("line_items[0][quantity]", "1".to_owned()),
        ("line_items[0][price_data][currency]", price.currency().code().to_ascii_lowercase()),
        ("line_items[0][price_data][unit_amount]", amounts::charged(price)?.to_string()),
        ("line_items[0][price_data][product_data][name]", format!("{} coins", order.value.coins.get())),
        // The buyer pays in the order's currency, or amounts could not be compared.
        ("adaptive_pricing[enabled]", "false".to_owned()),
        ("metadata[order_id]", order_id.clone()),
        // For what comes after the session: charges, refunds and disputes carry the payment's metadata or name the payment.
        ("payment_intent_data[metadata][order_id]", order_id),
    ];
    if order.authenticate {
        form.push(("payment_method_options[card][request_three_d_secure]", "any".to_owned()));
    }
    Ok(form)
}

impl SessionDocument {
    /// The order that it carries; `None` where it is about none of ours.
    #[must_use]
    pub fn order_id(&self) -> Option<Uuid> {
        Uuid::try_parse(self.metadata.as_ref()?.order_id.as_deref()?).ok()
    }

    /// How far its payment is. One that is complete and unpaid is on its way, unless the payment itself says that it failed.
    fn standing(&self) -> PaymentStanding {
        let payment = self.payment_intent.as_ref().and_then(Expandable::status);
        match (self.status.as_deref(), self.payment_status.as_deref()) {
            (Some("complete"), Some("paid" | "no_payment_required")) => PaymentStanding::Paid,
            (Some("complete"), _) if matches!(payment, Some("requires_payment_method" | "canceled")) => PaymentStanding::Failed,
            (Some("complete"), _) => PaymentStanding::Processing,
            (Some("expired"), _) => PaymentStanding::Expired,
            _ => PaymentStanding::Open,
        }
    }

    /// What it says about its order's payment to `merchant`, at this time in Unix milliseconds.
    #[must_use]
    pub fn facts(&self, merchant: &str, said_at_ms: i64) -> PaymentFacts {
        let (amount, currency) = (self.amount_total, self.currency.as_deref().unwrap_or_default());
        let short = |text: &str, bytes_max| if text.len() <= bytes_max { text.to_owned() } else { String::new() };
        let shown: String = currency.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        PaymentFacts {
            order_id: self.order_id(),
            environment: super::environment(self.livemode).to_owned(),
            merchant: merchant.to_owned(),
            session_id: short(&self.id, ID_BYTES_MAX),
            pay_url: short(self.url.as_deref().unwrap_or_default(), URL_BYTES_MAX),
            transaction_id: short(self.payment_intent.as_ref().map(Expandable::id).unwrap_or_default(), ID_BYTES_MAX),
            amount: amount.and_then(|units| amounts::money(currency, units)),
            amount_shown: amount.map_or_else(|| "nothing".to_owned(), |units| format!("{units} {shown} (as Stripe counts it)")),
            standing: self.standing(),
            said_at_ms,
            refunded: RefundedSoFar::Unsaid,
        }
    }
}

#[cfg(test)]
mod tests;
