//! Recalls as `camt.055` out and `camt.029` back.

use super::{ANSWER_BYTES_MAX, ASK_TIME_OUT, Iso20022Bank, RecallOrder, RecallReply, read, why};
use crate::domain::evidence::{REASON_CHARS_MAX, REASON_CODE_CHARS_MAX, plain};
use iso20022::{
    ReasonCode,
    cancellation::{CancellationRequest, PaymentToCancel, TransactionToCancel},
    pain001::MESSAGE_NAME,
    resolution::{CancellationOutcome, CancellationReason, Resolution},
};
use reqwest::{RequestBuilder, StatusCode};

impl Iso20022Bank {
    pub(super) async fn send_recall(&self, order: &RecallOrder<'_>) -> RecallReply {
        let body = match request(order).write() {
            Ok(body) => body,
            Err(error) => return RecallReply::Lost(format!("the request can't be written: {error}")),
        };
        let url = self.url.join("recalls").expect("the base is a checked URL");
        let request = self.client.post(url).header("content-type", "application/xml").body(body);
        match self.resolution(request, order.recall_id, order.end_to_end_id).await {
            // To what was just sent, "not found" is no answer.
            RecallReply::NotFound => RecallReply::Lost("HTTP 404".to_owned()),
            answer => answer,
        }
    }

    pub(super) async fn ask_recall(&self, recall_id: &str, end_to_end_id: &str) -> RecallReply {
        let url = self.url.join(&format!("recalls/{recall_id}")).expect("ids are hexadecimal and the base is a checked URL");
        self.resolution(self.client.get(url), recall_id, end_to_end_id).await
    }

    async fn resolution(&self, request: RequestBuilder, recall_id: &str, end_to_end_id: &str) -> RecallReply {
        let response = match request.timeout(ASK_TIME_OUT).send().await {
            Ok(response) => response,
            Err(error) => return RecallReply::Lost(why(&error).to_owned()),
        };
        let status = response.status();
        let (body, cut) = read(response, ANSWER_BYTES_MAX).await;
        if status == StatusCode::NOT_FOUND {
            return RecallReply::NotFound;
        }
        if let Some(why) = cut {
            return RecallReply::Lost(why.to_owned());
        }
        if !status.is_success() {
            return RecallReply::Lost(format!("HTTP {}", status.as_u16()));
        }
        match Resolution::read(&body) {
            Ok(resolution) => judged(&resolution, recall_id, end_to_end_id),
            Err(error) => RecallReply::Lost(format!("the answer can't be read: {error}")),
        }
    }
}

fn request(order: &RecallOrder<'_>) -> CancellationRequest {
    let transaction = TransactionToCancel {
        cancellation_id: None,
        end_to_end_id: order.end_to_end_id.to_owned(),
        uetr: None,
        amount: Some(order.amount),
        reason: Some(ReasonCode::from_code(order.code)),
        additional: Vec::new(),
    };
    CancellationRequest {
        assignment_id: order.recall_id.to_owned(),
        created: order.created,
        asker: Some(order.debtor_name.to_owned()),
        bank: None,
        payments: vec![PaymentToCancel {
            // Our payments have one transfer each, whose id they share.
            original_payment_id: order.end_to_end_id.to_owned(),
            original_message_id: Some(order.message_id.to_owned()),
            original_message_name: Some(MESSAGE_NAME.to_owned()),
            transactions: vec![transaction],
        }],
    }
}

/// What an answer says of our recall. One of another recall, or of another payment, says nothing; a code that is not known is left to people, and is asked again.
fn judged(resolution: &Resolution, recall_id: &str, end_to_end_id: &str) -> RecallReply {
    let case = |id: &Option<String>| id.as_deref() == Some(recall_id);
    let ours = resolution.transactions.iter().find(|one| one.end_to_end_id.as_deref() == Some(end_to_end_id));
    if !case(&resolution.case_id) && !ours.is_some_and(|one| case(&one.case_id)) {
        return RecallReply::Lost("an answer to another recall".to_owned());
    }
    let Some(ours) = ours else { return RecallReply::Pending };
    match &ours.outcome {
        Some(CancellationOutcome::Accepted) => {
            let repaid_by = ours.repayment.as_ref().and_then(|repayment| repayment.end_to_end_id.clone()).unwrap_or_default();
            // A repayment under the payment's own id is an ordinary return.
            let repaid_by = if repaid_by == end_to_end_id { String::new() } else { plain(&repaid_by, REASON_CODE_CHARS_MAX) };
            RecallReply::Accepted { repaid_by }
        }
        Some(CancellationOutcome::Refused) => {
            let (code, words) = ours.reasons.first().map(told).unwrap_or_default();
            RecallReply::Refused { code, words }
        }
        Some(CancellationOutcome::Pending | CancellationOutcome::InPart) | None => RecallReply::Pending,
        Some(CancellationOutcome::Other(code)) => RecallReply::Lost(format!("the bank answers {}", plain(code, REASON_CODE_CHARS_MAX))),
    }
}

fn told(reason: &CancellationReason) -> (String, String) {
    let code = reason.reason.as_ref().map_or_else(String::new, |code| plain(code.code(), REASON_CODE_CHARS_MAX));
    let own = reason.additional.join(" ");
    let words = if own.is_empty() { reason.reason.as_ref().map_or("", ReasonCode::words).to_owned() } else { own };
    (code, plain(&words, REASON_CHARS_MAX))
}
