//! Recalls, and the receivers of callbacks.

use super::{BankFailure, BankRoutes};
use crate::bank::clock::now_ms;
use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use iso20022::cancellation::CancellationRequest;
use serde::Deserialize;
use serde_json::Value;

/// The longest address of a receiver.
const URL_BYTES_MAX: usize = 500;
/// The longest name of a receiver.
const NAME_BYTES_MAX: usize = 64;

fn xml(body: String) -> Response {
    ([(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

pub(super) async fn recall(State(bank): State<BankRoutes>, body: Bytes) -> Result<Response, BankFailure> {
    let request = CancellationRequest::read(&body)
        .map_err(|_| BankFailure::Request("the body must be a camt.055.001.08 that names every transfer"))?;
    Ok(xml(bank.desk.recall(&request, now_ms()).await?))
}

pub(super) async fn ask(State(bank): State<BankRoutes>, Path(recall_id): Path<String>) -> Result<Response, BankFailure> {
    let answer = bank.desk.ask_recall(&recall_id, now_ms()).await?;
    answer.map(xml).ok_or(BankFailure::Unknown("no such recall; / lists what there is\n"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiverRequest {
    url: String,
    #[serde(default)]
    name: String,
}

pub(super) async fn register(State(bank): State<BankRoutes>, Json(request): Json<ReceiverRequest>) -> Result<StatusCode, BankFailure> {
    let is_plain = request.url.len() <= URL_BYTES_MAX && request.url.starts_with("http://") && reqwest::Url::parse(&request.url).is_ok();
    if !is_plain {
        return Err(BankFailure::Request("url must be an http:// address of at most 500 bytes"));
    }
    if request.name.len() > NAME_BYTES_MAX || !request.name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(BankFailure::Request("name must be at most 64 printable bytes without spaces"));
    }
    if bank.desk.mailbox().register(&request.url, &request.name).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(BankFailure::Conflict("there are sixteen receivers already; nothing was registered"))
    }
}

pub(super) async fn public_keys(State(bank): State<BankRoutes>) -> Json<Value> {
    Json(bank.desk.mailbox().public_keys())
}
