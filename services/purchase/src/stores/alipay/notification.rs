//! Notifications: a form, signed with RSA2, about one trade. Only what is needed is kept of one: ids of buyers are not.

use axum::http::HeaderMap;
use serde_json::{Map, Value};

use super::account::{self, AlipayAccounts};
use super::signature::{self, Parameters};
use super::trade::{self, TradeStatus};
use crate::domain::StoreKind;
use crate::domain::event::{EventState, StoreEvent};
use crate::domain::refusal::ReceiptRefusal;
use crate::orders::order::EventNews;
use crate::orders::order::PaymentFacts;
use crate::refunds::fact::{CUMULATIVE, FactStatus, RefundOfEvent};
use crate::stores::billing::BILL_REFUND;
use crate::stores::payee::OrderAccount as _;
use crate::stores::receipt::RefusedReceipt;
use crate::stores::{HeardEvent, ID_BYTES_MAX, NotTaken, StoreConnector, wallet};

/// Largest notification that is taken, in bytes; real ones have two KiB.
const NOTIFICATION_BYTES_MAX: usize = 64 * 1024;
/// What Alipay wants to read, exactly, or it sends the notification again.
pub const TAKEN: &str = "success";

/// The fields that are kept, where it has them.
const KEPT: [&str; 15] = [
    "app_id",
    "seller_id",
    "notify_type",
    "notify_time",
    "out_trade_no",
    "trade_no",
    "out_biz_no",
    "trade_status",
    "total_amount",
    "receipt_amount",
    "refund_fee",
    "gmt_payment",
    "gmt_refund",
    "gmt_close",
    "version",
];

impl AlipayAccounts {
    /// Verifies a notification and reads it. The app is the one that it names: only with that app's keys it can be Alipay's.
    fn notification(&self, body: &[u8]) -> Result<HeardEvent, NotTaken> {
        if body.len() > NOTIFICATION_BYTES_MAX {
            return Err(NotTaken::Malformed);
        }
        let form = signature::read_form(body).ok_or(NotTaken::Malformed)?;
        let refused = |refusal, why: &str| NotTaken::Refused(RefusedReceipt::new(refusal, why));
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if !form.contains_key("sign") {
            return Err(NotTaken::Malformed);
        }
        if field("sign_type") != "RSA2" {
            return Err(refused(ReceiptRefusal::Algorithm, "it is not signed with RSA2"));
        }
        let app = self.app(field("app_id")).ok_or_else(|| refused(ReceiptRefusal::Bundle, "it is about no app of ours"))?;
        let number = form.get("alipay_cert_sn").map(String::as_str);
        let proved = app.check(number, &signature::content(&form, &["sign", "sign_type"]), field("sign"));
        proved.map_err(|why| refused(ReceiptRefusal::Signature, &why.to_string()))?;
        let fits = |text: &str| (1..=ID_BYTES_MAX).contains(&text.len()) && money::text::is_plain(text);
        let kind = if form.contains_key("trade_status") { field("trade_status") } else { field("notify_type") };
        if !fits(field("notify_id")) || !fits(kind) {
            return Err(refused(ReceiptRefusal::Malformed, "its notify_id or its type is missing or not of its form"));
        }
        let event = StoreEvent {
            store: StoreKind::Alipay,
            event_id: field("notify_id").to_owned(),
            book: app.book.clone(),
            state: EventState::New,
            kind: kind.to_owned(),
            subtype: String::new(),
            environment: app.environment().to_owned(),
            bundle_id: app.account_id().to_owned(),
            transaction_id: Some(field("trade_no")).filter(|id| fits(id)).unwrap_or_default().to_owned(),
            account_token: String::new(),
            signed_at_ms: wallet::from_beijing(field("notify_time")).unwrap_or(0),
            payload: reduced(&form),
            tries: 0,
        };
        Ok(HeardEvent { event, of: Some(app.kind()) })
    }
}

#[tonic::async_trait]
impl StoreConnector for AlipayAccounts {
    async fn event(&self, _headers: &HeaderMap, body: &[u8]) -> Result<HeardEvent, NotTaken> {
        self.notification(body)
    }
}

/// The kept fields, as JSON.
fn reduced(form: &Parameters) -> String {
    let kept = KEPT.iter().filter_map(|name| Some(((*name).to_owned(), Value::String(form.get(*name)?.clone()))));
    Value::Object(kept.collect::<Map<_, _>>()).to_string()
}

/// Whether a text can be the id of a refund.
fn is_id(text: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&text.len()) && text != CUMULATIVE && money::text::is_plain(text)
}

/// What a kept notification says was refunded of its trade so far; `None` where it can't be read.
pub(crate) fn refund(event: &StoreEvent) -> Option<RefundOfEvent> {
    let form: Parameters = serde_json::from_str(&event.payload).ok()?;
    let amount = wallet::yuan(form.get("refund_fee")?)?;
    if event.kind == BILL_REFUND {
        let id = form.get("out_biz_no").filter(|id| is_id(id))?;
        let shown = format!("{} CNY refunded, says the bill of the day", amount.to_decimal());
        return Some(RefundOfEvent { id: id.clone(), last_id: String::new(), amount, status: FactStatus::Granted, shown });
    }
    let shown = format!("{} CNY refunded so far", amount.to_decimal());
    let last_id = form.get("out_biz_no").filter(|id| is_id(id)).cloned().unwrap_or_default();
    Some(RefundOfEvent { id: String::new(), last_id, amount, status: FactStatus::Granted, shown })
}

/// What a kept notification says; `None` where it can't be read.
pub fn news(event: &StoreEvent) -> Option<EventNews> {
    let form: Parameters = serde_json::from_str(&event.payload).ok()?;
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if form.contains_key("refund_fee") {
        let refund = refund(event)?;
        if refund.amount.minor_units() > 0 {
            return Some(EventNews::MoneyBack(refund.shown));
        }
    }
    // One that was refunded says so above: without that, a trade that is closed was never paid.
    let Some(standing) = trade::standing(TradeStatus::of(field("trade_status")), false) else { return Some(EventNews::Unknown) };
    let account_id = account::account_id(field("app_id"), field("seller_id"));
    let of_trade = trade::facts(field("out_trade_no"), field("trade_no"), field("total_amount"), &event.environment, &account_id);
    let said_at_ms = wallet::from_beijing(field("gmt_payment")).unwrap_or(event.signed_at_ms);
    Some(EventNews::Payment(PaymentFacts { standing, said_at_ms, ..of_trade }))
}
