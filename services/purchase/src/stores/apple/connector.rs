//! The App Store as one of the stores.

use super::{ReceiptVerifier, notification};
use crate::domain::event::StoreEvent;
use crate::error::{ReceiptRefusal, RefusedReceipt};
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

    fn receipt(&self, event: &StoreEvent) -> Option<StoreReceipt> {
        notification::receipt(&event.payload).map(StoreReceipt::Apple)
    }
}
