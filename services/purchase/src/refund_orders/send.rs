//! Asks stores for refunds, and what became of them. What a store says that it has paid back is kept as the fact that its notification would be, so that coins and
//! money follow by the same steps, once, whichever comes first.

use std::time::SystemTime;

use money::time::unix_ms;

use super::order::{RefundOrder, RefundOrderState};
use crate::domain::{Purchase, StoreKind};
use crate::error::Error;
use crate::purchases::Purchases;
use crate::refunds::fact::RefundFact;
use crate::retry::put_off_ms;
use crate::store::refund_orders::SaidOfRefund;
use crate::stores::refunding::{NotRefunded, RefundStanding, RefundWord, RefundingStore};

impl Purchases {
    /// Asks for refunds that are due, or what became of them, at most `count_max`. A store that does not answer is not asked about another one in this run.
    pub(crate) async fn send_refunds(&self, now: SystemTime, count_max: i64) -> Result<(), Error> {
        let mut away: Vec<StoreKind> = Vec::new();
        for order in self.store.due_refund_orders(unix_ms(now), count_max).await? {
            let missing =
                || crate::store::Error::Damaged { purchase_id: order.purchase_id.to_string(), column: "refund_order.purchase_id" };
            let purchase = match self.store.purchase(&order.book, order.purchase_id).await.and_then(|found| found.ok_or_else(missing)) {
                Ok(purchase) => purchase,
                Err(error) => {
                    let next_ms = unix_ms(now).saturating_add(put_off_ms(order.tries));
                    self.store.put_off_refund_order(&order, &Error::from(error).of_row("refund_order")?, next_ms).await?;
                    continue;
                }
            };
            if away.contains(&purchase.store) {
                continue;
            }
            if !self.drive_refund(&order, &purchase, now).await? {
                away.push(purchase.store);
            }
        }
        Ok(())
    }

    /// Takes one refund a step further. False: its store does not answer.
    async fn drive_refund(&self, order: &RefundOrder, of: &Purchase, now: SystemTime) -> Result<bool, Error> {
        let (now_ms, next_ms) = (unix_ms(now), unix_ms(now).saturating_add(put_off_ms(order.tries)));
        let Some(account) = self.stores.refunding(of) else {
            self.store.put_off_refund_order(order, "the account that was paid is no longer configured", next_ms).await?;
            return Ok(true);
        };
        if !self.store.asking_for_refund(order, now_ms, next_ms).await? {
            return Ok(true);
        }
        let said = match order.state {
            RefundOrderState::Approved => account.refund(order, of, now).await,
            _ => asked_again(account, order, of, now).await,
        };
        match said {
            Ok(word) => self.refund_heard(order, of, &word, now_ms).await?,
            Err(NotRefunded::Refused(why)) => {
                tracing::error!(refund_id = %order.refund_id, why, "a store refused a refund; nothing was paid back");
                self.note_refund(order, RefundOrderState::Failed, &why, now_ms).await?;
            }
            Err(NotRefunded::Unknown(why)) => {
                tracing::warn!(refund_id = %order.refund_id, why, "it is not known what became of a refund; the store is asked again");
                let state = if order.state == RefundOrderState::Abnormal { order.state } else { RefundOrderState::Unknown };
                self.note_refund(order, state, &why, now_ms).await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn note_refund(&self, order: &RefundOrder, state: RefundOrderState, note: &str, now_ms: i64) -> Result<(), Error> {
        Ok(self.store.refund_said(order, SaidOfRefund { state, store_refund_id: "", note, facts: &[] }, now_ms).await?)
    }

    async fn refund_heard(&self, order: &RefundOrder, of: &Purchase, word: &RefundWord, now_ms: i64) -> Result<(), Error> {
        let differs = word.amount.filter(|amount| *amount != order.amount);
        let (state, note) = match (word.standing, differs) {
            (_, Some(amount)) => {
                let note = format!(
                    "the store says {} {}, and it was asked for {}",
                    amount.to_decimal(),
                    amount.currency(),
                    order.amount.to_decimal()
                );
                (RefundOrderState::Abnormal, note)
            }
            (RefundStanding::Pending, None) => (RefundOrderState::Sent, word.why.clone()),
            (RefundStanding::Succeeded, None) => (RefundOrderState::Succeeded, String::new()),
            (RefundStanding::Failed, None) => (RefundOrderState::Failed, word.why.clone()),
            (RefundStanding::Abnormal, None) => (RefundOrderState::Abnormal, word.why.clone()),
        };
        if state == RefundOrderState::Abnormal {
            tracing::error!(refund_id = %order.refund_id, note, "a refund needs people at the store");
        }
        let facts: Vec<RefundFact> = word.or_amount(order.amount).fact(of, now_ms).into_iter().collect();
        let said = SaidOfRefund { state, store_refund_id: &word.store_refund_id, note: &note, facts: &facts };
        Ok(self.store.refund_said(order, said, now_ms).await?)
    }
}

/// What became of a refund; where the store has nothing of it, it is asked for again, under the same id.
async fn asked_again(account: &dyn RefundingStore, order: &RefundOrder, of: &Purchase, now: SystemTime) -> Result<RefundWord, NotRefunded> {
    match account.refund_standing(order, of, now).await {
        Ok(Some(word)) => Ok(word),
        Ok(None) => account.refund(order, of, now).await,
        Err(why) => Err(NotRefunded::Unknown(why)),
    }
}
