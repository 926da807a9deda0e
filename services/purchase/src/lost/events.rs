//! Stripe's list of its events: under the ids under which its webhook delivers them, so each is kept once.

use std::time::SystemTime;

use money::time::unix_ms;

use crate::domain::StoreKind;
use crate::error::Error;
use crate::meters;
use crate::purchases::Purchases;
use crate::store::sweeps::{SweptList, SweptPlace};
use crate::stores::payee::OrderAccount as _;
use crate::stores::stripe::listed::{ListedEvents, NotListed};
use crate::stores::stripe::merchant::Merchant;

/// How far back Stripe lists events (docs.stripe.com/api/events, as of November 2026), less an hour in which a request may be on its way, in milliseconds.
const LISTED_MS: i64 = 30 * 86_400_000 - 3_600_000;
/// How much of the span before is read again, in milliseconds: what happened at its end may have been listed later.
const OVERLAP_MS: i64 = 3_600_000;
/// Pages that are read in one look; the next look goes on.
const PAGES_MAX: usize = 1_000;

impl Purchases {
    /// Reads what Stripe lists for each account; returns how much of it the webhook had not delivered.
    pub(super) async fn look_at_stripe(&self, now: SystemTime) -> Result<usize, Error> {
        let mut found = 0;
        for merchant in self.stores.stripe.all() {
            if self.ledger.book(merchant.book()).await? != Some(merchant.kind()) {
                continue;
            }
            if let Err(why) = self.read_stripe(merchant, now, &mut found).await? {
                tracing::warn!(account_id = merchant.account_id(), why, "Stripe's events can't be listed; going on from there later");
            }
        }
        Ok(found)
    }

    /// Reads an account's events since the last reading, the newest first, and keeps those that are new; or why it can't.
    async fn read_stripe(&self, merchant: &Merchant, now: SystemTime, found: &mut usize) -> Result<Result<(), String>, Error> {
        // Spans are compared with the store's clock: that is the present, whatever is due.
        let (account_id, now_ms) = (merchant.account_id(), unix_ms(SystemTime::now()));
        let mut place = match self.store.sweep_place(StoreKind::Stripe, account_id, SweptList::Notifications).await? {
            Some(place) if !place.page_token.is_empty() => place,
            stored => {
                let oldest_ms = now_ms.saturating_sub(LISTED_MS);
                let read_until_ms = stored.map_or(oldest_ms, |place| place.until_ms.saturating_sub(OVERLAP_MS));
                if read_until_ms < oldest_ms {
                    tracing::error!(account_id, "Stripe lists events of 30 days only, and what happened before was not read");
                }
                SweptPlace { from_ms: read_until_ms.clamp(oldest_ms, now_ms), until_ms: now_ms, ..SweptPlace::default() }
            }
        };
        let mut began_again = false;
        for _ in 0..PAGES_MAX {
            let ListedEvents { events, next } = match merchant.listed(place.from_ms, place.until_ms, &place.page_token).await {
                Ok(page) => page,
                // The event after which the next page begins is no longer listed: the span begins again. Once: a place from now on that is gone is no place, but a fault.
                Err(NotListed::PlaceGone) if !place.page_token.is_empty() && !began_again => {
                    (place.page_token, began_again) = (String::new(), true);
                    continue;
                }
                Err(not) => return Ok(Err(not.to_string())),
            };
            for event in &events {
                if self.keep_heard(event, now).await?.0 {
                    meters::arrived(StoreKind::Stripe, "found", "");
                    *found += 1;
                }
            }
            let is_last = next.is_none();
            // After what it has is kept: a crash reads a page again.
            place.page_token = next.unwrap_or_default();
            self.store.sweep_reached(StoreKind::Stripe, account_id, SweptList::Notifications, &place).await?;
            if is_last {
                break;
            }
        }
        Ok(Ok(()))
    }
}
