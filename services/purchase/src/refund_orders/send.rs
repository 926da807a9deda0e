//! Asks stores for refunds, and what became of them. What a store says that it has paid back is kept as the fact that its notification would be, so that coins and
//! money follow by the same steps, once, whichever comes first.

use std::time::SystemTime;

use money::time::unix_ms;

use super::order::{RefundOrder, RefundOrderState};
use crate::domain::{Purchase, StoreKind};
use crate::error::Error;
use crate::purchases::Purchases;
use crate::refunds::fact::{CUMULATIVE, FactStatus, RefundFact, WHOLE, order_of_google};
use crate::store::refund_orders::SaidOfRefund;
use crate::stores::refunding::{NotRefunded, RefundStanding, RefundWord, RefundingStore};
use crate::sweeper::put_off_ms;

impl Purchases {
    /// Asks for refunds that are due, or what became of them, at most `count_max`. A store that does not answer is not asked about another one in this run.
    pub(crate) async fn send_refunds(&self, now: SystemTime, count_max: i64) -> Result<(), Error> {
        let mut away: Vec<StoreKind> = Vec::new();
        for order in self.store.due_refund_orders(unix_ms(now), count_max).await? {
            let missing =
                || crate::store::Error::Damaged { purchase_id: order.purchase_id.to_string(), column: "refund_order.purchase_id" };
            let purchase = self.store.purchase(&order.book, order.purchase_id).await?.ok_or_else(missing)?;
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
                self.note_refund(order, (RefundOrderState::Failed, &why), now_ms).await?;
            }
            Err(NotRefunded::Unknown(why)) => {
                tracing::warn!(refund_id = %order.refund_id, why, "it is not known what became of a refund; the store is asked again");
                let state = if order.state == RefundOrderState::Abnormal { order.state } else { RefundOrderState::Unknown };
                self.note_refund(order, (state, &why), now_ms).await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn note_refund(&self, order: &RefundOrder, (state, note): (RefundOrderState, &str), now_ms: i64) -> Result<(), Error> {
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
        let facts: Vec<RefundFact> = fact(order, of, word, now_ms).into_iter().collect();
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

/// What the store says, as its notification would say it; `None` where that says nothing.
fn fact(order: &RefundOrder, of: &Purchase, word: &RefundWord, now_ms: i64) -> Option<RefundFact> {
    let status = match word.standing {
        RefundStanding::Succeeded => FactStatus::Granted,
        RefundStanding::Pending => FactStatus::Pending,
        RefundStanding::Failed => FactStatus::Undone,
        RefundStanding::Abnormal => return None,
    };
    // It is so now, whatever notifications say of the time before; they have whole seconds. That one is on its way is superseded by everything else.
    let said_at_ms = now_ms / 1_000 * 1_000;
    let order_no =
        if status == FactStatus::Pending { status.number() } else { said_at_ms.saturating_mul(4).saturating_add(status.number()) };
    let amount = word.amount.unwrap_or(order.amount);
    let said = RefundFact {
        store: of.store,
        environment: of.environment.clone(),
        bundle_id: of.bundle_id.clone(),
        transaction_id: of.transaction_id.clone(),
        fact_id: word.store_refund_id.clone(),
        book: of.book.clone(),
        part: amount.minor_units(),
        whole: 1,
        currency: amount.currency().code().to_owned(),
        status,
        order_no,
        said_at_ms,
        withdrawn: 0,
        fee: 0,
    };
    match (of.store, word.together) {
        (StoreKind::Google, _) if status == FactStatus::Granted => Some(RefundFact {
            // As Google's own statements: of no environment, and of all of it.
            environment: String::new(),
            fact_id: WHOLE.to_owned(),
            part: 1,
            currency: String::new(),
            order_no: order_of_google(1, 1),
            ..said
        }),
        (StoreKind::Google, _) => None,
        (StoreKind::Alipay, Some(together)) if status == FactStatus::Granted => Some(RefundFact {
            fact_id: CUMULATIVE.to_owned(),
            part: together.minor_units(),
            currency: together.currency().code().to_owned(),
            order_no: together.minor_units(),
            ..said
        }),
        _ => Some(said).filter(|said| !said.fact_id.is_empty()),
    }
}
