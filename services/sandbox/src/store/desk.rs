//! What the store remembers until the program ends: what it sold and took back, what it said, and what it was answered.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most notifications, transactions and answers that are remembered, each; the oldest are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// Trouble with the interface for programs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerFault {
    /// What is answered in place of the answer, such as 503, 429 or 404.
    pub status: u16,
    /// Apple's code in that answer, such as 4290000; none if 0.
    pub error_code: i64,
    /// To how many requests.
    pub times: u32,
    /// The request is executed all the same.
    pub after: bool,
    /// When the next request would be answered, in Unix milliseconds: the header `Retry-After`. None if 0.
    pub retry_after_ms: i64,
    /// Nothing is answered, and the connection ends.
    pub cut: bool,
}

/// What a server answered to a question about a refund.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsumptionAnswer {
    /// The transaction that the question was about.
    pub transaction_id: String,
    /// The body of the request.
    pub information: Value,
}

/// A notification that was signed.
#[derive(Debug, Clone)]
pub(super) struct SaidNotification {
    pub(super) bundle_id: String,
    pub(super) kind: String,
    pub(super) notification_uuid: String,
    pub(super) said_at_ms: i64,
    pub(super) signed_payload: String,
    pub(super) is_taken: bool,
}

/// The memory.
#[derive(Debug, Default)]
pub(super) struct StoreDesk {
    pub(super) said: VecDeque<SaidNotification>,
    transactions: HashMap<String, Value>,
    /// In the order in which they were first sold or named.
    transaction_ids: VecDeque<String>,
    pub(super) answers: VecDeque<ConsumptionAnswer>,
    pub(super) fault: ServerFault,
}

fn bounded<T>(queue: &mut VecDeque<T>) -> Option<T> {
    if queue.len() > REMEMBERED_MAX { queue.pop_front() } else { None }
}

impl StoreDesk {
    /// Remembers what is true of a transaction now.
    pub(super) fn remember(&mut self, transaction_id: &str, claims: Value) {
        if self.transactions.insert(transaction_id.to_owned(), claims).is_none() {
            self.transaction_ids.push_back(transaction_id.to_owned());
            if let Some(oldest) = bounded(&mut self.transaction_ids) {
                self.transactions.remove(&oldest);
            }
        }
    }

    pub(super) fn transaction(&self, transaction_id: &str) -> Option<&Value> {
        self.transactions.get(transaction_id)
    }

    /// What was taken back of the buyer of a transaction, in that app. A buyer is known by the token, or else by this transaction alone.
    pub(super) fn taken_back(&self, of: &Value) -> Vec<Value> {
        let is_buyers = |other: &Value| match of.get("appAccountToken") {
            Some(token) => other.get("appAccountToken") == Some(token),
            None => other["transactionId"] == of["transactionId"],
        };
        let known = self.transaction_ids.iter().filter_map(|id| self.transactions.get(id));
        known.filter(|one| one["bundleId"] == of["bundleId"] && is_buyers(one) && one.get("revocationDate").is_some()).cloned().collect()
    }

    pub(super) fn say(&mut self, said: SaidNotification) {
        // A repeated id is the same notification.
        if self.said.iter().any(|known| known.notification_uuid == said.notification_uuid && known.kind == said.kind) {
            return;
        }
        self.said.push_back(said);
        bounded(&mut self.said);
    }

    /// A notification was taken by its receiver.
    pub(super) fn taken(&mut self, notification_uuid: &str) {
        self.said.iter_mut().filter(|said| said.notification_uuid == notification_uuid).for_each(|said| said.is_taken = true);
    }

    pub(super) fn answered(&mut self, answer: ConsumptionAnswer) {
        self.answers.push_back(answer);
        bounded(&mut self.answers);
    }
}
