//! How an answer reaches the peer, or does not: the faults that both the JSON bank and the ACH bank have on command.

use crate::bank::line::ConnectionCutter;
use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What the peer receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerDelivery {
    /// The answer, at once.
    Now,
    /// The answer, after this delay.
    After(Duration),
    /// No answer; the connection is cut.
    Cut,
    /// No answer; the connection stays open.
    Never,
    /// Bytes that are no answer.
    Garbage,
}

/// Delivers an answer. One that never comes ends with the bank.
pub async fn deliver(delivery: AnswerDelivery, answer: Response, line: &ConnectionCutter, shutdown: &CancellationToken) -> Response {
    match delivery {
        AnswerDelivery::Now => return answer,
        AnswerDelivery::Garbage => return (StatusCode::ACCEPTED, "<html>It works!</html>").into_response(),
        AnswerDelivery::Cut => line.cut(),
        AnswerDelivery::After(delay) => {
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = shutdown.cancelled() => line.cut(),
            }
        }
        AnswerDelivery::Never => {
            shutdown.cancelled().await;
            line.cut();
        }
    }
    answer
}
