//! Events that the bank pushes. Its interface had several shapes, and documents contradict each other about the newest, so a callback is read by its shape and
//! decided by the status of its payments, never by the type of the event.

use crate::{
    ApiReadError, ApiStatus,
    exception::exceptions,
    json::{ApiNode, parse},
};
use jiff::Timestamp;

/// The most payments of one event, and the most events of one callback.
pub const PAYMENTS_MAX: usize = 50;

/// How a callback is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallbackShape {
    /// A CloudEvent, `specversion` 1.0 or 1.0.0, with `data.payments`.
    CloudEvent,
    /// `{"events": [...]}`, one payment each: a beta of 2024.
    Events,
    /// `{"callbacks": [...]}`, one payment each: the first version.
    Callbacks,
}

/// One payment that a callback tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackItem {
    /// The same for repeated deliveries of the same news about this payment, and only for them: to be stored before the callback is answered.
    pub dedup_key: String,
    /// The payment in the bank's words.
    pub status: ApiStatus,
}

/// A callback: at least one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankCallback {
    /// How it was built, for the log.
    pub shape: CallbackShape,
    /// In the order of the callback, which is not the order of events: see [`ApiStatus::order`].
    pub items: Vec<CallbackItem>,
}

/// Reads a callback of any shape. Nothing from a rejected callback is applied.
pub fn read_callback(body: &[u8]) -> Result<BankCallback, ApiReadError> {
    let document = parse(body)?;
    let node = ApiNode::root(&document)?;
    let shapes = [("data", CallbackShape::CloudEvent), ("events", CallbackShape::Events), ("callbacks", CallbackShape::Callbacks)];
    let mut found = shapes.into_iter().filter(|(field, _)| node.value(field).is_some());
    let (Some((field, shape)), None) = (found.next(), found.next()) else {
        return Err(node.fault("the document", "have exactly one of data, events and callbacks"));
    };
    let items = match shape {
        CallbackShape::CloudEvent => cloud_event(&node)?,
        CallbackShape::Events => node.list(field, PAYMENTS_MAX)?.iter().map(event).collect::<Result<_, _>>()?,
        CallbackShape::Callbacks => node.list(field, PAYMENTS_MAX)?.iter().map(first_version).collect::<Result<_, _>>()?,
    };
    if items.is_empty() {
        return Err(node.fault(field, "have at least one payment"));
    }
    Ok(BankCallback { shape, items })
}

fn cloud_event(node: &ApiNode<'_>) -> Result<Vec<CallbackItem>, ApiReadError> {
    let version = node.required("specversion")?;
    if !matches!(version.as_str(), "1.0" | "1.0.0") {
        return Err(node.fault("specversion", "be 1.0 or 1.0.0"));
    }
    let id = node.required("id")?;
    let time = node.moment("time")?;
    let Some(data) = node.object("data")? else { return Err(node.fault("data", "be given")) };
    let mut items = Vec::new();
    for payment in data.list("payments", PAYMENTS_MAX)? {
        let mut status = ApiStatus::of(&payment)?;
        status.updated_at = status.updated_at.or(time);
        check_id(&payment, &status)?;
        let about = status.payment_id.as_deref().or(status.end_to_end_id.as_deref()).unwrap_or_default();
        items.push(CallbackItem { dedup_key: format!("event:{id}:{about}"), status });
    }
    Ok(items)
}

fn event(node: &ApiNode<'_>) -> Result<CallbackItem, ApiReadError> {
    let id = node.required("eventId")?;
    let mut status = ApiStatus::of(node)?;
    status.updated_at = status.updated_at.or(node.moment("eventTimestamp")?);
    check_id(node, &status)?;
    Ok(CallbackItem { dedup_key: format!("event:{id}"), status })
}

/// Of the first version, which has no id of the event: what it says is its key.
fn first_version(node: &ApiNode<'_>) -> Result<CallbackItem, ApiReadError> {
    let updated_at = node.moment("createDateTime")?;
    let status = ApiStatus {
        end_to_end_id: node.text("endToEndId")?,
        payment_id: node.text("firmRootId")?,
        status: node.required("paymentStatus")?,
        sub_status: None,
        updated_at,
        payment_type: None,
        exceptions: exceptions(node)?,
        value: None,
        clearing: None,
        ach_trace_number: None,
    };
    check_id(node, &status)?;
    let part = |text: &Option<String>| text.clone().unwrap_or_default();
    let at = updated_at.map(Timestamp::as_millisecond).unwrap_or_default();
    // The parts are told apart by their lengths, so that no two different callbacks share a key.
    let (ours, theirs) = (part(&status.end_to_end_id), part(&status.payment_id));
    let dedup_key = format!("callback:{}:{ours}:{}:{theirs}:{at}:{}", ours.len(), theirs.len(), status.status);
    Ok(CallbackItem { dedup_key, status })
}

/// A status that says of no payment is of no use.
fn check_id(node: &ApiNode<'_>, status: &ApiStatus) -> Result<(), ApiReadError> {
    let named = status.end_to_end_id.is_some() || status.payment_id.is_some();
    named.then_some(()).ok_or_else(|| node.fault("paymentIdentifiers.endToEndId", "be given, or paymentId"))
}

#[cfg(test)]
mod tests;
