//! Stripe as one of the stores: it reports payments of our orders, and has no receipts.

use std::time::SystemTime;

use axum::http::HeaderMap;
use chart::BookKind;
use money::BookName;

use super::{merchant::Merchants, signature};
use crate::domain::event::StoreEvent;
use crate::error::{ReceiptRefusal, RefusedReceipt};
use crate::stores::{HeardEvent, NotTaken, NotVerified, StoreAcknowledgement, StoreConnector, StoreReceipt, Unavailable, VerifiedSale};

#[tonic::async_trait]
impl StoreConnector for Merchants {
    async fn verify(&self, _receipt: &StoreReceipt, _book: &BookName, _kind: BookKind) -> Result<VerifiedSale, NotVerified> {
        Err(NotVerified::Refused(RefusedReceipt::new(ReceiptRefusal::Malformed, "another store's receipt")))
    }

    async fn acknowledge(&self, _receipt: &StoreReceipt) -> Result<StoreAcknowledgement, Unavailable> {
        // It was told of our order before it was paid, and waits for no word after that.
        Ok(StoreAcknowledgement::Void("Stripe waits for no word".to_owned()))
    }

    async fn event(&self, headers: &HeaderMap, body: &[u8]) -> Result<HeardEvent, NotTaken> {
        let header = headers.get(signature::HEADER).and_then(|value| value.to_str().ok());
        let (kind, event) = Merchants::event(self, header, body, SystemTime::now()).map_err(NotTaken::Refused)?;
        Ok(HeardEvent { event, of: Some(kind) })
    }

    fn receipt(&self, _event: &StoreEvent) -> Option<StoreReceipt> {
        None
    }
}
