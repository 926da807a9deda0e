//! Hourly limits on calls that store something for long: each leaves a row or an event, even when it is refused.
use super::buckets::{Buckets, OpenBucket};
use crate::errors;
use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};
use tonic::Status;

/// After how many calls the allowances that are full again are dropped.
const FORGET_AFTER: u32 = 4_096;

/// An hourly allowance for each caller; counted in this process, so a restart starts anew.
#[derive(Debug)]
pub struct HourlyQuota {
    /// `None`: no limit.
    bound: Option<HourlyBound>,
    of: &'static str,
    hasher: RandomState,
    taken: AtomicU32,
}

#[derive(Debug)]
struct HourlyBound {
    buckets: Buckets,
    per_hour: u32,
}

impl HourlyQuota {
    /// `of` names the allowance in refusals; 0: no limit.
    #[must_use]
    pub fn new(of: &'static str, per_hour: u32) -> Self {
        let bound = NonZeroU32::new(per_hour).map(|bound| HourlyBound { buckets: Buckets::hourly(bound), per_hour });
        Self { bound, of, hasher: RandomState::new(), taken: AtomicU32::new(0) }
    }

    /// Whether there is a limit.
    pub(super) fn is_bounded(&self) -> bool {
        self.bound.is_some()
    }

    /// Takes one of `who`'s allowance, or returns QUOTA_EXCEEDED with a retry delay.
    pub fn take(&self, who: impl Hash) -> Result<(), Status> {
        let Some(HourlyBound { buckets, per_hour }) = &self.bound else { return Ok(()) };
        if self.taken.fetch_add(1, Ordering::Relaxed) % FORGET_AFTER == FORGET_AFTER - 1 {
            buckets.forget_full();
        }
        let room = buckets.open(self.hasher.hash_one(who), 1);
        room.map(OpenBucket::take).map_err(|wait| errors::hourly_quota_exceeded(self.of, *per_hour, wait))
    }

    /// Returns one that was taken for a call that was not executed.
    pub(super) fn give_back(&self, who: impl Hash) {
        if let Some(HourlyBound { buckets, .. }) = &self.bound {
            buckets.give_back(self.hasher.hash_one(who), 1);
        }
    }
}
