//! `orders.reviewrefund` (revision 20261026 of Google's description): what Google is answered that asks before it decides about a refund.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::notification::pending_refund_token;
use crate::domain::event::StoreEvent;
use crate::questions::answer::{CoinUse, NewQuestion, Preference, RefundAnswer, StoreQuestion};

/// What a notification asks. The token names the question, whichever notification brings it, and is kept only until the question is answered: so its digest is the name.
pub(super) fn question(event: &StoreEvent) -> Option<NewQuestion> {
    let token = pending_refund_token(&event.payload);
    (!token.is_empty()).then(|| NewQuestion { key: hex::encode(Sha256::digest(token.as_bytes())), token })
}

/// The body of the request.
pub(super) fn body(question: &StoreQuestion, answer: &RefundAnswer) -> Value {
    // Google wants one of three, and knows no part.
    let preference = match answer.preference {
        Preference::Decline => "DECLINE",
        Preference::GrantFull => "APPROVE",
        Preference::GrantPart | Preference::Unstated => "NEUTRAL",
    };
    let mut body = json!({
        "pendingRefundToken": question.token,
        "refundPreference": preference,
        "sampleContentProvided": answer.sample_content_provided,
    });
    if let Some(milliunits) = answer.consumed_milliunits {
        body["consumptionPercentageMilliunits"] = json!(milliunits);
    }
    let uses: Vec<Value> = answer.uses.iter().map(usage_event).collect();
    if !uses.is_empty() {
        body["consumptionUsageEvents"] = json!(uses);
    }
    body
}

/// Without account, address or place, which Google takes as well.
fn usage_event(of: &CoinUse) -> Value {
    let at = money::time::moment_ms(of.at_ms);
    json!({"consumptionTime": at.to_string(), "consumptionItemDescription": format!("{} coins spent on a gift", of.coins)})
}
