//! What is done with stores beside calls: telling them what they must be told within their window, asking again about what was pending, and looking for what
//! their notifications may have lost.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use money::time::{millis, unix_ms};

use crate::error::Error;
use crate::purchases::{NotKept, Purchases, Redeem};
use crate::retry::put_off_ms;
use crate::store::tokens::PendingSale;
use crate::stores::StoreAcknowledgement;
use crate::stores::google::VoidedLook;

/// Pages that are read in one sweep: Google lists at most 1,000 voided purchases on each, the oldest first. The next sweep goes on after them.
const PAGES_MAX: usize = 1_000;
/// How long until Google is asked again for a list that could not be read: it allows 6,000 requests for an app in a day.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

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
        if self.rests(self.next_look_ms.load(Ordering::Relaxed), now_ms) {
            return Ok(0);
        }
        let begun = self.voided_look.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut look = begun.unwrap_or_else(|| VoidedLook::since(now_ms));
        let mut found = 0;
        for _ in 0..PAGES_MAX {
            let (events, next) = match self.stores.google.voided(look.cursor.clone(), now_ms).await {
                Ok(page) => page,
                Err(unavailable) => {
                    tracing::warn!(
                        why = unavailable.why,
                        "an app's voided purchases can't be listed; going on with others, and again soon"
                    );
                    look.is_cut = true;
                    (Vec::new(), self.stores.google.after_app(&look.cursor))
                }
            };
            for event in events {
                // What no purchase here was made of needs no refund here: a receipt that is submitted later is refused, or read by a later look.
                if !self.store.by_store_id(&event.book, &event.transaction_id).await?.is_empty() {
                    let rank = look.ranks.entry((event.transaction_id.clone(), event.subtype.clone())).or_default();
                    *rank += 1;
                    found += usize::from(self.store.keep_lost(&event, *rank, look.since_ms, now_ms).await?);
                }
            }
            let Some(next) = next else {
                let rest_ms = if look.is_cut { self.look_interval_ms.min(millis(AGAIN_AFTER)) } else { self.look_interval_ms };
                self.next_look_ms.store(now_ms.saturating_add(rest_ms), Ordering::Relaxed);
                return Ok(found);
            };
            look.cursor = next;
        }
        tracing::warn!(pages = PAGES_MAX, "more voided purchases are listed than one sweep reads; the next one goes on after them");
        *self.voided_look.lock().unwrap_or_else(PoisonError::into_inner) = Some(look);
        Ok(found)
    }
}
