//! When a request is sent again under another id.
use crate::{
    answer::NotPosted,
    reason::{LedgerReason, Retry},
};
use uuid::Uuid;

/// After this time no call is in flight any more, in milliseconds.
pub const IN_FLIGHT_MAX_MS: i64 = 3_600_000;

/// Whether nothing was posted, and nothing ever will be, under an id that was planned then. One that is refused for its time is given up only once it is old: if the
/// ledger finds it ahead of its clock, another process's call with it may still be in flight, and be posted.
#[must_use]
pub fn is_final(not_posted: &NotPosted, planned_at_ms: i64, now_ms: i64) -> bool {
    let is_old = now_ms.saturating_sub(planned_at_ms) > IN_FLIGHT_MAX_MS;
    not_posted.refusal().is_some_and(|refusal| refusal.reason != LedgerReason::RequestIdTime || is_old)
}

/// The same of an id that carries the time at which it was planned; one that carries none is old.
#[must_use]
pub fn is_final_under(id: Uuid, not_posted: &NotPosted, now_ms: i64) -> bool {
    let planned_at_ms = money::id_time_ms(id).map_or(0, |time_ms| i64::try_from(time_ms).unwrap_or(i64::MAX));
    is_final(not_posted, planned_at_ms, now_ms)
}

/// Whether a request that was planned then is sent again under another id: its own is refused for good, and another may be accepted.
#[must_use]
pub fn takes_a_fresh_id(not_posted: &NotPosted, planned_at_ms: i64, now_ms: i64) -> bool {
    is_final(not_posted, planned_at_ms, now_ms) && not_posted.refusal().is_some_and(|refusal| refusal.retry() == Retry::FreshId)
}

#[cfg(test)]
mod tests;
