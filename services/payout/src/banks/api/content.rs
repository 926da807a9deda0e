//! By what answers are compared: their JSON in one canonical form, without what every answer has of its own.

use bankapi::json::parse;
use serde_json::Value;

/// Names of fields that identify an answer and not what it says.
const IDS: [&str; 5] = ["requestId", "traceId", "correlationId", "messageId", "transactionId"];

/// The status of an answer and its content: names in order, without the answer's own ids and without moments. What is no JSON stands as it came.
#[must_use]
pub fn content(http_status: u16, body: &[u8]) -> String {
    match parse(body) {
        Ok(document) => format!("{http_status} {}", canonical(document)),
        Err(_) => format!("{http_status} {}", String::from_utf8_lossy(body)),
    }
}

fn canonical(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(canonical).collect()),
        Value::Object(fields) => {
            let mut kept: Vec<(String, Value)> = fields.into_iter().filter(|(name, _)| !is_of_the_answer(name)).collect();
            kept.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(kept.into_iter().map(|(name, value)| (name, canonical(value))).collect())
        }
        other => other,
    }
}

/// Moments end in `At` or `Timestamp`, such as `statusUpdatedAt`.
fn is_of_the_answer(name: &str) -> bool {
    IDS.contains(&name) || name.ends_with("At") || name.to_ascii_lowercase().ends_with("timestamp")
}
