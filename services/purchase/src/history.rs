//! What the App Store's notifications lost: its history of them has all of 180 days, and its list of refunds those of a buyer. Both are read from time to time, from
//! where the last reading ended, and what they have goes through the same inbox as what was delivered: under the same ids, so once.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use money::time::{millis, unix_ms};

use crate::domain::StoreKind;
use crate::error::Error;
use crate::meters;
use crate::purchases::Purchases;
use crate::questions::answer::NotAnswered;
use crate::store::sweeps::{SweptList, SweptPlace, first_id_at};
use crate::stores::apple::lists::{ListPage, ListedApp};

/// How far back the App Store lists (App Store Server API 1.19), less a few minutes in which a request may be on its way, in milliseconds.
const LISTED_MS: i64 = 180 * 86_400_000 - 600_000;
/// How much of the span before is read again, in milliseconds: what was said at its end may have been listed later.
const OVERLAP_MS: i64 = 3_600_000;
/// Pages of one list that are read in one look; the next look goes on.
const PAGES_MAX: usize = 1_000;
/// How long until the App Store is asked again that could not be.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

impl Purchases {
    /// Reads what the App Store lists, if it is time; returns how much of it notifications had lost.
    pub(crate) async fn look_at_app_store(&self, now: SystemTime) -> Result<usize, Error> {
        let now_ms = unix_ms(now);
        if self.rests(self.next_history_ms.load(Ordering::Relaxed), now_ms) {
            return Ok(0);
        }
        let (mut found, mut next_ms) = (0, now_ms.saturating_add(self.look_interval_ms));
        for (bundle_id, book) in self.stores.apple.apps() {
            let Some(kind) = self.ledger.book(&book).await? else { continue };
            if !self.stores.apple.can_list(kind) {
                continue;
            }
            let app = ListedApp { bundle_id, book, kind };
            let read = match self.read_history(&app, now, &mut found).await? {
                Ok(()) => self.read_refunds(&app, now, &mut found).await?,
                away => away,
            };
            if let Err(NotAnswered { why, retry_at_ms, .. }) = read {
                tracing::warn!(bundle_id = app.bundle_id, why, "what the App Store lists can't be read; going on from there later");
                next_ms = next_ms.min(now_ms.saturating_add(millis(AGAIN_AFTER)).max(retry_at_ms));
            }
        }
        self.next_history_ms.store(next_ms, Ordering::Relaxed);
        if found > 0 {
            tracing::warn!(found, "the App Store lists what no notification of it said; it is read now");
            self.news.notify_one();
        }
        Ok(found)
    }

    /// Reads an app's notifications since the last reading, and keeps those that are new.
    async fn read_history(&self, app: &ListedApp, now: SystemTime, found: &mut usize) -> Result<Result<(), NotAnswered>, Error> {
        // Spans are compared with the store's clock: that is the present, whatever is due.
        let (bundle_id, now_ms) = (app.bundle_id.as_str(), unix_ms(SystemTime::now()));
        let oldest_ms = now_ms.saturating_sub(LISTED_MS);
        let stored = self.store.sweep_place(StoreKind::Apple, bundle_id, SweptList::Notifications).await?;
        let mut place = match stored {
            Some(place) if !place.page_token.is_empty() && place.from_ms >= oldest_ms => place,
            Some(place) => {
                // A span that was not read to its end is begun again.
                let read_until_ms = if place.page_token.is_empty() { place.until_ms } else { place.from_ms };
                let from_ms = read_until_ms.saturating_sub(OVERLAP_MS).clamp(oldest_ms, now_ms);
                SweptPlace { from_ms, until_ms: now_ms, ..SweptPlace::default() }
            }
            None => SweptPlace { from_ms: oldest_ms, until_ms: now_ms, ..SweptPlace::default() },
        };
        if place.from_ms >= place.until_ms {
            return Ok(Ok(()));
        }
        for _ in 0..PAGES_MAX {
            let page = match self.stores.apple.history(app, place.from_ms, place.until_ms, &place.page_token).await {
                Ok(page) => page,
                Err(away) => return Ok(Err(away)),
            };
            let (payloads, next) = match page {
                ListPage::Entries(payloads, next) => (payloads, next),
                ListPage::TokenGone | ListPage::Unknown => (Vec::new(), Some(String::new())),
            };
            for payload in &payloads {
                match self.stores.apple.listed(app, payload) {
                    Ok(event) => {
                        if self.keep_heard(&event, now).await?.0 {
                            meters::arrived(StoreKind::Apple, "found", "");
                            *found += 1;
                        }
                    }
                    Err(refused) => {
                        let (reason, why) = (refused.refusal.reason(), refused.message);
                        tracing::error!(bundle_id = app.bundle_id, reason, why, "the App Store lists what is not its own");
                    }
                }
            }
            let is_last = next.is_none();
            // After what it has is kept: a crash reads a page again.
            place.page_token = next.unwrap_or_default();
            if is_last || !place.page_token.is_empty() {
                self.store.sweep_reached(StoreKind::Apple, bundle_id, SweptList::Notifications, &place).await?;
            }
            if is_last {
                break;
            }
        }
        Ok(Ok(()))
    }

    /// Asks what was paid back to the buyers of the next purchases, and keeps what no notification said. After the last purchase it begins again.
    async fn read_refunds(&self, app: &ListedApp, now: SystemTime, found: &mut usize) -> Result<Result<(), NotAnswered>, Error> {
        let (bundle_id, now_ms) = (app.bundle_id.as_str(), unix_ms(now));
        let mut place = self.store.sweep_place(StoreKind::Apple, bundle_id, SweptList::Refunds).await?.unwrap_or_default();
        let oldest = first_id_at(now_ms.saturating_sub(LISTED_MS));
        let after = if place.after_purchase_id < oldest { oldest } else { place.after_purchase_id.clone() };
        let purchases = self.store.sold_in(&app.book, StoreKind::Apple, bundle_id, &after, self.refund_lookups_max).await?;
        let is_end = purchases.len() < usize::try_from(self.refund_lookups_max).unwrap_or(usize::MAX);
        for (purchase_id, transaction_id) in purchases {
            match self.look_up(app, &transaction_id, now_ms, found).await {
                Ok(Ok(())) => {}
                Ok(Err(away)) => return Ok(Err(away)),
                Err(error) => {
                    let why = error.of_row("purchase")?;
                    tracing::warn!(purchase_id, why, "what was paid back to the buyer of a purchase can't be looked up");
                }
            }
            place.after_purchase_id = purchase_id;
            self.store.sweep_reached(StoreKind::Apple, bundle_id, SweptList::Refunds, &place).await?;
        }
        if is_end {
            place.after_purchase_id = String::new();
            self.store.sweep_reached(StoreKind::Apple, bundle_id, SweptList::Refunds, &place).await?;
        }
        Ok(Ok(()))
    }

    /// Keeps what was paid back to the buyer of a transaction.
    async fn look_up(
        &self,
        app: &ListedApp,
        transaction_id: &str,
        now_ms: i64,
        found: &mut usize,
    ) -> Result<Result<(), NotAnswered>, Error> {
        let mut revision = String::new();
        for _ in 0..PAGES_MAX {
            let (signed, next) = match self.stores.apple.refunds(app, transaction_id, &revision).await {
                Ok(ListPage::Entries(signed, next)) => (signed, next),
                Ok(ListPage::TokenGone | ListPage::Unknown) => return Ok(Ok(())),
                Err(away) => return Ok(Err(away)),
            };
            for signed in &signed {
                match self.stores.apple.listed_refund(app, signed) {
                    Ok(Some(event)) => {
                        // What no purchase here was made of needs no refund here.
                        let is_ours = !self.store.by_store_id(&event.book, &event.transaction_id).await?.is_empty();
                        if is_ours && self.store.keep_listed(&event, now_ms).await? {
                            meters::arrived(StoreKind::Apple, "found", "");
                            *found += 1;
                        }
                    }
                    Ok(None) => {}
                    Err(refused) => {
                        let (reason, why) = (refused.refusal.reason(), refused.message);
                        tracing::error!(bundle_id = app.bundle_id, reason, why, "the App Store lists a refund that is not its own");
                    }
                }
            }
            match next {
                Some(next) => revision = next,
                None => break,
            }
        }
        Ok(Ok(()))
    }
}
