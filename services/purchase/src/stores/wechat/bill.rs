//! The bill of a day at WeChat Pay: its address and hash are in a signed answer, and the file is whoever's has that hash.

use std::time::SystemTime;

use chart::BookKind;
use jiff::civil::Date;
use money::Money;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde::Deserialize;
use storereports::gzip::{gunzip, is_gzip};
use storereports::{BillTrade, DailyBill, REPORT_BYTES_MAX, ReportFormat};

use super::account::WechatMerchant;
use super::api::{ErrorCode, WechatFault};
use super::refund_document::RefundStatus;
use super::transaction::{AmountDocument, TransactionDocument};
use crate::domain::StoreKind;
use crate::domain::event::{EventState, StoreEvent};
use crate::stores::billing::{BilledAccount, BillingAccount, LaterStanding, NoBill, at_ms};
use crate::stores::payee::OrderAccount as _;
use crate::stores::wallet;

/// The only kind of hash.
const HASH: &str = "SHA1";

/// Where a bill is (pay.weixin.qq.com, "Applying for trade bills").
#[derive(Debug, Deserialize)]
struct BillDocument {
    hash_type: String,
    hash_value: String,
    download_url: String,
}

impl WechatMerchant {
    async fn trade_bill(&self, day: Date) -> Result<Vec<u8>, WechatFault> {
        self.bill_at(&format!("/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP")).await
    }

    /// The file whose address and hash this path answers.
    async fn bill_at(&self, path: &str) -> Result<Vec<u8>, WechatFault> {
        let later = |why: &str| WechatFault::Later(why.to_owned());
        let answer = self.api.get(path).await?;
        let found: BillDocument = serde_json::from_slice(&answer).map_err(|_| later("an answer without the address of a bill"))?;
        if found.hash_type != HASH {
            return Err(later("the bill has a hash of a kind that is not known"));
        }
        let packed = self.api.download(&found.download_url, REPORT_BYTES_MAX).await?;
        let bytes = if is_gzip(&packed) {
            gunzip(&packed, REPORT_BYTES_MAX).map_err(|fault| WechatFault::Later(fault.to_string()))?
        } else {
            packed
        };
        // The hash is of the bill itself, however it is packed.
        if !hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &bytes)).eq_ignore_ascii_case(&found.hash_value) {
            return Err(later("the file is not the one whose hash WeChat Pay signed"));
        }
        Ok(bytes)
    }
}

fn no_bill(fault: WechatFault) -> NoBill {
    match fault {
        WechatFault::Refused { code: ErrorCode::NoStatementExist, .. } => NoBill::Absent,
        other => NoBill::Later(other.to_string()),
    }
}

#[tonic::async_trait]
impl BillingAccount for WechatMerchant {
    fn billed(&self) -> BilledAccount {
        BilledAccount { book: self.book.clone(), store: StoreKind::Wechat, account: self.account_id().to_owned() }
    }

    fn of_kind(&self) -> BookKind {
        self.kind()
    }

    fn seller(&self) -> &str {
        &self.account.mchid
    }

    fn format(&self) -> ReportFormat {
        ReportFormat::WechatBill
    }

    fn strange(&self, bill: &DailyBill, day: Date) -> Option<String> {
        // It has what was paid through every app of the merchant; trades are compared with orders of this one only.
        bill.strange(&self.account.mchid, "", &self.account.mchid, day)
    }

    async fn bill(&self, day: Date, _now: SystemTime) -> Result<Vec<u8>, NoBill> {
        self.trade_bill(day).await.map_err(no_bill)
    }

    /// That of the basic account, into which payments go and from which is withdrawn.
    async fn fund_flow(&self, day: Date) -> Result<(Vec<u8>, ReportFormat), NoBill> {
        let path = format!("/v3/bill/fundflowbill?bill_date={day}&account_type=BASIC&tar_type=GZIP");
        Ok((self.bill_at(&path).await.map_err(no_bill)?, ReportFormat::WechatFundFlow))
    }

    async fn standing_of(&self, trade: &BillTrade) -> Result<LaterStanding, String> {
        let id = trade.refund.as_ref().map(|refund| refund.request_no.as_str()).unwrap_or_default();
        // It becomes a part of an address.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            return Err("the bill names a refund whose id can't be asked about".to_owned());
        }
        let refund = self.api.refund_of(id).await.map_err(|fault| fault.to_string())?;
        Ok(match refund.status {
            RefundStatus::Success => LaterStanding::PaidBack,
            RefundStatus::Closed => LaterStanding::Failed,
            RefundStatus::Processing | RefundStatus::Abnormal | RefundStatus::Other => LaterStanding::OnItsWay,
        })
    }

    /// Its notifications name each refund with its amount.
    async fn part_of_sum(&self, _transaction_id: &str, _refund_id: &str, _now: SystemTime) -> Result<Option<Money>, String> {
        Ok(None)
    }

    fn event_of(&self, trade: &BillTrade) -> StoreEvent {
        let (signed_at_ms, success) = (at_ms(trade.at), "SUCCESS".to_owned());
        let of_trade = TransactionDocument {
            appid: self.account.appid.clone(),
            mchid: self.account.mchid.clone(),
            out_trade_no: trade.order_no.clone(),
            transaction_id: trade.transaction_id.clone(),
            success_time: wallet::beijing_rfc3339(signed_at_ms),
            ..TransactionDocument::default()
        };
        let (currency, minor) = (trade.amount.currency().code().to_owned(), trade.amount.minor_units());
        let (kind, event_id, about) = match &trade.refund {
            Some(refund) => {
                let about = TransactionDocument {
                    refund_id: refund.refund_no.clone(),
                    out_refund_no: refund.request_no.clone(),
                    refund_status: success.clone(),
                    amount: AmountDocument { refund: Some(minor), currency: Some(currency), ..AmountDocument::default() },
                    ..of_trade
                };
                ("REFUND.SUCCESS", format!("bill-{}", refund.refund_no), about)
            }
            None => {
                let amount = AmountDocument { total: Some(minor), currency: Some(currency), ..AmountDocument::default() };
                let about = TransactionDocument { trade_state: success.clone(), amount, ..of_trade };
                ("TRANSACTION.SUCCESS", format!("bill-{}", trade.transaction_id), about)
            }
        };
        StoreEvent {
            store: StoreKind::Wechat,
            event_id,
            book: self.book.clone(),
            state: EventState::New,
            kind: kind.to_owned(),
            subtype: success,
            environment: self.environment().to_owned(),
            bundle_id: self.account_id().to_owned(),
            transaction_id: trade.transaction_id.clone(),
            account_token: String::new(),
            signed_at_ms,
            payload: serde_json::to_string(&about).unwrap_or_default(),
            tries: 0,
        }
    }
}
