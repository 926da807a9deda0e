//! Questions about refunds: a command makes one, and each is answered once within its window.

use super::{Error, PlayPush, SandboxGooglePlay, now_ms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// How long an answer is taken, in milliseconds.
const WINDOW_MS: i64 = 86_400_000;
/// The most uses of one answer.
const USES_MAX: usize = 1_000;
/// How consumed a purchase can be, in thousandths of a percent.
const WHOLE: i64 = 100_000;

/// A question about a refund.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PendingRefund {
    /// Names the question.
    pub pending_refund_token: String,
    /// The app.
    pub package_name: String,
    /// The order.
    pub order_id: String,
    /// When it was asked, in Unix milliseconds.
    pub asked_at_ms: i64,
    /// The body of the answer; null before it.
    pub answer: Value,
}

impl SandboxGooglePlay {
    /// Asks about the refund of a purchase for this reason (7: its buyer disputes the payment), and announces the question.
    pub async fn ask(&self, purchase_token: &str, reason: i32) -> Result<PendingRefund, Error> {
        let sold = self.sold(purchase_token).await?.ok_or(Error::Asked("nothing was sold under this token"))?;
        let order_id = sold.order_id.clone().ok_or(Error::Asked("only a purchase with an order can be paid back"))?;
        let question = PendingRefund {
            pending_refund_token: Uuid::new_v4().simple().to_string(),
            package_name: sold.sale.package_name.clone(),
            order_id: order_id.clone(),
            asked_at_ms: now_ms(),
            answer: Value::Null,
        };
        self.memory().questions.push(question.clone());
        self.announce(PlayPush::pending_refund(&question, reason, sold.sale.obfuscated_account_id.as_deref())).await?;
        Ok(question)
    }

    /// Every question, the first one first.
    #[must_use]
    pub fn questions(&self) -> Vec<PendingRefund> {
        self.memory().questions.clone()
    }

    /// Takes an answer, or says why not.
    pub(super) fn review(&self, package: &str, order_id: &str, review: Value) -> Result<(), &'static str> {
        if let Some(why) = wrong_review(&review) {
            return Err(why);
        }
        let token = review["pendingRefundToken"].as_str().unwrap_or_default();
        let mut memory = self.memory();
        let mut of = memory.questions.iter_mut();
        let asked = of.find(|asked| asked.pending_refund_token == token && asked.package_name == package && asked.order_id == order_id);
        let asked = asked.ok_or("The pending refund token is invalid.")?;
        if now_ms() >= asked.asked_at_ms + WINDOW_MS {
            return Err("The pending refund token has expired.");
        }
        if !asked.answer.is_null() {
            return Err("The refund was already reviewed.");
        }
        asked.answer = review;
        Ok(())
    }
}

impl PlayPush {
    /// The notification of a question.
    #[must_use]
    pub fn pending_refund(question: &PendingRefund, reason: i32, account: Option<&str>) -> Self {
        let content = json!({
            "version": "1.0",
            "pendingRefundToken": question.pending_refund_token,
            "orderId": question.order_id,
            "refundReason": reason,
            "obfuscatedAccountId": account,
        });
        Self::about(&question.package_name, "pendingRefundReviewNotification", content)
    }
}

/// What is wrong with an answer.
fn wrong_review(review: &Value) -> Option<&'static str> {
    const KNOWN: [&str; 5] =
        ["pendingRefundToken", "refundPreference", "sampleContentProvided", "consumptionPercentageMilliunits", "consumptionUsageEvents"];
    const OF_USE: [&str; 6] =
        ["consumptionTime", "consumptionItemDescription", "obfuscatedAccountId", "obfuscatedProfileId", "ipAddress", "location"];
    let only =
        |value: &Value, known: &[&str]| value.as_object().is_some_and(|fields| fields.keys().all(|name| known.contains(&name.as_str())));
    if !only(review, &KNOWN) {
        return Some("Unknown field.");
    }
    if !review["refundPreference"].as_str().is_some_and(|word| ["DECLINE", "APPROVE", "NEUTRAL"].contains(&word)) {
        return Some("refundPreference is required.");
    }
    if !review["sampleContentProvided"].is_boolean() {
        return Some("sampleContentProvided is required.");
    }
    let consumed = &review["consumptionPercentageMilliunits"];
    if !consumed.is_null() && !consumed.as_i64().is_some_and(|milliunits| (0..=WHOLE).contains(&milliunits)) {
        return Some("consumptionPercentageMilliunits is out of range.");
    }
    let uses = &review["consumptionUsageEvents"];
    let is_use = |one: &Value| only(one, &OF_USE) && one["consumptionTime"].as_str().is_none_or(|at| at.parse::<jiff::Timestamp>().is_ok());
    let fits = uses.is_null() || uses.as_array().is_some_and(|uses| uses.len() <= USES_MAX && uses.iter().all(is_use));
    if fits { None } else { Some("consumptionUsageEvents can't be read.") }
}
