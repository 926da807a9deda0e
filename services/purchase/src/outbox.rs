//! What is done with stores beside calls: telling them what they must be told within their window, asking again about what was pending, and looking for what
//! their notifications may have lost.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use money::time::unix_ms;

use crate::error::Error;
use crate::purchases::{NotKept, Purchases, Redeem};
use crate::retry::put_off_ms;
use crate::store::tokens::PendingSale;
use crate::stores::StoreAcknowledgement;
use crate::stores::google::VoidedCursor;

/// Pages of one look: Google lists 1,000 voided purchases on each.
const PAGES_MAX: usize = 1_000;

impl Purchases {
    /// Tells stores what is due, at most `count_max`; returns how many know now. Ends early where a store can't be reached.
    pub(crate) async fn tell_stores(&self, now: SystemTime, count_max: i64) -> Result<usize, Error> {
        let (mut told, now_ms) = (0, unix_ms(now));
        for duty in self.store.due_duties(now_ms, count_max).await? {
            match self.stores.of(duty.receipt.store()).acknowledge(&duty.receipt).await {
                Ok(StoreAcknowledgement::Done) => {
                    self.store.duty_done(&duty, now_ms).await?;
                    told += 1;
                }
                Ok(StoreAcknowledgement::Void(why)) => {
                    tracing::warn!(purchase_id = duty.purchase_id, why, "a credited purchase is not to be acknowledged any more");
                    self.store.give_up_duty(&duty.book, &duty.purchase_id, &why, now_ms).await?;
                }
                Err(unavailable) => {
                    let why = unavailable.why.as_str();
                    tracing::warn!(
                        purchase_id = duty.purchase_id,
                        why,
                        deadline_ms = duty.deadline_ms,
                        "a store could not be told; again later"
                    );
                    self.store.put_off_duty(&duty, why, now_ms.saturating_add(put_off_ms(duty.tries))).await?;
                    if unavailable.for_all {
                        break;
                    }
                }
            }
        }
        Ok(told)
    }

    /// Asks again about purchases whose buyers had not paid; returns how many got their coins.
    pub(crate) async fn ask_pending(&self, now: SystemTime, count_max: i64) -> Result<usize, Error> {
        let mut credited = 0;
        for sale in self.store.due_pending(unix_ms(now), count_max).await? {
            match self.read_pending(&sale, now).await? {
                Ok(is_credited) => credited += usize::from(is_credited),
                Err(for_all) if for_all => break,
                Err(_) => {}
            }
        }
        Ok(credited)
    }

    /// Whether its coins are issued; or, where nothing is decided, whether other requests to the store would fail too.
    async fn read_pending(&self, sale: &PendingSale, now: SystemTime) -> Result<Result<bool, bool>, Error> {
        let put_off = |why: String| async move {
            let next = unix_ms(now).saturating_add(put_off_ms(sale.tries));
            self.store.put_off_pending(sale, &why, next).await
        };
        let Some(kind) = self.ledger.book(&sale.book).await? else { return Err(Error::BookUnknown(sale.book.to_string())) };
        let redeem = Redeem::by_store(sale.book.clone(), sale.user.clone(), sale.receipt.clone());
        match self.record(&redeem, kind, now).await {
            Ok(Ok(purchase)) => return Ok(Ok(self.finish_later(&purchase, self.sweep_after_ms).await?)),
            Ok(Err(NotKept::Refused(refused))) => {
                let why = format!("{}: {}", refused.refusal.reason(), refused.message);
                self.store.end_pending(&sale.receipt, &sale.bundle_id, &why).await?;
            }
            Ok(Err(NotKept::Pending)) => put_off("its buyer has not paid yet".to_owned()).await?,
            Ok(Err(NotKept::Later(unavailable))) => {
                put_off(unavailable.why).await?;
                return Ok(Err(unavailable.for_all));
            }
            Err(error) => put_off(error.of_row("receipt_token")?).await?,
        }
        Ok(Err(false))
    }

    /// Looks for refunds that stores list and that no notification reported, if it is time; returns how many were found.
    pub(crate) async fn look_for_lost(&self, now: SystemTime) -> Result<usize, Error> {
        let now_ms = unix_ms(now);
        if now_ms < self.next_look_ms.load(Ordering::Relaxed) {
            return Ok(0);
        }
        let (mut found, mut cursor) = (0, VoidedCursor::default());
        // A transaction may be paid back in several parts, each listed and each notified.
        let mut ranks: HashMap<(String, String), i64> = HashMap::new();
        for _ in 0..PAGES_MAX {
            let (events, next) = match self.stores.google.voided(cursor, now_ms).await {
                Ok(page) => page,
                Err(unavailable) => {
                    tracing::warn!(why = unavailable.why, "voided purchases can't be listed; again with the next sweep");
                    return Ok(found);
                }
            };
            for event in events {
                // What no purchase here was made of needs no refund here: a receipt that is submitted later is refused, or read by a later look.
                if !self.store.by_store_id(&event.book, &event.transaction_id).await?.is_empty() {
                    let rank = ranks.entry((event.transaction_id.clone(), event.subtype.clone())).or_default();
                    *rank += 1;
                    found += usize::from(self.store.keep_lost(&event, *rank, now_ms).await?);
                }
            }
            match next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        self.next_look_ms.store(now_ms.saturating_add(self.look_interval_ms), Ordering::Relaxed);
        Ok(found)
    }
}
