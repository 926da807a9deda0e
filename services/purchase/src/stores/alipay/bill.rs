//! The bill of a day at Alipay: its address is in a signed answer, and its sums are in the file.

use std::time::SystemTime;

use chart::BookKind;
use jiff::civil::Date;
use money::Money;
use money::time::unix_ms;
use serde_json::json;
use storereports::{BillTrade, DailyBill, REPORT_BYTES_MAX, ReportFormat};

use super::account::AlipayApp;
use super::gateway::AlipayFault;
use crate::domain::StoreKind;
use crate::domain::event::{EventState, StoreEvent};
use crate::stores::billing::{BILL_REFUND, BilledAccount, BillingAccount, LaterStanding, NoBill, at_ms};
use crate::stores::payee::OrderAccount as _;
use crate::stores::wallet;

/// How the code ends that says that there is no bill of the day, or not yet.
const ABSENT: &str = "bill_not_exist";

#[tonic::async_trait]
impl BillingAccount for AlipayApp {
    fn billed(&self) -> BilledAccount {
        BilledAccount { book: self.book.clone(), store: StoreKind::Alipay, account: self.account_id().to_owned() }
    }

    fn of_kind(&self) -> BookKind {
        self.kind()
    }

    fn seller(&self) -> &str {
        &self.account.seller_id
    }

    fn format(&self) -> ReportFormat {
        ReportFormat::AlipayBill
    }

    fn strange(&self, bill: &DailyBill, day: Date) -> Option<String> {
        if bill.account.is_empty() {
            return Some("it does not say whose bill it is".to_owned());
        }
        bill.strange(&self.account.seller_id, "", "", day)
    }

    async fn bill(&self, day: Date, now: SystemTime) -> Result<Vec<u8>, NoBill> {
        let later = |fault: AlipayFault| NoBill::Later(fault.to_string());
        match self.gateway.bill_url(day, unix_ms(now)).await {
            Ok(url) => self.gateway.download(&url, REPORT_BYTES_MAX).await.map_err(later),
            Err(AlipayFault::Refused { code, .. }) if code.to_lowercase().ends_with(ABSENT) => Err(NoBill::Absent),
            Err(fault) => Err(later(fault)),
        }
    }

    /// Its bills have what was paid back only.
    async fn standing_of(&self, _trade: &BillTrade) -> Result<LaterStanding, String> {
        Ok(LaterStanding::PaidBack)
    }

    async fn part_of_sum(&self, transaction_id: &str, refund_id: &str, now: SystemTime) -> Result<Option<Money>, String> {
        let answer = self.refund_named(transaction_id, refund_id, now).await?;
        Ok(answer.and_then(|answer| wallet::yuan(&answer.refund_amount)).filter(|amount| amount.minor_units() > 0))
    }

    /// A notification says what was refunded of a trade in all, and a line of a bill one refund: that is a type of its own.
    fn event_of(&self, trade: &BillTrade) -> StoreEvent {
        let (signed_at_ms, amount) = (at_ms(trade.at), trade.amount.to_decimal().to_string());
        let mut form = json!({
            "app_id": self.account.app_id, "seller_id": self.account.seller_id, "out_trade_no": trade.order_no, "trade_no": trade.transaction_id,
        });
        let (kind, event_id) = match &trade.refund {
            Some(refund) => {
                form["out_biz_no"] = json!(refund.request_no);
                form["refund_fee"] = json!(amount);
                (BILL_REFUND, format!("bill-{}-{}", trade.transaction_id, refund.request_no))
            }
            None => {
                form["trade_status"] = json!("TRADE_SUCCESS");
                form["total_amount"] = json!(amount);
                form["gmt_payment"] = json!(wallet::beijing(signed_at_ms));
                ("TRADE_SUCCESS", format!("bill-{}", trade.transaction_id))
            }
        };
        StoreEvent {
            store: StoreKind::Alipay,
            event_id,
            book: self.book.clone(),
            state: EventState::New,
            kind: kind.to_owned(),
            subtype: String::new(),
            environment: self.environment().to_owned(),
            bundle_id: self.account_id().to_owned(),
            transaction_id: trade.transaction_id.clone(),
            account_token: String::new(),
            signed_at_ms,
            payload: form.to_string(),
            tries: 0,
        }
    }
}
