//! Refunds at Alipay: known by our id (`out_request_no`), under which it pays back once.

use std::time::SystemTime;

use money::time::unix_ms;

use super::account::AlipayApp;
use super::gateway::AlipayFault;
use super::refund_answer::{RefundQueryAnswer, RefundStatus, out_request_no};
use crate::domain::Purchase;
use crate::refund_orders::order::RefundOrder;
use crate::stores::refunding::{NotRefunded, RefundStanding, RefundWord, RefundingStore};
use crate::stores::wallet;

/// What says that the query finds nothing: the trade or the refund.
const NOT_EXIST: [&str; 2] = ["ACQ.TRADE_NOT_EXIST", "ACQ.REFUND_NOT_EXIST"];

#[tonic::async_trait]
impl RefundingStore for AlipayApp {
    fn takes_parts(&self) -> bool {
        true
    }

    /// A request that is repeated moves nothing and says so; then the query decides.
    async fn refund(&self, order: &RefundOrder, of: &Purchase, now: SystemTime) -> Result<RefundWord, NotRefunded> {
        match self.gateway.refund(order, of, unix_ms(now)).await {
            Ok(answer) if answer.fund_change == "Y" => Ok(RefundWord {
                store_refund_id: out_request_no(order),
                standing: RefundStanding::Succeeded,
                amount: None,
                together: wallet::yuan(&answer.refund_fee),
                why: String::new(),
            }),
            Ok(answer) => match self.queried(order, of, now).await {
                Ok(Some(word)) => Ok(RefundWord { together: wallet::yuan(&answer.refund_fee), ..word }),
                Ok(None) => Err(NotRefunded::Unknown("Alipay took the refund and has not paid back yet".to_owned())),
                Err(why) => Err(NotRefunded::Unknown(why)),
            },
            Err(AlipayFault::Refused { code, message }) => Err(NotRefunded::Refused(format!("{code}: {message}"))),
            Err(AlipayFault::Later(why)) => Err(NotRefunded::Unknown(why)),
        }
    }

    /// The query says nothing of what was refunded in all. Repeating the request moves nothing and says it, so that it is the same statement as the notification.
    async fn refund_standing(&self, order: &RefundOrder, of: &Purchase, now: SystemTime) -> Result<Option<RefundWord>, String> {
        let Some(word) = self.queried(order, of, now).await? else { return Ok(None) };
        let together = match self.gateway.refund(order, of, unix_ms(now)).await {
            Ok(answer) => wallet::yuan(&answer.refund_fee),
            // What is refunded in full may take no more requests; then the refund alone is what is known.
            Err(AlipayFault::Refused { .. }) => None,
            Err(AlipayFault::Later(why)) => return Err(why),
        };
        Ok(Some(RefundWord { together, ..word }))
    }
}

impl AlipayApp {
    async fn queried(&self, order: &RefundOrder, of: &Purchase, now: SystemTime) -> Result<Option<RefundWord>, String> {
        let answer = self.refund_named(&of.transaction_id, &out_request_no(order), now).await?;
        Ok(answer.map(|answer| RefundWord {
            store_refund_id: out_request_no(order),
            standing: RefundStanding::Succeeded,
            amount: wallet::yuan(&answer.refund_amount),
            together: None,
            why: String::new(),
        }))
    }

    /// The refund of a trade that was asked for under this id and was paid back.
    pub(super) async fn refund_named(
        &self,
        trade_no: &str,
        request_no: &str,
        now: SystemTime,
    ) -> Result<Option<RefundQueryAnswer>, String> {
        match self.gateway.refund_query(trade_no, request_no, unix_ms(now)).await {
            Ok(answer) => Ok(Some(answer).filter(|answer| answer.refund_status == Some(RefundStatus::RefundSuccess))),
            Err(AlipayFault::Refused { code, .. }) if NOT_EXIST.contains(&code.as_str()) => Ok(None),
            Err(fault) => Err(fault.to_string()),
        }
    }
}
