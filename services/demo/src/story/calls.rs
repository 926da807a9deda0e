//! Calls that send gifts, each retried under one id until it is answered.
use super::{StoryTelling, plan::PlannedCall};
use crate::installation::authorised;
use api::gift::SendGiftResponse;
use runtime::command::UntypedError;
use std::time::{Duration, Instant};
use tonic::{Code, Status};

/// Calls in flight at once.
pub const CALLS_AT_ONCE: usize = 64;
/// Attempts of one call until it counts as never answered, and the pause between two.
const TRIES_MAX: u32 = 150;
const TRY_DELAY: Duration = Duration::from_millis(200);

/// An answered call.
pub struct AnsweredCall {
    /// The answer.
    pub answer: SendGiftResponse,
    /// The coins that it was planned to charge.
    pub planned_coins: i64,
    /// Time from the first attempt to the answer.
    pub took: Duration,
}

/// Retries a call under one id until it is answered. A refusal is an answer, and none is expected here.
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

/// Whether the outcome is unknown, so that the same id may be tried again.
pub fn is_open(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded)
}
