//! Retries calls known not to have been executed, within a retry budget: callers do not notice a peer that is being replaced, and one that is down is not
//! flooded with retries.
use crate::{context, errors};
use http::Response;
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Status, body::Body};
use tower::retry::budget::{Budget as _, TpsBudget};

/// Delays before the second attempt and the third; each is stretched by up to half at random.
const DELAYS: [Duration; 2] = [Duration::from_millis(25), Duration::from_millis(100)];
/// How long calls count for the budget; how many retries there may be for ten calls; and how many a second in any case.
const BUDGET_TTL: Duration = Duration::from_secs(10);
const BUDGET_MIN_PER_SECOND: u32 = 10;
const BUDGET_PERCENT: f32 = 0.1;
/// Reasons with which a server refuses a call before it executes anything.
const NOT_BEGUN: [&[u8]; 2] = [b"NOT_THE_WRITER", b"IDENTITY_UNAVAILABLE"];

/// How often the calls of one transport may be retried.
pub(super) struct RetryBudget(TpsBudget);

impl RetryBudget {
    pub(super) fn new() -> Self {
        Self(TpsBudget::new(BUDGET_TTL, BUDGET_MIN_PER_SECOND, BUDGET_PERCENT))
    }

    /// Counts the first attempt of a call.
    pub(super) fn first(&self) {
        self.0.deposit();
    }

    /// Waits for the next attempt, after `attempt` of them (from 0). False: there is no further attempt.
    pub(super) async fn wait(&self, attempt: usize) -> bool {
        let Some(delay) = DELAYS.get(attempt) else { return false };
        let delay = delay.mul_f64(1.0 + rand_half());
        let late = context::current().deadline.is_some_and(|deadline| Instant::now() + delay >= deadline);
        if late || !self.0.withdraw() {
            return false;
        }
        tokio::time::sleep(delay).await;
        true
    }
}

/// Whether the peer certainly did not execute the call.
pub(super) fn not_begun(answer: &Result<Response<Body>, Status>) -> bool {
    match answer {
        Ok(response) => {
            let message = response.headers().get("grpc-message").map(http::HeaderValue::as_bytes).unwrap_or_default();
            NOT_BEGUN.iter().any(|reason| message.starts_with(reason))
        }
        Err(status) => errors::reason(status).as_deref() == Some("PEER_UNREACHABLE"),
    }
}

/// 0 to a half, so that callers that were refused together do not retry together.
fn rand_half() -> f64 {
    let random = uuid::Uuid::new_v4().as_u128();
    (random >> 64) as u32 as f64 / f64::from(u32::MAX) / 2.0
}
