//! Calls in flight per caller: calls and streams of an identity, of an address, and of unauthenticated callers at an address.
use super::{Allowance, AllowanceBounds, Config, QuotaGroup, Quotas};
use crate::errors;
use identity::Role;
use rustc_hash::FxHashMap;
use std::{
    hash::BuildHasher as _,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tonic::Status;

/// Locks; a power of two, so that concurrent callers seldom share one.
const SHARDS: usize = 64;

/// Kinds of calls that are counted separately for the same caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SeatKind {
    /// Unary calls.
    Call,
    /// Streams.
    Stream,
}

/// How many may be in flight; 0 for no limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct InFlightBounds {
    /// Unary calls and streams.
    user: [u32; 2],
    staff: [u32; 2],
    service: [u32; 2],
    /// Without a token, or before it is verified.
    open: [u32; 2],
    /// Of all users at an address.
    address: u32,
}

impl From<&Config> for InFlightBounds {
    fn from(config: &Config) -> Self {
        Self {
            user: [config.user_calls, config.user_streams],
            staff: [config.staff_calls, config.staff_streams],
            service: [config.service_calls, 0],
            open: [config.open_calls, config.open_streams],
            address: config.address_calls,
        }
    }
}

impl InFlightBounds {
    /// The name of a role for messages, and how many of each kind its members may have in flight.
    fn of(&self, role: Role) -> (&'static str, [u32; 2]) {
        match role {
            Role::Viewer | Role::Creator => ("user", self.user),
            Role::Service => ("service", self.service),
            Role::Support | Role::Finance | Role::Auditor | Role::Admin => ("staff", self.staff),
        }
    }

    /// Whether anything of this role is limited.
    pub(super) fn bounds(&self, role: Role) -> bool {
        self.of(role).1.iter().any(|max| *max > 0)
    }
}

/// Calls in flight by caller; callers without any are not in it.
#[derive(Debug)]
pub(super) struct HeldSeats([Mutex<FxHashMap<u64, u32>>; SHARDS]);

impl Default for HeldSeats {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl HeldSeats {
    fn counts(&self, key: u64) -> MutexGuard<'_, FxHashMap<u64, u32>> {
        let shard = usize::try_from(key % SHARDS as u64).expect("fewer than there are shards");
        self.0[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more, if fewer than `max` are in flight; no limit if that is 0.
    fn sit(self: &Arc<Self>, key: u64, max: u32) -> Option<CallerSeat> {
        if max == 0 {
            return Some(CallerSeat::default());
        }
        let mut counts = self.counts(key);
        let count = counts.entry(key).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(CallerSeat(Some((self.clone(), key))))
    }

    /// How many callers have anything in flight.
    #[cfg(test)]
    pub(super) fn holders(&self) -> usize {
        self.0.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }
}

/// One call in flight, counted until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct CallerSeat(Option<(Arc<HeldSeats>, u64)>);

impl Drop for CallerSeat {
    fn drop(&mut self) {
        let Some((held, key)) = &self.0 else { return };
        let mut counts = held.counts(*key);
        if let Some(count) = counts.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(key);
            }
        }
    }
}

fn refused(kind: SeatKind, of: &str, max: u32) -> Status {
    match kind {
        SeatKind::Call => errors::too_many_calls(of, max),
        SeatKind::Stream => errors::too_many_streams(of, max),
    }
}

impl Quotas {
    /// A digest of an address.
    pub(crate) fn address(&self, address: IpAddr) -> u64 {
        self.hasher.hash_one(address)
    }

    /// Counts one more call of unauthenticated callers at an address, until the seat is dropped, or returns RESOURCE_EXHAUSTED.
    pub(crate) fn sit_unknown(&self, address: u64, kind: SeatKind) -> Result<CallerSeat, Status> {
        let max = self.in_flight.open[kind as usize];
        let seat = self.held.sit(self.hasher.hash_one((address, "unknown", kind)), max);
        seat.ok_or_else(|| refused(kind, "address without a token", max))
    }

    /// Counts one more call of a user at an address.
    pub(crate) fn sit_at(&self, address: u64, role: Role) -> Result<CallerSeat, Status> {
        if !matches!(role, Role::Viewer | Role::Creator) {
            return Ok(CallerSeat::default());
        }
        let max = self.in_flight.address;
        let seat = self.held.sit(self.hasher.hash_one((address, "users")), max);
        seat.ok_or_else(|| errors::too_many_calls("address", max))
    }

    /// Takes room for a call without a token from an address, or returns RESOURCE_EXHAUSTED with a retry delay.
    pub(crate) fn take_open(&self, address: u64) -> Result<(), Status> {
        self.open.as_ref().map_or(Ok(()), |open: &QuotaGroup| open.open(address, 1).map(super::OpenBucket::take))
    }
}

impl Allowance {
    /// Counts one more call or open stream until the seat is dropped, or returns RESOURCE_EXHAUSTED.
    pub(crate) fn sit(&self, kind: SeatKind) -> Result<CallerSeat, Status> {
        let Some(AllowanceBounds { quotas, role, identity: Some(key), .. }) = &self.0 else { return Ok(CallerSeat::default()) };
        let (of, max) = quotas.in_flight.of(*role);
        let max = max[kind as usize];
        quotas.held.sit(quotas.hasher.hash_one((key, kind)), max).ok_or_else(|| refused(kind, of, max))
    }
}
