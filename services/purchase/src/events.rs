//! Use cases: what stores say on their own.
//!
//! An event is stored before it is answered, once under the store's id of it, and read later, as often as needed: a crash at any point loses nothing, and
//! disorder and repetition are harmless. Reading a sale keeps its purchase, unless the buyer was first, and ends the event; crediting is the same as for a
//! purchase that a buyer submitted.

use std::time::SystemTime;

use axum::http::HeaderMap;
use chart::BookKind;
use money::UserKey;
use money::time::unix_ms;

use crate::domain::event::{EventState, StoreEvent, VOIDED_PUSH};
use crate::domain::refusal::ReceiptRefusal;
use crate::domain::{StoreKind, Transaction};
use crate::error::Error;
use crate::meters;
use crate::purchases::{Purchases, Redeem};
use crate::retry::put_off_ms;
use crate::store::{purchases, wallet};
use crate::stores::apple;
use crate::stores::receipt::RefusedReceipt;
use crate::stores::{HeardEvent, NotTaken, NotVerified, StoreReceipt, Unavailable};

/// What reading an event led to.
pub(crate) enum EventReading {
    /// It is over, or waits for something else than reading.
    Ended(EventState, String),
    /// It must be read again, for this reason.
    Later(String),
    /// The same, and its store can't be asked about other events either.
    Away(String),
}

impl Purchases {
    /// Checks a notification and stores it. False: it was stored before.
    pub(crate) async fn take_in(&self, store: StoreKind, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Result<bool, NotTaken> {
        let taken = self.store_event(store, headers, body, now).await;
        match &taken {
            Ok((is_new, state)) => meters::arrived(store, if *is_new { state.name() } else { "repeated" }, ""),
            Err(NotTaken::Malformed) => meters::arrived(store, "malformed", ""),
            Err(NotTaken::Refused(refused)) => meters::arrived(store, "forged", refused.refusal.reason()),
            Err(NotTaken::Later(_)) => meters::arrived(store, "not_stored", ""),
        }
        let (is_new, _) = taken?;
        if is_new {
            self.news.notify_one();
        }
        Ok(is_new)
    }

    async fn store_event(
        &self,
        store: StoreKind,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Result<(bool, EventState), NotTaken> {
        let HeardEvent { event, of } = self.stores.of(store).event(headers, body).await?;
        match self.ledger.book(&event.book).await {
            Ok(Some(of_book)) if of.is_none_or(|of| of == of_book) => {}
            Ok(found) => return Err(NotTaken::Refused(of_another_book(found))),
            Err(error) => return Err(NotTaken::Later(error.to_string())),
        }
        self.keep_heard(&event, now).await.map_err(|error| NotTaken::Later(error.to_string()))
    }

    /// Keeps an event, with the question that it asks or the consent that it withdraws. Says whether it is new, and as what it is kept.
    pub(crate) async fn keep_heard(&self, event: &StoreEvent, now: SystemTime) -> Result<(bool, EventState), crate::store::Error> {
        if event.state == EventState::WaitsForRefunds && event.kind == VOIDED_PUSH {
            return self.store.keep_pushed(event, unix_ms(now)).await;
        }
        let download = if event.store == StoreKind::Apple { apple::notification::rescinded_download(event) } else { None };
        let is_new = match (self.stores.of(event.store).question(event), download) {
            (Some(asked), _) => self.keep_asked(event, &asked, now).await?,
            (None, Some(download)) => self.store.keep_rescinded(event, &download, unix_ms(now)).await?,
            (None, None) => self.store.keep_event(event, unix_ms(now)).await?,
        };
        Ok((is_new, event.state))
    }

    /// Reads the events that are due, at most `count_max`; returns how many purchases got their coins by that.
    pub(crate) async fn read_events(&self, now: SystemTime, count_max: i64) -> Result<usize, Error> {
        let (mut credited, mut away) = (0, Vec::new());
        for event in self.store.due_events(unix_ms(now), count_max).await? {
            // Each request to a store that can't be reached takes its time-out; the events of others must not wait for all of them.
            if away.contains(&event.store) {
                continue;
            }
            let reading = match self.read_event(&event, now, &mut credited).await {
                Ok(EventReading::Away(why)) => {
                    away.push(event.store);
                    EventReading::Later(why)
                }
                Ok(reading) => reading,
                Err(error) => EventReading::Later(error.of_row("store_event")?),
            };
            match reading {
                EventReading::Ended(state, note) => {
                    tracing::info!(event_id = event.event_id, state = state.name(), note, "a store's notification was read");
                    self.store.end_event(&event, state, &note).await?;
                }
                EventReading::Later(why) | EventReading::Away(why) => {
                    tracing::warn!(event_id = event.event_id, why, "a store's notification can't be read to its end yet");
                    let next_attempt_at_ms = unix_ms(now).saturating_add(put_off_ms(event.tries));
                    self.store.put_off_event(&event, &why, next_attempt_at_ms).await?;
                }
            }
        }
        Ok(credited)
    }

    /// Reads a sale. Its purchase is kept before the event is ended, and credited under an id that is derived from it, so reading it again is harmless.
    async fn read_event(&self, event: &StoreEvent, now: SystemTime, credited: &mut usize) -> Result<EventReading, Error> {
        let ended = |state, note: &str| Ok(EventReading::Ended(state, note.to_owned()));
        if event.payload.is_empty() {
            return ended(EventState::Ownerless, "its buyer was erased");
        }
        if event.store.takes_orders() {
            return self.read_order_event(event, now, credited).await;
        }
        let Some(receipt) = self.stores.of(event.store).receipt(event) else {
            return ended(EventState::Refused, "it carries no transaction");
        };
        let kind = self.ledger.book(&event.book).await?.ok_or_else(|| Error::BookUnknown(event.book.to_string()))?;
        let sale = match self.stores.of(event.store).verify(&receipt, &event.book, kind).await {
            Ok(sale) => sale,
            Err(NotVerified::Later(Unavailable { why, for_all: true })) => return Ok(EventReading::Away(why)),
            Err(NotVerified::Later(Unavailable { why, .. })) => return Ok(EventReading::Later(why)),
            // Another notification comes once it is paid or cancelled.
            Err(NotVerified::Pending) => return ended(EventState::Noted, "its buyer has not paid yet"),
            Err(NotVerified::Refused(refused)) => return self.read_refused(event, &receipt, &refused).await,
        };
        let user = match self.buyer(event, &sale.transaction).await? {
            Ok(user) => user,
            Err(reading) => return Ok(reading),
        };
        let redeem = Redeem::by_store(event.book.clone(), user, receipt);
        let refused = match self.record_sale(&redeem, &sale, now).await? {
            Ok(purchase) => {
                let is_credited = self.finish_later(&purchase, self.sweep_after_ms).await?;
                *credited += usize::from(is_credited);
                return Ok(EventReading::Ended(EventState::Kept, purchase.purchase_id.to_string()));
            }
            Err(refused) => refused,
        };
        Ok(match refused.refusal {
            // It was paid for, and the list can be completed.
            ReceiptRefusal::ProductUnknown => EventReading::Later(note(&refused)),
            _ => EventReading::Ended(EventState::Refused, note(&refused)),
        })
    }

    /// The end of an event whose sale is refused. One that was pending and is cancelled has nothing that anybody waits for.
    async fn read_refused(&self, event: &StoreEvent, receipt: &StoreReceipt, refused: &RefusedReceipt) -> Result<EventReading, Error> {
        if refused.refusal == ReceiptRefusal::Revoked && receipt.is_token() {
            self.store.end_pending(receipt, &event.bundle_id, &note(refused)).await?;
            return Ok(EventReading::Ended(EventState::Noted, note(refused)));
        }
        Ok(EventReading::Ended(EventState::Refused, note(refused)))
    }

    /// Who gets the coins, or why this event credits nobody: its purchase is there already, or its buyer is unknown.
    async fn buyer(&self, event: &StoreEvent, transaction: &Transaction) -> Result<Result<UserKey, EventReading>, Error> {
        let mut connection = self.store.pool.acquire().await.map_err(crate::store::Error::from)?;
        if let Some(first) = purchases::by_transaction(&mut connection, transaction).await? {
            return Ok(Err(EventReading::Ended(EventState::Kept, first.purchase_id.to_string())));
        }
        let Some(token) = transaction.app_account_token else {
            return Ok(Err(EventReading::Ended(EventState::Ownerless, "its receipt carries no token".to_owned())));
        };
        let owner = wallet::owner(&mut connection, &event.book, token).await?;
        Ok(owner.ok_or_else(|| EventReading::Ended(EventState::Ownerless, "the token of its receipt is nobody's".to_owned())))
    }
}

fn note(refused: &RefusedReceipt) -> String {
    format!("{}: {}", refused.refusal.reason(), refused.message)
}

/// The refusal of a notification whose environment is not that of its app's book.
fn of_another_book(found: Option<BookKind>) -> RefusedReceipt {
    let message = match found {
        Some(_) => "LIVE books take notifications of Production only, TEST books of Sandbox only",
        None => "the app's book is unknown",
    };
    RefusedReceipt::new(ReceiptRefusal::Environment, message)
}
