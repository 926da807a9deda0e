//! Stripe as one of the stores: it reports payments of our orders, and has no receipts.

use std::time::SystemTime;

use axum::http::HeaderMap;

use super::{merchant::Merchants, signature};
use crate::stores::{HeardEvent, NotTaken, StoreConnector};

#[tonic::async_trait]
impl StoreConnector for Merchants {
    async fn event(&self, headers: &HeaderMap, body: &[u8]) -> Result<HeardEvent, NotTaken> {
        let header = headers.get(signature::HEADER).and_then(|value| value.to_str().ok());
        let (kind, event) = Merchants::event(self, header, body, SystemTime::now()).map_err(NotTaken::Refused)?;
        Ok(HeardEvent { event, of: Some(kind) })
    }
}
