//! Calls that send gifts, each tried under its one id until there is an answer.
use super::{StoryTelling, plan::PlannedCall};
use crate::installation::authorised;
use api::gift::SendGiftResponse;
use runtime::command::UntypedError;
use std::time::{Duration, Instant};
use tonic::{Code, Status};

/// Calls in flight at once.
pub const CALLS_AT_ONCE: usize = 64;
/// Tries of one call until it counts as never answered, and the pause between two.
const TRIES_MAX: u32 = 150;
const TRY_DELAY: Duration = Duration::from_millis(200);

/// An answered call.
pub struct AnsweredCall {
    /// The answer.
    pub answer: SendGiftResponse,
    /// What it was to charge.
    pub planned_coins: i64,
    /// From the first try to the answer.
    pub took: Duration,
}

/// Tries a call under its one id until there is an answer. A refusal is one, and here none is expected.
pub async fn answered(story: &StoryTelling, call: &PlannedCall) -> Result<AnsweredCall, UntypedError> {
    let started = Instant::now();
    let mut tries = 0;
    loop {
        tries += 1;
        let request = authorised(call.request.clone(), &story.tokens[call.buyer])?;
        match story.installation.gift().send_gift(request).await {
            Ok(answer) => {
                story.bar.inc(1);
                return Ok(AnsweredCall { answer: answer.into_inner(), planned_coins: call.cost_coins, took: started.elapsed() });
            }
            Err(status) if is_open(&status) && tries < TRIES_MAX => tokio::time::sleep(TRY_DELAY).await,
            Err(status) => return Err(format!("a gift after {tries} tries: {status}").into()),
        }
    }
}

/// Nobody said yes or no: the same id may be tried again.
pub fn is_open(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded)
}
