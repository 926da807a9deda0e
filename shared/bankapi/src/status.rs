//! One payment as the bank describes it: in answers to queries and in callbacks.

use crate::{
    ApiEvidence, ApiException, ApiPaymentType, ApiReadError, evidence,
    exception::exceptions,
    json::{ApiNode, parse},
};
use jiff::Timestamp;
use money::{Currency, Money, Rounding};
use rust_decimal::Decimal;

/// A payment in the bank's words. Nothing is checked against what we sent: see [`Self::evidence`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiStatus {
    /// Our id. Absent in some answers by payment id.
    pub end_to_end_id: Option<String>,
    /// The bank's id: `paymentId`, or `firmRootId` in the first version.
    pub payment_id: Option<String>,
    /// As the bank wrote it, such as `COMPLETED`.
    pub status: String,
    /// As the bank wrote it, such as `DELIVERED_TO_RECIPIENT`.
    pub sub_status: Option<String>,
    /// When the status was last changed: `statusUpdatedAt`, or the nearest that the shape has.
    pub updated_at: Option<Timestamp>,
    /// As the bank wrote it, such as `ACH`.
    pub payment_type: Option<String>,
    /// Why it was rejected or returned.
    pub exceptions: Vec<ApiException>,
    /// Currency and amount that the bank repeats, as it wrote them.
    pub value: Option<(String, String)>,
    /// Name and reference of the clearing system.
    pub clearing: Option<(String, Option<String>)>,
    /// The trace number of an ACH entry, which its return names.
    pub ach_trace_number: Option<String>,
}

/// What of our payment the bank's words must fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentApiPayment<'a> {
    /// The id that we gave it.
    pub end_to_end_id: &'a str,
    /// How it was sent.
    pub payment_type: ApiPaymentType,
    /// How much it was.
    pub amount: Money,
}

/// How a status relates to one that is known of the same payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusOrder {
    /// It says something newer: take it over.
    Newer,
    /// It says the same.
    Same,
    /// It is older, or steps back from a final status; callbacks come in any order, so this is harmless.
    Older,
    /// Both are final and can't both be true: unknown, and a case.
    Contradicts,
}

/// How far a status is; within one, the moment decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum StatusStage {
    Open,
    Decided,
    Returned,
}

impl ApiStatus {
    /// Reads a document that is one payment: the answer to a query by payment id.
    pub fn read(bytes: &[u8]) -> Result<Self, ApiReadError> {
        Self::of(&ApiNode::root(&parse(bytes)?)?)
    }

    /// One payment of the second version.
    pub(crate) fn of(node: &ApiNode<'_>) -> Result<Self, ApiReadError> {
        let identifiers = node.object("paymentIdentifiers")?;
        let of_identifiers = |field: &str| identifiers.as_ref().map(|ids| ids.text(field)).transpose().map(Option::flatten);
        let end_to_end_id = match of_identifiers("endToEndId")? {
            Some(id) => Some(id),
            None => node.text("endToEndId")?,
        };
        let mut clearing = None;
        if let Some(system) = node.object("clearingSystem")?
            && let Some(name) = system.text("name")?
        {
            clearing = Some((name, system.text("reference")?));
        }
        Ok(Self {
            end_to_end_id,
            payment_id: node.text("paymentId")?,
            status: node.required("paymentStatus")?,
            sub_status: node.text("paymentSubStatus")?,
            updated_at: node.moment("statusUpdatedAt")?,
            payment_type: node.text("paymentType")?,
            exceptions: exceptions(node)?,
            value: value(node)?,
            clearing,
            ach_trace_number: of_identifiers("achTraceNumber")?,
        })
    }

    /// What it proves about a payment of ours. If it names another id, kind, amount or currency than ours, it proves nothing.
    #[must_use]
    pub fn evidence(&self, sent: &SentApiPayment<'_>) -> ApiEvidence {
        match self.difference(sent) {
            Some(difference) => ApiEvidence::Unclear(difference),
            None => evidence::evidence(&self.status, self.sub_status.as_deref(), &self.exceptions, sent.payment_type),
        }
    }

    /// In what it differs from the payment that we sent, in words; fields that it does not repeat don't differ.
    #[must_use]
    pub fn difference(&self, sent: &SentApiPayment<'_>) -> Option<String> {
        if self.end_to_end_id.as_deref().is_some_and(|id| id != sent.end_to_end_id) {
            return Some("the bank's answer names another end-to-end id than the payment's".to_owned());
        }
        if let Some(word) = self.payment_type.as_deref().filter(|word| *word != sent.payment_type.word()) {
            return Some(format!("the bank calls the payment {}, we sent {}", money::text::shown(word), sent.payment_type.word()));
        }
        match self.money() {
            Some(Ok(amount)) if amount == sent.amount => None,
            None => None,
            Some(Ok(amount)) => Some(format!("the bank names {amount}, we sent {}", sent.amount)),
            Some(Err(())) => Some(format!("the bank repeats an amount that can't be read, we sent {}", sent.amount)),
        }
    }

    /// The amount that the bank repeats. `None` if it repeats none; `Err` if that is no amount of money, such as one with parts of a minor unit.
    #[must_use]
    pub fn money(&self) -> Option<Result<Money, ()>> {
        let (currency, amount) = self.value.as_ref()?;
        Some(read_money(currency, amount).ok_or(()))
    }

    /// How this status relates to one that is known. An event without a moment is newer only if it is further.
    #[must_use]
    pub fn order(&self, known: &Self) -> StatusOrder {
        if (&self.status, &self.sub_status) == (&known.status, &known.sub_status) {
            return StatusOrder::Same;
        }
        let (new, old) = (self.stage(), known.stage());
        let later = match (self.updated_at, known.updated_at) {
            (Some(new), Some(old)) => new > old,
            _ => new > old,
        };
        match (old, new) {
            (StatusStage::Open, StatusStage::Open) if later => StatusOrder::Newer,
            (StatusStage::Open, StatusStage::Open) | (_, StatusStage::Open) => StatusOrder::Older,
            (StatusStage::Open, _) => StatusOrder::Newer,
            // Sent to the clearing, then delivered.
            (StatusStage::Decided, StatusStage::Decided) if self.status == known.status => {
                if later {
                    StatusOrder::Newer
                } else {
                    StatusOrder::Older
                }
            }
            // Only what was executed can come back.
            (StatusStage::Decided, StatusStage::Returned) if known.status == "COMPLETED" => StatusOrder::Newer,
            (StatusStage::Returned, StatusStage::Decided) if self.status == "COMPLETED" => StatusOrder::Older,
            (StatusStage::Returned, StatusStage::Returned) => StatusOrder::Same,
            _ => StatusOrder::Contradicts,
        }
    }

    fn stage(&self) -> StatusStage {
        match self.status.as_str() {
            "COMPLETED" | "REJECTED" | "CANCELED" => StatusStage::Decided,
            "RETURNED" => StatusStage::Returned,
            _ => StatusStage::Open,
        }
    }
}

/// Currency and amount of an instructed or of an equivalent value. A number is kept only if it is whole: one with a point may have lost digits already.
fn value(node: &ApiNode<'_>) -> Result<Option<(String, String)>, ApiReadError> {
    let Some(mut value) = node.object("value")? else { return Ok(None) };
    if let Some(equivalent) = value.object("equivalentAmount")? {
        value = equivalent;
    }
    let amount = match value.value("amount") {
        Some(serde_json::Value::Number(number)) if number.is_u64() => Some(number.to_string()),
        Some(_) => value.text("amount")?,
        None => None,
    };
    Ok(value.text("currency")?.zip(amount))
}

/// `12.30` in a currency, as the API writes amounts; refuses signs, exponents, and digits beyond the minor unit that are not zero.
#[must_use]
pub fn read_money(currency: &str, amount: &str) -> Option<Money> {
    let currency = Currency::try_new(currency).ok()?;
    let (whole, part) = amount.split_once('.').map_or((amount, None), |(whole, part)| (whole, Some(part)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !part.is_none_or(digits) {
        return None;
    }
    let decimal = Decimal::from_str_exact(amount).ok()?;
    let money = Money::from_decimal(currency, decimal, Rounding::Down).ok()?;
    (money.to_decimal() == decimal).then_some(money)
}

#[cfg(test)]
mod tests;
