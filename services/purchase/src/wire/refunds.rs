//! Refunds, to protobuf, and what a purchase shows of its own.

use api::purchase as pb;
use api::r#type::Money as SentMoney;
use money::{BookName, Currency, Money};
use rpc::page::PagedList;
use rpc::wire::{money, timestamp_ms};

use super::checkout::store_kind;
use crate::domain::{Purchase, StoreKind};
use crate::error::Error;
use crate::lots::Lot;
use crate::refund_orders::order::{RefundOrder, RefundOrderState, RefundStarter};
use crate::refunds::fact::{CUMULATIVE, FactStatus, PaidBack, RefundFact};
use crate::refunds::step::StepState;
use crate::store::refund_orders::{KnownOfPurchase, RefundFilter};

/// The most refunds that a purchase shows.
const REFUNDS_MAX: usize = 100;

fn state(state: RefundOrderState) -> pb::RefundState {
    match state {
        RefundOrderState::Asked => pb::RefundState::Asked,
        RefundOrderState::Approved => pb::RefundState::Approved,
        RefundOrderState::Sent => pb::RefundState::Sent,
        RefundOrderState::Unknown => pb::RefundState::Unknown,
        RefundOrderState::Succeeded => pb::RefundState::Succeeded,
        RefundOrderState::Failed => pb::RefundState::Failed,
        RefundOrderState::Abnormal => pb::RefundState::Abnormal,
        RefundOrderState::Rejected => pb::RefundState::Rejected,
        RefundOrderState::Ended => pb::RefundState::Ended,
    }
}

/// The state of a filter; none for any.
pub(crate) fn named_state(number: i32) -> Result<Option<RefundOrderState>, Error> {
    let why = || "must be one of the states that there are".to_owned();
    let named = pb::RefundState::try_from(number).map_err(|_| Error::Malformed { field: "state", why: why() })?;
    Ok(RefundOrderState::ALL.into_iter().find(|known| state(*known) == named))
}

fn starter(by: RefundStarter) -> pb::RefundStarter {
    match by {
        RefundStarter::Buyer => pb::RefundStarter::User,
        RefundStarter::Staff => pb::RefundStarter::Staff,
    }
}

/// The amount of a request; none where it is absent.
pub(crate) fn amount(sent: Option<SentMoney>) -> Result<Option<Money>, Error> {
    let Some(sent) = sent else { return Ok(None) };
    let malformed = |field, why: &str| Error::Malformed { field, why: why.to_owned() };
    let currency = Currency::try_new(&sent.currency_code).map_err(|_| malformed("amount.currency_code", "must be a code of ISO 4217"))?;
    let amount = Money::try_new(currency, sent.minor_units).ok().filter(|amount| amount.minor_units() > 0);
    amount.map(Some).ok_or_else(|| malformed("amount.minor_units", "must be at least 1, and no more than a price can be"))
}

/// A refund; with the store's words where staff ask.
pub(crate) fn refund(order: &RefundOrder, store: StoreKind, for_staff: bool) -> pb::Refund {
    let at = |at_ms: i64| (at_ms > 0).then(|| timestamp_ms(at_ms));
    pb::Refund {
        refund_id: order.refund_id.to_string(),
        purchase_id: order.purchase_id.to_string(),
        user_id: order.user.to_string(),
        state: state(order.state).into(),
        amount: Some(money(order.amount)),
        started_by: starter(order.started_by).into(),
        store_kind: store_kind(store).into(),
        store_refund_id: order.store_refund_id.clone(),
        note: if for_staff { order.note.clone() } else { String::new() },
        create_time: Some(timestamp_ms(order.created_at_ms)),
        decide_time: at(order.decided_at_ms),
        send_time: at(order.sent_at_ms),
        end_time: at(order.ended_at_ms),
        end_asked_by: if for_staff && !order.state.is_over() { order.end_asked_by.clone() } else { String::new() },
    }
}

/// Refunds of a filter, as a list to which page tokens are bound.
pub(crate) fn list(book: &BookName, filter: RefundFilter<'_>) -> PagedList {
    let user = filter.user.map(|user| format!("of {user}")).unwrap_or_default();
    let purchase_id = filter.purchase_id.map(|id| id.to_string()).unwrap_or_default();
    let state = filter.state.map_or(0, RefundOrderState::number).to_string();
    PagedList::new("ListRefunds", book.as_str(), &[user.as_str(), &purchase_id, &state])
}

/// A purchase with its coins that are left and its refunds.
pub(crate) fn purchase(of: &Purchase, details: &KnownOfPurchase) -> pb::Purchase {
    let price = of.value.price;
    // A step is planned before it is posted, its coins before its money, and the next one when it is done.
    let last_with = |is_posted: fn(StepState) -> bool| details.steps.iter().rev().find(|step| is_posted(step.state));
    let in_money = last_with(|state| state == StepState::Done);
    let in_coins = last_with(|state| state != StepState::Coins);
    let refunded = in_money.map(|last| Money::try_new(price.currency(), last.amount_total).unwrap_or(price));
    pb::Purchase {
        coins_left: details.lot.as_ref().map(Lot::left),
        refunded: refunded.map(money),
        refunded_coins: in_coins.map_or(0, |last| last.coins_total),
        refunds: refunds(of, details),
        ..super::purchase(of)
    }
}

fn refunds(of: &Purchase, details: &KnownOfPurchase) -> Vec<pb::PurchaseRefund> {
    let price = of.value.price;
    let part = |amount: i64| PaidBack::new(amount, price.minor_units());
    let ours = details.orders.iter().map(|order| pb::PurchaseRefund {
        refund_id: order.refund_id.to_string(),
        state: state(order.state).into(),
        amount: Some(money(order.amount)),
        coins: part(order.amount.minor_units()).of(of.value.coins.get()),
        started_by: starter(order.started_by).into(),
        create_time: Some(timestamp_ms(order.created_at_ms)),
        end_time: (order.ended_at_ms > 0).then(|| timestamp_ms(order.ended_at_ms)),
    });
    let of_store = |amount: Money, state: pb::RefundState, at_ms: i64| {
        let time = (at_ms > 0).then(|| timestamp_ms(at_ms));
        pb::PurchaseRefund {
            refund_id: String::new(),
            state: state.into(),
            amount: Some(money(amount)),
            coins: part(amount.minor_units()).of(of.value.coins.get()),
            started_by: pb::RefundStarter::Store.into(),
            create_time: time,
            end_time: time.filter(|_| state != pb::RefundState::Sent),
        }
    };
    let is_ours = |fact: &RefundFact| details.orders.iter().any(|order| order.store_refund_id == fact.fact_id);
    // One by one, where the store says so.
    let named = details.facts.iter().filter(|fact| !fact.currency.is_empty() && fact.fact_id != CUMULATIVE && fact.part > 0);
    let others: Vec<&RefundFact> = named.clone().filter(|fact| !is_ours(fact)).collect();
    let stores_own = others.iter().filter_map(|fact| {
        let state = match fact.status {
            FactStatus::Pending => pb::RefundState::Sent,
            FactStatus::Granted => pb::RefundState::Succeeded,
            FactStatus::Undone => pb::RefundState::Failed,
            // Shown among what the store reports.
            FactStatus::Disputed | FactStatus::Lost | FactStatus::NotDisputed => return None,
        };
        let currency = Currency::try_new(&fact.currency).ok()?;
        Some(of_store(Money::try_new(currency, fact.part).ok()?, state, fact.said_at_ms))
    });
    // What it says of all together, or of a percentage, beyond these.
    let granted = |fact: &&&RefundFact| fact.status == FactStatus::Granted;
    let explained: i64 = details
        .orders
        .iter()
        .filter(|order| order.state == RefundOrderState::Succeeded)
        .map(|order| order.amount.minor_units())
        .sum::<i64>()
        + others.iter().filter(granted).map(|fact| fact.part).sum::<i64>();
    let in_all = crate::refunds::fact::paid_back(&details.facts, of).map_or(0, |(paid_back, _)| paid_back.of(price.minor_units()));
    let said_at_ms = details.facts.iter().map(|fact| fact.said_at_ms).max().unwrap_or(0);
    let rest = Money::try_new(price.currency(), in_all.saturating_sub(explained)).ok().filter(|rest| rest.minor_units() > 0);
    let rest = rest.map(|rest| of_store(rest, pb::RefundState::Succeeded, said_at_ms));
    let mut all: Vec<pb::PurchaseRefund> = ours.chain(stores_own).chain(rest).collect();
    all.sort_by_key(|refund| std::cmp::Reverse(refund.create_time.map(|time| (time.seconds, time.nanos))));
    all.truncate(REFUNDS_MAX);
    all
}

#[cfg(test)]
mod tests;
