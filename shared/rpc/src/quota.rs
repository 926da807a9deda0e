//! How many calls per second a caller may make: a caller that calls too often is refused for a moment, and nobody else is affected.
//!
//! Each identity has an allowance that refills steadily up to a burst (GCRA); so have all users of an app together. Items of a stream count one by one, if
//! the service calls [`Allowance::take`]. Calls in flight are counted while they last (`seats`), per identity and per address. Refused calls change nothing:
//! a caller with two limits takes from both or from neither.
use crate::errors;
use buckets::OpenBucket;
use identity::{Principal, Role};
use schemars::JsonSchema;
use seats::{HeldSeats, InFlightBounds};
use serde::{Deserialize, Serialize};
use std::{
    hash::{BuildHasher as _, RandomState},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// How often allowances that are full again are dropped.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// Limits on how often a caller may call; 0 for no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Calls and streamed items a second of one user (role viewer or creator).
    pub user_per_second: u32,
    /// How many of the user's calls and items may arrive at once.
    pub user_burst: u32,
    /// Calls an hour of one user to each RPC that stores something even if it refuses the call: receipts, quotes, bank accounts, payouts.
    pub user_kept_per_hour: u32,
    /// Calls of one user in flight at once.
    pub user_calls: u32,
    /// Streams one user may have open.
    pub user_streams: u32,
    /// Calls and streamed items a second of one member of staff.
    pub staff_per_second: u32,
    /// How many of the member's calls and items may arrive at once.
    pub staff_burst: u32,
    /// Calls of one member of staff in flight at once.
    pub staff_calls: u32,
    /// Streams one member of staff may have open.
    pub staff_streams: u32,
    /// Calls and streamed items a second of one service.
    pub service_per_second: u32,
    /// How many of the service's calls and items may arrive at once.
    pub service_burst: u32,
    /// Calls of one service in flight at once.
    pub service_calls: u32,
    /// Calls and streamed items a second of all users of one app together.
    pub app_per_second: u32,
    /// How many of the app's calls and items may arrive at once.
    pub app_burst: u32,
    /// Calls and streams of users in flight from one address. Set 0 behind a load balancer that hides the callers' addresses, as for
    /// `listen.connections_per_address_max`.
    pub address_calls: u32,
    /// Calls without a token (health, reflection) a second from one address.
    pub open_per_second: u32,
    /// How many of such calls may arrive at once.
    pub open_burst: u32,
    /// Calls in flight from one address that need no token, or whose token is not yet verified.
    pub open_calls: u32,
    /// Streams without a token that one address may have open.
    pub open_streams: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            user_per_second: 100,
            user_burst: 1_000,
            // Ten a minute, and all of them at once.
            user_kept_per_hour: 600,
            // More than a person's devices ever need at once; a sixty-fourth of the calls a service may have in flight.
            user_calls: 128,
            // Several devices, with a room and a payout watched on each.
            user_streams: 32,
            // A script that processes some thousand users is normal work, too.
            staff_per_second: 100,
            staff_burst: 2_000,
            staff_calls: 128,
            staff_streams: 64,
            service_per_second: 0,
            service_burst: 0,
            service_calls: 0,
            app_per_second: 0,
            app_burst: 0,
            // Half of the calls a service may have in flight.
            address_calls: 4_096,
            // Probes and tools call a few times a second.
            open_per_second: 50,
            open_burst: 500,
            open_calls: 256,
            open_streams: 64,
        }
    }
}

impl Config {
    /// No limits at all.
    pub const NONE: Self = Self {
        user_per_second: 0,
        user_burst: 0,
        user_kept_per_hour: 0,
        user_calls: 0,
        user_streams: 0,
        staff_per_second: 0,
        staff_burst: 0,
        staff_calls: 0,
        staff_streams: 0,
        service_per_second: 0,
        service_burst: 0,
        service_calls: 0,
        app_per_second: 0,
        app_burst: 0,
        address_calls: 0,
        open_per_second: 0,
        open_burst: 0,
        open_calls: 0,
        open_streams: 0,
    };

    /// Invalid options, and why.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let pairs = [
            ("user_burst", self.user_per_second, self.user_burst),
            ("staff_burst", self.staff_per_second, self.staff_burst),
            ("service_burst", self.service_per_second, self.service_burst),
            ("app_burst", self.app_per_second, self.app_burst),
            ("open_burst", self.open_per_second, self.open_burst),
        ];
        let wrong = |(_, rate, burst): &(&str, u32, u32)| (*rate == 0) != (*burst == 0);
        pairs.into_iter().filter(wrong).map(|(option, ..)| (option, "0 where there is no bound, and only there")).collect()
    }
}

struct QuotaGroup {
    /// By a keyed digest of the caller, so that nobody can search for two callers that share a bucket.
    buckets: Buckets,
    per_second: u32,
    of: &'static str,
}

impl QuotaGroup {
    fn try_new(of: &'static str, per_second: u32, burst: u32) -> Option<Self> {
        let buckets = Buckets::new(NonZeroU32::new(per_second)?, NonZeroU32::new(burst)?);
        Some(Self { buckets, per_second, of })
    }

    /// A bucket that has room for so many items, locked until they are taken or it is dropped.
    fn open(&self, key: u64, items: u32) -> Result<OpenBucket<'_>, Status> {
        self.buckets.open(key, items).map_err(|wait| errors::quota_exceeded(self.of, self.per_second, wait))
    }
}

/// All callers' allowances in this process.
pub struct Quotas {
    users: Option<QuotaGroup>,
    staff: Option<QuotaGroup>,
    services: Option<QuotaGroup>,
    apps: Option<QuotaGroup>,
    open: Option<QuotaGroup>,
    kept: HourlyQuota,
    in_flight: InFlightBounds,
    held: Arc<HeldSeats>,
    hasher: RandomState,
}

impl Quotas {
    /// With the limits of `config`.
    #[must_use]
    pub fn new(config: &Config) -> Arc<Self> {
        Arc::new(Self {
            users: QuotaGroup::try_new("user", config.user_per_second, config.user_burst),
            staff: QuotaGroup::try_new("staff", config.staff_per_second, config.staff_burst),
            services: QuotaGroup::try_new("service", config.service_per_second, config.service_burst),
            apps: QuotaGroup::try_new("app", config.app_per_second, config.app_burst),
            open: QuotaGroup::try_new("address", config.open_per_second, config.open_burst),
            kept: HourlyQuota::new("user", config.user_kept_per_hour),
            in_flight: InFlightBounds::from(config),
            held: Arc::default(),
            hasher: RandomState::new(),
        })
    }

    /// Drops allowances that are full again, until `shutdown`: a new one would be the same.
    pub async fn keep_forgetting(self: Arc<Self>, shutdown: CancellationToken) {
        while shutdown.run_until_cancelled(tokio::time::sleep(FORGET_EVERY)).await.is_some() {
            for group in [&self.users, &self.staff, &self.services, &self.apps, &self.open].into_iter().flatten() {
                group.buckets.forget_full();
            }
        }
    }

    /// The allowance of `principal`.
    pub(crate) fn allowance(self: &Arc<Self>, principal: &Principal) -> Allowance {
        let user = matches!(principal.role, Role::Viewer | Role::Creator);
        let group = match principal.role {
            Role::Viewer | Role::Creator => &self.users,
            Role::Service => &self.services,
            Role::Support | Role::Finance | Role::Auditor | Role::Admin => &self.staff,
        };
        let bounded = group.is_some() || self.in_flight.bounds(principal.role) || (user && self.kept.is_bounded());
        let identity = bounded.then(|| self.hasher.hash_one((&principal.app, principal.subject.as_str())));
        let app = (user && self.apps.is_some()).then(|| self.hasher.hash_one(&principal.app));
        if identity.is_none() && app.is_none() {
            return Allowance::default();
        }
        Allowance(Some(AllowanceBounds { quotas: self.clone(), role: principal.role, identity, app }))
    }
}

/// What one caller may still do. All clones and all calls of the same identity share it.
#[derive(Clone, Default)]
pub struct Allowance(Option<AllowanceBounds>);

#[derive(Clone)]
struct AllowanceBounds {
    quotas: Arc<Quotas>,
    role: Role,
    identity: Option<u64>,
    app: Option<u64>,
}

impl Allowance {
    /// Takes room for some calls or items, or returns RESOURCE_EXHAUSTED with a retry delay.
    pub fn take(&self, items: u32) -> Result<(), Status> {
        let Some(bounds) = self.0.as_ref().filter(|_| items > 0) else { return Ok(()) };
        // Always the user's first: a fixed lock order, so that two callers can't deadlock.
        let own = bounds.own().map(|(group, key)| group.open(key, items)).transpose()?;
        let app = bounds.of_app().map(|(group, key)| group.open(key, items)).transpose()?;
        [own, app].into_iter().flatten().for_each(OpenBucket::take);
        Ok(())
    }

    /// Takes room for a call, and within the hour for a call of `kept`, an RPC that stores something even when it refuses: for both or for neither.
    pub(crate) fn take_call(&self, kept: Option<&'static str>) -> Result<(), Status> {
        if let Some((quotas, who)) = self.kept(kept) {
            quotas.kept.take(who)?;
        }
        self.take(1).inspect_err(|_| self.give_kept_back(kept))
    }

    /// Returns the room of a call that was not executed.
    pub(crate) fn give_call_back(&self, kept: Option<&'static str>) {
        self.give_back(1);
        self.give_kept_back(kept);
    }

    fn give_kept_back(&self, kept: Option<&'static str>) {
        if let Some((quotas, who)) = self.kept(kept) {
            quotas.kept.give_back(who);
        }
    }

    /// Whose hour counts calls of an RPC; only users have one.
    fn kept(&self, path: Option<&'static str>) -> Option<(&Quotas, (u64, &'static str))> {
        match &self.0 {
            Some(AllowanceBounds { quotas, role: Role::Viewer | Role::Creator, identity: Some(key), .. }) => Some((quotas, (*key, path?))),
            _ => None,
        }
    }

    /// Returns room that was taken for calls or items that were not executed.
    pub(crate) fn give_back(&self, items: u32) {
        let Some(bounds) = &self.0 else { return };
        for (group, key) in [bounds.own(), bounds.of_app()].into_iter().flatten() {
            group.buckets.give_back(key, items);
        }
    }
}

impl AllowanceBounds {
    fn own(&self) -> Option<(&QuotaGroup, u64)> {
        let group = match self.role {
            Role::Viewer | Role::Creator => &self.quotas.users,
            Role::Service => &self.quotas.services,
            Role::Support | Role::Finance | Role::Auditor | Role::Admin => &self.quotas.staff,
        };
        Some((group.as_ref()?, self.identity?))
    }

    fn of_app(&self) -> Option<(&QuotaGroup, u64)> {
        Some((self.quotas.apps.as_ref()?, self.app?))
    }
}

impl std::fmt::Debug for Allowance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Allowance").field("bounded", &self.0.is_some()).finish()
    }
}

pub(crate) use buckets::Buckets;
pub use hourly::HourlyQuota;
pub(crate) use seats::{CallerSeat, SeatKind};

mod buckets;
mod hourly;
mod seats;
#[cfg(test)]
mod tests;
