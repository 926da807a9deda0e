//! Notifications: signed, with an encrypted resource about one transaction or refund. Only what is needed is kept of one: the buyer's id is not.

use std::time::SystemTime;

use axum::http::HeaderMap;
use money::time::unix_ms;
use serde::Deserialize;

use super::account::{WechatAccounts, WechatMerchant};
use super::resource::EncryptedResource;
use super::signature::{SignatureHeaders, Unsigned};
use super::transaction::TransactionDocument;
use crate::domain::StoreKind;
use crate::domain::event::{EventState, StoreEvent};
use crate::domain::refusal::ReceiptRefusal;
use crate::orders::order::EventNews;
use crate::refunds::fact::{FactStatus, RefundOfEvent};
use crate::stores::payee::OrderAccount as _;
use crate::stores::receipt::RefusedReceipt;
use crate::stores::{HeardEvent, ID_BYTES_MAX, NotTaken, StoreConnector, wallet};

/// Largest notification that is taken, in bytes; real ones have two KiB.
const NOTIFICATION_BYTES_MAX: usize = 64 * 1024;

/// A notification as it comes.
#[derive(Debug, Deserialize)]
struct NotificationDocument {
    id: String,
    #[serde(default)]
    create_time: String,
    event_type: String,
    resource: EncryptedResource,
}

impl WechatAccounts {
    /// Verifies a notification, before anything of it is read, and decrypts it.
    fn notification(&self, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Result<HeardEvent, NotTaken> {
        if body.len() > NOTIFICATION_BYTES_MAX {
            return Err(NotTaken::Malformed);
        }
        let refused = |refusal, why: String| NotTaken::Refused(RefusedReceipt::new(refusal, why));
        let unsigned = |why: Unsigned| refused(ReceiptRefusal::Signature, why.to_string());
        let headers = SignatureHeaders::read(headers).map_err(unsigned)?;
        let merchant = self.signer(headers, body, unix_ms(now) / 1_000).map_err(unsigned)?;
        let malformed = |what: &str| refused(ReceiptRefusal::Malformed, format!("{what} is missing or not of its form"));
        let document: NotificationDocument = serde_json::from_slice(body).map_err(|_| malformed("the notification"))?;
        let fits = |text: &str| (1..=ID_BYTES_MAX).contains(&text.len()) && money::text::is_plain(text);
        if !fits(&document.id) || !fits(&document.event_type) {
            return Err(malformed("its id or its event_type"));
        }
        // It is WeChat Pay's, so that it must not be lost: our key is missing or wrong, and the operator has to act.
        let opened = merchant.open_resource(&document.resource);
        let opened = opened.ok_or_else(|| NotTaken::Later("none of the merchant's APIv3 keys decrypts it".to_owned()))?;
        let about: TransactionDocument = serde_json::from_slice(&opened).map_err(|_| malformed("its resource"))?;
        let status = if about.refund_status.is_empty() { about.trade_state.clone() } else { about.refund_status.clone() };
        let kept = |text: String| Some(text).filter(|text| fits(text)).unwrap_or_default();
        let event = StoreEvent {
            store: StoreKind::Wechat,
            event_id: document.id,
            book: merchant.book.clone(),
            state: EventState::New,
            kind: document.event_type,
            subtype: kept(status),
            environment: merchant.environment().to_owned(),
            bundle_id: merchant.account_id().to_owned(),
            transaction_id: kept(about.transaction_id.clone()),
            account_token: String::new(),
            signed_at_ms: wallet::from_rfc3339(&document.create_time).unwrap_or(0),
            payload: serde_json::to_string(&about).unwrap_or_default(),
            tries: 0,
        };
        Ok(HeardEvent { event, of: Some(merchant.kind()) })
    }

    /// The merchant whose notification it is: the one whose key signed it.
    fn signer(&self, headers: SignatureHeaders<'_>, body: &[u8], now_s: i64) -> Result<&WechatMerchant, Unsigned> {
        let mut why = Unsigned::Serial;
        for merchant in &self.0 {
            match headers.check(&merchant.keys, body, now_s) {
                Ok(()) => return Ok(merchant),
                Err(Unsigned::Serial) => {}
                Err(other) => why = other,
            }
        }
        Err(why)
    }
}

#[tonic::async_trait]
impl StoreConnector for WechatAccounts {
    async fn event(&self, headers: &HeaderMap, body: &[u8]) -> Result<HeardEvent, NotTaken> {
        self.notification(headers, body, SystemTime::now())
    }
}

/// What a kept notification says of a refund; `None` where it can't be read. One that is abnormal has reached nobody so far, and may succeed once the merchant
/// has chosen another way.
pub(crate) fn refund(event: &StoreEvent) -> Option<RefundOfEvent> {
    let about: TransactionDocument = serde_json::from_str(&event.payload).ok()?;
    let amount = wallet::fen(about.amount.refund?)?;
    let (status, how) = match event.kind.as_str() {
        "REFUND.SUCCESS" => (FactStatus::Granted, "refunded"),
        "REFUND.ABNORMAL" | "REFUND.CLOSED" => (FactStatus::Undone, "not refunded"),
        _ => return None,
    };
    let id = Some(about.refund_id).filter(|id| (1..=ID_BYTES_MAX).contains(&id.len()) && money::text::is_plain(id))?;
    Some(RefundOfEvent { id, last_id: String::new(), amount, status, shown: format!("{} CNY {how}", amount.to_decimal()) })
}

/// What a kept notification says; `None` where it can't be read.
pub fn news(event: &StoreEvent) -> Option<EventNews> {
    let about: TransactionDocument = serde_json::from_str(&event.payload).ok()?;
    match event.kind.as_str() {
        "TRANSACTION.SUCCESS" => Some(about.facts(&event.environment, event.signed_at_ms).map_or(EventNews::Unknown, EventNews::Payment)),
        "REFUND.SUCCESS" | "REFUND.ABNORMAL" | "REFUND.CLOSED" => Some(EventNews::MoneyBack(refund(event)?.shown)),
        _ => Some(EventNews::Unknown),
    }
}
