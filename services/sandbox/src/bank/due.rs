//! What happens by itself: returns and answers to recalls, when their time has come.

use super::{
    books::events::{self, DueEvent},
    clock::now_ms,
    desk::{DeskError, PaymentDesk},
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The pause after a failure of the books, and the longest without looking.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(60);

/// Does what is due until `shutdown`.
pub async fn run(desk: PaymentDesk, shutdown: CancellationToken) {
    loop {
        let pause = match work(&desk).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(%error, "the sandbox bank can't do what is due; it tries again");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = desk.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Does what is due now; returns how long nothing else is.
async fn work(desk: &PaymentDesk) -> Result<Duration, DeskError> {
    loop {
        let now = now_ms();
        let (events, next) = events::due(desk.books().pool(), now).await?;
        if events.is_empty() {
            return Ok(next.map_or(IDLE, |at_ms| Duration::from_millis((at_ms - now).max(1).unsigned_abs()).min(IDLE)));
        }
        for (event, id) in events {
            match event {
                DueEvent::Return => desk.return_due(&id, now).await?,
                DueEvent::Recall => desk.answer_recall(&id, now).await?,
            }
        }
    }
}
