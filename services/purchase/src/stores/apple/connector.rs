//! The App Store as one of the stores.

use super::{ReceiptVerifier, notification, server};
use crate::domain::event::StoreEvent;
use crate::domain::refusal::ReceiptRefusal;
use crate::questions::answer::{AnswerEnd, NewQuestion, NotAnswered, RefundAnswer, StoreQuestion};
use crate::stores::receipt::RefusedReceipt;
use crate::stores::{HeardEvent, NotTaken, NotVerified, StoreAcknowledgement, StoreConnector, StoreReceipt, Unavailable, VerifiedSale};
use axum::http::HeaderMap;
use chart::BookKind;
use money::BookName;

#[tonic::async_trait]
impl StoreConnector for ReceiptVerifier {
    async fn verify(&self, receipt: &StoreReceipt, book: &BookName, kind: BookKind) -> Result<VerifiedSale, NotVerified> {
        let StoreReceipt::Apple(signed) = receipt else {
            return Err(NotVerified::Refused(RefusedReceipt::new(ReceiptRefusal::Malformed, "another store's receipt")));
        };
        let transaction = ReceiptVerifier::verify(self, signed, book, kind).map_err(NotVerified::Refused)?;
        Ok(VerifiedSale { transaction, acknowledge_by_ms: None })
    }

    async fn acknowledge(&self, _receipt: &StoreReceipt) -> Result<StoreAcknowledgement, Unavailable> {
        // The app finishes a transaction on the device. The App Store takes no word for it from a server.
        Ok(StoreAcknowledgement::Void("the app itself finishes the transaction at the App Store".to_owned()))
    }

    async fn event(&self, _headers: &HeaderMap, body: &[u8]) -> Result<HeardEvent, NotTaken> {
        let payload = notification::signed_payload(body).ok_or(NotTaken::Malformed)?;
        let (kind, event) = self.notification(&payload).map_err(NotTaken::Refused)?;
        Ok(HeardEvent { event, of: Some(kind) })
    }

    fn question(&self, event: &StoreEvent) -> Option<NewQuestion> {
        let asks = notification::asks_about_refund(&event.kind) && !event.transaction_id.is_empty();
        asks.then(|| NewQuestion { key: event.event_id.clone(), token: String::new() })
    }

    async fn answer(&self, question: &StoreQuestion, answer: &RefundAnswer) -> Result<AnswerEnd, NotAnswered> {
        let kind = if question.environment == "Production" { BookKind::Live } else { BookKind::Test };
        let why = || "no key for the App Store Server API is configured (purchase.apple)".to_owned();
        let server = self.servers[server::place(kind)].as_ref();
        let server = server.ok_or_else(|| NotAnswered { why: why(), for_all: false, retry_at_ms: 0 })?;
        server.send_consumption(&question.bundle_id, &question.transaction_id, answer).await
    }

    fn receipt(&self, event: &StoreEvent) -> Option<StoreReceipt> {
        notification::receipt(&event.payload).map(StoreReceipt::Apple)
    }
}
