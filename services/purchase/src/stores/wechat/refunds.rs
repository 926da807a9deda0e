//! Refunds at WeChat Pay: known by our id (`out_refund_no`), under which it pays back once.

use std::time::SystemTime;

use super::account::WechatMerchant;
use super::api::{ErrorCode, WechatFault};
use super::refund_document::out_refund_no;
use crate::domain::Purchase;
use crate::refund_orders::order::RefundOrder;
use crate::stores::refunding::{NotRefunded, RefundWord, RefundingStore};

/// Why an answer decides nothing.
const UNKNOWN_STATE: &str = "a state of the refund that is not known";

#[tonic::async_trait]
impl RefundingStore for WechatMerchant {
    fn takes_parts(&self) -> bool {
        true
    }

    async fn refund(&self, order: &RefundOrder, of: &Purchase, _now: SystemTime) -> Result<RefundWord, NotRefunded> {
        match self.api.refund(order, of).await {
            Ok(document) => document.word().ok_or_else(|| NotRefunded::Unknown(UNKNOWN_STATE.to_owned())),
            Err(WechatFault::Refused { message, .. }) => Err(NotRefunded::Refused(message)),
            Err(WechatFault::Later(why)) => Err(NotRefunded::Unknown(why)),
        }
    }

    async fn refund_standing(&self, order: &RefundOrder, _of: &Purchase, _now: SystemTime) -> Result<Option<RefundWord>, String> {
        match self.api.refund_of(&out_refund_no(order)).await {
            Ok(document) => {
                let word = document.word();
                word.map(Some).ok_or_else(|| UNKNOWN_STATE.to_owned())
            }
            Err(WechatFault::Refused { code: ErrorCode::ResourceNotExists, .. }) => Ok(None),
            Err(fault) => Err(fault.to_string()),
        }
    }
}
