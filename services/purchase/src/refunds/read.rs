//! Notifications of refunds, read as facts.

use std::time::SystemTime;

use money::time::unix_ms;

use super::fact::{CUMULATIVE, DisputeOfEvent, FactStatus, RefundFact, RefundOfEvent, WHOLE, order_of_google};
use crate::domain::StoreKind;
use crate::domain::event::{EventState, StoreEvent};
use crate::error::Error;
use crate::purchases::Purchases;
use crate::retry::put_off_ms;
use crate::stores::{Unavailable, alipay, apple, google, stripe, wechat};

/// The whole, in the milliunits in which Apple counts a percentage.
const MILLIUNITS: i64 = 100_000;

/// More movements of money than a dispute has, by far.
const MOVEMENTS_MAX: i64 = 64;

/// What a notification says of a refund.
pub(crate) enum RefundNews {
    /// This was paid back, or was not after all.
    Facts(Vec<RefundFact>, String),
    /// Nothing that changes what is paid back.
    Nothing(&'static str),
    /// A person has to look at it.
    Staff(String),
}

impl Purchases {
    pub(super) async fn read_refund_events(&self, now: SystemTime, count_max: i64) -> Result<(), Error> {
        let mut away = Vec::new();
        for event in self.store.due_refund_events(unix_ms(now), count_max).await? {
            if away.contains(&event.store) {
                continue;
            }
            match self.refund_news(&event).await {
                Ok(RefundNews::Facts(facts, note)) => {
                    self.store.end_refund_event(&event, &facts, EventState::Kept, &note, unix_ms(now)).await?;
                }
                Ok(RefundNews::Nothing(note)) => {
                    self.store.end_refund_event(&event, &[], EventState::Noted, note, unix_ms(now)).await?;
                }
                Ok(RefundNews::Staff(note)) => {
                    tracing::error!(event_id = event.event_id, note, "a store's notification of a refund can't be read");
                    self.store.end_refund_event(&event, &[], EventState::WaitsForStaff, &note, unix_ms(now)).await?;
                }
                Err(Unavailable { why, for_all }) => {
                    if for_all {
                        away.push(event.store);
                    }
                    let next_attempt_at_ms = unix_ms(now).saturating_add(put_off_ms(event.tries));
                    self.store.put_off_refund_event(&event, &why, next_attempt_at_ms).await?;
                }
            }
        }
        Ok(())
    }

    async fn refund_news(&self, event: &StoreEvent) -> Result<RefundNews, Unavailable> {
        if event.payload.is_empty() {
            return Ok(RefundNews::Staff("its buyer was erased before it was read; the store says how much was paid back".to_owned()));
        }
        if event.transaction_id.is_empty() {
            return Ok(match event.store {
                StoreKind::Stripe | StoreKind::Alipay | StoreKind::Wechat => RefundNews::Nothing("it is about no payment of ours"),
                StoreKind::Apple | StoreKind::Google => RefundNews::Staff("it names no transaction".to_owned()),
            });
        }
        Ok(match event.store {
            StoreKind::Apple => of_apple(event),
            StoreKind::Google => self.of_google(event).await?,
            StoreKind::Stripe if stripe::dispute::is_dispute(&event.kind) => of_dispute(event),
            StoreKind::Stripe => of_payment(event, stripe::event::refund(event)),
            StoreKind::Alipay => of_payment(event, alipay::notification::refund(event)),
            StoreKind::Wechat => of_payment(event, wechat::notification::refund(event)),
        })
    }

    /// A notification says that something was paid back, and Google is asked how much: the answer counts everything up to then.
    async fn of_google(&self, event: &StoreEvent) -> Result<RefundNews, Unavailable> {
        let (part, whole) = if event.subtype == google::notification::VOIDED_WHOLLY {
            (1, 1)
        } else {
            let token = google::notification::voided_token(&event.payload);
            match self.stores.google.paid_back(&event.bundle_id, &token).await? {
                Some(quantities) => quantities,
                None => return Ok(RefundNews::Staff("the store does not say how many of it were paid back".to_owned())),
            }
        };
        let order_no = order_of_google(part, whole);
        let fact = RefundFact { part, whole, order_no, ..said(event, WHOLE, FactStatus::Granted) };
        Ok(RefundNews::Facts(vec![fact], format!("{part} of {whole} were paid back")))
    }
}

fn said(event: &StoreEvent, fact_id: &str, status: FactStatus) -> RefundFact {
    RefundFact {
        store: event.store,
        environment: event.environment.clone(),
        bundle_id: event.bundle_id.clone(),
        transaction_id: event.transaction_id.clone(),
        fact_id: fact_id.to_owned(),
        book: event.book.clone(),
        part: 0,
        whole: 1,
        currency: String::new(),
        status,
        // Of the same moment, what is final stands.
        order_no: event.signed_at_ms.saturating_mul(4).saturating_add(status.number()),
        said_at_ms: event.signed_at_ms,
        withdrawn: 0,
        fee: 0,
    }
}

fn of_apple(event: &StoreEvent) -> RefundNews {
    match apple::notification::refund_word(&event.kind) {
        Some(FactStatus::Granted) => {}
        Some(_) => {
            return RefundNews::Facts(vec![said(event, WHOLE, FactStatus::Undone)], "the refund was taken back".to_owned());
        }
        None => return RefundNews::Nothing("the store declined the refund"),
    }
    // Without a percentage it is all of it.
    match apple::notification::refunded_milliunits(&event.payload) {
        Some(part @ 0..) => {
            if part > MILLIUNITS {
                tracing::error!(
                    event_id = event.event_id,
                    part,
                    "the App Store says that more than the whole was paid back; it counts as the whole"
                );
            }
            let part = part.min(MILLIUNITS);
            let fact = RefundFact { part, whole: MILLIUNITS, ..said(event, WHOLE, FactStatus::Granted) };
            RefundNews::Facts(vec![fact], format!("{part} thousandths of a percent were paid back"))
        }
        Some(part) => RefundNews::Staff(format!("{part} thousandths of a percent were paid back")),
        None => RefundNews::Staff("its transaction can't be read".to_owned()),
    }
}

/// Of a dispute, whose last statement stands: each says all that was withdrawn and given back until then.
fn of_dispute(event: &StoreEvent) -> RefundNews {
    let dispute = match stripe::dispute::read(event) {
        Ok(dispute) => dispute,
        Err(why) => return RefundNews::Staff(why.to_owned()),
    };
    let fact = said(event, &dispute.id, dispute.status);
    // Of the same moment, what says more movements stands, and what is decided.
    let rank = dispute.movements.clamp(0, MOVEMENTS_MAX) * 2 + i64::from(dispute.status != FactStatus::Disputed);
    let order_no = fact.said_at_ms.saturating_mul(4 * MOVEMENTS_MAX).saturating_add(rank);
    let DisputeOfEvent { amount, withdrawn, fee, .. } = dispute;
    let (part, currency) = (amount.minor_units(), amount.currency().code().to_owned());
    RefundNews::Facts(vec![RefundFact { part, currency, order_no, withdrawn, fee, ..fact }], dispute.shown)
}

/// Of a payment for an order of ours, whose store says amounts.
fn of_payment(event: &StoreEvent, refund: Option<RefundOfEvent>) -> RefundNews {
    let Some(refund) = refund else { return RefundNews::Staff("its amount can't be read".to_owned()) };
    let fact = said(event, if refund.id.is_empty() { CUMULATIVE } else { &refund.id }, refund.status);
    let part = refund.amount.minor_units();
    let order_no = match (event.store, refund.id.is_empty()) {
        // Nothing that Alipay paid back is undone, and a notification that it repeats has a new time: the largest sum stands.
        (StoreKind::Alipay, _) => part,
        // Of all together the last statement stands, and of two of the same second the larger.
        (_, true) => fact.said_at_ms,
        (_, false) => fact.order_no,
    };
    let fact = RefundFact { part, currency: refund.amount.currency().code().to_owned(), order_no, ..fact };
    // Which refunds a sum is of: one that it does not name may be missing in it.
    let named = RefundFact { fact_id: refund.last_id, part: 0, order_no: 0, ..fact.clone() };
    let facts = if named.fact_id.is_empty() { vec![fact] } else { vec![fact, named] };
    RefundNews::Facts(facts, refund.shown)
}
