//! Stripe's list of events (docs.stripe.com/api/events/list): what its webhook should have delivered.

use serde_json::Value;

use super::api::ApiFault;
use super::event;
use super::merchant::Merchant;
use crate::domain::event::StoreEvent;

/// The types from which something follows here; Stripe takes twenty in one request.
const KINDS: [&str; 17] = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.succeeded",
    "charge.refunded",
    "charge.refund.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "radar.early_fraud_warning.created",
    "radar.early_fraud_warning.updated",
];

/// A page of the list, newest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListedEvents {
    /// Its events.
    pub(crate) events: Vec<StoreEvent>,
    /// The event after which the next page begins; `None`: it is the last page.
    pub(crate) next: Option<String>,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotListed {
    /// Stripe does not know the place where the page begins.
    #[error("Stripe no longer knows where the next page begins")]
    PlaceGone,
    /// It can't be asked now.
    #[error("{0}")]
    Later(String),
}

impl Merchant {
    /// The events between two times in Unix milliseconds, after this one when given.
    pub(crate) async fn listed(&self, from_ms: i64, until_ms: i64, after: &str) -> Result<ListedEvents, NotListed> {
        let (from_s, until_s) = (from_ms / 1_000, until_ms / 1_000);
        let page: Result<(Vec<Value>, bool), ApiFault> = self.api.events(&KINDS, from_s, until_s, after).await;
        let (listed, has_more) = page.map_err(|fault| match fault {
            ApiFault::NotFound | ApiFault::Refused(_) if !after.is_empty() => NotListed::PlaceGone,
            other => NotListed::Later(format!("{other:?}")),
        })?;
        let last = listed.last().and_then(|event| event["id"].as_str()).map(str::to_owned);
        let mut events = Vec::new();
        for listed in listed {
            match event::of_value(self, listed) {
                Ok(event) => events.push(event),
                // One that nobody can read must not keep the others from being read.
                Err(refused) => tracing::error!(why = refused.message, "Stripe lists an event that can't be read"),
            }
        }
        Ok(ListedEvents { events, next: last.filter(|_| has_more) })
    }
}
